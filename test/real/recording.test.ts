import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Browser, startBrowser } from "../bed/browser.ts";
import { tooPale } from "../bed/readable.ts";
import { pictures, recordPictures } from "../bed/recording/pictures.ts";
import { endsIn, lasting } from "../bed/recording/svg.ts";

it("the pictures in docs/ are what the same lines show today; npm run recording makes them anew", async () => {
  const today = await recordPictures();
  for (const [index, { file }] of pictures.entries())
    expect(today[index]?.ends.map(lasting)).toEqual(endsIn(readFileSync(file, "utf8")).map(lasting));
});

describe.each(pictures)("$title, in a browser", ({ file }) => {
  let browser: Browser;
  let [dir, page] = ["", ""];
  beforeAll(async () => {
    browser = await startBrowser();
    dir = mkdtempSync(join(tmpdir(), "picture-"));
    page = join(dir, "page.html");
    writeFileSync(page, `<!doctype html><body style="margin:0">${readFileSync(file, "utf8")}`);
  });
  afterAll(async () => {
    await browser.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const place = `getComputedStyle(document.querySelector("#reel")).transform`;

  it.each(["light", "dark"] as const)("can be read in %s, moves by itself, and loads nothing", async (colours) => {
    const { page: open, asked } = await browser.open(page, { colours, width: 800 });
    expect(await tooPale(open)).toEqual([]);
    const first = await open.evaluate(place);
    await expect.poll(() => open.evaluate(place), { timeout: 20_000 }).not.toBe(first);
    expect(asked).toEqual([]);
    await open.close();
  });

  it("stands still at its end for who asked for less motion", async () => {
    const { page: open } = await browser.open(page, { colours: "light", width: 800 });
    await open.emulateMedia({ reducedMotion: "reduce" });
    const frames = await open.locator("#reel > g").count();
    expect(await open.evaluate(place)).toBe(`matrix(1, 0, 0, 1, 0, ${-(frames - 1) * 456})`);
    expect(await open.evaluate(`document.getAnimations().length`)).toBe(0);
    await open.close();
  });
});
