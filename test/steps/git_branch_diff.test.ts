import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import gitBranchDiff from "../../scripts/git_branch_diff.ts";
import { inOneShell } from "../bed/git.ts";
import { told } from "./ground.ts";
import { far, hostile, keeping, plant, type State, type SuperRepo, startSuperRepo } from "./super_repo.ts";

let bed: SuperRepo;
beforeAll(async () => {
  bed = await startSuperRepo();
});
beforeEach(() => bed.again());
afterAll(() => bed.ground.end());

const shell = (...lines: readonly string[]) => inOneShell(bed.ground.repo, [far, ...lines], bed.source, hostile);
const diff = (...argv: readonly string[]) =>
  keeping(bed, () => bed.place.run(["git_branch_diff", gitBranchDiff], ...argv));

it("files of all repos stand in one list, pointers are told, and what is not committed or only in main is not in it", async () => {
  await shell(
    "git switch -q -c work; git -C amp switch -q -c work; far Far far far; git fetch -q",
    "(cd amp; git rm -q file; echo 1 >\"$(printf 'a\\033b\\nc')\"; git add .; git commit -qm Two)",
    "echo two >>file; echo new >new; git add .; git commit -qm Three; echo dirty >dirty; echo dirty >>README",
  );
  const { code, out } = await diff();
  expect([code, out]).toEqual([0, "M  amp (pointer)\nM  file\nA  new\nA  amp/a\\u001bb c\nD  amp/file\n"]);
});

it("the changes themselves are a patch from the top, which no program of the repo's makes and nothing in it steers", async () => {
  await shell(
    "git switch -q -c work; printf 'a\\033]0;x\\007\\n' >new; git add .; (cd amp; echo two >>file; git commit -qam Two); git commit -qm Two",
    "echo '* diff=odd' >.git/info/attributes; git config diff.odd.textconv 'touch ../ran;'; git config diff.external 'touch ../ran;'",
    "git config diff.noprefix true; git config color.ui always",
  );
  const { code, out } = await diff("--patch");
  expect(code).toBe(0);
  expect(out).toContain("+++ b/new\n@@ -0,0 +1 @@\n+a\\u001b]0;x\\u0007\n");
  expect(out).toContain("--- a/amp/file\n+++ b/amp/file\n@@ -1 +1,2 @@\n one\n+two\n");
  expect(await inOneShell(bed.ground.dir, ["ls"])).not.toContain("ran");
});

type Rows = readonly { readonly path: string; readonly why: string | null; readonly changes?: readonly object[] }[];
it.each<readonly [state: State, path: string, expected: readonly string[] | string]>([
  ["clean", "amp", []],
  ["dirty", "amp", []],
  ["detached", "amp", []],
  ["ahead", "amp", ["mine"]],
  ["diverged", "amp", ["mine"]],
  ["conflict", "amp", ["file"]],
  ["no remote", "amp", []],
  ["remote down", "amp", []],
  ["unborn", "amp", "it has no commit yet"],
  ["worktree", "amp", []],
  ["shallow", "amp", []],
  ["not cloned", "amp", "not cloned: git submodule update --init --recursive clones it"],
  ["clean", ".", []],
  ["dirty", ".", []],
  ["detached", ".", []],
  ["ahead", ".", ["mine"]],
  ["diverged", ".", ["mine"]],
  ["conflict", ".", ["file"]],
  ["no remote", ".", []],
  ["remote down", ".", []],
  ["unborn", ".", "nothing can be compared: it has no commit yet"],
  ["worktree", ".", []],
  ["shallow", ".", []],
])("%s in %s: what was committed is shown, or why not, and nothing is lost", async (state, path, expected) => {
  await plant(bed, path, state);
  const ended = await diff("--json");
  const row = (told(ended).result as Rows | undefined)?.find((one) => one.path === path);
  const files = row?.changes?.flatMap((change) => ("path" in change ? [change.path] : []));
  expect(files ?? row?.why ?? told(ended).error.what).toEqual(expected);
});

it("a worktree is compared by its own branch", async () => {
  await plant(bed, ".", "worktree");
  const tree = join(bed.ground.dir, "tree");
  await inOneShell(tree, ["echo mine >mine; git add mine; git commit -qm Mine"]);
  const { out } = await diff("--dir", join(tree, "super"));
  expect(out.split("\n")[0]).toBe("A  mine");
});
