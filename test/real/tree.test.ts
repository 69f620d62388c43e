import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadCode } from "../../lib/doors/git.ts";
import { makeSnapshot } from "../../lib/doors/snapshot.ts";
import { loadTree } from "../../lib/doors/tree.ts";
import { commitAll, git } from "../bed/git.ts";
import { refusalOf } from "../unit/factory.ts";

/** Every file of the commit with its submodule's, and what stands in each. */
const committed: Readonly<Record<string, string>> = {
  ".gitattributes": "*.txt text\n*.word filter=word\nhidden.py export-ignore\n",
  ".gitignore": "ignored*\n*.pyc\n",
  "a.py": "print(1)\n",
  "b.word": "word\n",
  "hidden.py": "h\n",
  "lines.txt": "one\ntwo\n",
  "odd \u00fc\nname.py": "odd\n",
  "src/run.sh": "#!/bin/sh\n",
  "sub/inner.py": "inner\n",
};

let top = "";
let base = "";
let first = "";
beforeAll(async () => {
  top = mkdtempSync(join(tmpdir(), "slipway-tree-"));
  base = join(top, "base");
  const inner = join(top, "inner");
  write(inner, "inner.py", "old\n");
  await commitAll(inner, "Old");
  write(inner, "inner.py", "inner\n");
  await commitAll(inner, "Inner");
  for (const [path, text] of Object.entries(committed)) if (!path.startsWith("sub/")) write(base, path, text);
  chmodSync(join(base, "src/run.sh"), 0o755);
  symlinkSync("a.py", join(base, "link.py"));
  await commitAll(base, "Start");
  await git(base, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner, "sub");
  await git(base, "config", "-f", ".gitmodules", "submodule.sub.ignore", "all");
  await commitAll(base, "With a submodule");
  first = (await git(base, "rev-parse", "HEAD")).trim();
});
afterAll(() => rmSync(top, { recursive: true, force: true }));

function write(dir: string, path: string, text: string): void {
  mkdirSync(join(dir, path, ".."), { recursive: true });
  writeFileSync(join(dir, path), text);
}

let copies = 0;
/** A clone of its own, as a person has it who worked in it. */
function copy(): string {
  copies += 1;
  const dir = join(top, `copy${copies}`);
  cpSync(base, dir, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  return dir;
}

const named = {
  ...{ GIT_AUTHOR_NAME: "Ada", GIT_AUTHOR_EMAIL: "ada@example.com" },
  ...{ GIT_COMMITTER_NAME: "Ada", GIT_COMMITTER_EMAIL: "ada@example.com" },
};
const plain = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" };
const look = (dir: string, env = plain) => loadTree(dir, { commit: first, allowed: () => false }, env);
const sh = (dir: string, ...words: readonly string[]) =>
  execFileSync("git", ["-C", dir, ...words], { env: { ...named, ...plain }, stdio: ["ignore", "pipe", "ignore"] });

type Way = (dir: string) => unknown;
const edit =
  (path: string, text = "print(2)\n"): Way =>
  (dir) =>
    writeFileSync(join(dir, path), text);
/** The same size and the same times as before. */
const editUnseen: Way = (dir) => {
  const { atime, mtime } = statSync(join(dir, "a.py"));
  edit("a.py")(dir);
  utimesSync(join(dir, "a.py"), atime, mtime);
};
const all =
  (...ways: readonly Way[]): Way =>
  (dir) =>
    ways.forEach((way) => {
      way(dir);
    });
const typed =
  (...words: readonly string[]): Way =>
  (dir) =>
    sh(dir, ...words);
const remove =
  (path: string): Way =>
  (dir) =>
    rmSync(join(dir, path), { recursive: true });
/** Written anew by Git, under the settings that it has by now. */
const again = (path: string) => all(remove(path), typed("checkout", "--", path));

const ways: readonly (readonly [what: string, path: string, way: Way])[] = [
  ["a file that was edited", "a.py", edit("a.py")],
  ["one whose size and times are as before", "a.py", editUnseen],
  ["the same, and Git compares times only", "a.py", all(typed("config", "core.trustctime", "false"), editUnseen)],
  ["the same, and Git compares little", "a.py", all(typed("config", "core.checkStat", "minimal"), editUnseen)],
  ["--assume-unchanged", "a.py", all(typed("update-index", "--assume-unchanged", "a.py"), edit("a.py"))],
  ["--skip-worktree", "a.py", all(typed("update-index", "--skip-worktree", "a.py"), edit("a.py"))],
  [
    "a sparse checkout",
    "src/run.sh",
    all(typed("status"), typed("sparse-checkout", "set", "--no-cone", "/*", "!/src/")),
  ],
  ["a file that was removed", "hidden.py", remove("hidden.py")],
  ["a file that was staged", "a.py", all(edit("a.py"), typed("add", "a.py"))],
  ["a file that was added", "new.py", edit("new.py")],
  ["a file that will be added", "new.py", all(edit("new.py"), typed("add", "--intent-to-add", "new.py"))],
  ["a module that .gitignore names", "ignored.py", edit("ignored.py")],
  ["a module in .git/info/exclude", "own.py", all(edit(".git/info/exclude", "own.py\n"), edit("own.py"))],
  [
    "a module that a person's own list names",
    "own.py",
    all(edit(".git/own", "own.py\n"), typed("config", "core.excludesFile", ".git/own"), edit("own.py")),
  ],
  ["compiled code beside its module", "a.pyc", edit("a.pyc")],
  ["another file by its case alone", "A.py", edit("A.py")],
  ["a name that Git quotes", "odd \u00fc\nname.py", edit("odd \u00fc\nname.py")],
  [
    "an executable bit, and Git does not look at it",
    "src/run.sh",
    all(typed("config", "core.fileMode", "false"), (dir) => chmodSync(join(dir, "src/run.sh"), 0o644)),
  ],
  ["a link instead of a file", "a.py", all(remove("a.py"), (dir) => symlinkSync("hidden.py", join(dir, "a.py")))],
  [
    "a link that leads elsewhere",
    "link.py",
    all(remove("link.py"), (dir) => symlinkSync("/etc", join(dir, "link.py"))),
  ],
  ["a file instead of a link", "link.py", all(remove("link.py"), edit("link.py", "a.py"))],
  ["a folder instead of a file", "a.py", all(remove("a.py"), (dir) => mkdirSync(join(dir, "a.py")))],
  ["an empty folder", "empty", (dir) => mkdirSync(join(dir, "empty"))],
  ["a pipe", "pipe", (dir) => execFileSync("mkfifo", [join(dir, "pipe")])],
  ["line ends of another system", "lines.txt", all(typed("config", "core.autocrlf", "true"), again("lines.txt"))],
  [
    "a filter",
    "b.word",
    all(
      typed("config", "filter.word.smudge", "sed s/word/sword/"),
      typed("config", "filter.word.clean", "sed s/sword/word/"),
      again("b.word"),
    ),
  ],
  ["attributes of this clone alone", "a.py", all(edit(".git/info/attributes", "*.py eol=crlf text\n"), again("a.py"))],
  ["a repo in an ignored folder", "ignored", all((dir) => sh(top, "init", "--quiet", join(dir, "ignored")))],
  ["a monitor that sees nothing", "a.py", all(typed("config", "core.fsmonitor", "true"), edit("a.py"))],
  [
    "a file that Git was told to read as another",
    "a.py",
    all(edit("a.py"), (dir) => {
      const other = sh(dir, "hash-object", "-w", "a.py").toString().trim();
      sh(dir, "replace", "HEAD:a.py", other);
    }),
  ],
  [
    "a commit that Git was told to read as another",
    "a.py",
    all(edit("a.py"), typed("add", "a.py"), (dir) => {
      const tree = sh(dir, "write-tree").toString().trim();
      const other = sh(dir, "commit-tree", tree, "-m", "Other").toString().trim();
      sh(dir, "replace", "HEAD", other);
    }),
  ],
  ["a submodule's file", "sub/inner.py", edit("sub/inner.py")],
  ["a file in a submodule", "sub/more.py", edit("sub/more.py")],
  ["a submodule at another commit", "sub/inner.py", typed("-C", "sub", "checkout", "--quiet", "HEAD~1")],
  [
    "the same, and the person has Git ignore submodules",
    "sub/inner.py",
    all(typed("config", "diff.ignoreSubmodules", "all"), typed("-C", "sub", "checkout", "--quiet", "HEAD~1")),
  ],
  ["a submodule that is not there", "sub", typed("submodule", "--quiet", "deinit", "sub")],
  ["a folder instead of a submodule", "sub", all(remove("sub"), edit("x"), (dir) => write(dir, "sub/inner.py", "2\n"))],
];

describe("code that is not its commit is told by its path:", () => {
  it("a tree that is its commit has none", async () => {
    expect((await look(copy())).differs).toEqual([]);
  });

  it.each(ways)("%s: %j", async (_what, path, way) => {
    const dir = copy();
    way(dir);
    expect((await look(dir)).differs).toContain(path);
  });

  it.each<[what: string, way: Way]>([
    ["a file that was put back", all(editUnseen, edit("a.py", "print(1)\n"))],
    ["a file that was there for a while", all(edit("src/more.py"), remove("src/more.py"))],
    ["a folder that was there for a while", all((dir) => mkdirSync(join(dir, "tmp")), remove("tmp"))],
    ["a submodule's file that was put back", all(edit("sub/inner.py"), edit("sub/inner.py", "inner\n"))],
  ])("%s is told by another stamp", async (_what, way) => {
    const dir = copy();
    const before = await look(dir);
    way(dir);
    const after = await look(dir);
    expect([before.differs, after.differs, after.stamp === before.stamp]).toEqual([[], [], false]);
  });

  it("a tree that nobody wrote to keeps its stamp, whatever Git does below .git", async () => {
    const dir = copy();
    const before = await look(dir);
    sh(dir, "status");
    sh(dir, "gc", "--quiet");
    expect(await look(dir)).toEqual(before);
  });

  it("what is allowed there is passed over, with what lies in it", async () => {
    const dir = copy();
    write(dir, "src/__pycache__/a.pyc", "x");
    const allowed = (path: string) => path.split("/").includes("__pycache__");
    expect((await loadTree(dir, { commit: first, allowed }, plain)).differs).toEqual([]);
    expect((await look(dir)).differs).toEqual(["src/__pycache__"]);
  });
});

describe("a snapshot", () => {
  const code = { commit: "", branch: "main", mounted: [] };
  const take = async (dir: string, more: Partial<typeof code> = {}) => {
    await makeSnapshot(dir, ".git/slipway/snapshots/x", { ...code, commit: first, ...more }, plain);
    return join(dir, ".git/slipway/snapshots/x");
  };

  it("holds the commit with its submodule, however the tree and the settings of its clone came to differ from it", async () => {
    const dir = copy();
    for (const [what, , way] of ways)
      if (!/submodule|folder|sparse|staged|link|removed|attributes|commit/.test(what)) way(dir);
    const snapshot = await take(dir);
    const files = Object.fromEntries(
      Object.keys(committed).map((path) => [path, readFileSync(join(snapshot, path), "utf8")]),
    );
    expect(files).toEqual(committed);
    expect((await look(snapshot)).differs).toEqual([]);
  });

  it("holds the commit whatever a person's own settings make of files and of a checkout", async () => {
    const dir = copy();
    const own = join(top, "own");
    const settings: readonly (readonly [string, string])[] = [
      ["core.autocrlf", "true"],
      ["core.hooksPath", join(own, "hooks")],
      ["core.attributesFile", join(own, "attributes")],
      ["filter.word.smudge", "sed s/word/sword/"],
      ["filter.own.smudge", "tr a-z A-Z"],
    ];
    write(own, "attributes", "*.py filter=own\n");
    write(own, "hooks/post-checkout", "#!/bin/sh\necho 2 >>a.py\n");
    chmodSync(join(own, "hooks/post-checkout"), 0o755);
    for (const [key, value] of settings) sh(dir, "config", "--file", join(own, "config"), key, value);
    const env = { ...plain, GIT_CONFIG_GLOBAL: join(own, "config") };
    const path = ".git/slipway/snapshots/x";
    await makeSnapshot(dir, path, { ...code, commit: first }, env);
    expect((await look(join(dir, path))).differs).toEqual([]);
  });

  it("is a clone at the commit, on its branch, with the address of the remote", async () => {
    const dir = copy();
    sh(dir, "remote", "add", "origin", "ssh://git@example.com/app.git");
    const snapshot = await take(dir, { branch: "feature/x" });
    const said = (...words: readonly string[]) =>
      sh(snapshot, ...words)
        .toString()
        .trim();
    expect(said("rev-parse", "HEAD")).toBe(first);
    expect(said("rev-parse", "--abbrev-ref", "HEAD")).toBe("feature/x");
    expect(said("remote", "get-url", "origin")).toBe("ssh://git@example.com/app.git");
    expect(said("status", "--porcelain", "--ignore-submodules=none")).toBe("");
    expect(existsSync(join(snapshot, ".git/objects/info/alternates"))).toBe(false);
  });

  it("has no remote where its clone has none, and no branch where that has none", async () => {
    const snapshot = await take(copy(), { branch: null as never });
    expect(sh(snapshot, "remote").toString()).toBe("");
    expect(sh(snapshot, "rev-parse", "--abbrev-ref", "HEAD").toString()).toBe("HEAD\n");
  });

  it("is made of a shallow clone at a commit that no branch has, as CI checks one out", async () => {
    const dir = join(top, "shallow");
    sh(top, "-c", "protocol.file.allow=always", "clone", "--quiet", "--depth=1", `file://${base}`, dir);
    sh(dir, "-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init");
    sh(dir, "checkout", "--quiet", "--detach");
    sh(dir, "branch", "--quiet", "-D", "main");
    expect((await look(await take(dir, { branch: null as never }))).differs).toEqual([]);
  });

  it("is made anew each time", async () => {
    const dir = copy();
    const snapshot = await take(dir);
    write(snapshot, "left.py", "x");
    unlinkSync(join(snapshot, "a.py"));
    await take(dir);
    expect((await look(snapshot)).differs).toEqual([]);
  });

  it("is refused where a submodule is not there", async () => {
    const dir = copy();
    typed("submodule", "--quiet", "deinit", "sub")(dir);
    const { message, fix } = await refusalOf(take(dir));
    expect([message, fix]).toEqual(["the submodule sub is not there", "git submodule update --init --recursive"]);
  });

  it("is refused where the config names what the commit does not have", async () => {
    const dir = copy();
    write(dir, "ignored/data", "x");
    const { message, fix } = await refusalOf(take(dir, { mounted: ["src", "ignored"] as never }));
    expect(message).toBe("ignored is named by repo_config.yaml, and is not in the commit");
    expect(fix).toContain("tests: {mount: [...]}");
  });
});

describe("the code of a release", () => {
  const place = (root: string) => ({
    root,
    dir: ".",
    owner: root,
    gitDir: join(root, ".git"),
    cwd: ".",
    gitMounts: [],
    gitPrograms: [],
  });

  it("is the commit as it is, not as a clone replaces it", async () => {
    const dir = copy();
    sh(dir, "replace", "HEAD", "HEAD~1");
    expect((await loadCode(place(dir), plain)).tree).toBe(sh(base, "rev-parse", "HEAD^{tree}").toString().trim());
  });

  it.each<[what: string, way: Way]>([
    ["ignore = all in .gitmodules", () => undefined],
    ["diff.ignoreSubmodules", typed("config", "diff.ignoreSubmodules", "all")],
  ])("is dirty where a submodule is at another commit, in spite of %s", async (_what, way) => {
    const dir = copy();
    way(dir);
    sh(dir, "-C", "sub", "checkout", "--quiet", "HEAD~1");
    expect((await loadCode(place(dir), plain)).dirty).toEqual(["sub"]);
  });

  it("is named by the commit's tree, whatever a submodule's branches and tags are called", async () => {
    const dir = copy();
    const { code, tree } = await loadCode(place(dir), plain);
    expect([code, tree]).toEqual([first, sh(dir, "rev-parse", "HEAD^{tree}").toString().trim()]);
    sh(dir, "-C", "sub", "tag", "v1");
    expect((await loadCode(place(dir), plain)).tree).toBe(tree);
  });
});
