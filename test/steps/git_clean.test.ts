import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import gitClean from "../../scripts/git_clean.ts";
import { inOneShell } from "../bed/git.ts";
import { states } from "./ground.ts";
import { hostile, startSuperRepo } from "./super_repo.ts";

let bed: Awaited<ReturnType<typeof startSuperRepo>>;
beforeAll(async () => {
  bed = await startSuperRepo();
});
afterAll(() => bed.ground.end());

const shell = (...lines: readonly string[]) => inOneShell(bed.ground.repo, lines, hostile);
const clean = (...argv: readonly string[]) => bed.place.run(["git_clean", gitClean], ...argv);
/** What is not tracked, in the super-repo and two submodules. */
const untracked = () => shell('for repo in . amp "$1"; do git -C "$repo" ls-files --others; done');

/** Files of every kind beside the tracked ones. */
const litter = () =>
  shell(
    "mkdir -p junk nested 'a*'; git init -q nested; echo 1 >nested/kept; echo 1 >junk/one; echo 1 >junk/.env; echo 1 >.env",
    "echo 1 >.env.local; echo 1 >keep.me; echo '*.cache' >.git/info/exclude; echo 1 >x.cache; echo 1 >'a*/star'; echo 1 >ab",
    'echo 1 >amp/new; echo changed >>amp/file; echo 1 >"$1/-n"; echo 1 >"$1/$(printf "a\\nb")"',
  );

it("without a yes nothing is removed, and a dry run prints what a person could type", async () => {
  await litter();
  const before = await untracked();
  expect((await bed.ground.person(["n"], () => clean())).code).not.toBe(0);
  const { code, out, err } = await clean("--dry-run", "--exclude", "keep.me");
  expect(code).toBe(0);
  expect(`${out}${err}`).toContain(
    "git -C amp clean --force -d --exclude=.env '--exclude=.env.*' --exclude=keep.me -- new",
  );
  expect(await untracked()).toBe(before);
});

it("what was shown goes, and .env, what is named, ignored files, repos and changes stay", async () => {
  const ended = await clean("--yes", "--json", "--exclude", "keep.me");
  expect(states(ended)).toMatchObject({ clean_0: "done", clean_1: "done", clean_2: "skipped", clean_3: "done" });
  expect((await untracked()).split("\n").sort()).toEqual(
    [".env", ".env.local", "junk/.env", "keep.me", "nested/", "x.cache"].sort(),
  );
  expect(await shell("cat nested/kept; tail -n 1 amp/file")).toBe("1\nchanged");
});

it("ignored files go where they are asked for", async () => {
  expect((await clean("--yes", "--ignored", "--exclude", "keep.me")).code).toBe(0);
  expect((await untracked()).split("\n").sort()).toEqual(
    [".env", ".env.local", "junk/.env", "keep.me", "nested/"].sort(),
  );
});

it.each<[state: string, lines: readonly string[], result: string, back: readonly string[]]>([
  ["detached", ["git -C amp checkout -q --detach"], "done", ["git -C amp checkout -q main"]],
  [
    "in conflict",
    [
      "cd amp; git checkout -q -- file; git checkout -q -b left; echo left >file; git commit -qam Left",
      "git checkout -q -b right main; echo right >file; git commit -qam Right; git merge -q left || true",
    ],
    "done",
    ["git -C amp merge --abort", "git -C amp checkout -q main"],
  ],
  ["unborn", ["git -C amp checkout -q --orphan fresh"], "skipped", ["git -C amp checkout -q main"]],
  ["without a remote", ["git -C amp remote remove origin"], "done", []],
  ["not cloned", ["git submodule --quiet deinit --force amp; git -C . status >/dev/null"], "skipped", []],
])("a submodule that is %s keeps all that is tracked", async (state, lines, result, back) => {
  await shell(...lines);
  if (state !== "not cloned") await shell("echo 1 >amp/new");
  const look = "git -C amp status --porcelain=v2 --untracked-files=no";
  const before = await shell(look);
  const ended = await clean("--yes", "--json");
  expect(states(ended)["clean_1"]).toBe(result);
  expect(await shell(look)).toBe(before);
  await shell(...back);
});

it("a worktree is cleaned alone", async () => {
  const tree = join(bed.ground.dir, "tree");
  await shell("echo 1 >here");
  await inOneShell(bed.ground.repo, ['git worktree add -q -b aside "$1"; echo 1 >"$1/there"'], tree);
  expect(states(await clean("--yes", "--json", "--dir", join(tree, "super")))["clean_0"]).toBe("done");
  expect(await inOneShell(bed.ground.repo, ['ls here; ls "$1"'], tree)).not.toContain("there");
});
