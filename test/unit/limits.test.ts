import { describe, expect, it } from "vitest";
import { assertFits, fitsIn, roomFor } from "../../lib/config/limits.ts";
import { group, stepsOf } from "../../lib/plan/plan.ts";
import { groupTitle } from "../../lib/plan/render_plan.ts";
import { runTests } from "../../lib/tests/tests.ts";
import { config, digest, engine, facts, localImage, refusal, stepOf, version } from "./factory.ts";
import { compose, dev, startOf } from "./gate_plans.ts";

const has = { cpus: 2, memory: 8e9 };

describe("the room of an engine", () => {
  it.each([
    [{ cpus: 2, memory: 8e9 }, true],
    [{ cpus: 2.01, memory: 0 }, false],
    [{ cpus: 0, memory: 8e9 + 1 }, false],
  ])("holds %j: %s", (wants, holds) => {
    expect(fitsIn(has, wants)).toBe(holds);
  });

  it("is free again as it was, whatever tenths were taken and given back", () => {
    const free = [0.1, 0.2, 0.3].reduce((cpus, one) => cpus - one, 1.6);
    expect(fitsIn({ cpus: free, memory: 0 }, { cpus: 1, memory: 0 })).toBe(true);
  });

  it("gives a list a core where its dir names none", () => {
    expect(roomFor({ cpus: null, memory: null })).toEqual({ cpus: 1, memory: 0 });
    expect(roomFor({ cpus: 0.5, memory: 1e9 })).toEqual({ cpus: 0.5, memory: 1e9 });
  });

  it.each([
    [{ cpus: 8, memory: 0 }, "the fast list of web wants 8 cores, and the engine has 2"],
    [{ cpus: 1, memory: 16e9 }, "the fast list of web wants 16.0 GB of memory, and the engine has 8.0 GB"],
  ])("that is too small for %j says so before anything waits", (wants, what) => {
    expect(refusal(() => assertFits("the fast list of web", has, wants)).message).toBe(what);
  });

  it("is told in a plan", () => {
    const room = { has, takes: {} };
    expect(groupTitle(group("tests", "Run all", [], { atOnce: 4, room, onFailure: "go_on" }))).toBe(
      "tests: Run all, 4 at once, as fits in 2 cores and 8.0 GB of memory, all of them, also after a failure",
    );
  });
});

describe("the container of a list", () => {
  const run = (tests: object) =>
    stepOf(
      stepsOf({
        steps: runTests(
          facts({
            config: config({ tests }),
            engine: engine({ images: [localImage(dev, { digests: [digest("8")] })] }),
          }),
          { stage: "dev", version: version("1.2.0"), pytestOpts: [], snapshot: false },
          "fast",
        ),
      }),
      "run_fast_tests",
    );
  const service = (tests: object) =>
    (JSON.parse(compose(run(tests))) as { services: { app: { cpus?: number; mem_limit?: number } } }).services.app;

  it("has the cores and the memory that its config gives it, and all without", () => {
    expect(service({ cpus: 1.5, memory: "1g" })).toMatchObject({ cpus: 1.5, mem_limit: 2 ** 30 });
    expect(Object.keys(service({}))).not.toContain("cpus");
    expect(Object.keys(service({}))).not.toContain("mem_limit");
  });

  it("that is killed where memory is limited says which limit that was", () => {
    expect(startOf(run({ memory: "1g" }))?.meaning?.["137"]?.why).toContain("more than the 1.1 GB of tests.memory");
    expect(startOf(run({}))?.meaning).not.toHaveProperty("137");
  });
});
