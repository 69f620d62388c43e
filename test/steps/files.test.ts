import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  closeSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { appendPrivate, putBack, readRepoText, readText, writePrivate, writeText } from "../../lib/doors/files.ts";
import { UserError } from "../../lib/errors.ts";

const made = realpathSync(mkdtempSync(join(tmpdir(), "slipway-files-")));
afterAll(() => rmSync(made, { recursive: true, force: true }));
let root = "";
const at = (path: string) => join(root, path);
beforeEach(() => {
  root = mkdtempSync(join(made, "root-"));
});

/** What a call threw. */
function thrown(call: () => void): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

it("every byte of a file of the user is written as it was read", () => {
  const bytes = Buffer.from("\uFEFFcaf\xe9 \r\nx", "latin1");
  writeFileSync(at("a.txt"), bytes);
  const text = readText(at("a.txt"));
  writeText([root], "b.txt", `${text}`);
  writeText([root], "a.txt", "else");
  putBack(root, "a.txt", text);
  expect([readFileSync(at("a.txt")), readFileSync(at("b.txt"))]).toEqual([bytes, bytes]);
});

describe("a file of the user that is written anew", () => {
  it("keeps its mode, whatever the umask, and its owner", () => {
    writeFileSync(at("changelog.txt"), "old\n");
    const mine = process.getuid?.() ?? 0;
    // Only root may write a file of somebody else and leave it theirs.
    const owner = mine === 0 ? 12345 : mine;
    chownSync(at("changelog.txt"), owner, process.getgid?.() ?? 0);
    chmodSync(at("changelog.txt"), 0o666);
    writeText([root], "changelog.txt", "new\n");
    const { mode, uid } = statSync(at("changelog.txt"));
    expect([(mode & 0o777).toString(8), uid]).toEqual(["666", owner]);
    expect(readFileSync(at("changelog.txt"), "utf8")).toBe("new\n");
  });

  it.each([
    ["is there", true],
    ["is not there yet", false],
  ])("stays a link where what it leads to lies in the repo and %s", (_where, isThere) => {
    mkdirSync(at("docs"));
    if (isThere) writeFileSync(at("docs/changes"), "old\n");
    symlinkSync("docs/changes", at("changelog.txt"));
    writeText([root], "changelog.txt", "new\n");
    expect(lstatSync(at("changelog.txt")).isSymbolicLink()).toBe(true);
    expect(readFileSync(at("docs/changes"), "utf8")).toBe("new\n");
  });

  it.each([
    ["file", "changelog.txt", "changelog.txt"],
    ["folder", "docs", "docs/changelog.txt"],
  ])("is refused where a link of its %s leads out of the repo", (_what, link, path) => {
    const outside = mkdtempSync(join(made, "outside-"));
    writeFileSync(join(outside, "changelog.txt"), "theirs\n");
    symlinkSync(link === path ? join(outside, "changelog.txt") : outside, at(link));
    const error = thrown(() => writeText([root], path, "new\n"));
    expect(error).toBeInstanceOf(UserError);
    expect(String(error)).toContain(`"${path}" is a link that leads out of the repo, to "${outside}/changelog.txt"`);
    expect(readFileSync(join(outside, "changelog.txt"), "utf8")).toBe("theirs\n");
  });

  it("may lie out of the repo where its path says so, or in its Git folder behind a link", () => {
    const outside = mkdtempSync(join(made, "outside-"));
    writeText([root], `../${outside.slice(made.length + 1)}/page.html`, "page\n");
    symlinkSync(outside, at(".git"));
    writeText([root, outside], ".git/slipway/compose.yml", "compose\n");
    expect(readFileSync(join(outside, "page.html"), "utf8")).toBe("page\n");
    expect(readFileSync(join(outside, "slipway/compose.yml"), "utf8")).toBe("compose\n");
  });

  it("is another file in its place: who reads the old one reads it to its end", () => {
    writeFileSync(at("changelog.txt"), "old\n");
    const reader = openSync(at("changelog.txt"), "r");
    writeText([root], "changelog.txt", "new\n");
    const read = [readFileSync(reader, "utf8"), readFileSync(at("changelog.txt"), "utf8")];
    closeSync(reader);
    expect(read).toEqual(["old\n", "new\n"]);
  });

  it("takes what a killed run left beside it away, and leaves what a live one writes", () => {
    const [dead, ofContainer] = ["a.txt.slipway-new-999999999", "a.txt.slipway-new-0"];
    const live = `a.txt.slipway-new-${process.ppid}`;
    for (const name of [dead, ofContainer, live]) writeFileSync(at(name), "half");
    writeText([root], "a.txt", "whole\n");
    expect(readdirSync(root).sort()).toEqual(["a.txt", live]);
  });

  it("is put back as it was, or taken away where there was none", () => {
    writeFileSync(at("a.txt"), "new\n");
    writeFileSync(at("b.txt"), "new\n");
    putBack(root, "a.txt", "old\n");
    putBack(root, "b.txt", null);
    expect([readdirSync(root), readFileSync(at("a.txt"), "utf8")]).toEqual([["a.txt"], "old\n"]);
  });
});

/** A link of the repo, with what it leads to. */
const leaving: readonly (readonly [string, () => string])[] = [
  ["to a file out of the repo", () => theirs("id_rsa")],
  ["to a file that is not there yet", () => join(dirname(theirs("known")), "new")],
  ["out of the repo by ..", () => join("..", basename(dirname(theirs("id_rsa"))), "id_rsa")],
  ["to another link that leaves the repo", secondLink],
  ["into the Git dir", gitConfig],
];

function secondLink(): string {
  symlinkSync(theirs("id_rsa"), at("second"));
  return "second";
}

function gitConfig(): string {
  mkdirSync(at(".git"));
  writeFileSync(at(".git/config"), "key\n");
  return ".git/config";
}

function theirs(name: string): string {
  const folder = mkdtempSync(join(made, "theirs-"));
  writeFileSync(join(folder, name), "key\n");
  return join(folder, name);
}

describe("a link that leaves the repo", () => {
  it.each(leaving)("%s is refused by name, read or written", (_where, target) => {
    symlinkSync(target(), at("a.txt"));
    for (const call of [() => readRepoText(root, "a.txt"), () => writeText([root], "a.txt", "x")])
      expect(thrown(call)).toMatchObject({
        message: expect.stringMatching(/^"a.txt" is a link that leads out of the repo, to "\/.*"$/),
        fix: "Put a file of its own there: rm a.txt",
      });
  });

  it("is refused as a folder above the file, too", () => {
    symlinkSync(dirname(theirs("id_rsa")), at("keys"));
    expect(String(thrown(() => readRepoText(root, "keys/id_rsa")))).toContain('"keys/id_rsa" is a link');
  });

  it("is one of many that stay in it, and those are read", () => {
    mkdirSync(at("docs"));
    writeFileSync(at("docs/a.txt"), "text\n");
    symlinkSync("docs", at("link"));
    symlinkSync("link/a.txt", at("a.txt"));
    expect(["a.txt", "link/a.txt", "none", "docs"].map((path) => readRepoText(root, path))).toEqual([
      ...["text\n", "text\n"],
      ...[null, null],
    ]);
  });
});

describe("a pipe", () => {
  it("is no file to be read, and nothing waits for who writes into it", () => {
    spawnSync("mkfifo", [at("pipe")]);
    expect(readText(at("pipe"))).toBe(null);
    expect(thrown(() => readRepoText(root, "pipe"))).toMatchObject({
      message: '"pipe" is a pipe or a device',
      fix: "Put a file there: rm pipe",
    });
  });
});

it("a file of gigabytes is refused by its size, and not read", () => {
  writeFileSync(at("big"), "");
  truncateSync(at("big"), 5 * 2 ** 30);
  expect(String(thrown(() => readRepoText(root, "big")))).toContain('"big" has 5368709120 bytes');
});

describe("a text that cannot be written", () => {
  it("leaves nothing beside it, and is told by its own path", () => {
    mkdirSync(at("a.txt"));
    expect(thrown(() => writeText([root], "a.txt", "x"))).toMatchObject({ code: "EISDIR", path: at("a.txt") });
    expect(readdirSync(root)).toEqual(["a.txt"]);
  });

  it("is told by the folder that the system did not make, and by its reason", () => {
    // No folder can be made there, and Node's own way of making several says ENOENT instead.
    expect(thrown(() => writeText(["/proc/1/net"], "a/b.txt", "x"))).toMatchObject({ path: "/proc/1/net/a" });
  });

  it("is told by its path also where the system names none", () => {
    expect(thrown(() => appendPrivate("/dev/full", "x"))).toMatchObject({ code: "ENOSPC", path: "/dev/full" });
  });

  it("has a circle of links told as that", () => {
    symlinkSync("b", at("a"));
    symlinkSync("a", at("b"));
    expect(thrown(() => writeText([root], "a", "x"))).toMatchObject({ code: "ELOOP" });
  });
});

it("a file of Slipway's own is its user's alone", () => {
  writePrivate(at("deep/times.json"), "{}");
  expect((statSync(at("deep/times.json")).mode & 0o777).toString(8)).toBe("600");
});
