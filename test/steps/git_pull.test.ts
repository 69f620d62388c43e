import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import gitPull from "../../scripts/git_pull.ts";
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
const start = (...argv: readonly string[]) => bed.place.run(["git_pull", gitPull], ...argv);
const pull = (...argv: readonly string[]) => keeping(bed, () => start("--json", ...argv));

it("a dry run prints what a person could type, with names that steer nothing", async () => {
  const { code, out, err } = await start("--dry-run");
  expect(code).toBe(0);
  expect(`${out}${err}`).toContain("git fetch --no-recurse-submodules\n");
  expect(`${out}${err}`).toContain("git -C amp merge --ff-only '@{upstream}'");
  expect(`${out}${err}`).not.toContain(hostile);
});

it("a person is told of each repo that is not pulled, and why", async () => {
  await plant(bed, "amp", "not cloned", "far Far far far");
  expect((await start()).err).toMatch(/Pull amp \(skipped: not cloned: .+\)\n/);
});

it("new commits arrive in the super-repo and in a submodule, and changes stay", async () => {
  await shell("for repo in . amp; do (cd $repo; far Far far far; echo changed >>file; echo new >new); done");
  expect(states(await pull())).toMatchObject({ pull_0: "done", pull_1: "done", pull_2: "done" });
  expect(await shell("cat far file new amp/far amp/file amp/new")).toBe(
    "far\none\nchanged\nnew\nfar\none\nchanged\nnew",
  );
  expect(states(await pull())).toMatchObject({ pull_0: "already", pull_1: "already" });
});

it("a submodule without a branch follows the pointer of the super-repo", async () => {
  await shell(
    "(cd amp; far Two two two; git fetch -q; git merge -q --ff-only origin/main)",
    "git add amp; git commit -q -m Pointer; git push -q; git reset -q --hard HEAD~1; git -C amp checkout -q --detach HEAD~1",
  );
  expect(states(await pull())).toMatchObject({ pull_0: "done", pull_1: "done" });
  expect(await shell("git -C amp log -1 --format=%s; git -C amp branch --show-current")).toBe("Two");
});

it.each<readonly [state: State, path: string, result: string | null, fix: string]>([
  ["clean", "amp", "done", ""],
  ["dirty", "amp", "done", ""],
  ["detached", "amp", "done", ""],
  ["ahead", "amp", "failed", "git -C amp pull --rebase"],
  ["diverged", "amp", "failed", "git -C amp pull --rebase"],
  ["conflict", "amp", null, "git -C amp merge --abort"],
  ["no remote", "amp", "skipped", ""],
  ["remote down", "amp", "failed", "git -C amp remote get-url origin"],
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
  ["remote down", ".", "failed", "git remote get-url origin"],
  ["unborn", ".", "skipped", ""],
  ["worktree", ".", "done", ""],
  ["shallow", ".", "done", ""],
])("%s in %s: it is pulled or it is said why not, and nothing is lost", async (state, path, result, fix) => {
  await plant(bed, path, state, "far Far far far");
  const ended = await pull();
  expect(stateIn(ended, path === "." ? "pull_0" : "pull_1")).toBe(result);
  if (fix !== "") expect(told(ended).error.fix).toContain(fix);
});

it.each<readonly [what: string, lines: readonly string[], result: string, fix: string]>([
  ["ahead alone", ["git commit -q --allow-empty -m Mine"], "already", ""],
  ["dirty in what would be overwritten", ["far Far file far; echo mine >file"], "failed", "git -C amp stash"],
  [
    "without a branch, elsewhere than the pointer",
    ["git checkout -q --detach; git commit -q --allow-empty -m Mine"],
    "skipped",
    "",
  ],
  [
    "on a branch that the remote no longer has",
    ["git config branch.main.merge refs/heads/gone"],
    "failed",
    "set-upstream-to",
  ],
])("a submodule that is %s is pulled or told, and nothing is lost", async (_what, lines, result, fix) => {
  await plant(bed, "amp", "clean", ...lines);
  const ended = await pull();
  expect(stateIn(ended, "pull_1")).toBe(result);
  if (fix !== "") expect(told(ended).error.fix).toContain(fix);
});

it("Ctrl-C in the middle of a fetch ends it, nothing has moved, and the same line goes on", async () => {
  await shell("far Far far far");
  const before = await shell("git rev-parse HEAD");
  const slow = '[remote "origin"]\n  uploadpack = "touch BEGAN; sleep 30; git-upload-pack"\n';
  const ended = await interruptedWith(bed.ground, slow, pull);
  expect([ended.code, told(ended).error.kind]).toEqual([130, "interrupted"]);
  expect(await shell("git rev-parse HEAD; git status --short --untracked-files=no")).toBe(before);
  expect(states(await pull())["pull_0"]).toBe("done");
});

it("a worktree is pulled by its own branch", async () => {
  const tree = join(bed.ground.dir, "tree");
  await inOneShell(
    bed.ground.repo,
    [far, 'git worktree add -q -b aside --track "$1" origin/main; far Far far far'],
    tree,
  );
  expect(states(await pull("--dir", join(tree, "super")))).toMatchObject({ pull_0: "done", pull_1: "skipped" });
});
