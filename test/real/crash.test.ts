import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CrashGround, makeCrashGround } from "../bed/crash_ground.ts";
import type { Point } from "../bed/crash_points.ts";
import { makeSweep, type Sweep } from "../bed/sweep.ts";

let on: CrashGround;
let points: readonly Point[] = [];
let sweep: Sweep["sweep"];
beforeAll(async () => {
  on = await makeCrashGround("crash");
  ({ points, sweep } = await makeSweep(on, { line: ["docker_release_dev", "--version", "1.0.0"] }));
});
afterAll(() => on.end());

const whom = ["alone", "group"] as const;

describe("a release that is killed", () => {
  it("has points before, inside and after every kind of change", () => {
    const [ends, names] = [new Set(points.map(({ when }) => when)), points.map(({ name }) => name).join("\n")];
    expect([...ends].sort()).toEqual(["after", "before", "inside"]);
    for (const part of ["claim: ref", "docker buildx", "docker compose", "run_fast_tests: log", "git_tag: ref"])
      expect(names).toContain(part);
    for (const part of ["blob sent by the engine", "blob to r2", "push_git_tag: ref", "flip_dev: dev in r2"])
      expect(names).toContain(part);
    expect(points.length).toBeGreaterThan(50);
  });

  it.each(whom)(
    "with SIGKILL to it %s ends the second time as an undisturbed one, wherever it was",
    async (one) => {
      const wrong = await sweep(points.map((point) => ({ point, kill: { signal: "KILL", whom: one } })));
      expect(wrong).toEqual([]);
    },
    600_000,
  );

  it("is finished from another clone by an engine that does not have its image", async () => {
    const chosen =
      /note_digest: ref|run_fast_tests: log|git_tag: ref|manifest to r2|flip_dev: dev in r2|record_release/;
    const jobs = points.filter(({ name, when }) => chosen.test(name) && when === "inside");
    const wrong = await sweep(
      jobs.map((point) => ({ point, kill: { signal: "KILL", whom: "group" }, elsewhere: true })),
    );
    expect({ jobs: jobs.length > 4, wrong }).toEqual({ jobs: true, wrong: [] });
  }, 600_000);
});

describe("a release that is interrupted", () => {
  const chosen =
    /^(claim: ref|build_local|run_fast|git_tag|push_dev: docker push|copy_to_others: blob|flip_dev: (intent$|dev in))/;
  it.each([
    { signal: "INT", whom: "group" },
    { signal: "TERM", whom: "alone" },
  ] as const)(
    "by $signal ends with 130, leaves no claim, intent and container, and is finished the second time",
    async (kill) => {
      const jobs = points.filter(({ name, when }) => chosen.test(name) && when === "inside");
      const wrong = await sweep(jobs.map((point) => ({ point, kill })));
      expect({ jobs: jobs.length > 8, wrong }).toEqual({ jobs: true, wrong: [] });
    },
    600_000,
  );
});
