import { describe, expect, it } from "vitest";
import { type Charted, chartOf } from "../../lib/flows/page/chart.ts";
import { digestOf } from "../../lib/flows/page/digest.ts";
import { history } from "../../lib/flows/page/history.ts";
import { layersOf, olderLayersOf } from "../../lib/flows/page/layers.ts";
import { packagesOf } from "../../lib/flows/page/packages.ts";
import { registriesOf } from "../../lib/flows/page/registries.ts";
import { timelineOf } from "../../lib/flows/page/timeline.ts";
import type { Row } from "../../lib/flows/status_rows.ts";
import type { Layer, PlatformImage } from "../../lib/model/layers.ts";
import type { Flipped, SignedEntry } from "../../lib/model/log.ts";
import { pipListPackages } from "../../lib/model/packages.ts";
import type { Release } from "../../lib/model/releases.ts";
import type { ReleasedImage, RunRecord } from "../../lib/model/report.ts";
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

const layer = (letter: string, size: number, by = `RUN ${letter}`): Layer => ({ digest: digest(letter), size, by });
const platform = (name: string, ...layers: readonly Layer[]): PlatformImage => ({
  platform: name,
  size: layers.reduce((sum, { size }) => sum + size, 0),
  layers,
});
const imageOf = (of: string, platforms: readonly PlatformImage[], list: string | null = null): ReleasedImage => ({
  ...{ stage: "dev", version: version(of), digest: image, platforms, why: "" },
  packages: list === null ? null : pipListPackages(list),
});

describe("the layers on the page", () => {
  const [low, high] = [layer("1", 1000), layer("2", 4000)];
  const own = imageOf("1.2.0", [platform("linux/amd64", low, high), platform("linux/arm64", low)]);
  const before = imageOf("1.1.0", [platform("linux/arm64", high), platform("linux/amd64", low)]);
  const html = (images: Parameters<typeof layersOf>[0]) => layersOf(images)?.html ?? null;
  const summaries = (text: string | null) =>
    [...(text ?? "").matchAll(/<summary>(.*?)<\/summary>/g)].map((found) => found[1]);

  it("are not there where none is known", () => {
    expect([html({ image: undefined, before }), html({ image: imageOf("1.2.0", []), before })]).toEqual([null, null]);
  });

  it("are counted for each platform", () => {
    expect(summaries(html({ image: own, before: undefined }))).toEqual([
      "linux/amd64: 2 layers, 5.0 kB",
      "linux/arm64: 1 layer, 1.0 kB",
    ]);
    expect(summaries(html({ image: imageOf("1.2.0", [platform("", low)]), before: undefined }))).toEqual([
      "image: 1 layer, 1.0 kB",
    ]);
  });

  it("are compared with the version before, platform by platform", () => {
    expect(summaries(html({ image: own, before }))).toEqual([
      "linux/amd64: 2 layers, 5.0 kB, since 1.1.0 1 new (4.0 kB)",
      "linux/arm64: 1 layer, 1.0 kB, since 1.1.0 1 new (1.0 kB), 1 gone (4.0 kB)",
    ]);
    expect(rowsIn(html({ image: own, before }) ?? "").map(([by]) => by)).toEqual([
      "RUN 1",
      "RUN 2 [good] new",
      "RUN 1 [good] new",
      "RUN 2 [warn] gone",
    ]);
  });

  it("are compared with nothing where no image of the version before is known", () => {
    for (const nothing of [undefined, imageOf("1.1.0", [])]) {
      const text = html({ image: own, before: nothing });
      expect([text, text]).toEqual([expect.not.stringContaining("new"), expect.not.stringContaining("gone")]);
    }
  });

  it("of other versions are closed, and say of which", () => {
    const text = olderLayersOf([{ image: before, before: undefined }])?.html ?? "";
    expect(summaries(text)).toEqual(["1.1.0, linux/arm64: 1 layer, 4.0 kB", "1.1.0, linux/amd64: 1 layer, 1.0 kB"]);
    expect([text.includes(" open>"), html({ image: own, before })?.includes(" open>")]).toEqual([false, true]);
    expect(olderLayersOf([])).toBeNull();
  });

  it("have bars as long as their share of the largest one, and old ones look old", () => {
    const bars = [
      ...(html({ image: imageOf("1.2.0", [platform("linux/amd64", low, high)]), before }) ?? "").matchAll(
        /<div class="(fill[^"]*)" style="width:([\d.]+)%">/g,
      ),
    ].map(([, look, width]) => [look, width]);
    expect(bars).toEqual([
      ["fill old", "25.0"],
      ["fill", "100.0"],
    ]);
    expect(html({ image: own, before: undefined })).not.toContain("fill old");
  });

  it("of no byte have no bar", () => {
    expect(html({ image: imageOf("1.2.0", [platform("p", layer("1", 0))]), before: undefined })).toContain(
      "width:0.0%",
    );
  });

  it("show size and line, cut where it is long, or the digest where nobody knows the line", () => {
    const labels = (by: string) =>
      rowsIn(html({ image: imageOf("1.2.0", [platform("p", layer("1", 1000, by))]), before: undefined }) ?? "")[0];
    expect(labels("RUN x")).toEqual(["RUN x", "", "1.0 kB"]);
    expect(labels("")?.[0]).toBe("sha256:111111111111");
    expect([labels("x".repeat(160))?.[0], labels("x".repeat(161))?.[0]]).toEqual([
      "x".repeat(160),
      `${"x".repeat(157)}...`,
    ]);
  });
});

describe("the chart of pull sizes", () => {
  const [low, mid, high] = [layer("1", 1000), layer("2", 4000), layer("3", 3000)];
  const charted = (of: string, mark: Charted["mark"], ...layers: readonly Layer[]): Charted => ({
    image: imageOf(of, [platform("linux/amd64", ...layers)]),
    mark,
  });
  const three = [
    charted("1.0.0", null, low),
    charted("1.1.0", "in use", low, mid),
    charted("1.2.0", "rolled back", low, high),
  ];
  const texts = (html: string) => [...html.matchAll(/<text[^>]*>(.*?)<\/text>/g)].map(([, text]) => text);
  const bars = (html: string, look: string) =>
    [...html.matchAll(/<rect class="(\w+)" x="0" y="\d+" width="([\d.]+)"/g)].flatMap(([, name, width]) =>
      name === look ? [width] : [],
    );

  it("has the newest on top, each with what became of it, its size and what is new in it", () => {
    expect(texts(chartOf(three, "linux/amd64")?.html ?? "")).toEqual([
      "1.2.0 · rolled back",
      "4.0 kB, 3.0 kB new",
      "1.1.0 · in use",
      "5.0 kB, 4.0 kB new",
      "1.0.0",
      "1.0 kB",
    ]);
  });

  it("has bars as long as their share of the largest image, the new part of each before the rest", () => {
    const { html } = chartOf(three, "linux/amd64") ?? { html: "" };
    expect(bars(html, "all")).toEqual(["272.0", "340.0", "68.0"]);
    expect(bars(html, "new")).toEqual(["204.0", "272.0", "68.0"]);
  });

  it("is not there where there is nothing to compare on the platform", () => {
    expect([chartOf(three.slice(0, 1), "linux/amd64"), chartOf(three, "linux/arm64")]).toEqual([null, null]);
  });
});

describe("the packages on the page", () => {
  const of = (list: string | null) => imageOf("1.2.0", [], list);
  const html = (image: ReleasedImage | undefined, before: ReleasedImage | undefined, since?: string) =>
    packagesOf({ image, before }, since)?.html ?? null;

  it("are those that changed", () => {
    const text = html(of("numpy==2.0\nnew==1\n"), of("numpy==1.0\nold==1\n"), "1.1.0") ?? "";
    expect([textBetween(text, "<h3>", "</h3>"), rowsIn(text)]).toEqual([
      "Packages since 1.1.0",
      [
        ["new", "added", "-", "1"],
        ["numpy", "up", "1.0", "2.0"],
        ["old", "removed", "1", "-"],
      ],
    ]);
  });

  it("are said to be the same", () => {
    expect(html(of("numpy==2.0\n"), of("numpy==2.0\n"), "1.1.0")).toBe(
      '<h3>Packages</h3><p class="dim">The same as in 1.1.0.</p>',
    );
  });

  it.each<[string, ReturnType<typeof html>]>([
    ["of the image", html(of(null), of("a==1\n"), "1.1.0")],
    ["of the one before", html(of("a==1\n"), of(null), "1.1.0")],
    ["of an image that is not known", html(undefined, of("a==1\n"), "1.1.0")],
    ["of one before that is not known", html(of("a==1\n"), undefined, "1.1.0")],
    ["of a version before", html(of("a==1\n"), of("a==1\n"))],
  ])("are not there where Git has no list %s", (_where, text) => {
    expect(text).toBeNull();
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
