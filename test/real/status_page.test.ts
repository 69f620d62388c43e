import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SignedEntry } from "../../lib/names/log.ts";
import { repositoryOf } from "../../lib/oci/registry.ts";
import { type Browser, type Reader, startBrowser } from "../bed/browser.ts";
import { git } from "../bed/git.ts";
import { handIndex, pushByHand } from "../bed/hand_image.ts";
import { writeLog } from "../bed/log.ts";
import { changes } from "../bed/oracle.ts";
import { sticksOut, tooPale } from "../bed/readable.ts";
import { change, changelog, type Ground, makeGround } from "../bed/tiny_repo.ts";
import { workflowsIn } from "../bed/workflow.ts";

const name = "paged";
const script = "<script>document.title='taken'</script>";
const image = '<img src=x onerror="document.title=1">';
/** Where screenshots are kept for a person to look at. */
const shots = process.env["SLIPWAY_SCREENSHOTS"];

/** What has the focus, and the line around it. The text runs in the page. */
const focused = `(() => {
  const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(document.activeElement);
  return [document.activeElement.tagName, outlineStyle, outlineWidth, outlineColor].join(" ");
})()`;

let ground: Ground;
let browser: Browser;
let repo = "";
let page = "";
/** The page after dev was rolled back. */
let backPage = "";
const i = (...words: readonly string[]) => workflowsIn(repo)("release_status", ...words);

const repositoryIn = (key: string) =>
  repositoryOf({ name: key, kind: "oci", address: ground.addresses[key] ?? "", required: true }, name);

/** A prod release that another machine made, with all that a page must not take for its own. */
async function releaseProdByHand(): Promise<void> {
  const [older, newer] = [handIndex("older"), handIndex("newer")];
  for (const key of ["r1", "r2", "r3"]) {
    await pushByHand(repositoryIn(key), older, { tag: "prod-1.0.0" });
    await pushByHand(repositoryIn(key), newer, { tag: "prod-1.1.0" });
    await pushByHand(repositoryIn(key), key === "r3" ? older : newer, { tag: "prod" });
  }
  const commit = await git(repo, "rev-parse", "HEAD");
  const signed = (at: string) => ({ at: `2025-02-0${at}T10:00:00.000Z`, by: `eve ${script}`, host: "ci" });
  const registries = ["r1", "r2", "r3"];
  const released = (version: string, digest: string, at: string): SignedEntry[] => [
    { type: "flip", id: at, tag: "prod", version, to: digest, from: {}, why: "release", registries, ...signed(at) },
    { type: "release", stage: "prod", version, digest, commit, registries, ...signed(at) },
  ];
  await writeLog(`${repo}.git`, name, [
    ...released("1.0.0", older.digest, "1"),
    { type: "skip", digest: newer.digest, version: "1.1.0", list: "qa", why: `--no-qa-tests ${image}`, ...signed("2") },
    ...released("1.1.0", newer.digest, "3"),
  ]);
}

beforeAll(async () => {
  [ground, browser] = await Promise.all([makeGround(3), startBrowser()]);
  repo = await ground.repo(name);
  page = join(ground.dir, "status.html");
  backPage = join(ground.dir, "rolled_back.html");
  const release = async (version: string) => {
    const released = await workflowsIn(repo)("docker_release_dev", "--version", version);
    expect(released.code, released.stderr).toBe(0);
  };
  await release("1.0.0");
  const told = changelog(name, "1.1.0", "1.0.0").replace("What changed for 1.1.0", `Change ${script}${image}`);
  await change(repo, { "changelog.txt": told, "devops/docker_build/words.txt": "another image\n" });
  await release("1.1.0");
  await releaseProdByHand();
});
afterAll(async () => {
  await browser.close();
  await ground.end();
});

describe("release_status --html", () => {
  it("writes one page with the exit code of the status, and asks registries only to look", async () => {
    for (const registry of ground.registries) registry.forget();
    const { code, stdout, stderr } = await i("--html", page);
    expect([code, stderr], stdout).toEqual([1, expect.not.stringContaining("error")]);
    expect(stdout).toMatch(/^prod +r3 +sha256:\w+ DRIFT/m);
    expect(ground.registries.flatMap(({ requests }) => changes(requests()))).toEqual([]);
    expect(readFileSync(page, "utf8")).toMatch(/^<!doctype html>/);
  });

  it("overwrites its own page, and what somebody else wrote only when told to", async () => {
    const other = join(ground.dir, "other.html");
    writeFileSync(other, "mine\n");
    const refused = await i("--html", other);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("which Slipway did not write?")]);
    expect(readFileSync(other, "utf8")).toBe("mine\n");
    expect((await i("--html", other, "--yes")).code).toBe(1);
    expect((await i("--html", other)).code).toBe(1);
    expect(readFileSync(other, "utf8")).toContain("written by slipway");
  });

  it("lies among Slipway's own files where no file is named, and outside the work tree", async () => {
    expect((await i("--html")).code).toBe(1);
    const own = join(repo, ".git", "slipway");
    expect(readFileSync(join(own, `status.${name}.html`), "utf8")).toContain(name);
    expect((statSync(own).mode & 0o777).toString(8)).toBe("700");
  });

  it("refuses a directory", async () => {
    mkdirSync(join(ground.dir, "folder"));
    const { code, stderr } = await i("--html", join(ground.dir, "folder"));
    expect([code, stderr]).toEqual([2, expect.stringContaining(`${name}.html`)]);
  });
});

const readers: readonly Reader[] = [
  { colours: "light", width: 1440 },
  { colours: "dark", width: 1440 },
  { colours: "light", width: 390 },
  { colours: "dark", width: 390 },
];

/** Keeps a picture for a person to look at, where one is wanted. */
async function picture(open: Page, what: string, { colours, width }: Reader): Promise<void> {
  if (shots) await open.screenshot({ path: join(shots, `${what}-${colours}-${width}.png`), fullPage: true });
}

describe.each(readers)("the page in $colours on $width pixels", (reader) => {
  const shown = async () => browser.open(page, reader);

  it("can be read: nothing sticks out, no text is too pale, nothing else is loaded", async () => {
    const { page: open, asked } = await shown();
    await picture(open, "status", reader);
    expect(await sticksOut(open)).toEqual([]);
    expect(await tooPale(open)).toEqual([]);
    expect(asked).toEqual([]);
    await open.close();
  });

  it("tells of both stages where every tag is, equal digests once", async () => {
    const { page: open } = await shown();
    const text = await open.locator("body").innerText();
    for (const word of ["dev 1.1.0", "prod 1.1.0", "Drift: prod", "r1", "r2", "r3", "fast passed"])
      expect(text).toContain(word);
    expect(await open.locator("#prod tr.drift").innerText()).toMatch(/^prod\s+[0-9a-f]{12}\s+r3\s+drift\s+is 1\.0\.0$/);
    const rows = open.locator("#dev .registries tbody tr");
    expect([await rows.count(), await rows.innerText()]).toEqual([
      1,
      expect.stringMatching(/^dev, dev-1\.1\.0\s+[0-9a-f]{12}\s+r1 r2 r3\s+ok\s+is 1\.1\.0$/),
    ]);
    expect(await open.locator("#dev .timeline").innerText()).toMatch(/Push paged:dev-1\.1\.0 to r1/);
    expect(await open.locator("#prod .timeline").innerText()).toMatch(/qa tests skipped/);
    const layers = await open.locator("#dev .layers[open]").innerText();
    expect(layers).toMatch(/since 1\.0\.0 \d new[\s\S]*COPY .*words\.txt new[\s\S]*COPY .*words\.txt gone/);
    await open.close();
  });

  it("has a chart of pull size by version that fits, both versions with a bar that one sees", async () => {
    const { page: open } = await shown();
    const chart = open.locator("#dev .chart");
    expect(await chart.locator("text").allTextContents()).toEqual([
      "1.1.0 · in use",
      expect.stringMatching(/ new$/),
      "1.0.0",
      expect.stringMatching(/B$/),
    ]);
    const bars = await chart.locator("rect.all").all();
    for (const bar of bars) expect((await bar.boundingBox())?.width).toBeGreaterThan(100);
    expect(bars).toHaveLength(2);
    await open.close();
  });

  it("is walked by keyboard: each stop is seen to have the focus, and a digest opens to the whole", async () => {
    const { page: open } = await shown();
    const stops = await open.locator("a, summary").count();
    const seen: string[] = [];
    for (let stop = 0; stop < stops; stop += 1) {
      await open.keyboard.press("Tab");
      seen.push(await open.evaluate(focused));
    }
    expect(seen).toEqual(Array.from({ length: stops }, () => expect.stringMatching(/^(A|SUMMARY) solid 3px /)));
    const digest = open.locator("#dev .digest").first();
    await digest.locator("summary").focus();
    expect(await digest.innerText()).toMatch(/^[0-9a-f]{12}$/);
    await open.keyboard.press("Enter");
    expect(await digest.innerText()).toMatch(/^([0-9a-f]{12})\s+sha256:\1[0-9a-f]{52}$/);
    expect(await sticksOut(open)).toEqual([]);
    await open.close();
  });

  it("shows as text what somebody planted in a changelog, a name and a reason", async () => {
    const { page: open } = await shown();
    expect(await open.title()).toBe(`${name}: release status`);
    expect(await open.locator("script, img").count()).toBe(0);
    expect(await open.locator("#dev .changes").innerText()).toBe(`Change ${script}${image}`);
    expect(await open.locator("#history").innerText()).toContain(`eve ${script}`);
    await open.close();
  });
});

describe("the page after a rollback", () => {
  beforeAll(async () => {
    const back = await workflowsIn(repo)("docker_rollback_dev", "--version", "1.0.0", "--message", script, "--yes");
    expect(back.code, back.stderr).toBe(0);
    expect((await i("--stage", "dev", "--html", backPage)).code).toBe(0);
  });

  it.each(readers)("is not green in $colours on $width pixels, and can be read", async (reader) => {
    const { page: open } = await browser.open(backPage, reader);
    await picture(open, "rolled_back", reader);
    expect(await open.locator(".verdict.good").count()).toBe(0);
    expect(await open.locator(".verdict.warn").innerText()).toMatch(
      /^Dev was rolled back from 1\.1\.0 to 1\.0\.0 by \S+: <script>/,
    );
    expect(await open.locator("#dev h2").innerText()).toMatch(/^dev 1\.0\.0\s+rolled back to$/);
    expect(await open.locator("#dev .chart text").allTextContents()).toContain("1.1.0 · rolled back");
    expect(await sticksOut(open)).toEqual([]);
    expect(await tooPale(open)).toEqual([]);
    await open.close();
  });
});

it("a page with a pale text, a wide block and a picture is seen to have them", async () => {
  const bad = join(ground.dir, "bad.html");
  const texts = [
    '<p style="color:#bbb;background:#fff">pale</p>',
    '<div style="width:9999px"></div>',
    '<img src="x.png">',
  ];
  writeFileSync(bad, `<body style="background:#fff">${texts.join("")}`);
  const { page: open, asked } = await browser.open(bad, { colours: "light", width: 390 });
  expect(await tooPale(open)).toEqual([expect.stringMatching(/^1\.\d\d P: pale$/)]);
  expect(await sticksOut(open)).toEqual([expect.stringContaining("DIV")]);
  expect(asked).toEqual([expect.stringContaining("x.png")]);
  await open.close();
});
