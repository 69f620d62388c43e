import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import gitRollSubmodule from "../../scripts/git_roll_submodule.ts";
import { inOneShell } from "../bed/git.ts";
import { stateIn, told } from "./ground.ts";
import { far, hostile, keeping, plant, type State, type SuperRepo, startSuperRepo } from "./super_repo.ts";

let bed: SuperRepo;
beforeAll(async () => {
  bed = await startSuperRepo();
});
beforeEach(() => bed.again());
afterAll(() => bed.ground.end());

const shell = (...lines: readonly string[]) => inOneShell(bed.ground.repo, [far, ...lines], bed.source, hostile);
const roll = (...argv: readonly string[]) =>
  keeping(bed, () => bed.place.run(["git_roll_submodule", gitRollSubmodule], "--json", ...argv));
/** What the last commit changed, its message, and the newest commit of main beside the pointers at it. */
const last = (path: string) =>
  inOneShell(
    bed.ground.repo,
    [
      "git log -1 --format=%s | sed 's/ [0-9a-f]*$//'; git -c core.quotePath=false diff --name-only HEAD~1 HEAD",
      'git -C "$1" rev-parse main; git rev-parse "HEAD:$2" ":$2"; git -C "$2" rev-parse HEAD',
    ],
    bed.source,
    path,
  );

it.each(["amp", hostile])("one commit points at the newest of main, with that file alone in it: %j", async (path) => {
  await plant(bed, path, "clean", "far Far far far");
  await shell("echo staged >staged; git add staged; echo changed >>file");
  expect(stateIn(await roll(path), "roll_0")).toBe("done");
  const name = path.replace("\u202e", "\\u202e");
  const [message, changed, ...commits] = (await last(path)).split("\n");
  expect([message, changed]).toEqual([`Roll ${name} to`, path === "amp" ? path : expect.stringContaining("touch")]);
  expect(new Set(commits).size).toBe(1);
  expect(await shell("git diff --cached --name-only; git diff --name-only; git log --format=%s HEAD~1 -1")).toBe(
    "staged\nfile\nAdd three submodules",
  );
  expect(stateIn(await roll(path), "roll_0")).toBe("skipped");
});

it("a dry run prints what a person could type, from where one stands", async () => {
  await plant(bed, "amp", "clean", "far Far far far");
  const commit = await shell('git -C "$1" rev-parse main');
  const { code, out } = await bed.place.run(["git_roll_submodule", gitRollSubmodule], "../amp", "--dry-run");
  expect(code).toBe(0);
  expect(out).toContain(`git -C amp merge --ff-only ${commit}`);
  expect(out).toContain(`git commit --message 'Roll amp to ${commit.slice(0, 12)}' --only -- amp`);
});

it("a submodule that was moved already, or staged, is committed", async () => {
  await shell("(cd amp; far Far far far; git fetch -q; git merge -q --ff-only origin/main); git add amp");
  expect(stateIn(await roll("../amp"), "roll_0")).toBe("done");
  expect(new Set((await last("amp")).split("\n").slice(2)).size).toBe(1);
});

it.each<readonly [what: string, lines: readonly string[], argv: readonly string[], fix: string]>([
  ["no submodule of several", [], [], "i git_roll_submodule PATH"],
  ["what is none", [], ["../file"], "i git_status"],
  ["what is outside", [], ["../.."], "i git_status"],
  ["one on another branch", ["git -C amp switch -q -c work"], ["../amp"], "git -C amp switch main"],
  [
    "one whose pointer is not in main",
    ["git -C amp commit -q --allow-empty -m Mine; git commit -qam Mine; git -C amp reset -q --hard HEAD~1"],
    ["../amp"],
    "git submodule update --checkout -- amp",
  ],
  ["one that is not in the last commit", ["git reset -q --soft HEAD~1"], ["../amp"], "git add .gitmodules amp"],
  [
    "one whose files would be overwritten",
    ["(cd amp; far Far file far; echo mine >file)"],
    ["../amp"],
    "git -C amp stash",
  ],
])("%s is refused, and nothing moves", async (_what, lines, argv, fix) => {
  await shell(...lines);
  const before = await shell("git log -1 --format=%H; git ls-files --stage; git -C amp log -1 --format=%H");
  expect(told(await roll(...argv)).error.fix).toContain(fix);
  expect(await shell("git log -1 --format=%H; git ls-files --stage; git -C amp log -1 --format=%H")).toBe(before);
});

it.each<readonly [state: State, path: string, result: string | null, fix: string]>([
  ["clean", "amp", "done", ""],
  ["dirty", "amp", "done", ""],
  ["detached", "amp", "done", ""],
  ["ahead", "amp", "failed", "git -C amp pull --rebase"],
  ["diverged", "amp", "failed", "git -C amp pull --rebase"],
  ["conflict", "amp", null, "git -C amp merge --abort"],
  ["no remote", "amp", null, "git -C amp remote add"],
  ["remote down", "amp", null, "git -C amp remote get-url origin"],
  ["unborn", "amp", null, "git -C amp status"],
  ["worktree", "amp", "done", ""],
  ["shallow", "amp", "done", ""],
  ["not cloned", "amp", null, "git submodule update --init -- amp"],
  ["clean", ".", "done", ""],
  ["dirty", ".", "done", ""],
  ["detached", ".", null, "git switch"],
  ["ahead", ".", "done", ""],
  ["diverged", ".", "done", ""],
  ["conflict", ".", null, "git merge --abort"],
  ["no remote", ".", "done", ""],
  ["remote down", ".", "done", ""],
  ["unborn", ".", null, "git add .gitmodules"],
  ["worktree", ".", "done", ""],
  ["shallow", ".", "done", ""],
])("%s in %s: amp is rolled or it is said why not, and nothing is lost", async (state, path, result, fix) => {
  await shell("(cd amp; far Far far far)");
  await plant(bed, path, state);
  const ended = await roll("../amp");
  expect(stateIn(ended, "roll_0")).toBe(result);
  if (fix !== "") expect(told(ended).error.fix).toContain(fix);
  else expect(new Set((await last("amp")).split("\n").slice(2)).size).toBe(1);
});

it("what main lacks is not left behind, though it is there: ahead of the remote", async () => {
  await plant(bed, "amp", "ahead");
  expect(told(await roll("../amp")).error).toMatchObject({ what: expect.stringContaining("has commits that main") });
});

it("in a worktree a submodule is not cloned", async () => {
  await plant(bed, ".", "worktree");
  const argv = ["amp", "--dir", join(bed.ground.dir, "tree/super")];
  expect(told(await roll(...argv)).error.what).toContain("is not cloned");
});
