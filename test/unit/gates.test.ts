import { describe, expect, it } from "vitest";
import { type GateOptions, gates } from "../../lib/flows/gates.ts";
import { assertClean, runTests } from "../../lib/flows/tests.ts";
import type { Facts, RegistryFacts } from "../../lib/model/facts.ts";
import type { Pass } from "../../lib/model/log.ts";
import type { Digest, Step } from "../../lib/model/plan.ts";
import {
  commit,
  config,
  digest,
  doing,
  engine,
  facts,
  git,
  ids,
  localImage,
  logged,
  refusal,
  releaseOptions,
  stepOf,
  version,
} from "./factory.ts";

const image = digest("a");
const reference = "127.0.0.1:5001/cmamp:local-gp-1.2.0";
const dev = "127.0.0.1:5001/cmamp:dev-1.2.0";
const settings = (release: object = {}, more: object = {}) =>
  config({
    release: { gates: ["fast", "qa"], ...release },
    tests: { fast: { command: ["fast"] }, qa: { command: ["qa"] }, ...more },
  });
const plan = (more: Partial<Facts> = {}, options: Partial<GateOptions> = {}, tested: Digest = image): Step[] =>
  gates(facts({ config: settings(), ...more }), {
    version: version("1.2.0"),
    image: tested,
    what: tested,
    options: { ...releaseOptions, ...options },
  });
const key: Omit<Pass, "list" | "runner"> = {
  ...{ type: "pass", digest: image, version: "1.2.0", commit: commit("a"), tree: commit("b"), platform: "linux/amd64" },
};
const pass = (list: string, more: Partial<Pass> = {}) => logged({ ...key, list, runner: list, ...more });
const script = (step: Step): string =>
  step.do.flatMap((one) => (one.kind === "write_file" && one.path.includes("/cmd/") ? [one.content] : []))[0] ?? "";
const compose = (step: Step): string =>
  step.do.flatMap((one) => (one.kind === "write_file" && one.path.endsWith(".yml") ? [one.content] : []))[0] ?? "";
const startOf = (step: Step) => step.do.flatMap((one) => (one.kind === "command" && one.container ? [one] : []))[0];

describe("the gates of a release", () => {
  it.each<[string, object, Partial<GateOptions>, readonly string[]]>([
    ["those that the config names", {}, {}, ["run_fast_tests", "run_qa_tests"]],
    [
      "superslow too with its option",
      {},
      { superslowTests: true },
      ["run_fast_tests", "run_qa_tests", "run_superslow_tests"],
    ],
    ["superslow once where both name it", { gates: ["superslow"] }, { superslowTests: true }, ["run_superslow_tests"]],
    ["none where the config names none", { gates: [] }, {}, []],
  ])("are %s", (_which, release, options, wanted) => {
    expect(ids(plan({ config: settings(release) }, options))).toEqual(wanted);
  });

  it("have no step that records skips where none is skipped", () => {
    expect(ids(plan())).not.toContain("record_skips");
  });

  it("record each list that is left out, for this image, with the option that says so", () => {
    const step = stepOf(plan({}, { qaTests: false }), "record_skips");
    const entry = { type: "skip", digest: image, version: "1.2.0", list: "qa", why: "--no-qa-tests" };
    expect([step.title, step.do]).toEqual([
      "Record which tests were left out",
      [{ kind: "record", image: "cmamp", entry }],
    ]);
  });

  it.each<[string, Partial<GateOptions>, readonly (string | null)[]]>([
    ["nothing", {}, [null, null]],
    ["only qa with --no-qa-tests", { qaTests: false }, [null, "--no-qa-tests"]],
    ["all with --skip-tests", { skipTests: true, qaTests: false }, ["--skip-tests", "--skip-tests"]],
  ])("leave out %s", (_what, options, wanted) => {
    expect(
      plan({}, options)
        .filter(({ id }) => id.startsWith("run_"))
        .map(({ skip }) => skip),
    ).toEqual(wanted);
  });

  it("run what they test by the digest, as the local image", () => {
    const step = stepOf(plan(), "run_fast_tests");
    expect([step.title, startOf(step)?.env["IMAGE"], compose(step).includes("SLIPWAY_STAGE=local")]).toEqual([
      `Run the fast tests in ${reference}`,
      image,
      true,
    ]);
  });

  it("tell the container what the engine knows of the image", () => {
    const labels = { "org.opencontainers.image.version": "1.2.0", "org.opencontainers.image.revision": commit("f") };
    const images = [localImage("x:y", { labels: {} }), localImage(reference, { labels })];
    expect(compose(stepOf(plan({ engine: engine({ images }) }), "run_fast_tests"))).toContain(`-main-${commit("f")}`);
    expect(compose(stepOf(plan(), "run_fast_tests"))).toContain(`-main-${commit("a")}`);
  });

  it("of prod run the image that is called prod-X.Y.Z", () => {
    const tests = { fast: { command: ["fast"], prod: "in_image" }, qa: { command: ["qa"], prod: "with_dev_packages" } };
    const labels = {
      "org.opencontainers.image.base.name": "d:dev-1.2.0",
      "org.opencontainers.image.base.digest": digest("d"),
    };
    const images = [localImage("127.0.0.1:5001/cmamp:prod-1.2.0", { labels })];
    const steps = plan({ stage: "prod", config: settings({}, tests), engine: engine({ images }) });
    expect(stepOf(steps, "run_fast_tests").title).toBe("Run the fast tests in 127.0.0.1:5001/cmamp:prod-1.2.0");
    expect(JSON.stringify(stepOf(steps, "run_qa_tests").do)).toContain("cmamp:under-test-prod-1.2.0-with-dev-packages");
  });
});

describe("end-to-end tests", () => {
  const place = (dir: string) => ({ place: { ...facts().place, dir } });
  const row = (dir: string, stage = "dev") => ({
    config: settings({ end_to_end: { [stage]: { dir, argv: ["make", "all"] } } }),
  });
  const step = (more: Partial<Facts>, options: Partial<GateOptions> = {}) =>
    stepOf(plan(more, options), "run_end_to_end_tests");

  it.each([
    [".", ".", "."],
    [".", "e2e", "e2e"],
    ["sub", ".", "sub"],
    ["sub", "e2e", "sub/e2e"],
  ])("of the runnable dir %s in %s run in %s, and get the image", (dir, own, cwd) => {
    const made = step({ ...row(own), ...place(dir) });
    expect([made.title, made.skip, made.do]).toEqual([
      "Run the end-to-end tests",
      null,
      [{ kind: "command", argv: ["make", "all"], env: { IMAGE: image }, cwd }],
    ]);
  });

  it.each<[Partial<GateOptions>, string]>([
    [{ skipTests: true }, "--skip-tests"],
    [{ runEndToEndTests: false }, "--no-run-end-to-end-tests"],
    [{ skipTests: true, runEndToEndTests: false }, "--skip-tests"],
  ])("with %j are left out by %s", (options, reason) => {
    expect(step(row("e2e"), options).skip).toBe(reason);
  });

  it("are those of the stage that is released", () => {
    expect(ids(plan(row("e2e", "prod")))).not.toContain("run_end_to_end_tests");
  });
});

describe("the smoke test of a platform that is emulated", () => {
  const both = { platforms: ["linux/amd64", "linux/arm64"] };
  const smoke = (more: Partial<Facts> = {}, options: Partial<GateOptions> = {}) =>
    stepOf(plan({ ...both, ...more }, options), "run_smoke_test_arm64");
  const entry = { ...key, list: "smoke", commit: "", tree: "", runner: "uname -m", platform: "linux/arm64" };

  it("starts the image there as root, and records the pass for index and platform", () => {
    const step = smoke();
    expect([step.title, step.skip, step.do.at(-1)]).toEqual([
      `Start ${reference} on linux/arm64 under emulation`,
      null,
      { kind: "record", image: "cmamp", entry },
    ]);
    expect(JSON.parse(compose(step))).toMatchObject({ services: { app: { platform: "linux/arm64", user: "0:0" } } });
    expect(startOf(step)?.argv.at(-1)).toBe("/slipway/cmd");
    expect(compose(step)).toContain('"target": "/slipway/cmd"');
  });

  it("runs the words of the config, quoted where a shell needs it", () => {
    expect(script(smoke()).split("\n").at(-2)).toBe("exec uname -m");
    const words = config({ release: { gates: [] }, tests: { smoke: { command: ["sh", "-c", "a b"] } } });
    expect(
      script(smoke({ config: words }))
        .split("\n")
        .at(-2),
    ).toBe("exec sh -c 'a b'");
    expect(smoke({ config: words }).do.at(-1)).toMatchObject({ entry: { runner: "sh -c a b" } });
  });

  it("pulls the platform where a builder has pushed it", () => {
    const pulls = (more: Partial<Facts>) =>
      smoke(more).do.flatMap((one) => (one.kind === "command" && one.argv[1] === "pull" ? [one.argv] : []));
    expect([pulls({ builder: "far" }), pulls({})]).toEqual([
      [["docker", "pull", "--quiet", "--platform", "linux/arm64", image]],
      [],
    ]);
  });

  it("is not run again where it has passed, but with --rerun-tests", () => {
    const log = [logged(entry)];
    expect(smoke({ log }).skip).toBe("passed on 2025-01-02 10:00 by ann");
    const again = smoke({ log }, { rerunTests: true });
    expect([again.skip, again.do.at(-1)]).toEqual([null, { kind: "record", image: "cmamp", entry, again: true }]);
    expect(smoke({ log: [logged({ ...entry, platform: "linux/s390x" })] }).skip).toBeNull();
  });
});

describe("the step of a test list", () => {
  const fast = (more: Partial<Facts> = {}, options: Partial<GateOptions> = {}) =>
    stepOf(plan(more, options), "run_fast_tests");

  it("leaves its report below the Git dir, where people find a word about it", () => {
    expect(fast().do[0]).toEqual({
      kind: "write_file",
      path: ".git/slipway/reports/README",
      content: "JUnit reports of the last run of each test list.\n",
    });
    expect(JSON.parse(compose(fast()))).toMatchObject({
      services: {
        app: {
          volumes: expect.arrayContaining([
            expect.objectContaining({ source: "/repo/.git/slipway/reports", target: "/slipway/reports" }),
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

  it("gives the engine's socket to qa alone", () => {
    expect(["run_fast_tests", "run_qa_tests"].map((id) => compose(stepOf(plan(), id)).includes("docker.sock"))).toEqual(
      [false, true],
    );
  });

  it("counts a list of no tests as passed only where the config says so", () => {
    const why = "No test was collected, and fast tests that do not exist cannot pass.";
    const fix = "Add a test, or set tests: {fast: {may_be_empty: true}} in repo_config.yaml";
    expect(startOf(fast())?.meaning).toEqual({ "5": { why, fix } });
    const empty = settings({}, { fast: { command: ["fast"], may_be_empty: true } });
    expect(startOf(fast({ config: empty }))?.meaning).toEqual({ "5": { why, fix, passes: true } });
  });

  it("names a platform only where the list cannot run on the engine's own", () => {
    const platforms = (more: Partial<Facts>) =>
      (JSON.parse(compose(fast(more))) as { services: { app: { platform?: string } } }).services.app.platform;
    expect([
      platforms({}),
      platforms({ platforms: ["linux/arm64"] }),
      platforms({ platforms: ["linux/amd64", "linux/arm64"] }),
    ]).toEqual([...[undefined, "linux/arm64", undefined]]);
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
  const skip = (more: Partial<Facts>, tested: Digest = image) => stepOf(plan(more, {}, tested), "run_fast_tests").skip;
  const told = "passed on 2025-01-02 10:00 by ann";

  it("makes the list needless, and the last one is told", () => {
    const later = { ...pass("fast"), at: "2025-02-03T04:05:06Z", by: "bob" };
    expect(skip({ log: [pass("fast"), later, pass("qa")] })).toBe("passed on 2025-02-03 04:05 by bob");
  });

  it("is of no image that is not built yet", () => {
    expect(skip({ log: [pass("fast", { digest: { digest: "@image" } })] }, { digest: "@image" })).toBeNull();
    expect(skip({ log: [pass("fast")] }, { digest: "@image" })).toBeNull();
  });

  it("is no skip", () => {
    const log = [logged({ type: "skip", digest: image, version: "1.2.0", list: "fast", why: "--skip-tests" })];
    expect(skip({ log })).toBeNull();
  });

  it.each<[string, Partial<Facts>, string | null]>([
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

function known(state: RegistryFacts[string][string]): Partial<Facts> {
  return { registries: { ecr: { "dev-1.2.0": state } } };
}

describe("run_fast_tests", () => {
  const here = { engine: engine({ images: [localImage(dev, { digests: [digest("7"), digest("8")] })] }) };
  const run = (more: Partial<Facts> = {}, pytestOpts: readonly string[] = [], of: string | null = "1.2.0") =>
    runTests(
      facts({ config: settings(), ...here, ...more }),
      { stage: "dev", version: of === null ? undefined : version(of), pytestOpts },
      "fast",
    );

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
    expect(doing([step], "record")).toEqual([
      {
        kind: "record",
        image: "cmamp",
        entry: { ...key, digest: digest("8"), list: "fast", runner: "fast" },
        again: true,
      },
    ]);
  });

  it("names no version in the record where the mutable tag is meant", () => {
    const images = [localImage("127.0.0.1:5001/cmamp:dev", { digests: [digest("8")] })];
    const [record] = doing(run({ changelog: [], engine: engine({ images }) }, [], null), "record");
    expect(record?.entry.version).toBe("");
  });

  it.each<[string, Partial<Facts>, readonly string[]]>([
    ["where words narrow the list", {}, ["-k", "one"]],
    ["where the code is not committed", { git: git({ dirty: ["a.py"] }) }, []],
    ["where the engine knows no digest", { engine: engine({ images: [localImage(dev)] }) }, []],
    ["where the engine lacks the image", { engine: engine() }, []],
  ])("records nothing %s", (_when, more, words) => {
    expect(doing(run(more, words), "record")).toEqual([]);
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
