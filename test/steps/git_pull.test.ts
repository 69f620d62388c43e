import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import gitPull from "../../scripts/git_pull.ts";
import { inOneShell } from "../bed/git.ts";
import { states } from "./ground.ts";
import { blobsOf, hostile, startSuperRepo } from "./super_repo.ts";

let bed: Awaited<ReturnType<typeof startSuperRepo>>;
beforeAll(async () => {
  bed = await startSuperRepo();
  bed.ground.env["GIT_ALLOW_PROTOCOL"] = "file";
});
afterAll(() => bed.ground.end());

const shell = (...lines: readonly string[]) => inOneShell(bed.ground.repo, lines, bed.source);
const pull = (...argv: readonly string[]) => bed.place.run(["git_pull", gitPull], ...argv);
/** The step of amp. */
const amp = "pull_1";

/** Pulls; what was there before is there afterwards. */
async function pullAndKeep(...argv: readonly string[]) {
  const before = await blobsOf(bed.ground);
  const ended = await pull("--json", ...argv);
  const after = await blobsOf(bed.ground);
  expect([...before].filter((blob) => !after.has(blob))).toEqual([]);
  return ended;
}

it("a dry run prints what a person could type, with names that steer nothing", async () => {
  const { code, out, err } = await pull("--dry-run");
  expect(code).toBe(0);
  expect(`${out}${err}`).toContain("git pull --ff-only --no-recurse-submodules");
  expect(`${out}${err}`).toContain("git -C amp pull --ff-only --no-recurse-submodules");
  expect(`${out}${err}`).not.toContain(hostile);
});

it("new commits arrive in the super-repo and in a submodule, and changes stay", async () => {
  await shell(
    'git -C "$1" commit -q --allow-empty -m Two',
    "git commit -q --allow-empty -m Far; git push -q; git reset -q --hard HEAD~1",
    "echo changed >>amp/file; echo new >amp/new",
  );
  expect(states(await pullAndKeep())).toMatchObject({ pull_0: "done", [amp]: "done", pull_2: "done" });
  expect(await shell("git log -1 --format=%s; git -C amp log -1 --format=%s; cat amp/file amp/new")).toBe(
    "Far\nTwo\none\nchanged\nnew",
  );
  expect(states(await pullAndKeep())).toMatchObject({ pull_0: "already", [amp]: "already" });
});

it("a submodule without a branch follows the pointer of the super-repo", async () => {
  await shell(
    "git -C amp checkout -q -- file; rm amp/new",
    "git add amp; git commit -q -m Pointer; git push -q; git reset -q --hard HEAD~1; git -C amp checkout -q --detach HEAD~1",
  );
  expect(states(await pullAndKeep())).toMatchObject({ pull_0: "done", [amp]: "done" });
  expect(await shell("git -C amp log -1 --format=%s; git -C amp branch --show-current")).toBe("Two");
  await shell("git -C amp checkout -q main; git -C amp merge -q --ff-only origin/main");
});

it.each<[state: string, lines: readonly string[], expected: object, back: readonly string[]]>([
  ["ahead", ["git -C amp commit -q --allow-empty -m Mine"], { amp: "already" }, ["git -C amp reset -q --hard HEAD~1"]],
  [
    "diverged",
    ["git -C amp commit -q --allow-empty -m Mine", 'git -C "$1" commit -q --allow-empty -m Theirs'],
    { amp: "failed", fix: expect.stringContaining("git -C amp pull --rebase") },
    ["git -C amp reset -q --hard HEAD~1", 'git -C "$1" reset -q --hard HEAD~1', "git -C amp fetch -q --force"],
  ],
  [
    "dirty in what would be overwritten",
    ['echo far >"$1"/file; git -C "$1" commit -q -a -m Far', "echo mine >amp/file"],
    { amp: "failed", fix: expect.stringContaining("git -C amp stash") },
    ["git -C amp checkout -q -- file", 'git -C "$1" reset -q --hard HEAD~1', "git -C amp fetch -q --force"],
  ],
  [
    "in conflict",
    [
      "cd amp; git checkout -q -b left; echo left >file; git commit -qam Left",
      "git checkout -q -b right main; echo right >file; git commit -qam Right; git merge -q left || true",
    ],
    { amp: undefined, fix: expect.stringContaining("git -C amp merge --abort") },
    ["git -C amp merge --abort", "git -C amp checkout -q main"],
  ],
  [
    "on a branch that follows nothing, without a remote",
    ["git -C amp remote rename origin x; git -C amp branch -q --unset-upstream"],
    { amp: "skipped" },
    ["git -C amp remote rename x origin", "git -C amp branch -q -u origin/main"],
  ],
  [
    "whose remote is down",
    ["git -C amp remote set-url origin /nowhere.git"],
    { amp: "failed", fix: expect.stringContaining("git -C amp") },
    ['git -C amp remote set-url origin "$1"'],
  ],
  ["unborn", ["git -C amp checkout -q --orphan fresh"], { amp: "skipped" }, ["git -C amp checkout -q main"]],
  [
    "without a branch, elsewhere than the pointer",
    ["git -C amp checkout -q --detach HEAD~1"],
    { amp: "skipped" },
    ["git -C amp checkout -q main"],
  ],
  [
    "shallow",
    ["git -C amp rev-parse HEAD >.git/modules/amp/shallow"],
    { amp: "already" },
    ["rm .git/modules/amp/shallow"],
  ],
  ["not cloned", ["git submodule --quiet deinit amp"], { amp: "skipped" }, []],
])("a submodule that is %s is pulled or told, and nothing is lost", async (_state, lines, expected, back) => {
  await shell(...lines);
  const ended = await pullAndKeep();
  const { fix, amp: state } = expected as { readonly fix?: unknown; readonly amp: string | undefined };
  // What is refused as a whole has no steps.
  expect(ended.out.includes('"steps"') ? states(ended)[amp] : undefined).toBe(state);
  if (fix !== undefined) expect(JSON.parse(ended.out)).toMatchObject({ error: { fix } });
  await shell(...back);
});

it("a worktree is pulled by its own branch", async () => {
  const tree = join(bed.ground.dir, "tree");
  await inOneShell(bed.ground.repo, ['git worktree add -q -b aside --track "$1" origin/main'], tree);
  expect(states(await pullAndKeep("--dir", join(tree, "super")))).toMatchObject({
    pull_0: "already",
    [amp]: "skipped",
  });
});
