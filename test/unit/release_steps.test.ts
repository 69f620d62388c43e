import { describe, expect, it } from "vitest";
import { imageLabels } from "../../lib/flows/build.ts";
import { type ReleaseOptions, release, releaseUnlessDone } from "../../lib/flows/release.ts";
import type { Facts } from "../../lib/model/facts.ts";
import type { Released } from "../../lib/model/log.ts";
import type { Action, Step } from "../../lib/model/plan.ts";
import {
  active,
  commit,
  config,
  digest,
  doing,
  engine,
  facts,
  found,
  git,
  ids,
  lines,
  localImage,
  logged,
  owner,
  refusal,
  releaseOptions,
  stepOf,
  version,
} from "./factory.ts";

const plan = (world: Partial<Facts> = {}, more: Partial<ReleaseOptions> = {}): Step[] =>
  release(facts(world), { ...releaseOptions, ...more });

const ecr = { registry: "ecr", repository: "127.0.0.1:5001/cmamp" };
const hub = { registry: "dockerhub", repository: "127.0.0.1:5002/cmamp" };
const image = { digest: "@image" } as const;
const ref = "refs/slipway/claim/cmamp-1.2.0";
const command = (...argv: readonly (string | typeof image)[]) =>
  ({ kind: "command", argv, env: {}, cwd: "." }) as const satisfies Action;
const readBack = { kind: "verify_digest", tag: "dev-1.2.0", digest: image, places: [ecr] } as const;
const released: Released = {
  type: "release",
  stage: "dev",
  version: "1.2.0",
  digest: image,
  commit: commit("a"),
  registries: ["ecr", "dockerhub"],
};

describe("a dev release", () => {
  it.each<[string, string, readonly Action[]]>([
    [
      "preflight",
      "Look at disk, tags left half-way and the right to push",
      [
        { kind: "check", what: "disk" },
        { kind: "check", what: "flip" },
        { kind: "check", what: "push", places: [ecr, hub] },
      ],
    ],
    ["claim", "Claim 1.2.0", [{ kind: "git_ref", op: "claim", ref }]],
    ["note_digest", "Note the digest in the claim", [{ kind: "git_ref", op: "claim", ref, digest: image }]],
    [
      "tag_local_as_dev",
      "Tag 127.0.0.1:5001/cmamp:local-gp-1.2.0 as dev-1.2.0 and dev",
      [
        command("docker", "tag", image, "127.0.0.1:5001/cmamp:dev-1.2.0"),
        command("docker", "tag", image, "127.0.0.1:5001/cmamp:dev"),
      ],
    ],
    [
      "git_tag",
      "Create the Git tag cmamp-1.2.0",
      [{ kind: "git_ref", op: "tag", tag: "cmamp-1.2.0", commit: commit("a"), message: "Release cmamp-1.2.0" }],
    ],
    [
      "push_dev",
      "Push cmamp:dev-1.2.0 to ecr",
      [{ ...readBack, mayBeAbsent: true }, command("docker", "push", "127.0.0.1:5001/cmamp:dev-1.2.0"), readBack],
    ],
    [
      "copy_to_others",
      "Copy dev-1.2.0 to dockerhub",
      [{ kind: "copy_image", digest: image, tag: "dev-1.2.0", from: ecr, to: [hub] }],
    ],
    [
      "push_git_tag",
      "Push the Git tag cmamp-1.2.0",
      [{ kind: "git_ref", op: "push_tag", tag: "cmamp-1.2.0", commit: commit("a") }],
    ],
    [
      "flip_dev",
      "Point dev at 1.2.0 in ecr, dockerhub",
      [
        {
          ...{ kind: "move_tag", image: "cmamp", tag: "dev", version: "1.2.0", why: "release", to: image },
          places: [
            { ...ecr, seen: null },
            { ...hub, seen: null },
          ],
        },
      ],
    ],
    [
      "verify",
      "Read every tag back",
      [
        { kind: "verify_digest", tag: "dev", digest: image, places: [ecr, hub] },
        { kind: "verify_digest", tag: "dev-1.2.0", digest: image, places: [ecr, hub] },
      ],
    ],
    ["record_release", "Record the release of 1.2.0", [{ kind: "record", image: "cmamp", entry: released }]],
    ["release_claim", "Give the claim back", [{ kind: "git_ref", op: "release_claim", ref }]],
  ])("has the step %s: %s", (id, title, actions) => {
    const step = stepOf(plan(), id);
    expect([step.title, step.do]).toEqual([title, actions]);
  });

  it("ends with what every registry has, and how users get it", () => {
    const step = stepOf(plan(), "tell");
    const text = [
      "cmamp 1.2.0 is released:",
      "ecr          127.0.0.1:5001/cmamp:dev                     @image",
      "ecr          127.0.0.1:5001/cmamp:dev-1.2.0               @image",
      "dockerhub    127.0.0.1:5002/cmamp:dev                     @image",
      "dockerhub    127.0.0.1:5002/cmamp:dev-1.2.0               @image",
      "",
      "Users get it with: i docker_pull",
    ].join("\n");
    expect([step.title, step.do]).toEqual(["Tell where it stands", [{ kind: "announce", digest: image, text }]]);
  });

  it("makes an image, a claim and a Git tag that later steps use", () => {
    expect(plan().flatMap(({ id, yields }) => (yields ? [[id, yields]] : []))).toEqual([
      ["claim", "claim"],
      ["build_local", "image"],
      ["git_tag", "git_tag"],
    ]);
  });

  it("builds with the lock as it is, and with the cache", () => {
    const built = lines(plan()).find((line) => line.startsWith("docker buildx build")) ?? "";
    expect([built.includes("POETRY_MODE=no_update"), built.includes("--no-cache")]).toEqual([true, false]);
    expect(lines(plan({}, { cache: false })).join("\n")).toContain(" --no-cache ");
  });

  it("looks at ECR's settings where AWS stands behind it, before it asks for the right to push", () => {
    const world = { env: { AWS_ENDPOINT_URL_ECR: "http://127.0.0.1:1" } };
    expect(stepOf(plan(world), "preflight").do.map((action) => "what" in action && action.what)).toEqual([
      ...["disk", "flip", "ecr", "push"],
    ]);
  });
});

describe("a release tells", () => {
  const told = (world: Partial<Facts>, more: Partial<ReleaseOptions> = {}) =>
    doing(plan(world, more), "announce").at(-1)?.text.split("\n") ?? [];

  it("each list that was left out, with its option", () => {
    const untested = told({}, { skipTests: true }).filter((line) => line.startsWith("NOT TESTED"));
    expect(untested).toEqual([
      "NOT TESTED   run_fast_tests (--skip-tests)",
      "NOT TESTED   run_slow_tests (--skip-tests)",
      "NOT TESTED   run_qa_tests (--skip-tests)",
    ]);
  });

  it("nothing of lists that have passed", () => {
    const log = [{ ...pass("fast"), runner: 'pytest -m "not slow and not superslow and not qa"' }];
    const lists = told({ ...here, log }, { qaTests: false }).filter((line) => line.startsWith("NOT TESTED"));
    expect(lists).toEqual(["NOT TESTED   run_qa_tests (--no-qa-tests)"]);
  });

  it("no registry that is not required as behind", () => {
    const settings = config({
      container_registry_info: {
        ecr: { address: "127.0.0.1:5001", kind: "oci" },
        mirror: { address: "127.0.0.1:5003", kind: "oci", required: false },
      },
    });
    expect(told({ config: settings }).filter((line) => line.includes("behind"))).toEqual([]);
  });

  it("nothing of the changelog where the entry stood before", () => {
    expect(told({}).at(-1)).toBe("Users get it with: i docker_pull");
  });
});

const labels = imageLabels(facts(), version("1.2.0"), "no_update");
const built = digest("a");
const local = "127.0.0.1:5001/cmamp:local-gp-1.2.0";
const here: Partial<Facts> = { engine: engine({ images: [localImage(local, { id: built, labels })] }) };
const pass = (list: string) =>
  logged({
    ...{ type: "pass", digest: built, version: "1.2.0", list, commit: commit("a"), tree: commit("b") },
    ...{ runner: list, platform: "linux/amd64" },
  });
const inRegistries: Partial<Facts> = {
  registries: { ecr: { "dev-1.2.0": found(built, labels) }, dockerhub: { "dev-1.2.0": found(built, labels) } },
};
const oneGate = {
  config: config({ release: { gates: ["fast"] }, tests: { fast: { command: ["fast"] } } }),
  log: [pass("fast")],
};
const noGates = { config: config({ release: { gates: [] } }) };

describe("a release goes on", () => {
  it.each<[string, Partial<Facts>, string, string | null]>([
    ["builds where nothing is", {}, "build_local", null],
    ["builds nothing that the engine has", here, "build_local", `already built: ${built}`],
    ["builds nothing that a registry has", inRegistries, "build_local", "dev-1.2.0 is in a registry"],
    ["pulls what only a registry has", inRegistries, "pull_image", null],
    [
      "pulls nothing where every gate has passed",
      { ...inRegistries, ...noGates },
      "pull_image",
      "every gate has passed",
    ],
    [
      "pulls nothing where its one gate has passed",
      { ...inRegistries, ...oneGate },
      "pull_image",
      "every gate has passed",
    ],
    [
      "pulls nothing that the engine has",
      { ...inRegistries, engine: engine({ images: [localImage(local, { digests: [built] })] }) },
      "pull_image",
      "the engine has it",
    ],
    ["pushes nothing that the registry has", inRegistries, "push_dev", "ecr has dev-1.2.0"],
    ["copies nothing that all have", inRegistries, "copy_to_others", "all have it"],
    ["pushes no Git tag that the remote has", tagged("a"), "push_git_tag", "the remote has it"],
    ["pushes no Git tag without a remote", { git: git({ remote: null }) }, "push_git_tag", "the repo has no remote"],
    ["makes no Git tag that was pushed", tagged("a"), "git_tag", "it was pushed at aaaaaaaaaaaa"],
    [
      "makes no Git tag that is there",
      { git: git({ tags: { "cmamp-1.2.0": commit("a") } }) },
      "git_tag",
      "the tag is there",
    ],
    [
      "moves dev nowhere where it is this image",
      {
        registries: {
          ecr: { "dev-1.2.0": found(built, labels), dev: found(built) },
          dockerhub: { "dev-1.2.0": found(built, labels), dev: found(built) },
        },
      },
      "flip_dev",
      "dev is this image everywhere",
    ],
    [
      "moves dev where one registry has another image",
      {
        registries: {
          ecr: { "dev-1.2.0": found(built, labels), dev: found(built) },
          dockerhub: { "dev-1.2.0": found(built, labels), dev: found(digest("b")) },
        },
      },
      "flip_dev",
      null,
    ],
  ])("%s", (_what, world, id, skip) => {
    expect(stepOf(plan(world), id).skip).toBe(skip);
  });

  it("pulls what it tests by its digest", () => {
    const step = stepOf(plan(inRegistries), "pull_image");
    expect([step.title, lines([step])]).toEqual([
      "Pull dev-1.2.0 to test it",
      [`docker pull 127.0.0.1:5001/cmamp@${built}`],
    ]);
  });

  it("pulls where one gate has passed and another has not", () => {
    const log = [{ ...pass("fast"), runner: 'pytest -m "not slow and not superslow and not qa"' }];
    expect(active(plan({ ...inRegistries, log }))).toContain("pull_image");
  });

  it("has no pull where no registry has the version", () => {
    expect(ids(plan(here))).not.toContain("pull_image");
  });

  it("moves a Git tag that was never pushed and names another commit", () => {
    const [tag] = doing(plan({ git: git({ tags: { "cmamp-1.2.0": commit("c") } }) }), "git_ref").filter(
      ({ op }) => op === "tag",
    );
    expect(tag).toMatchObject({ commit: commit("a"), replaces: commit("c") });
  });

  it.each<[string, Partial<Facts>]>([
    ["is at this commit", { git: git({ tags: { "cmamp-1.2.0": commit("a") } }) }],
    ["was pushed", tagged("c")],
    ["is not there", {}],
  ])("moves no Git tag that %s", (_what, world) => {
    expect(stepOf(plan(world), "git_tag").do.map((action) => "replaces" in action)).toEqual([false]);
  });

  it("records and pushes the commit of a tag that was pushed", () => {
    const steps = plan(tagged("c"));
    const records = doing(steps, "record").flatMap(({ entry }) => (entry.type === "release" ? [entry.commit] : []));
    const pushed = stepOf(steps, "push_git_tag").do;
    expect([records, pushed]).toMatchObject([[commit("c")], [{ commit: commit("c") }]]);
  });
});

/** The version's Git tag on the remote and here, at a commit that was built from these inputs. */
function tagged(letter: string): Partial<Facts> {
  const tags = { "cmamp-1.2.0": commit(letter) };
  return { remoteTags: tags, git: git({ tags }) };
}

describe("a release with a builder", () => {
  const far = (more: Partial<Facts> = {}, options: Partial<ReleaseOptions> = {}) =>
    plan({ builder: "far", ...more }, options);

  it("pulls what the builder pushed, to test it", () => {
    const step = stepOf(far(), "pull_built");
    expect([step.title, lines([step])]).toEqual([
      "Pull 127.0.0.1:5001/cmamp:local-gp-1.2.0 to test it",
      ["docker pull 127.0.0.1:5001/cmamp:local-gp-1.2.0"],
    ]);
  });

  it("pulls the platform that is tested where the engine's own is not built", () => {
    expect(lines([stepOf(far({ platforms: ["linux/arm64"] }), "pull_built")])).toEqual([
      "docker pull --platform linux/arm64 127.0.0.1:5001/cmamp:local-gp-1.2.0",
    ]);
    expect(lines([stepOf(far({ platforms: ["linux/amd64", "linux/arm64"] }), "pull_built")])).toEqual([
      "docker pull 127.0.0.1:5001/cmamp:local-gp-1.2.0",
    ]);
  });

  it("tests the image by the name that the builder gave it, and by its digest where it was built before", () => {
    const imageOf = (steps: Step[]) =>
      stepOf(steps, "run_fast_tests").do.flatMap((action) =>
        action.kind === "command" && action.container ? [action.env["IMAGE"]] : [],
      );
    expect([imageOf(far()), imageOf(far(here))]).toEqual([
      ["127.0.0.1:5001/cmamp:local-gp-1.2.0"],
      [`127.0.0.1:5001/cmamp@${built}`],
    ]);
  });

  it("names the image where the builder pushed it, and tags nothing in the engine", () => {
    const steps = far();
    expect(stepOf(steps, "tag_local_as_dev").skip).toBe("the builder pushes it itself");
    expect(stepOf(steps, "git_tag").skip).toBeNull();
    expect(stepOf(steps, "push_dev").do).toEqual([
      { kind: "copy_image", digest: image, tag: "dev-1.2.0", from: ecr, to: [ecr] },
      readBack,
    ]);
    expect([stepOf(steps, "push_dev").skip, stepOf(far(inRegistries), "push_dev").skip]).toEqual([
      null,
      "ecr has dev-1.2.0",
    ]);
  });

  it("pulls nothing anew that was built before", () => {
    expect(stepOf(far(here), "pull_built").skip).toBe(`already built: ${built}`);
    expect(ids(plan())).not.toContain("pull_built");
  });
});

describe("the dev half of docker_release_all", () => {
  const done = logged({ ...released, digest: built });
  const half = (world: Partial<Facts>) => ids(releaseUnlessDone(facts(world), releaseOptions));
  it("is nothing where every registry and the log have the version", () => {
    expect(half({ ...inRegistries, log: [logged({ ...released, version: "1.1.0" }), done] })).toEqual([]);
  });

  it.each<[string, Partial<Facts>]>([
    ["no registry has it", { log: [done] }],
    ["one registry lacks it", { registries: { ecr: { "dev-1.2.0": found(built, labels) } }, log: [done] }],
    [
      "one has lost it",
      { registries: { ...inRegistries.registries, ecr: { "dev-1.2.0": { state: "absent" } } }, log: [done] },
    ],
    ["the log does not know it", inRegistries],
    ["a run that ended after its record left its claim", { ...inRegistries, log: [done], claim: owner() }],
    ["the log has another version", { ...inRegistries, log: [logged({ ...released, version: "1.1.0" })] }],
    ["the log has it for prod", { ...inRegistries, log: [logged({ ...released, stage: "prod" })] }],
    [
      "the log has only its announcement",
      {
        ...inRegistries,
        log: [logged({ type: "announce", stage: "dev", version: "1.2.0", digest: built, channel: "slack" })],
      },
    ],
  ])("is a whole release where %s", (_what, world) => {
    expect(half(world)).toContain("record_release");
  });

  it("is refused without a version", () => {
    expect(refusal(() => half({ version: null })).message).toContain("no version was given");
  });
});
