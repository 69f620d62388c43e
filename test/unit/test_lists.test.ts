import { describe, expect, it } from "vitest";
import { announce } from "../../lib/kinds/announce.ts";
import { command } from "../../lib/kinds/command.ts";
import { record } from "../../lib/kinds/record.ts";
import type { AllFacts, RegistryFacts } from "../../lib/plan/facts.ts";
import { type Step, stepsOf, type Value } from "../../lib/plan/plan.ts";
import type { GateOptions } from "../../lib/tests/gates.ts";
import { snapshot } from "../../lib/tests/snapshot.ts";
import { failedTest } from "../../lib/tests/test_meaning.ts";
import { assertClean, runTests } from "../../lib/tests/tests.ts";
import {
  commit,
  config,
  digest,
  doing,
  engine,
  facts,
  git,
  localImage,
  logged,
  refusal,
  stepOf,
  version,
} from "./factory.ts";
import { compose, dev, image, key, mountsOf, pass, plan, script, settings, startOf } from "./gate_plans.ts";

describe("the step of a test list", () => {
  const fast = (more: Partial<AllFacts> = {}, options: Partial<GateOptions> = {}) =>
    stepOf(plan(more, options), "run_fast_tests");

  it("leaves its report below the Git dir, where people find a word about it", () => {
    expect(fast().do[0]).toEqual({
      kind: "write_file",
      path: ".git/slipway/reports/cmamp/README",
      content: "JUnit reports of the last run of each test list.\n",
    });
    expect(JSON.parse(compose(fast()))).toMatchObject({
      services: {
        app: {
          volumes: expect.arrayContaining([
            expect.objectContaining({ source: "/repo/.git/slipway/reports/cmamp", target: "/slipway/reports" }),
          ]),
        },
      },
    });
  });

  it("starts in the runnable dir with the list's command, each word quoted where a shell needs it", () => {
    const tests = { fast: { command: ["sh", "-c", "a b"] } };
    const step = fast({ config: settings({}, tests), place: { ...facts().place, dir: "sub", cwd: "." } });
    expect(script(step).split("\n").at(-2)).toBe("exec sh -c 'a b'");
    expect(JSON.parse(compose(step))).toMatchObject({ services: { app: { working_dir: "/app/sub" } } });
  });

  it("tells pytest where the report goes", () => {
    expect(script(fast({ config: config() }))).toContain(
      " --junit-xml=/slipway/reports/fast.xml -o junit_suite_name=cmamp",
    );
  });

  it("does not run a dev or local image as a prod image would run", () => {
    const tests = { fast: { command: ["fast"], prod: "from_outside" } };
    expect(startOf(fast({ config: settings({}, tests) }))?.env).toEqual({ IMAGE: image });
  });

  it("runs on a snapshot of the commit in a folder of its own, made before it and removed before its pass is recorded", () => {
    const at = { git: git({ code: commit("c"), branch: "main" }) };
    const path = (list: string) => `.git/slipway/snapshots/cmamp-local-gp-1.2.0-${list}`;
    for (const [list, id] of [
      ["fast", "run_fast_tests"],
      ["qa", "run_qa_tests"],
    ] as const) {
      const step = stepOf(plan(at), id);
      expect(step.do.map((one) => one.kind)).toEqual([
        ...[
          "write_file",
          "snapshot",
          "write_file",
          "write_file",
          "command",
          "write_file",
          "write_file",
          "command",
          "snapshot",
          "record",
        ],
      ]);
      expect(doing([step], snapshot)).toEqual([
        { kind: "snapshot", path: path(list), code: { commit: commit("c"), branch: "main", mounted: [] } },
        { kind: "snapshot", path: path(list), code: null },
      ]);
      expect(mountsOf(step)["/app"]).toBe(`/repo/${path(list)}`);
      expect(compose(step)).toContain(`CSFY_HOST_GIT_ROOT_PATH=/repo/${path(list)}`);
    }
  });

  it("sees of the tree beside the commit what tests.mount names, and nothing else", () => {
    const place = { ...facts().place, dir: "sub", gitMounts: ["/elsewhere/.git"] };
    const volumes = ["./data/big:/data", "./src:/src", "../top:/top", "cache:/cache"];
    const container = { volumes, compose_files: ["more.yml", "data/own.yml"] };
    const named = { config: { ...settings(), ...config({ tests: { mount: ["data"] }, container }) }, place };
    const mounts = mountsOf(fast(named));
    const path = ".git/slipway/snapshots/cmamp-local-gp-1.2.0-fast";
    const taken = `/repo/${path}`;
    expect(mounts).toEqual({
      "/app": taken,
      "/app/sub/data": "/repo/sub/data",
      "/data": "/repo/sub/data/big",
      "/src": `${taken}/sub/src`,
      "/top": `${taken}/top`,
      "/slipway/cmd": expect.stringContaining("/repo/.git/slipway/cmd/"),
      "/slipway/reports": "/repo/.git/slipway/reports/cmamp",
      "/slipway/run": expect.stringContaining("/repo/.git/slipway/run/"),
      "/slipway/receipt": "${SLIPWAY_RECEIPT:-/dev/null}",
      "/etc/passwd": expect.any(String),
      "/etc/group": expect.any(String),
      "/home/gp": expect.any(String),
    });
    expect(doing([fast(named)], snapshot)[0]?.code?.mounted).toEqual(["sub/src", "top", "sub/more.yml"]);
    const started = doing([fast(named)], command).find((action) => action.container === true);
    expect(started?.argv.join(" ")).toContain(
      ` --file ${path}/sub/more.yml --file sub/data/own.yml --project-directory ${path}/sub run `,
    );
  });

  it("has pytest forget which tests failed last before a pass of them all counts", () => {
    const removed = (step: Step) =>
      step.do.flatMap((one) => (command.is(one) && one.argv[0] === "rm" ? [one.argv] : []));
    expect(removed(fast({ config: config() }))).toEqual([["rm", "-rf", ".git/slipway/reports/cmamp/pytest_cache"]]);
    expect(script(fast({ config: config() }))).toContain(" -o cache_dir=/slipway/reports/pytest_cache ");
    expect(removed(fast())).toEqual([]);
  });

  it("gives the engine's socket to qa alone", () => {
    expect(["run_fast_tests", "run_qa_tests"].map((id) => compose(stepOf(plan(), id)).includes("docker.sock"))).toEqual(
      [false, true],
    );
  });

  it("counts a list of no tests as passed only where the config says so", () => {
    const why = "No tests were collected, and fast tests that do not exist cannot pass.";
    const fix = "Add a test, or set tests: {fast: {may_be_empty: true}} in repo_config.yaml";
    expect(startOf(fast())?.meaning).toEqual({ "5": { why, fix } });
    const empty = settings({}, { fast: { command: ["fast"], may_be_empty: true } });
    expect(startOf(fast({ config: empty }))?.meaning).toEqual({ "5": { why, fix, passes: true } });
  });

  it("names a platform only where the list cannot run on the engine's own", () => {
    const platforms = (more: Partial<AllFacts>) =>
      (JSON.parse(compose(fast(more))) as { services: { app: { platform?: string } } }).services.app.platform;
    expect([
      platforms({}),
      platforms({ platforms: ["linux/arm64"] }),
      platforms({ platforms: ["linux/amd64", "linux/arm64"] }),
    ]).toEqual([...[undefined, "linux/arm64", undefined]]);
  });

  it("records no pass of a dir that uses another dir's image, which that dir's release would take for its own", () => {
    const kinds = (imageOf: string | null) => fast({ config: { ...config(), imageOf } }).do.map(({ kind }) => kind);
    expect([kinds(null).includes("record"), kinds("base").includes("record")]).toEqual([true, false]);
  });

  it("ends with the record of the pass: image, commit, tree, runner and platform", () => {
    expect(fast().do.at(-1)).toEqual({
      kind: "record",
      image: "cmamp",
      entry: { ...key, list: "fast", runner: "fast" },
    });
    expect(fast({ platforms: ["linux/arm64"] }).do.at(-1)).toMatchObject({ entry: { platform: "linux/arm64" } });
    expect(fast({}, { rerunTests: true }).do.at(-1)).toEqual({
      ...{ kind: "record", image: "cmamp", entry: { ...key, list: "fast", runner: "fast" }, again: true },
    });
  });
});

describe("a recorded pass", () => {
  const skip = (more: Partial<AllFacts>, tested: Value = image) =>
    stepOf(plan(more, {}, tested), "run_fast_tests").skip;
  const told = "passed on 2025-01-02 10:00 by ann";

  it("makes the list needless, and the last one is told", () => {
    const later = { ...pass("fast"), at: "2025-02-03T04:05:06Z", by: "bob" };
    expect(skip({ log: [pass("fast"), later, pass("qa")] })).toBe("passed on 2025-02-03 04:05 by bob");
  });

  it("is of no image that is not built yet", () => {
    expect(skip({ log: [pass("fast", { digest: { from: "build" } })] }, { from: "build" })).toBeNull();
    expect(skip({ log: [pass("fast")] }, { from: "build" })).toBeNull();
  });

  it("is no flaky one, unless the repo takes that for a pass", () => {
    const log = [logged({ ...key, type: "flaky", list: "fast", runner: "fast", failed: 1 })];
    expect([skip({ log }), skip({ log, config: settings({ flaky_passes: true }) })]).toEqual([null, told]);
  });

  it("is no skip", () => {
    const log = [logged({ type: "skip", digest: image, version: "1.2.0", list: "fast", why: "--skip-tests" })];
    expect(skip({ log })).toBeNull();
  });

  it.each<[string, Partial<AllFacts>, string | null]>([
    [
      "the engine's id of it",
      { engine: engine({ images: [localImage("x:y", { digests: [image, digest("9")] })] }) },
      told,
    ],
    ["the id of another image", { engine: engine({ images: [localImage("x:y", { digests: [digest("9")] })] }) }, null],
    ["its config, as a registry shows it", known({ state: "found", digest: image, config: digest("9") }), told],
    ["the config of another image", known({ state: "found", digest: digest("b"), config: digest("9") }), null],
    ["nothing that a registry knows", known({ state: "found", digest: image }), null],
    ["nothing where a registry does not answer", known({ state: "unknown", why: "timeout" }), null],
  ])("counts under each name of the image: %s", (_name, more, wanted) => {
    expect(skip({ log: [pass("fast", { digest: digest("9") })], ...more })).toBe(wanted);
  });
});

function known(state: RegistryFacts[string][string]): Partial<AllFacts> {
  return { registries: { ecr: { "dev-1.2.0": state } } };
}

describe("run_fast_tests", () => {
  const here = { engine: engine({ images: [localImage(dev, { digests: [digest("7"), digest("8")] })] }) };
  const run = (more: Partial<AllFacts> = {}, pytestOpts: readonly string[] = [], of: string | null = "1.2.0") =>
    stepsOf({
      steps: runTests(
        facts({ config: settings(), ...here, ...more }),
        { stage: "dev", version: of === null ? undefined : version(of), pytestOpts, snapshot: false },
        "fast",
      ),
    });

  it("runs the list in the image of a stage, pulled first where the engine lacks it", () => {
    expect(run().map(({ id, skip }) => [id, skip])).toEqual([
      ["docker_pull", "the engine has it"],
      ["run_fast_tests", null],
    ]);
    expect(startOf(stepOf(run(), "run_fast_tests"))?.env["IMAGE"]).toBe(dev);
  });

  it("records the pass for the image's digest, however often it passed", () => {
    const log = [pass("fast", { digest: digest("8") })];
    const step = stepOf(run({ log }), "run_fast_tests");
    expect(step.skip).toBeNull();
    expect(doing([step], record)).toEqual([
      {
        kind: "record",
        image: "cmamp",
        entry: { ...key, digest: digest("8"), list: "fast", runner: "fast" },
        again: true,
        onTree: true,
      },
    ]);
  });

  it("names no version in the record where the mutable tag is meant", () => {
    const images = [localImage("127.0.0.1:5001/cmamp:dev", { digests: [digest("8")] })];
    const [pass] = doing(run({ changelog: [], engine: engine({ images }) }, [], null), record);
    expect(pass?.entry).toMatchObject({ version: "" });
  });

  it.each<[string, Partial<AllFacts>, readonly string[]]>([
    ["where words narrow the list", {}, ["-k", "one"]],
    ["where the tree is not its commit", { tree: { differs: ["a.py"], stamp: "" } }, []],
    ["where the engine knows no digest", { engine: engine({ images: [localImage(dev)] }) }, []],
    ["where the engine lacks the image", { engine: engine() }, []],
  ])("records nothing %s", (_when, more, words) => {
    expect(doing(run(more, words), record)).toEqual([]);
  });

  it("tells why a pass is not recorded where the tree is not its commit, and how it would be", () => {
    const steps = run({ tree: { differs: ["a.py", "src/b.py"], stamp: "" } });
    expect([steps.at(-1)?.id, doing(steps, announce)[0]?.text]).toEqual([
      "tell",
      "The pass is not recorded, for the tree is not its commit: a.py, src/b.py\nTo test the commit alone, as a release does, add --snapshot",
    ]);
    for (const other of [run(), run({ tree: { differs: ["a.py"], stamp: "" } }, ["-k", "one"])])
      expect(doing(other, announce)).toEqual([]);
  });

  it("mounts the tree, and the commit alone with --snapshot, whose pass is recorded whatever the tree is", () => {
    const options = { stage: "dev", version: version("1.2.0"), pytestOpts: [] } as const;
    const dirty = { tree: { differs: ["a.py"], stamp: "" }, git: git({ dirty: ["a.py"] }) };
    const of = (snapshot: boolean) =>
      stepOf(
        stepsOf({
          steps: runTests(facts({ config: settings(), ...here, ...dirty }), { ...options, snapshot }, "fast"),
        }),
        "run_fast_tests",
      );
    const snapshot = ".git/slipway/snapshots/cmamp-dev-1.2.0-fast";
    expect([mountsOf(of(false))["/app"], mountsOf(of(true))["/app"]]).toEqual(["/repo", `/repo/${snapshot}`]);
    expect([doing([of(false)], record), doing([of(true)], record)]).toEqual([
      [],
      [
        {
          kind: "record",
          image: "cmamp",
          again: true,
          entry: { ...key, digest: digest("8"), list: "fast", runner: "fast" },
        },
      ],
    ]);
  });

  it("runs the image of the version that is named", () => {
    expect(startOf(stepOf(run({}, [], "1.1.0"), "run_fast_tests"))?.env["IMAGE"]).toBe(
      "127.0.0.1:5001/cmamp:dev-1.1.0",
    );
  });

  it("passes the words on", () => {
    expect(
      script(stepOf(run({}, ["-k", "a b"]), "run_fast_tests"))
        .split("\n")
        .at(-2),
    ).toBe("exec fast -k 'a b'");
  });
});

it.each([
  [["1"], "1"],
  [["1", "2", "3", "4", "5"], "1, 2, 3, 4, 5"],
  [["1", "2", "3", "4", "5", "6"], "1, 2, 3, 4, 5 and 1 more"],
])("files that are not committed are named: %j as %s", (dirty, told) => {
  expect(refusal(() => assertClean(facts({ git: git({ dirty }) }))).message).toBe(`the code is not committed: ${told}`);
});

it.each([
  ["FAILED test/test_a.py::test_b - assert 1 == 2", true],
  ["ERROR test/test_a.py - ImportError: no module", true],
  [" FAIL  src/a.test.ts > adds", true],
  ["--- FAIL: TestAdd (0.00s)", true],
  ["test tests::adds ... FAILED", true],
  ["not ok 2 - adds", true],
  ["  ✕ adds (3 ms)", true],
  ["1 failed, 3 passed in 0.12s", false],
  ["FAILED", false],
  ["it FAILED to see", false],
])("of the line %j it is known whether it names a test that failed", (line, is) => {
  expect(new RegExp(failedTest, "m").test(`collected 4 items\n${line}\nend`)).toBe(is);
});
