import { describe, expect, it } from "vitest";
import { announce } from "../../lib/kinds/announce.ts";
import { command } from "../../lib/kinds/command.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import type { Step } from "../../lib/plan/plan.ts";
import { type ReleaseOptions, release } from "../../lib/release/release.ts";
import { alwaysRuns } from "../../lib/run/execute.ts";
import type { LintLook } from "../../lib/tests/look_lint.ts";
import { commit, config, doing, engine, facts, ids, lines, releaseOptions, stepOf } from "./factory.ts";
import { built, here, image, inRegistries, pass, plan, released } from "./release_plans.ts";

const ecr = { registry: "ecr", repository: "127.0.0.1:5001/cmamp" };
const hub = { registry: "dockerhub", repository: "127.0.0.1:5002/cmamp" };
const ref = "refs/slipway/claim/cmamp-1.2.0";
const line = (...argv: readonly (string | typeof image)[]) => ({ kind: "command", argv, env: {}, cwd: "." });
const readBack = { kind: "verify_digest", tag: "dev-1.2.0", digest: image, places: [ecr] } as const;
describe("a dev release", () => {
  it.each<[string, string, readonly object[]]>([
    ["preflight", "Check disk space and unfinished tag moves", [{ kind: "check_disk" }, { kind: "settle_move" }]],
    [
      "claim",
      "Claim 1.2.0 and check push access",
      [
        { kind: "claim", ref },
        { kind: "check_push", places: [ecr, hub] },
        {
          ...{ kind: "try_tag", tag: "cmamp-1.2.0", commit: commit("a") },
          ...{ message: "Release cmamp-1.2.0", claim: ref },
        },
      ],
    ],
    [
      "tag_local_as_dev",
      "Tag 127.0.0.1:5001/cmamp:local-gp-1.2.0 as dev-1.2.0 and dev",
      [
        line("docker", "tag", image, "127.0.0.1:5001/cmamp:dev-1.2.0"),
        line("docker", "tag", image, "127.0.0.1:5001/cmamp:dev"),
      ],
    ],
    [
      "git_tag",
      "Create the Git tag cmamp-1.2.0",
      [{ kind: "git_tag", tag: "cmamp-1.2.0", commit: commit("a"), message: "Release cmamp-1.2.0" }],
    ],
    [
      "push_dev",
      "Push cmamp:dev-1.2.0 to ecr",
      [{ ...readBack, mayBeAbsent: true }, line("docker", "push", "127.0.0.1:5001/cmamp:dev-1.2.0"), readBack],
    ],
    [
      "copy_to_others",
      "Copy dev-1.2.0 to dockerhub",
      [{ kind: "copy_image", digest: image, tag: "dev-1.2.0", from: ecr, to: [hub] }],
    ],
    ["push_git_tag", "Push the Git tag cmamp-1.2.0", [{ kind: "push_tag", tag: "cmamp-1.2.0", commit: commit("a") }]],
    [
      "flip_dev",
      "Point dev at 1.2.0 in ecr, dockerhub",
      [
        {
          ...{
            kind: "move_tag",
            image: "cmamp",
            tag: "dev",
            version: "1.2.0",
            why: "release",
            to: image,
            also: "dev-1.2.0",
          },
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
    ["release_claim", "Release the claim", [{ kind: "release_claim", ref }]],
  ])("has the step %s: %s", (id, title, actions) => {
    const step = stepOf(plan(), id);
    expect([step.title, step.do]).toEqual([title, actions]);
  });

  it("says whose passes it took, and takes those of nobody else than release.passes_from names", () => {
    const log = [pass("fast"), { ...pass("slow"), by: "eve" }];
    const tests = { fast: { command: ["fast"] }, slow: { command: ["slow"] } };
    const said = (passes_from: readonly string[]) => {
      const tell = doing(plan({ ...here, log, config: config({ release: { passes_from }, tests }) }), announce).at(-1);
      return tell?.text.split("\n").filter((line) => line.startsWith("tested"));
    };
    const taken = (list: string, by: string) =>
      `tested       run_${list}_tests: passed on 2025-01-02 10:00 by ${by}, says the log`;
    expect(said([])).toEqual([taken("fast", "ann"), taken("slow", "eve"), "tested       run_qa_tests in this run"]);
    expect(said(["ann"])?.[1]).toBe("tested       run_slow_tests in this run");
  });

  it("ends with what every registry has, and how users get it", () => {
    const step = stepOf(plan(), "tell");
    const text = [
      "cmamp 1.2.0 is released: <digest>",
      "ecr          127.0.0.1:5001/cmamp:dev-1.2.0, dev",
      "dockerhub    127.0.0.1:5002/cmamp:dev-1.2.0, dev",
      "pull         <pull>",
      ...["fast", "slow", "qa"].map((list) => `tested       run_${list}_tests in this run`),
      "",
      "Get it with: i docker_pull",
    ].join("\n");
    const pull = { registry: "ecr", repository: "127.0.0.1:5001/cmamp" };
    expect([step.title, step.do]).toEqual(["Report the result", [{ kind: "announce", digest: image, pull, text }]]);
  });

  it("builds with the lock as it is, and with the cache", () => {
    const built = lines(plan()).find((line) => line.startsWith("docker buildx build")) ?? "";
    expect([built.includes("POETRY_MODE=no_update"), built.includes("--no-cache")]).toEqual([true, false]);
    expect(lines(plan({}, { cache: false })).join("\n")).toContain(" --no-cache ");
  });

  it("looks at ECR's settings where AWS stands behind it, before it claims anything", () => {
    const world = { env: { AWS_ENDPOINT_URL_ECR: "http://127.0.0.1:1" } };
    expect(stepOf(plan(world), "preflight").do.map(({ kind }) => kind)).toEqual([
      ...["check_disk", "settle_move", "check_ecr"],
    ]);
  });
});

describe("a release tells", () => {
  const told = (world: Partial<AllFacts>, more: Partial<ReleaseOptions> = {}) =>
    doing(plan(world, more), announce).at(-1)?.text.split("\n") ?? [];

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
    expect(told({}).at(-1)).toBe("Get it with: i docker_pull");
  });
});

describe("a release with a builder", () => {
  const far = (more: Partial<AllFacts> = {}, options: Partial<ReleaseOptions> = {}) =>
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
        command.is(action) && action.container ? [action.env["IMAGE"]] : [],
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

describe("a release whose gates name lint", () => {
  const linted = { config: config({ release: { gates: ["lint", "fast"] }, tests: { fast: { command: ["fast"] } } }) };
  const seen: LintLook = {
    ...{ files: ["a.py"], leftOut: [], engine: engine() },
    settings: {
      image: null,
      entrypoint: true,
      linters: [{ name: "py", files: ["*.py"], fix: [["y"]], check: [["x"]] }],
    },
    image: { reference: "127.0.0.1:5001/dev_tools:prod", ofOthers: false },
  };
  const planned = (more: Partial<ReleaseOptions> = {}, lint: LintLook | null = seen) =>
    release({ ...facts(linted), lint }, { ...releaseOptions, ...more });

  it("checks all files on a snapshot, with the claim and before it builds", () => {
    const steps = planned();
    expect(ids(steps).slice(0, 5)).toEqual(["preflight", "claim", "docker_pull", "run_lint", "build_local"]);
    const { title, do: actions } = stepOf(steps, "run_lint");
    expect(title).toBe("Check 1 file in 127.0.0.1:5001/dev_tools:prod");
    expect(actions.map(({ kind }) => kind)).toContain("snapshot");
    expect(JSON.stringify(actions)).toMatch(/x \.\/a\.py/);
    expect(JSON.stringify(actions)).not.toMatch(/y \.\/a\.py/);
  });

  it("leaves them out with the tests, and tells that they were", () => {
    const steps = planned({ skipTests: true });
    expect(stepOf(steps, "run_lint").skip).toBe("--skip-tests");
    expect(JSON.stringify(stepOf(steps, "tell"))).toContain("run_lint (--skip-tests)");
    expect(ids(steps)).not.toContain("docker_pull");
  });

  it("starts later by --from only with them", () => {
    expect(alwaysRuns(stepOf(planned(), "run_lint"))).toBe(true);
  });

  it("is planned by no script that did not look", () => {
    expect(() => planned({}, null)).toThrow("did not look for its linters");
  });
});
