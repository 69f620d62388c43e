import {
  copyFileSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Report } from "../../thin_client/env/report.ts";
import { pathWithout } from "../bed/bad_machine.ts";
import { addRemote, commitAll, git } from "../bed/git.ts";
import { story } from "../bed/story.ts";
import { makeClone, type Ran, run, start, until } from "../bed/thin_clone.ts";
import { changelog, tinyConfig, write } from "../bed/tiny_repo.ts";
import { root } from "../unit/source.ts";

const base = mkdtempSync(join(tmpdir(), "thin-env-"));
const env = { XDG_DATA_HOME: join(base, "data"), SLIPWAY_ROOT: undefined, SLIPWAY_RUNTIME: undefined };
const build = (clone: string, ...words: string[]): Ran => run(["thin_client/build", ...words], { cwd: clone, env });
const reportOf = (ran: Ran): Report => JSON.parse(ran.out) as Report;
const ada = Object.fromEntries(
  ["AUTHOR", "COMMITTER"].flatMap((who) => [
    [`GIT_${who}_NAME`, "Ada"],
    [`GIT_${who}_EMAIL`, "ada@example.com"],
  ]),
);
let [a, b] = ["", ""];
let first: Ran;

beforeAll(() => {
  a = makeClone(join(base, "a"));
  b = makeClone(join(base, "b"));
  first = build(a, "--json");
});
afterAll(() => {
  run(["chmod", "-R", "u+w", base], { cwd: "/" });
  rmSync(base, { recursive: true, force: true });
});

/** Path, kind, mode, size and time of everything in the shared env. */
function fingerprint(dir: string): readonly string[] {
  return readdirSync(dir, { recursive: true })
    .map(String)
    .sort()
    .map((name) => {
      const { mode, size, mtimeMs } = lstatSync(join(dir, name));
      return [name, mode, size, mtimeMs].join(" ");
    });
}

const works = (clone: string) => {
  for (const runtime of ["bun", "tsx"]) {
    const ran = run(["thin_client/bin/i", "tmux", "--help"], { cwd: clone, env: { ...env, SLIPWAY_RUNTIME: runtime } });
    expect(ran, runtime).toMatchObject({ code: 0, err: "" });
  }
};

describe("thin_client/build", () => {
  it("builds the env of a fresh clone on a machine with only Node", () => {
    expect(first.code, first.err).toBe(0);
    expect(reportOf(first)).toMatchObject({ env: { state: "built" }, clone: "linked" });
    expect(reportOf(first).tools.find(({ name }) => name === "bun")?.version).toMatch(/^\d/);
    works(a);
  });

  it("serves a second clone, and a second run, and installs nothing for them", () => {
    const before = fingerprint(reportOf(first).env.dir);
    for (const clone of [b, b]) {
      expect(reportOf(build(clone, "--json"))).toMatchObject({ env: { state: "there" }, clone: "linked" });
      works(clone);
    }
    expect(fingerprint(reportOf(first).env.dir)).toEqual(before);
  });

  it("keeps the env read-only", () => {
    const { dir } = reportOf(first).env;
    const writable = readdirSync(join(dir, "node_modules"), { recursive: true })
      .map((name) => lstatSync(join(dir, "node_modules", String(name))))
      .filter((entry) => !entry.isSymbolicLink() && (entry.mode & 0o222) !== 0);
    expect(writable).toEqual([]);
  });

  it("ends with the line to source, and refuses what it does not know", () => {
    expect(build(b).out.trimEnd().split("\n").at(-1)).toBe("source thin_client/setenv.sh");
    const refused = build(b, "--chek");
    expect(refused.code).toBe(2);
    expect(refused.err).toMatch(/^error: unknown option '--chek'\n {2}why: .*\n {2}fix: thin_client\/build --help/);
  });

  it("installs hooks on request, and says where", () => {
    const dir = join(b, ".git", "hooks");
    expect(reportOf(build(b, "--hooks", "--json")).hooks).toEqual({ dir, state: "installed", others: [] });
    expect(build(b, "--hooks").out).toContain(`hooks    ${dir} (were there)\n`);
    expect(run(["git", "commit", "--allow-empty", "-m", "x"], { cwd: b, env: { ...env, ...ada } })).toMatchObject({
      err: expect.stringContaining('"Ada <ada@example.com>" is a placeholder'),
    });
    expect(build(b, "--no-hooks").out).toContain(`hooks    ${dir} (removed)\n`);
    expect(build(b, "--hooks", "--no-hooks")).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^error: --hooks and --no-hooks were both given\n/),
    });
  });

  it("changes nothing with --check", () => {
    const fresh = makeClone(join(base, "fresh"));
    const ran = run(["thin_client/build", "--check", "--json"], { cwd: fresh, env });
    expect(ran.code).toBe(2);
    expect(reportOf(ran)).toMatchObject({ env: { state: "there" }, clone: "missing" });
    expect(readdirSync(fresh)).not.toContain("node_modules");
  });

  it("makes no command that Debian has", () => {
    const { names, dir } = reportOf(build(a, "--json")).commands;
    const system = ["/bin", "/sbin", "/usr/bin", "/usr/sbin"].flatMap((each) => readdirSync(each));
    expect(names).toContain("docker_release_dev");
    expect(names.filter((name) => system.includes(name))).toEqual([]);
    expect(names.every((name) => name.includes("_"))).toBe(true);
    expect(readdirSync(dir).filter((name) => name !== ".run")).toEqual(names);
  });
});

describe("npm in one clone", story, () => {
  it.each([
    ["install", ["npm", "install", "is-number@7.0.0"]],
    ["ci", ["npm", "ci"]],
  ])("`npm %s` leaves the env and the other clone as they were", (_, argv) => {
    const before = fingerprint(reportOf(first).env.dir);
    expect(run(argv, { cwd: a, env }).code).toBe(0);
    expect(fingerprint(reportOf(first).env.dir)).toEqual(before);
    works(a);
    works(b);
  });

  it("leaves a node_modules alone that npm installed and that fits the lock file", () => {
    const inode = statSync(join(a, "node_modules", "zx")).ino;
    const report = reportOf(build(a, "--json"));
    expect(report.clone).toBe("installed");
    expect(statSync(join(a, "node_modules", "zx")).ino).toBe(inode);
    expect(lstatSync(join(a, "node_modules", "zx")).isDirectory()).toBe(true);
  });

  it("deletes one that does not fit only when told to", () => {
    writeFileSync(join(a, "package-lock.json"), readFileSync(join(b, "package-lock.json")));
    writeFileSync(join(a, "package.json"), readFileSync(join(b, "package.json")));
    run(["rm", "-rf", "node_modules/zx"], { cwd: a });
    const refused = build(a);
    expect(refused.code).toBe(2);
    expect(refused.err).toContain("`npm ci` renews it");
    expect(reportOf(build(a, "--json", "--check")).clone).toBe("unfit");
    // Without apt-get, which --yes would let install what this machine lacks.
    const told = run(["thin_client/build", "--json", "--yes"], {
      cwd: a,
      env: { ...env, ...pathWithout(base, "apt-get") },
    });
    expect(told.code, told.err).toBe(0);
    expect(reportOf(told).clone).toBe("linked");
    works(a);
  });
});

describe("Slipway as a subtree of a repo", story, () => {
  const [repo, fresh] = [join(base, "super repo"), join(base, "super clone")];
  const here = (clone: string, ...words: string[]) => run(words, { cwd: clone, env });
  const plan = "> docker pull 127.0.0.1:5000/subtree:dev\n";

  it("is added by what `git subtree add` does: the commits of both, and its files below a prefix", async () => {
    copyFileSync(join(root, ".gitignore"), join(b, ".gitignore"));
    await commitAll(b, "Slipway");
    write(repo, {
      "repo_config.yaml": tinyConfig({ name: "subtree", registries: { r1: "127.0.0.1:5000" } }),
      "changelog.txt": changelog("subtree", "1.0.0"),
    });
    await commitAll(repo, "Start");
    await addRemote(repo);
    await git(repo, "fetch", "--quiet", b, "HEAD");
    await git(repo, "merge", "--quiet", "--strategy=ours", "--no-commit", "--allow-unrelated-histories", "FETCH_HEAD");
    await git(repo, "read-tree", "--prefix=helpers/slipway", "-u", "FETCH_HEAD");
    await commitAll(repo, "Add Slipway");
    await git(repo, "push", "--quiet", "origin", "HEAD:main");
    await git(base, "clone", "--quiet", `${repo}.git`, fresh);
  });

  it("is built from a fresh clone, whose Git sees no change", async () => {
    const built = here(fresh, "helpers/slipway/thin_client/build", "--json");
    expect(built.code, built.err).toBe(0);
    expect(reportOf(built)).toMatchObject({
      root: join(fresh, "helpers/slipway"),
      env: { state: "there" },
      clone: "linked",
    });
    expect(await git(fresh, "status", "--short")).toBe("");
  });

  it("plans for the repo around it, by its path and once it is sourced, in any dir of the repo", () => {
    const byPath = here(fresh, "helpers/slipway/thin_client/bin/i", "docker_pull", "--dry-run", "--offline");
    expect(byPath, byPath.err).toMatchObject({ code: 0, out: expect.stringContaining(plan) });
    const lines = ". helpers/slipway/thin_client/setenv.sh && cd helpers && i docker_pull --dry-run --offline";
    const sourced = here(fresh, "bash", "-c", lines);
    expect(sourced, sourced.err).toMatchObject({ code: 0, out: expect.stringContaining(plan) });
  });

  it("finds the repo's one runnable dir, and none in itself", () => {
    const all = here(
      fresh,
      "helpers/slipway/thin_client/bin/i",
      "main_pytest",
      "fast",
      "--dry-run",
      "--offline",
      "--json",
    );
    const dirs = [...all.out.matchAll(/"dir": "([^"]*)"/g)].map(([, dir]) => dir);
    expect(new Set(dirs), all.err).toEqual(new Set(["."]));
  });
});

it("survives a run killed half-way, and two at once", async () => {
  const data = { ...env, XDG_DATA_HOME: join(base, "data2") };
  const shared = join(base, "data2", "slipway", "env");
  const [c, d] = [makeClone(join(base, "c")), makeClone(join(base, "d"))];
  const leftovers = () => list(shared).filter((name) => name.startsWith("."));
  const killed = start(["thin_client/build"], { cwd: c, env: data });
  await until("the temporary env", () => leftovers().some((name) => list(join(shared, name)).includes("node_modules")));
  process.kill(killed.group, "SIGKILL");
  await killed.ended;
  expect(list(shared)).toHaveLength(1);
  expect(list(c)).not.toContain("node_modules");

  const both = [c, d].map((clone) => start(["thin_client/build"], { cwd: clone, env: data }).ended);
  expect(await Promise.all(both)).toEqual([0, 0]);
  expect(list(shared)).toHaveLength(1);
  expect(leftovers()).toEqual([]);
  works(c);
  works(d);
});

function list(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}
