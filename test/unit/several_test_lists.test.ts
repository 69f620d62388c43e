import { describe, expect, it } from "vitest";
import type { ListName } from "../../lib/config/tests.ts";
import { announce } from "../../lib/kinds/announce.ts";
import { command } from "../../lib/kinds/command.ts";
import { record } from "../../lib/kinds/record.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import { type Group, isGroup, stepsOf } from "../../lib/plan/plan.ts";
import { snapshot } from "../../lib/tests/snapshot.ts";
import { type ListsOptions, runLists } from "../../lib/tests/tests.ts";
import { config, digest, doing, engine, facts, localImage, refusal, stepOf, version } from "./factory.ts";
import { dev, mountsOf, script, settings, startOf } from "./gate_plans.ts";

describe("several test lists", () => {
  const here = { engine: engine({ images: [localImage(dev, { digests: [digest("8")] })] }) };
  const run = (lists: readonly ListName[], more: Partial<AllFacts> = {}, options: Partial<ListsOptions> = {}) =>
    runLists(
      facts({ config: settings(), ...here, ...more }),
      {
        ...{ stage: "dev", version: version("1.2.0"), pytestOpts: [], snapshot: false, abortOnFirstError: false },
        ...options,
      },
      lists,
    );
  const groupOf = (parts: Group["steps"]) => parts.find(isGroup);

  it("run in the order they are named, each once, and go on after one that failed", () => {
    const parts = run(["slow", "fast", "slow"]);
    expect(parts.map(({ id }) => id)).toEqual(["docker_pull", "test_lists"]);
    expect([groupOf(parts)?.onFailure, groupOf(parts)?.steps.map(({ id }) => id)]).toEqual([
      "go_on",
      ["run_slow_tests", "run_fast_tests"],
    ]);
  });

  it("end with the first that fails where that is asked for", () => {
    expect(groupOf(run(["fast", "slow"], {}, { abortOnFirstError: true }))?.onFailure).toBe("stop");
  });

  it("are run again where that is asked for", () => {
    const retries = (options: Partial<ListsOptions>) =>
      doing(stepsOf({ steps: run(["fast"], {}, options) }), command).flatMap((one) =>
        one.container ? [one.retries] : [],
      );
    expect([retries({ retryFlaky: 2 }), retries({})]).toEqual([[2], [undefined]]);
  });

  it("each record a pass of their own", () => {
    const entries = doing(stepsOf({ steps: run(["fast", "slow"]) }), record).map(({ entry }) => entry);
    expect(entries).toMatchObject([
      { type: "pass", list: "fast", digest: digest("8") },
      { type: "pass", list: "slow", digest: digest("8") },
    ]);
  });

  it("tell once why no pass is recorded", () => {
    const steps = stepsOf({ steps: run(["fast", "slow"], { tree: { differs: ["a.py"], stamp: "" } }) });
    expect([doing(steps, record), doing(steps, announce).length]).toEqual([[], 1]);
  });

  const covered = (more: Partial<ListsOptions> = {}) =>
    run(["fast", "slow"], { config: config() }, { coverage: true, ...more });

  it("report their coverage together after all of them, whatever failed", () => {
    const inGroup = groupOf(covered());
    expect([inGroup?.onFailure, inGroup?.steps.map(({ id }) => id)]).toEqual([
      "go_on",
      ["run_fast_tests", "run_slow_tests", "report_coverage"],
    ]);
  });

  it("each leave the data of their coverage beside their reports, and none of an earlier run", () => {
    const steps = stepsOf({ steps: covered() });
    const fast = stepOf(steps, "run_fast_tests");
    expect(script(fast)).toContain("export COVERAGE_FILE=/slipway/reports/fast.coverage\nexec pytest ");
    const removed = ["rm", "-f", ".git/slipway/reports/cmamp/fast.coverage"];
    expect(doing([fast], command).map(({ argv }) => argv)).toContainEqual(removed);
    const report = stepOf(steps, "report_coverage");
    expect(script(report)).toContain("for file in /slipway/reports/fast.coverage /slipway/reports/slow.coverage; do");
    expect(mountsOf(report)).toMatchObject({
      "/app": "/repo",
      "/slipway/reports": "/repo/.git/slipway/reports/cmamp",
      "/slipway/coverage": "/repo/.git/slipway/reports/cmamp",
    });
    expect(doing([report], announce)[0]?.data).toEqual({
      coverage: [
        ".git/slipway/reports/cmamp/fast_slow.coverage.xml",
        ".git/slipway/reports/cmamp/fast_slow.coverage_html/index.html",
      ],
    });
  });

  it("say where pytest lacks the plugin for what was chosen", () => {
    const fixOf = (options: Partial<ListsOptions>) =>
      startOf(stepOf(stepsOf({ steps: run(["fast"], { config: config() }, options) }), "run_fast_tests"))?.meaning?.[
        "4"
      ]?.fix;
    expect(fixOf({ coverage: true })).toBe(
      "Add the plugin to the image, i package_add pytest-cov, or leave out --coverage",
    );
    expect(fixOf({ nThreads: "2" })).toContain("i package_add pytest-xdist");
    expect(fixOf({})).toBeUndefined();
  });

  it("are reported on the commit where they ran on it", () => {
    const report = stepOf(stepsOf({ steps: covered({ snapshot: true }) }), "report_coverage");
    expect(mountsOf(report)["/app"]).toBe("/repo/.git/slipway/snapshots/cmamp-dev-1.2.0-coverage");
    expect(doing([report], snapshot).map(({ code }) => code !== null)).toEqual([true, false]);
  });

  it("of a prod image are reported with its code and nothing of the tree", () => {
    const tests = { fast: { prod: "in_image" } };
    const images = [localImage("127.0.0.1:5001/cmamp:prod-1.2.0", { digests: [digest("9")] })];
    const world = { config: config({ tests }), engine: engine({ images }) };
    const parts = run(["fast"], world, { coverage: true, stage: "prod" });
    const report = stepOf(stepsOf({ steps: parts }), "report_coverage");
    expect(Object.keys(mountsOf(report)).filter((path) => !path.startsWith("/slipway/"))).not.toContain("/app");
    expect(startOf(report)?.env["IMAGE"]).toBe("127.0.0.1:5001/cmamp:prod-1.2.0");
  });

  it("keep their output in a file of their own where that is asked for", () => {
    const steps = stepsOf({ steps: run(["fast"], {}, { teeToFile: true }) });
    expect(startOf(stepOf(steps, "run_fast_tests"))?.tee).toBe(".git/slipway/reports/cmamp/fast.log");
    expect(startOf(stepOf(stepsOf({ steps: run(["fast"]) }), "run_fast_tests"))?.tee).toBeUndefined();
  });

  it("have to be named", () => {
    expect(refusal(() => run([])).fix).toBe("Name them: i run_tests fast slow");
  });
});
