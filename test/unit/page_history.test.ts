import { describe, expect, it } from "vitest";
import type { Flipped, SignedEntry } from "../../lib/names/log.ts";
import type { Release } from "../../lib/names/releases.ts";
import type { RunRecord } from "../../lib/names/report.ts";
import { digestOf } from "../../lib/report/page/digest.ts";
import { history } from "../../lib/report/page/history.ts";
import { registriesOf } from "../../lib/report/page/registries.ts";
import { timelineOf } from "../../lib/report/page/timeline.ts";
import type { Row } from "../../lib/report/status_rows.ts";
import { commit, digest, facts, logged, version } from "./factory.ts";
import { rowsIn, textBetween } from "./page_text.ts";

const image = digest("a");
const key = { version: "1.2.0", digest: image };
const registries = ["ecr", "dockerhub"];
const release = logged({ type: "release", stage: "dev", commit: commit("a"), registries, ...key });
const flip = (why: Flipped["why"], more: Partial<Flipped> = {}) =>
  logged({ type: "flip", id: why, tag: "dev", version: "1.2.0", to: image, from: {}, why, registries, ...more });
const pass = (list: string, more: object = {}) =>
  logged({ type: "pass", list, commit: "c", tree: "t", runner: "r", platform: "p", ...key, ...more });
const skip = (list: string, more: object = {}) =>
  logged({ type: "skip", list, why: `--no-${list}-tests`, ...key, ...more });
const announced = logged({ type: "announce", stage: "dev", channel: "slack", ...key });

describe("the history on the page", () => {
  const rows = (...log: readonly SignedEntry[]) => rowsIn(history(log).html);

  it.each<[string, SignedEntry, readonly string[]]>([
    ["a release", release, ["[good] dev released", "1.2.0", "to ecr, dockerhub"]],
    ["a move", flip("release"), ["[plain] dev moved", "1.2.0", "in ecr, dockerhub"]],
    ["a rollback", flip("rollback"), ["[warn] dev rolled back", "1.2.0", "in ecr, dockerhub"]],
    [
      "a rollback with its reason",
      flip("rollback", { reason: "it breaks" }),
      ["[warn] dev rolled back", "1.2.0", "in ecr, dockerhub: it breaks"],
    ],
    ["a mirror", flip("mirror"), ["[plain] dev mirrored", "1.2.0", "in ecr, dockerhub"]],
    ["a skip", skip("qa"), ["[bad] skipped", "1.2.0", "qa tests: --no-qa-tests"]],
    ["an announcement", announced, ["[plain] dev announced", "1.2.0", "in slack"]],
  ])("tells %s with when and who", (_what, entry, wanted) => {
    expect(rows(entry)).toEqual([["2025-01-02 10:00 UTC", ...wanted, "ann"]]);
  });

  it("tells nothing of passes and confirmations", () => {
    const confirmed = logged({ type: "confirm", stage: "dev", line: "x", ...key });
    expect(textBetween(history([pass("fast"), confirmed]).html, '<section id="history">', "</section>")).toBe(
      "HistoryNothing happened yet.",
    );
  });

  it("shows the newest first", () => {
    expect(rows(skip("fast"), skip("slow")).map((row) => row[3])).toEqual([
      "slow tests: --no-slow-tests",
      "fast tests: --no-fast-tests",
    ]);
  });

  it.each<[string, readonly SignedEntry[], number]>([
    ["the move of a release, told by the release", [release, flip("release")], 1],
    ["a move of another version", [release, flip("release", { version: "1.1.0" })], 2],
    ["a move of another stage", [release, flip("release", { tag: "prod" })], 2],
    ["a rollback to a released version", [release, flip("rollback")], 2],
    ["a move of what was only announced", [announced, flip("release")], 2],
  ])("has its own row or not: %s", (_what, log, count) => {
    expect(rows(...log)).toHaveLength(count);
  });

  it.each([
    [60, 60, null],
    [61, 60, "1 older ones: i release_history"],
    [65, 60, "5 older ones: i release_history"],
  ])("of %s entries shows %s, and says how many are older", (count, shown, wanted) => {
    const { html } = history(Array.from({ length: count }, (_, index) => skip("qa", { version: `1.0.${index}` })));
    expect([rowsIn(html).length, rowsIn(html)[0]?.[2]]).toEqual([shown, `1.0.${count - 1}`]);
    expect(html.includes("older ones") ? textBetween(html, "</table>", "</section>") : null).toBe(wanted);
  });
});

describe("the registries on the page", () => {
  const row = (more: Partial<Row>): Row => ({
    tag: "dev",
    registry: "ecr",
    required: true,
    digest: image,
    state: "ok",
    note: "",
    ...more,
  });
  const short = `${"a".repeat(12)} ${image}`;
  const lines = (...rows: readonly Row[]) => rowsIn(registriesOf(rows).html);
  it.each<[string, Partial<Row>, readonly string[]]>([
    ["has the image", { note: "is 1.2.0" }, ["dev", short, "ecr", "[good] ok is 1.2.0"]],
    ["differs", { state: "drift" }, ["dev", short, "ecr", "[bad] drift"]],
    [
      "is behind",
      { state: "behind", note: "behind by choice, is 1.1.0" },
      ["dev", short, "ecr", "[warn] behind by choice is 1.1.0"],
    ],
    [
      "is behind without it",
      { state: "behind", digest: null, note: "behind by choice" },
      ["dev", "", "ecr", "[warn] behind by choice"],
    ],
    ["lacks it", { state: "absent", digest: null, note: "absent" }, ["dev", "", "ecr", "[plain] absent"]],
    [
      "does not answer",
      { state: "silent", digest: null, note: "does not answer: absent" },
      ["dev", "", "ecr", "[bad] no answer does not answer: absent"],
    ],
  ])("say of one that %s what it has", (_what, more, wanted) => {
    expect(lines(row(more))).toEqual([wanted]);
  });

  it("that agree are one row, and so are the tags on which they agree", () => {
    const both = (more: Partial<Row>) => [row(more), row({ registry: "hub", ...more })];
    expect(
      lines(...both({ note: "is 1.2.0, rolled back by ann" }), ...both({ tag: "dev-1.2.0", note: "is 1.2.0" })),
    ).toEqual([["dev, dev-1.2.0", short, "ecr hub", "[good] ok is 1.2.0, rolled back by ann"]]);
  });

  it("that differ have a row each, and a tag that not all of them have is told apart", () => {
    const other = `${"b".repeat(12)} ${digest("b")}`;
    expect(
      lines(
        row({ tag: "dev" }),
        row({ tag: "dev", registry: "hub", digest: digest("b"), state: "drift" }),
        row({ tag: "dev-1.2.0" }),
        row({ tag: "dev-1.2.0", registry: "hub" }),
      ),
    ).toEqual([
      ["dev", short, "ecr", "[good] ok"],
      ["dev", other, "hub", "[bad] drift"],
      ["dev-1.2.0", short, "ecr hub", "[good] ok"],
    ]);
  });

  it("mark a row by its state", () => {
    expect(registriesOf([row({ state: "drift" })]).html).toContain('<tr class="drift">');
  });
});

describe("a digest on the page", () => {
  it("is twelve digits that open to the whole", () => {
    expect(textBetween(digestOf(image).html, "<summary>", "</summary>")).toBe("a".repeat(12));
    expect(textBetween(digestOf(image).html, "</summary>", "</details>")).toBe(image);
  });
});

describe("the timeline on the page", () => {
  const subject: Release = {
    stage: "dev",
    version: version("1.2.0"),
    digest: image,
    commit: commit("a"),
    registries,
    at: "2025-01-02T10:00:00Z",
    by: "ann",
  };
  const html = (runs: readonly RunRecord[], log: readonly SignedEntry[] = []) =>
    timelineOf({ ...facts({ log }), runs, images: [] }, subject).html;
  type Ran = RunRecord["steps"][number];
  const ran = (id: string, more: Partial<Ran> = {}): Ran => ({ id, title: id, state: "done", seconds: 1, ...more });
  const run = (more: Partial<RunRecord> = {}): RunRecord => ({
    ...{
      workflow: "docker_release_dev",
      stage: "dev",
      version: "1.2.0",
      started: "2025-01-02T10:00:00Z",
      ended: "done",
    },
    steps: [ran("record_release")],
    ...more,
  });
  const head = (...runs: readonly RunRecord[]) => textBetween(html(runs), '<p class="dim small">', "</p>");

  it("has each step with its state and time, and the time of all", () => {
    const steps = [
      ran("a", { seconds: 30 }),
      ran("b", { state: "already", seconds: 2 }),
      ran("c", { state: "skipped" }),
      ran("d", { state: "open" }),
      ran("e", { state: "failed", seconds: 3 }),
    ];
    const text = html([run({ steps })]);
    expect(rowsIn(text)).toEqual([
      ["a", "", "30 s"],
      ["b [plain] already", "", "2.0 s"],
      ["c [plain] skipped", "", ""],
      ["d [warn] open", "", "1.0 s"],
      ["e [bad] stopped here", "", "3.0 s"],
    ]);
    expect(
      [...text.matchAll(/<div class="(fill[^"]*)" style="margin-left:([\d.]+)%;width:([\d.]+)%">/g)].map(
        ([, ...all]) => all,
      ),
    ).toEqual([
      ["fill", "0.0", "81.1"],
      ["fill", "81.1", "5.4"],
      ["fill", "89.2", "2.7"],
      ["fill stopped", "91.9", "8.1"],
    ]);
    expect(head(run({ steps }))).toBe("docker_release_dev of 2025-01-02 10:00 UTC · 37 s in all");
  });

  it("is that of the run that recorded the release, else of the last one", () => {
    const [first, second] = [
      run({ workflow: "first", steps: [ran("record_release_1")] }),
      run({ workflow: "second", steps: [ran("record_release", { state: "already" })] }),
    ];
    expect([head(first, second), head(second, first)].map((text) => text.split(" ")[0])).toEqual(["first", "first"]);
    const [third, fourth] = [
      run({ workflow: "third", steps: [ran("x")] }),
      run({ workflow: "fourth", steps: [ran("y")] }),
    ];
    expect([head(third, fourth), head(third, second)].map((text) => text.split(" ")[0])).toEqual(["fourth", "second"]);
  });

  it("is of no other stage and no other version", () => {
    const others = [run({ stage: "prod" }), run({ version: "1.1.0" })];
    expect(html(others)).toContain("Made in another clone, by ann; this is what the log says.");
  });

  it.each<[readonly RunRecord[], string | null]>([
    [[run()], null],
    [[run({ ended: "stopped", steps: [] }), run()], " · 1 run was stopped on the way"],
    [
      [run({ ended: "stopped", steps: [] }), run({ ended: "stopped", steps: [] }), run()],
      " · 2 runs were stopped on the way",
    ],
    [[run({ ended: "stopped" })], null],
  ])("says how many runs were stopped on the way: %#", (runs, told) => {
    expect(head(...runs)).toBe(`docker_release_dev of 2025-01-02 10:00 UTC · 1.0 s in all${told ?? ""}`);
  });

  it("made in another clone is what the log says of the version", () => {
    const log = [
      pass("fast"),
      skip("qa"),
      release,
      flip("release"),
      pass("slow", { digest: digest("b") }),
      skip("slow", { digest: digest("b") }),
      pass("slow", { version: "1.1.0" }),
      logged({ ...flip("release"), tag: "prod" } as Flipped),
      logged({ type: "release", stage: "prod", commit: commit("a"), registries, ...key }),
      announced,
    ];
    const when = "2025-01-02 10:00:00";
    expect(rowsIn(html([], log))).toEqual([
      [when, "fast tests passed"],
      [when, "qa tests skipped: --no-qa-tests"],
      [when, "released to ecr, dockerhub"],
      [when, "dev moved in ecr, dockerhub"],
    ]);
  });

  it("takes what is shorter than a tenth of a second for that, so that no bar is longer than its track", () => {
    expect(html([run({ steps: [ran("record_release", { seconds: 0.05 })] })])).toContain("width:50.0%");
  });
});
