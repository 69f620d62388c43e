import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import gitStatus from "../../scripts/git_status.ts";
import { inOneShell } from "../bed/git.ts";
import type { Ground, Place } from "./ground.ts";
import { hostile, startSuperRepo } from "./super_repo.ts";

let ground: Ground;
let place: Place;
beforeAll(async () => {
  ({ ground, place } = await startSuperRepo());
});
afterAll(() => ground.end());

type Row = { readonly path: string } & Readonly<Record<string, unknown>>;
const objects = "git cat-file --batch-all-objects --batch-check; git -C amp cat-file --batch-all-objects --batch-check";

/** The row of a repo; whatever Git kept before is there afterwards, and the looked-at tree is as it was. */
async function rowOf(path: string): Promise<Row | undefined> {
  const kept = `${objects}; git status --porcelain=v2`;
  const before = await inOneShell(ground.repo, [kept]);
  const { code, out, err } = await place.run(["git_status", gitStatus], "--json");
  expect([code, err]).toEqual([0, expect.anything()]);
  expect(await inOneShell(ground.repo, [kept])).toBe(before);
  const { result } = JSON.parse(out) as { readonly result: readonly Row[] };
  return result.find((row) => row.path === path);
}

it("all repos stand in one table, with names that steer nothing", async () => {
  const { code, out } = await place.run(["git_status", gitStatus]);
  expect(code).toBe(0);
  const firsts = out.split("\n").map((line) => line.split(/ {2,}/)[0]);
  expect(firsts).toEqual(
    expect.arrayContaining(["repo", ".", "amp", "deep/three", hostile.replace("\u202e", "\\u202e")]),
  );
});

it.each<[state: string, path: string, lines: readonly string[], row: object, back: readonly string[]]>([
  [
    "clean",
    "amp",
    [],
    { state: "read", branch: "main", ahead: 0, behind: 0, changed: 0, conflicts: 0, pointer: "same" },
    [],
  ],
  [
    "dirty",
    "amp",
    ["echo x >>amp/file; echo y >amp/new"],
    { changed: 2, pointer: "same" },
    ["rm amp/new", "git -C amp checkout -q file"],
  ],
  [
    "detached",
    "amp",
    ["git -C amp checkout -q --detach"],
    { branch: null, ahead: null, pointer: "same" },
    ["git -C amp checkout -q main"],
  ],
  [
    "ahead",
    "amp",
    ["git -C amp commit -q --allow-empty -m Two"],
    { ahead: 1, behind: 0, changed: 0, pointer: "moved" },
    [],
  ],
  [
    "diverged",
    "amp",
    ["git -C amp update-ref refs/remotes/origin/main $(git -C amp commit-tree -p HEAD~1 -m Other HEAD^{tree})"],
    { ahead: 1, behind: 1, pointer: "moved" },
    ["git -C amp reset -q --hard HEAD~1", "git -C amp update-ref refs/remotes/origin/main HEAD"],
  ],
  [
    "in conflict",
    "amp",
    [
      "cd amp; git checkout -q -b left; echo left >file; git commit -qam Left",
      "git checkout -q -b right main; echo right >file; git commit -qam Right; git merge -q left || true",
    ],
    { branch: "right", conflicts: 1, changed: 0, pointer: "moved" },
    ["git -C amp merge --abort", "git -C amp checkout -q main"],
  ],
  [
    "without a remote",
    "amp",
    ["git -C amp remote rename origin x; git -C amp branch -q --unset-upstream"],
    { upstream: null, ahead: null },
    ["git -C amp remote rename x origin", "git -C amp branch -q -u origin/main"],
  ],
  [
    "whose remote is down",
    "amp",
    ["git -C amp remote set-url origin https://127.0.0.1:1/x"],
    { ahead: 0, behind: 0 },
    [],
  ],
  [
    "unborn",
    "amp",
    ["git -C amp checkout -q --orphan fresh"],
    { branch: "fresh", commit: null, changed: 1, pointer: "moved" },
    ["git -C amp checkout -q main"],
  ],
  [
    "on a hostile branch",
    "amp",
    ["git -C amp checkout -q -b 'a$(touch${IFS}x)'"],
    { branch: "a$(touch${IFS}x)" },
    ["git -C amp checkout -q main"],
  ],
  [
    "shallow",
    "amp",
    ["git -C amp rev-parse HEAD >.git/modules/amp/shallow"],
    { branch: "main", changed: 0, pointer: "same" },
    ["rm .git/modules/amp/shallow"],
  ],
  [
    "not cloned",
    "amp",
    ["git submodule --quiet deinit amp"],
    { state: "not cloned", why: expect.stringContaining("--init") },
    [],
  ],
])("a repo that is %s is told as such, and nothing is lost", async (_state, path, lines, row, back) => {
  await inOneShell(ground.repo, lines);
  expect(await rowOf(path)).toMatchObject(row);
  await inOneShell(ground.repo, back);
});

it("a worktree is told by its own branch, and has no submodule yet", async () => {
  const tree = join(ground.dir, "tree");
  await inOneShell(ground.repo, ['git worktree add -q -b aside "$1"'], tree);
  const { code, out } = await place.run(["git_status", gitStatus], "--json", "--dir", join(tree, "super"));
  const { result } = JSON.parse(out) as { readonly result: readonly Row[] };
  expect([code, result.map(({ path, state, branch }) => [path, state, branch])]).toEqual([
    0,
    [
      [".", "read", "aside"],
      ["amp", "not cloned", undefined],
      ["deep/three", "not cloned", undefined],
      [hostile, "not cloned", undefined],
    ],
  ]);
});

it.each([
  ["a submodule", "mv deep/three ../three; ln -s ../../three deep/three", "rm deep/three; mv ../three deep/three"],
  ["a folder on the way to it", "mv deep ../deep; ln -s ../deep deep", "rm deep; mv ../deep deep"],
])("a link in place of %s leads Git nowhere", async (_what, link, back) => {
  await inOneShell(ground.repo, [link]);
  const { out } = await place.run(["git_status", gitStatus], "--json");
  const { result } = JSON.parse(out) as { readonly result: readonly Row[] };
  const why = "a link stands in its place";
  expect(result.find(({ path }) => path === "deep/three")).toMatchObject({ state: "unreadable", why });
  await inOneShell(ground.repo, [back]);
});
