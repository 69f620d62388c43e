import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { LogEntry } from "../../lib/model/log.ts";
import release_history from "../../scripts/release_history.ts";
import release_notes from "../../scripts/release_notes.ts";
import release_status from "../../scripts/release_status.ts";
import { commitAll, git } from "../bed/git.ts";
import { digest, logged } from "./factory.ts";
import { type Ground, type Place, startGround, told } from "./ground.ts";
import { type OciServer, sha256 } from "./oci_server.ts";

let ground: Ground;
let [first, second] = [] as unknown as [OciServer, OciServer];
let at: Place;
let commits: readonly string[] = [];
let images: Readonly<Record<string, string>> = {};
beforeAll(async () => {
  ground = await startGround({ registries: 2 });
  [first, second] = ground.registries as [OciServer, OciServer];
  const changelog = "# told-1.1.0\n- 2025-01-03\n- Add <b>pytest</b>\n\n# told-1.0.0\n- 2025-01-02\n- The first\n";
  at = ground.place("told", { changelog });
  at.write("devops/docker_build/pip_list.txt", "pandas==2.1.0\n");
  const one = await commitAll(ground.repo, "Told 1.0.0");
  at.write("code.py", "x\n");
  const two = await commitAll(ground.repo, "Add a thing");
  commits = [one, two];
  const put = (tag: string, of: string) => ground.registries.map((each) => each.put("told", tag, { of }))[0] ?? "";
  const tags = [
    ["dev-1.0.0", "1"],
    ["dev-1.1.0", "2"],
    ["dev", "2"],
    ["prod-1.0.0", "3"],
    ["prod", "3"],
  ] as const;
  images = Object.fromEntries(tags.map(([tag, of]) => [tag, put(tag, of)]));
  for (const { manifests } of ground.registries)
    for (const [tag, version] of [
      ["dev", "dev-1.1.0"],
      ["prod", "prod-1.0.0"],
    ])
      manifests.set(`told:${tag}`, manifests.get(`told:${version}`) ?? { bytes: Buffer.alloc(0), mediaType: "" });
  at.writeLog(...release("dev", "1.0.0", one), ...release("dev", "1.1.0", two), ...release("prod", "1.0.0", one));
});
afterEach(() => {
  for (const registry of ground.registries) registry.reply = () => null;
});
afterAll(() => ground.end());

const registries = ["r1", "r2"];
function release(stage: "dev" | "prod", version: string, commit: string) {
  const image = images[`${stage}-${version}`] ?? "";
  const flip: LogEntry = {
    ...{ type: "flip", id: `${stage}${version}`, tag: stage, version, to: image, from: {}, why: "release", registries },
  };
  const entry: LogEntry = { type: "release", stage, version, digest: image, commit, registries };
  return [logged(flip), logged(entry)];
}
const status = (...argv: readonly string[]) => at.run(["release_status", release_status], ...argv);
const notes = (...argv: readonly string[]) => at.run(["release_notes", release_notes], ...argv);
/** What was asked of r1 since then, without the path of the image. */
async function askedBy(work: () => Promise<unknown>): Promise<readonly string[]> {
  const before = first.asked.length;
  await work();
  const paths = first.asked
    .slice(before)
    .map(({ method, path }) => `${method} ${path.replace("/v2/told/manifests/", "")}`);
  return [...new Set(paths)].sort();
}

describe("release_status", () => {
  it("tells each tag in each registry, and that all agree", async () => {
    const { code, out, err } = await status();
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const rows = out.split("\n").map((line) => line.split(/ +/).slice(0, 3));
    const row = (tag: string, registry: string) => [tag, registry, images[tag] ?? images[`${tag}-1.1.0`]];
    expect(rows).toContainEqual(row("dev-1.1.0", "r1"));
    expect(rows).toContainEqual(row("prod-1.0.0", "r2"));
    expect(out).toContain("all registries agree\n");
    expect(rows.map(([tag]) => tag)).not.toContain("dev-1.0.0");
  });

  it("asks for the tags in use, of a stage alone, or of a version alone", async () => {
    const tags = ["GET dev-1.1.0", "GET prod-1.0.0", "GET prod-1.1.0", "HEAD dev", "HEAD prod"];
    expect(await askedBy(() => status())).toEqual(tags);
    expect(await askedBy(() => status("--stage", "dev"))).toEqual(["GET dev-1.1.0", "HEAD dev"]);
    expect(await askedBy(() => status("--stage", "dev", "--version", "1.0.0"))).toEqual(["GET dev-1.0.0", "HEAD dev"]);
  });

  it("tells drift, and ends with 1", async () => {
    const other = second.put("told", "dev-1.1.0", { of: "other" });
    const { code, out } = await status("--json");
    second.put("told", "dev-1.1.0", { of: "2" });
    expect(code).toBe(1);
    const result = JSON.parse(out).result as { readonly rows: readonly object[]; readonly drift: readonly string[] };
    expect(result.drift).toEqual(["dev-1.1.0"]);
    expect(result.rows).toContainEqual(
      expect.objectContaining({ tag: "dev-1.1.0", registry: "r2", digest: other, state: "drift" }),
    );
  });

  it("tells of a registry that does not answer, and asks none with --offline", async () => {
    second.reply = () => ({ status: 501 });
    expect(await status()).toMatchObject({ code: 1, out: expect.stringContaining("some registries do not answer") });
    expect(await askedBy(() => status("--offline"))).toEqual([]);
    const { out } = await status("--offline");
    expect(out).toMatch(/^dev-1\.1\.0 +r1 +- +does not answer: --offline$/m);
  });

  it("asks the registries that are named alone", async () => {
    const { out } = await status("--target-registries", "r2", "--stage", "dev");
    expect(out).toContain(" r2 ");
    expect(out).not.toContain(" r1 ");
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
    [["--watch", "--dry-run"], 0],
    [["--watch", "1", "--dry-run"], 0],
    [["--watch", "86400", "--dry-run"], 0],
    [["--watch", "1.5", "--dry-run"], 0],
  ])("%j is a number of seconds", async (argv, code) => {
    expect((await status(...argv)).code).toBe(code);
  });

  it("looks every ten seconds with --watch, or every so many", async () => {
    const looked = async (...argv: readonly string[]) => {
      const before = ground.clock.now();
      const stop = ground.clock.alarm(1, () => process.emit("SIGINT", "SIGINT"));
      await status("--offline", ...argv);
      stop();
      return (ground.clock.now() - before) / 1000;
    };
    expect(await looked("--watch")).toBe(10);
    expect(await looked("--watch", "2.5")).toBe(2.5);
  });
});

describe("release_status --html", () => {
  const own = () => join(ground.repo, ".git", "slipway", "status.told.html");

  it("writes a page among Slipway's own files, or to the one that is named", async () => {
    expect((await status("--html")).out).toContain("\n.git/slipway/status.told.html is written\n");
    const page = readFileSync(own(), "utf8");
    expect(page).toContain("written by slipway");
    expect(page).toContain("1 new since 1.0.0");
    expect(page).toContain("<h3>Packages</h3>");
    expect((await status("--html", "page.html")).out).toContain("told/page.html is written");
    expect(at.read("page.html")).toContain("<html");
  });

  it("asks before it writes over what it did not write itself", async () => {
    at.write("mine.html", "<p>mine</p>");
    expect(told(await status("--html", "mine.html", "--json")).error.what).toBe(
      'nobody can answer "Overwrite told/mine.html, which Slipway did not write?"',
    );
    for (const [name, text] of [
      ["empty.html", "  \n"],
      ["ours.html", `x <!-- written by slipway -->`],
    ] as const) {
      at.write(name, text);
      expect((await status("--html", name)).code).toBe(0);
    }
    at.write("late.html", `${"x".repeat(1000)} written by slipway`);
    expect((await status("--html", "late.html")).code).toBe(2);
  });

  it("needs a file, not a directory", async () => {
    at.write("folder/file", "");
    expect(told(await status("--html", "folder", "--json")).error).toMatchObject({
      what: '"folder" is a directory',
      why: "The report is written to a file.",
      fix: "Name a file in it: folder/told.html",
    });
    expect(told(await notes("--output", "folder", "--json")).error.fix).toBe("Name a file in it: folder/told.md");
  });
});

describe("release_history", () => {
  it("tells who released what and when", async () => {
    const { out } = await at.run(["release_history", release_history]);
    expect(out.split("\n").filter((line) => line.includes("released"))).toEqual([
      `2025-01-02 10:00:00 ann        1.0.0    released dev ${images["dev-1.0.0"]} to r1, r2`,
      `2025-01-02 10:00:00 ann        1.1.0    released dev ${images["dev-1.1.0"]} to r1, r2`,
      `2025-01-02 10:00:00 ann        1.0.0    released prod ${images["prod-1.0.0"]} to r1, r2`,
    ]);
  });
});

describe("release_notes", () => {
  it("tell what changed, its commits, its digests and what one pulls", async () => {
    const { code, out } = await notes();
    expect(code).toBe(0);
    const [, two = ""] = commits;
    expect(out).toContain("# told-1.1.0\n");
    expect(out).toContain("- Add &lt;b&gt;pytest&lt;/b&gt;\n");
    expect(out).toContain(`## Commits since told-1.0.0\n\n- ${two.slice(0, 7)} Add a thing (Ada)\n`);
    expect(out).toContain(`| r2 | dev-1.1.0 | \`${images["dev-1.1.0"]}\` |`);
    expect(out).toMatch(/- linux\/amd64: \d+ B from nothing, \d+ B from 1\.0\.0\n/);
  });

  it("are of the version and stage that were named, and may be written to a file", async () => {
    const { out } = await notes("--version", "1.0.0", "--output", "notes.md");
    expect(out).toBe("told/notes.md is written\n");
    expect(at.read("notes.md")).toMatch(/^<!-- written by slipway release_notes -->\n\n# told-1\.0\.0\n/);
    expect(at.read("notes.md")).toContain("Told 1.0.0 (Ada)");
    expect((await notes("--stage", "prod")).out).toContain("# told-prod-1.0.0\n");
  });

  it("are of what is about to be released where nothing was, up to where the clone stands", async () => {
    const here = ground.place("coming");
    await git(ground.repo, "tag", "coming-0.9.0", commits[0] ?? "");
    const { out } = await here.run(["release_notes", release_notes]);
    expect(out).toContain("# coming-1.0.0\n\nNot released yet.");
    expect(out).toContain("## Commits\n\nNone.");
    const none = ground.place("nothing", { changelog: "" });
    expect(told(await none.run(["release_notes", release_notes], "--json")).error.what).toContain("has no version yet");
  });
});

describe("the layers of a release", () => {
  const facts = () => at.look(["git", "log", "images"], {}, "--offline");
  const look = async (...argv: readonly string[]) => (await at.look(["git", "log", "images"], {}, ...argv)).images;

  it("are those of the version in use and the one before it, of each stage", async () => {
    const read = await look();
    expect(read.map(({ stage, version, why }) => [stage, version, why])).toEqual([
      ["dev", "1.1.0", ""],
      ["dev", "1.0.0", ""],
      ["prod", "1.0.0", ""],
    ]);
    expect(read[0]).toMatchObject({
      digest: images["dev-1.1.0"],
      packages: [{ name: "pandas", version: "2.1.0" }],
      platforms: [{ platform: "linux/amd64", layers: [{ digest: sha256("told dev-1.1.0 layer") }] }],
    });
    expect(read[2]?.packages).toBeNull();
  });

  it("come from the first registry that has them and answers, and are told as unknown where none does", async () => {
    first.reply = () => ({ status: 501 });
    expect((await look())[0]?.platforms).toHaveLength(1);
    second.reply = () => ({ status: 403 });
    expect((await look())[0]).toMatchObject({ platforms: [], why: expect.stringContaining("r2") });
    for (const registry of ground.registries) registry.reply = () => ({ status: 404 });
    expect((await look())[0]).toMatchObject({ platforms: [], why: "no registry has it" });
    expect((await facts()).images[0]).toMatchObject({ platforms: [], why: "--offline" });
  });

  it("of an index are those of each platform, without what attests them", async () => {
    const here = ground.place("several");
    const [amd, arm, attest] = ["amd", "arm", "attest"].map((tag) => first.put("several", tag, { tag }));
    const child = (of: string | undefined, os: string, architecture: string) => {
      const size = first.manifests.get(`several@${of}`)?.bytes.length;
      return {
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        digest: of,
        size,
        platform: { os, architecture },
      };
    };
    const mediaType = "application/vnd.oci.image.index.v1+json";
    const manifests = [child(amd, "linux", "amd64"), child(arm, "linux", "arm64"), child(attest, "unknown", "unknown")];
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
    first.manifests.set(`several@${sha256(bytes)}`, { bytes, mediaType });
    const entry: LogEntry = {
      type: "release",
      stage: "dev",
      version: "1.0.0",
      digest: sha256(bytes),
      commit: digest("a"),
      registries,
    };
    here.writeLog(logged(entry));
    const [read] = (await here.look(["git", "log", "images"])).images;
    expect(read?.platforms.map(({ platform }) => platform)).toEqual(["linux/amd64", "linux/arm64"]);
    expect(read?.packages).toBeNull();
  });
});

describe("the commits of a version", () => {
  const subjects = async (place: Place, ...argv: readonly string[]) =>
    (await place.look(["git", "log", "commits"], release_notes as never, ...argv)).commits?.map(
      ({ subject }) => subject,
    );

  it("are those since the release before, or all where there was none", async () => {
    expect(await subjects(at)).toEqual(["Add a thing"]);
    expect(await subjects(at, "--version", "1.0.0")).toEqual(["Told 1.0.0"]);
    expect(await subjects(at, "--stage", "prod")).toEqual(["Told 1.0.0"]);
  });

  it("are unknown in a clone that has not all, and none where no version is known", async () => {
    expect(await subjects(ground.place("empty", { changelog: "" }))).toEqual([]);
    await git(ground.dir, "clone", "--quiet", "--depth", "1", `file://${ground.repo}`, "shallow");
    const argv = ["--dir", join(ground.dir, "shallow", "told")];
    expect(await subjects(at, ...argv)).toBeUndefined();
  });
});
