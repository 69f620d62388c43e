import { describe, expect, it } from "vitest";
import { endsIn, lasting, selfContained, spansOf, toSvg } from "../bed/recording/svg.ts";
import { readIn } from "./source.ts";

const green = "\u001b[32m";
const shot = (at: number, ...rows: readonly string[]) => ({ at, rows });
const svg = toSvg(
  { shots: [shot(0, "$ one"), shot(500, "$ one", "two")], ends: ["$ one\ntwo", "<three> & more"] },
  "A run",
);
/** The moments at which another frame is shown, in percent of all. */
const moments = (text: string) =>
  [...text.matchAll(/([\d.]+)%\{transform:translateY\((-?\d+)px\)/g)].map(([, at]) => Number(at));

describe("the picture of a recording", () => {
  it("has a row once, however often it is shown", () => {
    expect(svg.match(/>\$ one<\/text>/g)).toHaveLength(1);
    expect(svg.match(/<use /g)).toHaveLength(3);
  });

  it("keeps colours, and where a word stands", () => {
    expect(
      spansOf(`a ${green}ok\u001b[39m \u001b[1;2mb\u001b[0m`).map(({ text, column, colour, bold, dim }) => [
        text,
        column,
        colour,
        bold,
        dim,
      ]),
    ).toEqual([
      ["a ", 0, "", false, false],
      ["ok", 2, "green", false, false],
      ["b", 5, "", true, true],
    ]);
  });

  it("goes on in a row with the colour that the one before left on", () => {
    expect(selfContained([`a ${green}b`, "c\u001b[0m", "d"])).toEqual([`a ${green}b`, `${green}c\u001b[0m`, "d"]);
  });

  it("shows as text what a terminal showed, whatever it was", () => {
    const text = toSvg({ shots: [shot(0, `<script>"&\u0007`)], ends: ["</desc><script>"] }, "</title><script>");
    expect([text.includes("<script"), text.includes("\u0007")]).toEqual([false, false]);
    expect(text).toContain("&lt;script&gt;&quot;&amp;\\u0007");
  });

  it("loads nothing and runs nothing", () => {
    expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', "")).not.toMatch(
      /https?:|url\(|@import|<script|<image|href="[^#]/,
    );
  });

  it("leaves out what does not change, and shortens what takes long", () => {
    const slow = toSvg({ shots: [shot(0, "a"), shot(100, "a"), shot(60_000, "b"), shot(60_100, "c")], ends: [] }, "x");
    const [first, second, third, ...more] = moments(slow);
    expect([first, more]).toEqual([0, [100].slice(more.length === 0 ? 1 : 0)]);
    expect((third ?? 0) - (second ?? 0)).toBeLessThan(2);
    expect(second).toBeCloseTo((1200 / (1300 + 6000)) * 100, 1);
  });

  it("stands still at its end for who asked for that", () => {
    expect(svg).toContain("@media (prefers-reduced-motion:reduce){#reel{animation:none;transform:translateY(-456px)}}");
  });

  it("tells in words what it shows", () => {
    expect([svg.includes('<title id="title">A run</title>'), endsIn(svg)]).toEqual([
      true,
      ["$ one\ntwo", "<three> & more"],
    ]);
  });
});

it("two runs of the same differ in nothing that lasts", () => {
  const run = (time: string, digest: string, gap: string, size: string) =>
    lasting(`[1/2] Run it${gap}done${time}\nis ${digest.repeat(12)}, ${size} MB\n`);
  expect(run(" in 1.6 s", "a", "\n       ", "1.5")).toBe(run("", "1", "  ", "12"));
});

it("README.md begins with the picture", () => {
  expect(readIn("README.md").indexOf("](docs/release.svg)")).toBeLessThan(600);
  expect(readIn("README.md").indexOf("](docs/release.svg)")).toBeGreaterThan(0);
});
