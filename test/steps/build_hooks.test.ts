import { chmodSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { hookFolder } from "./hook_folder.ts";

const { base, sh, install, offer, end } = hookFolder();
afterAll(end, 60_000);
let count = 0;

describe("build --hooks", () => {
  const fresh = (lines = "") => {
    count += 1;
    const dir = join(base, `fresh ${count}`);
    mkdirSync(dir);
    expect(sh(dir, `git init --quiet --template= --initial-branch=main; mkdir .git/hooks\n${lines}`)).toMatchObject({
      code: 0,
    });
    return dir;
  };
  const hook = (dir: string, name = "pre-commit") => join(dir, ".git", "hooks", name);
  const foreign = "#!/bin/sh\necho mine\n";
  const plant = (dir: string, text = foreign) => {
    writeFileSync(hook(dir), text);
    chmodSync(hook(dir), 0o755);
  };

  it("installs both hooks, changes nothing the second time, and removes them", async () => {
    const dir = fresh();
    expect(await install(dir, { check: true })).toMatchObject({ state: "missing", others: [] });
    expect(await install(dir)).toEqual({ dir: join(dir, ".git", "hooks"), state: "installed", others: [] });
    const times = () => ["pre-commit", "pre-merge-commit"].map((name) => lstatSync(hook(dir, name)).ino);
    const before = times();
    expect(await install(dir)).toMatchObject({ state: "there" });
    expect(times()).toEqual(before);
    expect(await install(dir, { wanted: false })).toMatchObject({ state: "removed" });
    expect(await install(dir, { wanted: false })).toMatchObject({ state: "missing" });
    expect(sh(dir, "ls .git/hooks").out).toBe("");
  });

  it("renews hooks of an older Slipway", async () => {
    const dir = fresh();
    await install(dir);
    const text = readFileSync(hook(dir), "utf8");
    // As an older one would have been signed: by the hash of the rest.
    const rest = "#!/bin/sh\nexit 0\n";
    const sum = sh(dir, `printf '#!/bin/sh\\nexit 0\\n' | sha256sum`).out.slice(0, 16);
    plant(dir, rest.replace("\n", `\n${text.split("\n")[1]?.replace(/[0-9a-f]{16}/, sum)}\n`));
    expect(await install(dir)).toMatchObject({ state: "installed", others: [] });
    expect(readFileSync(hook(dir), "utf8")).toBe(text);
  });

  it.each([
    ["of others", foreign],
    ["that somebody has changed", null],
  ])("replaces no hook %s unasked; after a yes it runs first, and comes back", async (_, text) => {
    const dir = fresh();
    if (text === null) {
      await install(dir);
      plant(dir, `${readFileSync(hook(dir), "utf8")}echo more\n`);
    } else plant(dir, text);
    const before = readFileSync(hook(dir), "utf8");
    await expect(install(dir)).rejects.toMatchObject({
      message: `pre-commit in ${join(dir, ".git", "hooks")} is not Slipway's`,
      fix: expect.stringContaining("thin_client/build --hooks --yes"),
    });
    expect(readFileSync(hook(dir), "utf8")).toBe(before);
    const yes = { mayKeep: async () => true };
    expect(await install(dir, yes)).toMatchObject({ state: "installed", others: ["pre-commit.own"] });
    await install(dir, { wanted: false });
    expect(readFileSync(hook(dir), "utf8")).toBe(before);
  });

  it("overwrites no hook that is kept already, and removes none of others", async () => {
    const dir = fresh();
    plant(dir);
    writeFileSync(hook(dir, "pre-commit.own"), "kept\n");
    await expect(install(dir, { mayKeep: async () => true })).rejects.toThrow("pre-commit.own beside it is taken");
    expect(await install(dir, { wanted: false })).toMatchObject({ state: "missing", others: ["pre-commit"] });
    expect(readFileSync(hook(dir), "utf8") + readFileSync(hook(dir, "pre-commit.own"), "utf8")).toBe(
      `${foreign}kept\n`,
    );
  });

  it("takes a link to elsewhere for a hook of others", async () => {
    const dir = fresh("ln -s ../../elsewhere .git/hooks/pre-commit");
    await expect(install(dir)).rejects.toThrow("is not Slipway's");
    await install(dir, { mayKeep: async () => true });
    expect(sh(dir, "[ -e elsewhere ] || readlink .git/hooks/pre-commit.own").out).toBe("../../elsewhere");
  });

  const asking = "printf 'repo_info:\\n  enable_git_commit_hook: True  # all\\n' >repo_config.yaml";
  const none = { state: undefined, asked: 0, said: [] };

  it("without --hooks asks once for those that repo_config.yaml enables, and keeps the answer", async () => {
    const dir = fresh(`${asking}; mkdir deep`);
    const told = expect.stringContaining("Install them: thin_client/build --hooks");
    expect(await offer(join(dir, "deep"), null)).toEqual({ state: undefined, asked: 1, said: [told] });
    expect(await offer(dir, false)).toEqual({ state: undefined, asked: 1, said: [told] });
    expect(await offer(dir, true)).toEqual(none);
    expect(sh(dir, "ls .git/hooks").out).toBe("");
    await install(dir);
    expect(await offer(dir, false)).toEqual({ state: "there", asked: 0, said: [] });
    await install(dir, { wanted: false });
    expect(await offer(dir, true)).toEqual(none);
    expect(await offer(fresh(asking), true)).toEqual({ state: "installed", asked: 1, said: [] });
  });

  it.each([
    ["it enables none", asking.replace("True", "False")],
    ["the line is a comment", asking.replace("  enable", "  # enable")],
    ["there is no config", ""],
    ["it is a pipe", "mkfifo repo_config.yaml"],
  ])("without --hooks asks for none where %s", async (_, lines) => {
    expect(await offer(fresh(lines), true)).toEqual(none);
  });

  it("without --hooks says why those that repo_config.yaml enables cannot be installed", async () => {
    const dir = fresh(`${asking}; git config core.hooksPath ../shared`);
    expect(await offer(dir, true)).toMatchObject({ said: [expect.stringContaining("core.hooksPath")] });
    const other = fresh(asking);
    plant(other);
    expect(await offer(other, true)).toMatchObject({ asked: 1, said: [expect.stringContaining("is not Slipway's")] });
    expect(readFileSync(hook(other), "utf8")).toBe(foreign);
    expect((await offer(base, true)).said).toEqual([]);
  });

  it("leaves a folder of hooks for other repos alone, and says how to have one of this clone's", async () => {
    const dir = fresh("git config core.hooksPath ../shared");
    const refusal: unknown = await install(dir).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      message: `core.hooksPath says that Git looks for hooks in ${join(base, "shared")}`,
    });
    const { fix } = refusal as { fix: string };
    sh(dir, fix.slice(fix.indexOf("git config")));
    expect(await install(dir)).toMatchObject({ dir: join(dir, ".git", "hooks"), state: "installed" });
  });

  it("takes the hooks of the repo one stands in: from a dir of it, a worktree and a submodule", async () => {
    const super_repo = fresh(
      `git config user.name A; git config user.email a@b.org
       git init --quiet --template= --initial-branch=main ../source
       git -C ../source -c user.name=A -c user.email=a@b.org commit --quiet --allow-empty -m x
       git -c protocol.file.allow=always submodule --quiet add ../source sub; git commit --quiet -m x
       mkdir deep; git worktree add --quiet ../tree_of_$PPID; mv ../tree_of_$PPID "../tree of it"; git worktree repair "../tree of it"`,
    );
    const own = join(super_repo, ".git", "hooks");
    expect(await install(join(super_repo, "deep"))).toMatchObject({ dir: own, state: "installed" });
    expect(await install(join(base, "tree of it"))).toMatchObject({ dir: own, state: "there" });
    const inside = { dir: join(super_repo, ".git", "modules", "sub", "hooks"), state: "installed" };
    expect(await install(join(super_repo, "sub"))).toMatchObject(inside);
  });

  it.each([
    ["in no repo", "outside", "mkdir -p"],
    ["in a repo without a work tree", "bare", "git init --quiet --bare"],
  ])("is refused %s", async (_, name, make) => {
    sh(base, `${make} ${name}`);
    await expect(install(join(base, name))).rejects.toThrow(`${join(base, name)} is in no work tree of Git`);
  });
});
