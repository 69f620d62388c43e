import { describe, expect, it } from "vitest";
import { type LogEntry, lastOf, sameEntry } from "../../lib/names/log.ts";
import { readEntry } from "../../lib/names/ref_message.ts";
import { commit, digest, logged } from "./factory.ts";

const skip: LogEntry = { type: "skip", digest: digest("1"), version: "1.2.0", list: "qa", why: "--no-qa-tests" };

describe("two entries of the log", () => {
  it("are the same whoever wrote them, when, where, and in which order of fields", () => {
    const turned = { why: "--no-qa-tests", version: "1.2.0", digest: digest("1"), type: "skip", list: "qa" } as const;
    const later = logged(turned, { at: "2026-01-01T00:00:00Z", by: "gp", host: "laptop" });
    expect([sameEntry(skip, logged(skip)), sameEntry(skip, later), sameEntry(later, skip)]).toEqual([true, true, true]);
  });

  it.each([[{ why: "--skip-tests" }], [{ version: "1.2.1" }], [{ digest: digest("2") }], [{ list: "slow" }]])(
    "are two where %j differs",
    (more) => {
      expect(sameEntry(skip, { ...skip, ...more })).toBe(false);
    },
  );

  it("are two where a list stands in another order", () => {
    const release = (...registries: readonly string[]): LogEntry => ({
      ...{ type: "release", stage: "dev", version: "1.2.0", digest: digest("1"), commit: commit("a"), registries },
    });
    expect([sameEntry(release("a", "b"), release("a", "b")), sameEntry(release("a", "b"), release("b", "a"))]).toEqual([
      true,
      false,
    ]);
  });
});

describe("what made a digest a version", () => {
  const release = (version: string, hash: string) =>
    logged({ type: "release", stage: "dev", version, digest: hash, commit: commit("a"), registries: ["ecr"] });
  const flip = (version: string, to: string) =>
    logged({
      ...{ type: "flip", id: version, tag: "dev", version, to, from: {}, why: "release", registries: ["ecr"] },
    });
  const [one, other] = [digest("1"), digest("2")];

  it.each([
    ["its release", [release("1.0.0", one), release("2.0.0", other)], "1.0.0"],
    ["the last of several releases", [release("1.0.0", one), release("1.0.1", one)], "1.0.1"],
    ["a move of the tag", [flip("1.0.0", one), flip("2.0.0", other)], "1.0.0"],
    ["the move behind the release", [release("1.0.0", one), flip("1.1.0", one), logged(skip)], "1.1.0"],
    ["nothing that only was tested", [logged(skip)], undefined],
    ["nothing of another digest", [release("1.0.0", other), flip("1.0.0", other)], undefined],
    ["nothing", [], undefined],
  ])("is %s", (_what, log, expected) => {
    expect(lastOf(log, one)?.version).toBe(expected);
  });
});

describe("a line of the log that somebody wrote", () => {
  const release = { type: "release", stage: "dev", version: "1.2.0", digest: "sha256:1", commit: "a", registries: [] };
  const line = (more: object) => ({ ...release, at: "2025-01-02", by: "ann", host: "h", ...more });

  it.each<[string, object]>([
    ["registries", line({ registries: "ecr" })],
    ["registries", line({ registries: [1] })],
    ["digest", line({ digest: null })],
    ["version", line({ version: "1.2.0\n" })],
    ["by", line({ by: "ann\u001b[2J" })],
    ["host", line({ host: undefined })],
    ["ci", line({ ci: 7 })],
    ["base", line({ base: { version: "1.0.0" } })],
    ["children", line({ children: { "linux/amd64": 1 } })],
  ])("is no entry where its %s is wrong: %j", (name, entry) => {
    expect(readEntry(JSON.stringify(entry))).toEqual({
      broken: expect.stringContaining(`is no entry of the log, for its ${name} is wrong`),
    });
  });

  it.each(["", "{", "null", "[]", "7", '{"type": 1}'])("is no entry as %j", (text) => {
    expect(readEntry(text)).toHaveProperty("broken");
  });

  it.each([{}, { stage: "canary" }, { type: "sbom" }])(
    "is kept where only a newer Slipway knows what it says: %j",
    (more) => {
      expect(readEntry(JSON.stringify(line(more)))).not.toHaveProperty("broken");
    },
  );
});

it("two people who adopt a release at once record the same, also where one's clone does not tell who made its tag", () => {
  const release = (by: string) =>
    ({
      ...{ type: "release", stage: "dev", version: "1.0.0", digest: "sha256:a", commit: "", registries: [] },
      adopted: { at: "", by },
    }) as const satisfies LogEntry;
  expect(sameEntry(release("ann"), release(""))).toBe(true);
  expect(sameEntry(release("ann"), { ...release("ann"), digest: "sha256:b" })).toBe(false);
});
