import { describe, expect, it } from "vitest";
import { command } from "../../lib/kinds/command.ts";
import { record } from "../../lib/kinds/record.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import type { Step } from "../../lib/plan/plan.ts";
import type { GateOptions } from "../../lib/tests/gates.ts";
import { failedTest } from "../../lib/tests/test_meaning.ts";
import { commit, config, digest, engine, facts, ids, localImage, logged, stepOf } from "./factory.ts";
import { compose, image, key, mountsOf, plan, reference, script, settings, startOf } from "./gate_plans.ts";

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

describe("a gate behind an entrypoint", () => {
  const both = { platforms: ["linux/amd64", "linux/arm64"] };
  const gate = (list: "fast" | "smoke", own: object) =>
    stepOf(
      plan({ ...both, config: settings({ gates: ["fast"] }, { [list]: own }) }),
      list === "fast" ? "run_fast_tests" : "run_smoke_test_arm64",
    );
  const recorded = (step: Step) => step.do.flatMap((one) => (record.is(one) ? [one.entry] : []))[0];
  const composed = (step: Step) => (JSON.parse(compose(step)) as { services: { app: object } }).services.app;

  it.each(["fast", "smoke"] as const)("leaves a receipt, and says how its list goes without one: %s", (list) => {
    const without = `set tests: {${list}: {entrypoint: false}} in repo_config.yaml`;
    const step = gate(list, { command: ["true"] });
    expect(startOf(step)).toMatchObject({ receipt: { without } });
    expect([composed(step), recorded(step)]).toEqual([
      expect.not.objectContaining({ entrypoint: [] }),
      expect.objectContaining({ runner: "true" }),
    ]);
  });

  it.each(["fast", "smoke"] as const)(
    "starts without it where its list says so, which is another runner: %s",
    (list) => {
      const step = gate(list, { command: ["true"], entrypoint: false });
      expect(startOf(step)).not.toHaveProperty("receipt");
      expect(composed(step)).toMatchObject({ entrypoint: [] });
      expect(recorded(step)).toMatchObject({ runner: "true, without entrypoint" });
    },
  );
});

describe("end-to-end tests", () => {
  const place = (dir: string) => ({ place: { ...facts().place, dir } });
  const row = (dir: string, stage = "dev") => ({
    config: settings({ end_to_end: { [stage]: { dir, argv: ["make", "all"] } } }),
  });
  const step = (more: Partial<AllFacts>, options: Partial<GateOptions> = {}) =>
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
      [
        {
          ...{ kind: "command", argv: ["make", "all"], env: { IMAGE: image }, cwd },
          ...{ ofRepo: "host", does: "the end-to-end tests", reason: failedTest },
        },
      ],
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
  const smoke = (more: Partial<AllFacts> = {}, options: Partial<GateOptions> = {}) =>
    stepOf(plan({ ...both, ...more }, options), "run_smoke_test_arm64");
  const entry = { ...key, list: "smoke", runner: "uname -m", platform: "linux/arm64" };

  it("starts the image there as root, and records the pass for index and platform", () => {
    const step = smoke();
    expect([step.title, step.skip, step.do.at(-1)]).toEqual([
      `Start ${reference} on linux/arm64 under emulation`,
      null,
      { kind: "record", image: "cmamp", entry },
    ]);
    expect(JSON.parse(compose(step))).toMatchObject({ services: { app: { platform: "linux/arm64", user: "0:0" } } });
    expect(mountsOf(step)["/app"]).toBe("/repo/.git/slipway/snapshots/cmamp-local-gp-1.2.0-smoke-arm64");
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
    const pulls = (more: Partial<AllFacts>) =>
      smoke(more).do.flatMap((one) => (command.is(one) && one.argv[1] === "pull" ? [one.argv] : []));
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
