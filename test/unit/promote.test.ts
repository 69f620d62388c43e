import { describe, expect, it } from "vitest";
import { announce } from "../../lib/kinds/announce.ts";
import { command } from "../../lib/kinds/command.ts";
import { writeFile } from "../../lib/kinds/write_file.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import type { Step } from "../../lib/plan/plan.ts";
import { moveTag } from "../../lib/release/move_tag.ts";
import { pushDev, pushProd, tagLocalAsDev, tagPushLocalAsDev } from "../../lib/release/promote.ts";
import {
  active,
  changelog,
  commit,
  config,
  digest,
  doing,
  engine,
  facts,
  found,
  git,
  ids,
  inputs,
  lines,
  localImage,
  logged,
  refusal,
  stepOf,
  version,
} from "./factory.ts";

const image = digest("a");
const repository = "127.0.0.1:5001/cmamp";
const base = { version: version("1.2.0"), why: "the newest dev", digest: digest("d"), repository };
const engineWith = (tag: string, more: Parameters<typeof localImage>[1] = {}): Partial<AllFacts> => ({
  engine: engine({
    images: [localImage(`${repository}:other`), localImage(`${repository}:${tag}`, { id: image, ...more })],
  }),
});
const pass = (list: string, more: object = {}) =>
  logged({
    ...{ type: "pass", digest: image, version: "1.2.0", list, commit: commit("a"), tree: commit("b") },
    ...{ runner: list, platform: "linux/amd64", ...more },
  });
/** Two gates that `make` runs. */
const gates = (more: object = {}) =>
  config({
    release: { gates: ["fast", "qa"] },
    tests: { fast: { command: ["fast"] }, qa: { command: ["qa"] }, ...more },
  });
const noGates = config({ release: { gates: [] } });

describe("docker_push_prod", () => {
  const plan = (more: Partial<AllFacts> = {}, skipTests = false) =>
    pushProd(
      facts({
        ...{ stage: "prod", config: noGates, inputs: inputs({ base }) },
        registries: { ecr: { "prod-1.2.0": found(image) } },
        ...more,
      }),
      { skipTests },
    );

  it("goes on from another machine, whose engine does not have what a registry has already", () => {
    expect(stepOf(plan(), "tag_prod").skip).toBe("the engine does not have it");
    expect(lines(plan()).filter((line) => line.startsWith("docker tag"))).toEqual([]);
    expect(stepOf(plan(), "copy_to_others").skip).toBe(null);
  });

  it.each<[string, Parameters<typeof localImage>[1]]>([
    ["by its id", {}],
    ["by its digest", { id: digest("9"), digests: [image] }],
  ])("names the image where the engine has it %s", (_how, more) => {
    expect(stepOf(plan(engineWith("prod-1.2.0", more)), "tag_prod").skip).toBe(null);
  });

  it.each<[string, readonly string[], string | null]>([
    ["both names, by its digest too", ["prod-1.2.0", "prod"], "it has these names"],
    ["one of them", ["prod-1.2.0"], null],
  ])("names nothing where it has %s", (_what, tags, skip) => {
    const own = { id: digest("9"), digests: [image] };
    const images = tags.map((tag) => localImage(`${repository}:${tag}`, own));
    expect(stepOf(plan({ engine: engine({ images }) }), "tag_prod").skip).toBe(skip);
    const other = localImage(`${repository}:prod`, { id: digest("8"), digests: [] });
    const moved = engine({ images: [...images.slice(0, 1), other] });
    expect(stepOf(plan({ engine: moved }), "tag_prod").skip).toBeNull();
  });

  it("names nothing where the engine has other images only", () => {
    const other = engine({ images: [localImage(`${repository}:other`, { id: digest("9"), digests: [digest("8")] })] });
    expect(stepOf(plan({ engine: other }), "tag_prod").skip).toBe("the engine does not have it");
  });

  it("calls the image in the engine what the engine calls it, else by the registry that has it", () => {
    const tags = (more: Partial<AllFacts>) =>
      stepOf(plan(more), "tag_prod").do.flatMap((one) => ("argv" in one ? [one.argv] : []));
    expect(tags(engineWith("prod-1.2.0", { id: digest("9"), digests: [image] }))).toEqual([
      ["docker", "tag", digest("9"), `${repository}:prod-1.2.0`],
      ["docker", "tag", digest("9"), `${repository}:prod`],
    ]);
    expect(tags({ registries: { dockerhub: { "prod-1.2.0": found(image) } } })[0]).toEqual([
      ...["docker", "tag", `127.0.0.1:5002/cmamp@${image}`, `${repository}:prod-1.2.0`],
    ]);
  });

  it("tags, pushes and publishes under a claim", () => {
    const wanted = ["tag_prod", "git_tag", "preflight", "claim", "push_prod", "copy_to_others", "push_git_tag"];
    const rest = ["flip_prod", "verify", "record_release", "release_claim", "tell"];
    expect(ids(plan(engineWith("prod-1.2.0")))).toEqual([...wanted, ...rest]);
  });

  it("takes the engine's image where no registry has it", () => {
    const [move] = doing(plan({ ...engineWith("prod-1.2.0"), registries: {} }), moveTag);
    expect(move?.to).toBe(image);
  });

  it("tells users to ask for prod", () => {
    const text = doing(plan(), announce).at(-1)?.text ?? "";
    expect([text.split("\n")[0], text.split("\n").at(-1)]).toEqual([
      "cmamp prod 1.2.0 is released: <digest>",
      "Get it with: i docker_pull --stage prod",
    ]);
  });

  it("of a hotfix leaves prod where it is, reads only the version's tag back, and tells how to get it", () => {
    const higher = logged({
      ...{ type: "release", stage: "prod", version: "1.3.0", digest: digest("e"), commit: commit("a") },
      registries: ["ecr"],
    });
    const steps = plan({
      log: [higher],
      registries: { ecr: { "prod-1.2.0": found(image), prod: found(digest("e")) }, dockerhub: {} },
    });
    const text = doing(steps, announce).at(-1)?.text.split("\n") ?? [];
    expect(stepOf(steps, "verify").do).toMatchObject([{ tag: "prod-1.2.0" }]);
    expect(text.slice(1, 3)).toEqual([
      `ecr          ${repository}:prod-1.2.0`,
      "dockerhub    127.0.0.1:5002/cmamp:prod-1.2.0",
    ]);
    expect(text.slice(-2)).toEqual(["", "Get it with: i docker_pull --stage prod --version 1.2.0"]);
  });

  it.each<[string, Partial<AllFacts>, string, string]>([
    [
      "an image that nobody built",
      { registries: {} },
      `the engine has no ${repository}:prod-1.2.0`,
      "First type: i docker_build_prod --version 1.2.0",
    ],
    [
      "an image whose gates have not passed",
      { config: gates({ qa: { command: ["qa"], prod: "in_image" } }) },
      "fast, qa tests have not passed in this image and commit",
      "Run them: i run_fast_tests --stage prod --version 1.2.0; or say so with --skip-tests",
    ],
  ])("refuses %s", (_what, more, what, fix) => {
    expect(refusal(() => plan(more))).toMatchObject({ message: what, fix });
  });

  it("takes a pass of prod, whose code is in its digest", () => {
    const settings = gates({
      fast: { command: ["fast"], prod: "in_image" },
      qa: { command: ["qa"], prod: "in_image" },
    });
    const key = { commit: "", tree: "" };
    const steps = plan({ config: settings, log: [pass("fast", key), pass("qa", key)] });
    expect(ids(steps)).not.toContain("record_skips");
  });
});

it.each<[string, string, (more: Partial<AllFacts>) => Step[]]>([
  ["docker_tag_local_as_dev", "local-gp-1.2.0", (more) => tagLocalAsDev(facts(more), { skipTests: true })],
  [
    "docker_tag_push_multi_build_local_as_dev",
    "local-gp-1.2.0",
    (more) => tagPushLocalAsDev(facts(more), { skipTests: true }),
  ],
  ["docker_push_dev", "dev-1.2.0", (more) => pushDev(facts({ config: noGates, ...more }), {})],
  [
    "docker_push_prod",
    "prod-1.2.0",
    (more) => pushProd(facts({ stage: "prod", inputs: inputs({ base }), ...more }), { skipTests: true }),
  ],
])("%s refuses an image that was built from other files than its commit has", (_name, tag, plan) => {
  const labels = { "dev.slipway.context": "with files that are not the commit's: a.py" };
  expect(ids(plan(engineWith(tag)))).not.toEqual([]);
  expect(refusal(() => plan(engineWith(tag, { labels }))).message).toBe(
    `${repository}:${tag} was built with files that are not the commit's: a.py`,
  );
});

describe("docker_tag_local_as_dev", () => {
  const local = engineWith("local-gp-1.2.0");
  const plan = (more: Partial<AllFacts> = {}, skipTests = false): Step[] =>
    tagLocalAsDev(facts({ config: gates(), log: [pass("fast"), pass("qa")], ...local, ...more }), { skipTests });

  it("tags an image whose gates have passed, and its commit", () => {
    expect(ids(plan())).toEqual(["tag_local_as_dev", "git_tag"]);
  });

  it("records each gate without a pass as left out, where that is asked for", () => {
    const step = stepOf(plan({ log: [pass("fast")] }, true), "record_skips");
    const entry = { type: "skip", digest: image, version: "1.2.0", list: "qa", why: "--skip-tests" };
    expect([step.title, step.do]).toEqual([
      "Record which tests were left out",
      [{ kind: "record", image: "cmamp", entry }],
    ]);
  });

  it.each<[string, Partial<AllFacts>, string, string, string]>([
    [
      "an image that is not in the engine",
      { engine: engine() },
      `the engine has no ${repository}:local-gp-1.2.0`,
      "This step works on an image that an earlier one makes.",
      "First type: i docker_build_local --version 1.2.0",
    ],
    [
      "an image with a gate that has not passed",
      { log: [pass("fast")] },
      "qa tests have not passed in this image and commit",
      "Only tested images are released as dev, and the log has no pass for this one.",
      "Run them: i run_qa_tests --stage local --version 1.2.0 --snapshot; or say so with --skip-tests",
    ],
    [
      "a pass of another commit",
      { log: [pass("fast", { commit: commit("c") }), pass("qa")] },
      "fast tests have not passed in this image and commit",
      "Only tested images are released as dev, and the log has no pass for this one.",
      "Run them: i run_fast_tests --stage local --version 1.2.0 --snapshot; or say so with --skip-tests",
    ],
    [
      "a dirty tree",
      { git: git({ dirty: ["a.py"] }) },
      "the code is not committed: a.py",
      "A release is built and tested from a commit, so that anyone can build and test the same.",
      "Commit it: git add --all && git commit; or set it aside: git stash --include-untracked",
    ],
  ])("refuses %s", (_what, more, message, why, fix) => {
    expect(refusal(() => plan(more))).toMatchObject({ message, why, fix });
  });
});

describe("docker_push_dev", () => {
  const plan = (more: Partial<AllFacts> = {}) => pushDev(facts({ config: noGates, ...more }), {});

  it("looks at the targets, then pushes and publishes under a claim", () => {
    const steps = plan(engineWith("dev-1.2.0"));
    const wanted = ["preflight", "claim", "push_dev", "copy_to_others", "push_git_tag", "flip_dev", "verify"];
    expect(ids(steps)).toEqual([...wanted, "record_release", "release_claim", "tell"]);
    expect([stepOf(steps, "preflight").title, stepOf(steps, "preflight").do]).toEqual([
      "Check for an unfinished tag move",
      [{ kind: "settle_move" }],
    ]);
    const places = [
      { registry: "ecr", repository },
      { registry: "dockerhub", repository: "127.0.0.1:5002/cmamp" },
    ];
    expect(stepOf(steps, "claim").do).toMatchObject([
      { kind: "claim" },
      { kind: "check_push", places },
      { kind: "try_tag" },
    ]);
  });

  it("looks at ECR's settings where AWS is behind it", () => {
    const steps = plan({ ...engineWith("dev-1.2.0"), env: { AWS_ENDPOINT_URL: "http://127.0.0.1:1" } });
    expect(stepOf(steps, "preflight").do).toMatchObject([{ kind: "settle_move" }, { kind: "check_ecr", tag: "dev" }]);
  });

  it("goes on with what a registry has, whatever the engine has under that name", () => {
    const registries = { ecr: { "dev-1.2.0": found(digest("b")) } };
    const steps = plan({ ...engineWith("dev-1.2.0"), registries });
    expect([active(steps).includes("push_dev"), doing(steps, moveTag)[0]?.to]).toEqual([false, digest("b")]);
  });

  it("tells nothing of tests, which it runs none of", () => {
    expect(doing(plan(engineWith("dev-1.2.0")), announce)[0]?.text).not.toContain("NOT TESTED");
  });

  it("pushes only what the log has the passes of, at the commit of its tag, or says that it was left out", () => {
    const skip = logged({ type: "skip", digest: image, version: "1.2.0", list: "qa", why: "--skip-tests" });
    const all = [pass("fast"), skip];
    const ready = { ...engineWith("dev-1.2.0"), config: config({ release: { gates: ["fast", "qa"] } }) };
    expect(ids(plan({ ...ready, log: all }))).toContain("push_dev");
    const elsewhere = { remoteTags: { "cmamp-1.2.0": commit("c") }, git: git({ commit: commit("d") }) };
    expect(
      ids(
        plan({
          ...ready,
          ...elsewhere,
          log: [pass("fast", { commit: commit("c") }), pass("qa", { commit: commit("c") })],
        }),
      ),
    ).toContain("push_dev");
    const release = { type: "release", stage: "dev", version: "1.2.0", digest: image, commit: commit("a") } as const;
    expect(ids(plan({ ...ready, log: [logged({ ...release, registries: ["ecr"] })] }))).toContain("push_dev");
    for (const [log, missing] of [
      [[], "fast, qa"],
      [[pass("fast")], "qa"],
      [[pass("fast", { commit: commit("c") }), skip], "fast"],
      [[pass("fast", { digest: digest("c") }), skip], "fast"],
    ] as const)
      expect(refusal(() => plan({ ...ready, log }))).toMatchObject({
        message: `${missing} tests have not passed in this image and commit`,
        fix: "Tag it with: i docker_tag_local_as_dev --version 1.2.0",
      });
  });

  it("refuses an image that was not tagged", () => {
    expect(refusal(() => plan()).fix).toBe("First type: i docker_tag_local_as_dev --version 1.2.0");
  });
});

describe("docker_tag_push_multi_build_local_as_dev", () => {
  const plan = (more: Partial<AllFacts> = {}) =>
    tagPushLocalAsDev(
      facts({
        ...{ config: noGates, platforms: ["linux/amd64", "linux/arm64"], changelog: changelog("1.2.0") },
        ...engineWith("local-gp-1.2.0"),
        ...more,
      }),
      { skipTests: false },
    );
  const smoke = pass("smoke", { runner: "uname -m", platform: "linux/arm64" });

  it("starts each emulated platform before it tags and pushes", () => {
    expect(ids(plan()).slice(0, 4)).toEqual(["run_smoke_test_arm64", "tag_local_as_dev", "git_tag", "preflight"]);
    expect(stepOf(plan(), "run_smoke_test_arm64").skip).toBeNull();
    expect(ids(plan()).at(-1)).toBe("tell");
  });

  it("starts the local image, with the code mounted", () => {
    const step = stepOf(plan(), "run_smoke_test_arm64");
    const compose = step.do.flatMap((one) => (writeFile.is(one) && one.path.endsWith(".yml") ? [one.content] : []));
    expect(compose[0]).toContain('"SLIPWAY_STAGE=local"');
    expect(step.do.flatMap((one) => (command.is(one) ? [one.env["IMAGE"]] : []))).toEqual([image]);
  });

  it("does not start a platform again that has passed", () => {
    expect(stepOf(plan({ log: [smoke] }), "run_smoke_test_arm64").skip).toBe("passed on 2025-01-02 10:00 by ann");
  });

  it("refuses an index that nobody built", () => {
    expect(refusal(() => plan({ engine: engine() })).fix).toBe(
      "First type: i docker_build_local --multi-arch --version 1.2.0",
    );
  });
});
