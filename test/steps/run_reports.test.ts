import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LogEntry } from "../../lib/names/log.ts";
import release_history from "../../scripts/release_history.ts";
import release_notes from "../../scripts/release_notes.ts";
import release_status from "../../scripts/release_status.ts";
import { commitAll } from "../bed/git.ts";
import { logged } from "../unit/factory.ts";
import { type Ground, type Place, startGround, told } from "./ground.ts";
import type { OciServer } from "./oci_server.ts";

let ground: Ground;
let second: OciServer;
let at: Place;
let commit = "";
let images: Readonly<Record<string, string>> = {};
beforeAll(async () => {
  ground = await startGround({ registries: 2 });
  [, second] = ground.registries as [OciServer, OciServer];
  const changelog = "# told-1.1.0\n- 2025-01-03\n- Add <b>pytest</b>\n\n# told-1.0.0\n- 2025-01-02\n- The first\n";
  at = ground.place("told", { changelog });
  commit = await commitAll(ground.repo, "Add a thing");
  const put = (tag: string) => ground.registries.map((each) => each.put("told", tag, { tag }))[0] ?? "";
  images = Object.fromEntries(["dev-1.0.0", "dev-1.1.0"].map((tag) => [tag, put(tag)]));
  for (const { manifests } of ground.registries)
    manifests.set("told:dev", manifests.get("told:dev-1.1.0") ?? { bytes: Buffer.alloc(0), mediaType: "" });
  at.writeLog(...release("1.0.0", ground.commit), ...release("1.1.0", commit));
});
afterAll(() => ground.end());

const registries = ["r1", "r2"];
function release(version: string, at: string) {
  const image = images[`dev-${version}`] ?? "";
  const flip: LogEntry = {
    ...{ type: "flip", id: version, tag: "dev", version, to: image, from: {}, why: "release", registries },
  };
  const entry: LogEntry = { type: "release", stage: "dev", version, digest: image, commit: at, registries };
  return [logged(flip), logged(entry)];
}
const status = (...argv: readonly string[]) => at.run(["release_status", release_status], ...argv);
const notes = (...argv: readonly string[]) => at.run(["release_notes", release_notes], ...argv);

describe("release_status", () => {
  it("tells each tag in each registry, that all agree, and writes a page where it is asked to", async () => {
    const { code, out, err } = await status("--html");
    expect({ code, err }).toEqual({ code: 0, err: "[1/2] Write the page to .git/slipway/status.told.html\n" });
    const row = (tag: string, registry: string, version: string) =>
      `${tag.padEnd(14)} ${registry.padEnd(8)} ${images[`dev-${version}`]} is ${version}`;
    const rows = [row("dev", "r1", "1.1.0"), row("dev", "r2", "1.1.0")];
    expect(out.split("\n").filter((line) => line.startsWith("dev "))).toEqual(rows);
    expect(out).toContain("all registries agree\n.git/slipway/status.told.html is written\n");
    const page = readFileSync(join(ground.repo, ".git", "slipway", "status.told.html"), "utf8");
    expect(page).toContain("written by slipway");
    expect(page).toContain("since 1.0.0 1 new");
  });

  it("tells drift, and ends with 1", async () => {
    const other = second.put("told", "dev-1.1.0", { of: "other" });
    const { code, out } = await status("--json");
    second.put("told", "dev-1.1.0", { tag: "dev-1.1.0" });
    expect(code).toBe(1);
    const result = JSON.parse(out).result as { readonly rows: readonly object[]; readonly drift: readonly string[] };
    expect(result.drift).toEqual(["dev-1.1.0"]);
    expect(result.rows).toContainEqual(
      expect.objectContaining({ tag: "dev-1.1.0", registry: "r2", digest: other, state: "drift" }),
    );
  });

  it("asks before it writes over what it did not write itself", async () => {
    at.write("mine.html", "<p>mine</p>");
    expect(told(await status("--html", "mine.html", "--json")).error.what).toBe(
      'no one can answer "Overwrite told/mine.html, which Slipway did not write?"',
    );
    expect(at.read("mine.html")).toBe("<p>mine</p>");
  });

  it.each([
    ["--stage local", "a local image is not released", "Use --stage dev or --stage prod"],
    ["--stage old", '"old" is not a stage', "Use --stage local, --stage dev or --stage prod"],
    ["--watch 0.5", '"0.5" is not a number of seconds', "Write it like --watch 10"],
    ["--watch 86401", '"86401" is not a number of seconds', "Write it like --watch 10"],
    ["--watch 5s", '"5s" is not a number of seconds', "Write it like --watch 10"],
    ["--watch x5", '"x5" is not a number of seconds', "Write it like --watch 10"],
  ])("%s is refused", async (line, what, fix) => {
    expect(told(await status("--json", ...line.split(" "))).error).toMatchObject({ what, fix });
  });

  it.each([
    [["--watch"], 10],
    [["--watch", "2.5"], 2.5],
    [["--watch", "1"], 1],
    [["--watch", "86400"], 86_400],
  ])("with %j looks again after %d seconds", async (argv, seconds) => {
    const before = ground.clock.now();
    ground.clock.alarm(1, () => process.emit("SIGINT", "SIGINT"));
    const outside = ["--dir", "/nowhere"];
    expect((await status(...outside, ...argv)).code).toBe(2);
    expect((ground.clock.now() - before) / 1000).toBe(seconds);
  });
});

it("release_history tells who released what and when", async () => {
  const { out } = await at.run(["release_history", release_history]);
  expect(out.split("\n").filter((line) => line.includes("released"))).toEqual([
    `2025-01-02 10:00:00 ann        1.0.0    released dev ${images["dev-1.0.0"]} to r1, r2`,
    `2025-01-02 10:00:00 ann        1.1.0    released dev ${images["dev-1.1.0"]} to r1, r2`,
  ]);
});

describe("release_notes", () => {
  it("tell what changed, its commits, its digests and what one pulls", async () => {
    const { out } = await notes();
    expect(out).toContain("# told-1.1.0\n");
    expect(out).toContain("- Add &lt;b&gt;pytest&lt;/b&gt;\n");
    expect(out).toContain(`## Commits since told-1.0.0\n\n- ${commit.slice(0, 7)} Add a thing (Ada)\n`);
    expect(out).toContain(`| r2 | dev-1.1.0 | \`${images["dev-1.1.0"]}\` |`);
    expect(out).toMatch(/- linux\/amd64: \d+ B from nothing, \d+ B from 1\.0\.0\n/);
  });

  it("are of the version that was named, and may be written to a file", async () => {
    const outside = join(ground.dir, "outside.md");
    expect((await notes("--version", "1.0.0", "--output", outside)).out).toBe(`${outside} is written\n`);
    expect(existsSync(outside)).toBe(true);
    const { out } = await notes("--version", "1.0.0", "--output", "notes.md");
    expect(out).toBe("told/notes.md is written\n");
    expect(at.read("notes.md")).toMatch(/^<!-- written by slipway release_notes -->\n\n# told-1\.0\.0\n/);
  });
});
