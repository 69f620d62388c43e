import { describe, expect, it } from "vitest";
import { announce } from "../../lib/kinds/announce.ts";
import type { LogEntry } from "../../lib/names/log.ts";
import { releaseHistory } from "../../lib/report/status.ts";
import { commit, digest, doing, facts, logged } from "./factory.ts";

const [one, two] = [digest("a"), digest("b")];
const flip = logged({
  type: "flip",
  id: "f1",
  tag: "dev",
  version: "1.2.0",
  to: one,
  from: { ecr: two, hub: two },
  why: "rollback",
  reason: "it breaks",
  registries: ["ecr", "hub"],
});

describe("release_history", () => {
  const pass = { version: "1.2.0", commit: "c0ffee", tree: "t", runner: "r", platform: "p", digest: one };
  const log = [
    logged({ type: "pass", list: "fast", ...pass }),
    logged({ type: "skip", list: "qa", why: "--no-qa-tests", version: "1.2.0", digest: one }),
    flip,
  ];
  const told = (all: boolean, entries = log) =>
    doing(releaseHistory(facts({ log: entries }), { all, passes: false, flaky: false }), announce)[0]?.text;

  it("tells who moved a tag, when and why", () => {
    expect(told(false)).toContain(
      `2025-01-02 10:00:00 ann        1.2.0    dev -> ${one} (rollback: it breaks) in ecr, hub`,
    );
  });

  it("shows tests that were left out", () => {
    expect(told(false)).toContain("qa tests SKIPPED: --no-qa-tests");
  });

  it.each([
    [false, false],
    [true, true],
  ])("with --all %s passes are told: %s", (all, expected) => {
    expect(told(all)?.includes("fast tests passed on c0ffee")).toBe(expected);
  });

  it("says that there is none", () => {
    expect(told(false, [])).toBe("nothing of cmamp has been released yet");
  });

  it.each<[string, LogEntry, string]>([
    [
      "a release",
      { type: "release", stage: "dev", version: "1.2.0", digest: one, commit: "c", registries: ["ecr", "hub"] },
      `released dev ${one} to ecr, hub`,
    ],
    [
      "a move without a reason",
      { type: "flip", id: "f", tag: "dev", version: "1.2.0", to: one, from: {}, why: "release", registries: ["ecr"] },
      `dev -> ${one} (release) in ecr`,
    ],
    [
      "a pass",
      { type: "pass", list: "fast", ...pass, commit: "0123456789abcdef" },
      `fast tests passed on 0123456789ab in ${one}, on ci`,
    ],
    [
      "an announcement",
      { type: "announce", stage: "dev", version: "1.2.0", digest: one, channel: "slack" },
      "announced dev in slack",
    ],
    [
      "a deployment",
      { type: "deployment", environment: "preprod", version: "1.2.0", digest: one, cluster: "main", service: "web" },
      `preprod: service web of main runs ${one}`,
    ],
    [
      "a confirmation",
      { type: "confirm", stage: "prod", version: "1.2.0", digest: null, line: "deployed" },
      "confirmed of prod: deployed",
    ],
  ])("tells %s with when, who and which version", (_what, entry, wanted) => {
    expect(told(true, [logged(entry)])).toBe(`2025-01-02 10:00:00 ann        1.2.0    ${wanted}`);
  });

  const flaky = (list: string, failed: number, at: string) =>
    logged({ type: "flaky", list, failed, ...pass, commit: commit("d") }, { at });
  it("tells that a list was flaky", () => {
    expect(told(false, [flaky("fast", 2, "2025-01-02T10:00:00Z")])).toBe(
      `2025-01-02 10:00:00 ann        1.2.0    fast tests were FLAKY on dddddddddddd in ${one}: failed 2 times, then passed, on ci`,
    );
  });

  it("with --flaky shows how often each list was, and when last", () => {
    const entries = [...log, flaky("fast", 1, "2025-02-01T10:00:00Z"), flaky("fast", 1, "2025-02-03T10:00:00Z")];
    const shown = (all: typeof log) =>
      doing(releaseHistory(facts({ log: all }), { all: false, passes: false, flaky: true }), announce)[0]?.text;
    expect([
      shown(entries)
        ?.split("\n")
        .map((line) => line.trimEnd()),
      shown(log),
    ]).toEqual([
      ["LIST  FLAKY  PASSED  LAST        COMMIT", "fast  2      1       2025-02-03  dddddddddddd"],
      "no test list of cmamp was flaky",
    ]);
  });

  it("with --passes tells whose the passes are, and leaves confirmations out", () => {
    const entries = [
      logged({ type: "pass", list: "fast", ...pass, commit: commit("c") }),
      logged({ type: "pass", list: "slow", ...pass, commit: commit("c") }, { by: "bot", ci: "77" }),
      logged({ type: "confirm", stage: "dev", version: "1.2.0", digest: null, line: "x" }),
    ];
    const text = doing(releaseHistory(facts({ log: entries }), { all: false, passes: true, flaky: false }), announce)[0]
      ?.text;
    expect(text?.split("\n").map((line) => line.slice(20))).toEqual([
      `ann        1.2.0    fast tests passed on cccccccccccc in ${one}, on ci`,
      `bot        1.2.0    slow tests passed on cccccccccccc in ${one}, CI run 77`,
    ]);
  });

  it("tells the oldest first, each on its line, and leaves passes and confirmations to --all", () => {
    const confirmed = logged({ type: "confirm", stage: "dev", version: "1.2.0", digest: null, line: "x" });
    const steps = releaseHistory(facts({ log: [...log, confirmed] }), { all: false, passes: false, flaky: false });
    const [report] = doing(steps, announce);
    expect([
      steps.map(({ id, title }) => [id, title]),
      report?.text.split("\n").map((line) => line.slice(40)),
      report?.data,
    ]).toEqual([
      [["report", "Show what happened"]],
      ["qa tests SKIPPED: --no-qa-tests", `dev -> ${one} (rollback: it breaks) in ecr, hub`],
      [log[1], flip],
    ]);
    expect(told(true, [...log, confirmed])?.split("\n")).toHaveLength(4);
  });
});
