import { describe, expect, it } from "vitest";
import type { Layer, PlatformImage } from "../../lib/names/layers.ts";
import type { ReleasedImage } from "../../lib/names/report.ts";
import { pipListPackages } from "../../lib/python/packages.ts";
import { type Charted, chartOf } from "../../lib/report/page/chart.ts";
import { layersOf, olderLayersOf } from "../../lib/report/page/layers.ts";
import { packagesOf } from "../../lib/report/page/packages.ts";
import { digest, version } from "./factory.ts";
import { rowsIn, textBetween } from "./page_text.ts";

const image = digest("a");
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
