import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import gitMergeMaster from "../../scripts/git_merge_master.ts";
import { inOneShell } from "../bed/git.ts";
import { stateIn, states, told } from "./ground.ts";
import {
  far,
  hostile,
  interruptedWith,
  keeping,
  plant,
  type State,
  type SuperRepo,
  startSuperRepo,
} from "./super_repo.ts";

let bed: SuperRepo;
beforeAll(async () => {
  bed = await startSuperRepo();
  bed.ground.env["GIT_ALLOW_PROTOCOL"] = "file";
});
beforeEach(() => bed.again());
afterAll(() => bed.ground.end());

const shell = (...lines: readonly string[]) => inOneShell(bed.ground.repo, [far, ...lines], bed.source);
const merge = (...argv: readonly string[]) =>
  keeping(bed, () => bed.place.run(["git_merge_master", gitMergeMaster], "--json", ...argv));

it("a dry run prints what a person could type, with names that steer nothing", async () => {
  await shell("git switch -q -c work; git -C amp switch -q -c work; far Far far far");
  const { code, out, err } = await bed.place.run(["git_merge_master", gitMergeMaster], "--dry-run");
  expect(code).toBe(0);
  expect(out).toContain("git fetch --no-recurse-submodules origin +refs/heads/main:refs/remotes/origin/main");
  expect(out).toContain("git merge --no-edit refs/remotes/origin/main");
  expect(out).toContain("git -C amp merge --no-edit refs/remotes/origin/main");
  expect(`${out}${err}`).not.toContain(hostile);
});

it("main arrives in the branch of the super-repo and of a submodule, and changes stay", async () => {
  await shell(
    "for repo in . amp; do (cd $repo; git switch -q -c work; echo mine >mine; git add mine; git commit -q -m Mine; far Far far far); done",
    "echo changed >>amp/file; echo new >new",
  );
  expect(states(await merge())).toMatchObject({ fetch: "done", merge_0: "done", merge_1: "done" });
  expect(await shell("cat far mine amp/far amp/mine new; tail -n 1 amp/file; git branch --show-current")).toBe(
    "far\nmine\nfar\nmine\nnew\nchanged\nwork",
  );
  expect(states(await merge())).toMatchObject({ fetch: "skipped", merge_0: "already", merge_1: "already" });
});

it("a pointer that both sides moved is the newer one, though it was not fetched before", async () => {
  await shell(
    "git switch -q -c work; (cd amp; far One one 1; git fetch -q; git merge -q --ff-only origin/main); git commit -qam One",
    "(cd amp; far Two two 2)",
    'pointer="$(git -C "$1" rev-parse main)"',
    'cd "$(git config remote.origin.url)"',
    'tree="$( (git ls-tree main | grep -v amp; printf "160000 commit %s\\tamp\\n" "$pointer") | git mktree)"',
    'git update-ref refs/heads/main "$(git commit-tree -p main -m Far "$tree")"',
  );
  expect(states(await merge())).toMatchObject({ fetch: "done", merge_0: "done", merge_1: "done" });
  expect(await shell('git rev-parse HEAD:amp; git -C "$1" rev-parse main; git -C amp rev-parse HEAD')).toMatch(
    /^(\w+)\n\1\n\1$/,
  );
});

it.each(["amp", "."])("a conflict in %s leaves what Git leaves, and says what to type", async (path) => {
  await plant(bed, path, "clean", "git switch -q -c work; echo mine >file; git commit -qam Mine; far Far file far");
  const ended = await merge();
  const git = path === "." ? "git" : "git -C amp";
  expect([ended.code, told(ended).error]).toEqual([
    1,
    expect.objectContaining({
      fix: expect.stringContaining(`${git} merge --abort`),
      why: expect.stringContaining("Both sides"),
    }),
  ]);
  expect(await shell(`cat ${path}/file; ${git} merge --abort; cat ${path}/file`)).toMatch(
    /^<{7} HEAD\nmine\n={7}\nfar\n>{7} .*\nmine$/,
  );
});

it.each<readonly [state: State, path: string, result: string | null, fix: string]>([
  ["clean", "amp", "done", ""],
  ["dirty", "amp", "done", ""],
  ["detached", "amp", "already", ""],
  ["ahead", "amp", "failed", "git -C amp pull --rebase"],
  ["diverged", "amp", "failed", "git -C amp pull --rebase"],
  ["conflict", "amp", null, "git -C amp merge --abort"],
  ["no remote", "amp", "skipped", ""],
  ["remote down", "amp", null, "git -C amp remote get-url origin"],
  ["unborn", "amp", "skipped", ""],
  ["worktree", "amp", "done", ""],
  ["shallow", "amp", "done", ""],
  ["not cloned", "amp", "skipped", ""],
  ["clean", ".", "done", ""],
  ["dirty", ".", "done", ""],
  ["detached", ".", "skipped", ""],
  ["ahead", ".", "failed", "git pull --rebase"],
  ["diverged", ".", "failed", "git pull --rebase"],
  ["conflict", ".", null, "git merge --abort"],
  ["no remote", ".", "skipped", ""],
  ["remote down", ".", null, "git remote get-url origin"],
  ["unborn", ".", "skipped", ""],
  ["worktree", ".", "done", ""],
  ["shallow", ".", "done", ""],
])("%s in %s: main is merged or it is said why not, and nothing is lost", async (state, path, result, fix) => {
  await plant(bed, path, state, "far Far far far");
  const ended = await merge();
  expect(stateIn(ended, path === "." ? "merge_0" : "merge_1")).toBe(result);
  if (fix !== "") expect(told(ended).error.fix).toContain(fix);
});

it("a worktree is merged into by its own branch", async () => {
  await plant(bed, ".", "worktree", "far Far far far");
  const tree = join(bed.ground.dir, "tree");
  expect(states(await merge("--dir", join(tree, "super")))).toMatchObject({ merge_0: "done", merge_1: "skipped" });
  expect(await inOneShell(tree, ["cat far; git branch --show-current"])).toBe("far\naside");
});

it("without the network main is merged as it was last fetched", async () => {
  await shell(
    "far Far far far; git fetch -q; far More more more; git switch -q -c work; git -C amp remote set-url origin /no",
  );
  expect(states(await merge("--offline"))).toMatchObject({ fetch: "skipped", merge_0: "done", merge_1: "already" });
  expect(await shell("ls far more 2>&1 || true")).toMatch(/^far$/m);
});

it("Ctrl-C in the middle of a merge lets Git finish it, begins no other, and the same line goes on", async () => {
  await shell(
    "for repo in . amp; do (cd $repo; git switch -q -c work; git commit -q --allow-empty -m Mine; far Far far far); done",
    "echo 'far filter=slow' >.git/info/attributes",
  );
  const slow = '[filter "slow"]\n  smudge = "touch BEGAN; sleep 0.3; cat"\n';
  const ended = await interruptedWith(bed.ground, slow, merge);
  expect([ended.code, told(ended).error.kind, stateIn(ended, "merge_1")]).toEqual([130, "interrupted", null]);
  expect(await shell("cat far; git log -1 --format=%p | wc -w; git status --short --ignore-submodules; ls amp")).toBe(
    "far\n2\nfile",
  );
  expect(states(await merge())).toMatchObject({ fetch: "skipped", merge_0: "already", merge_1: "done" });
});

it("no driver, signer, hook or strategy that only the repo names is run", async () => {
  await plant(
    bed,
    ".",
    "clean",
    'echo "file merge=odd" >.gitattributes; git add .gitattributes; git commit -qm Odd; git push -q',
    "git switch -q -c work; echo mine >mine; git add mine; printf 'one\\n2\\n3\\n4\\nmine\\n' >file; git commit -qam Mine; far Far file one",
    "git config merge.odd.driver 'touch ../ran'; git config gpg.program ../evil; git config commit.gpgSign true",
    "printf '#!/bin/sh\\ntouch ../ran\\n' | tee ../evil >.git/hooks/post-merge; chmod +x ../evil .git/hooks/post-merge",
    "cp .git/hooks/post-merge .git/hooks/pre-merge-commit",
  );
  const ended = await merge();
  expect(ended.err).toContain("merge.odd.driver");
  expect(await inOneShell(bed.ground.dir, ["ls"])).not.toContain("ran");
});
