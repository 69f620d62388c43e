import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import gitClean from "../../scripts/git_clean.ts";
import { inOneShell } from "../bed/git.ts";
import { stateIn, states } from "./ground.ts";
import { blobsOf, hostile, plant, planted, type State, startSuperRepo } from "./super_repo.ts";

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

const everyState: readonly State[] = Object.keys(planted) as State[];
it.each(
  everyState.flatMap(
    (state) =>
      (state === "not cloned"
        ? [[state, "amp"]]
        : [
            [state, "amp"],
            [state, "."],
          ]) as [State, string][],
  ),
)("%s in %s: what was shown goes, all that is tracked stays, and nothing else is lost", async (state, path) => {
  await bed.again();
  await plant(bed, path, state, ...(state === "not cloned" ? [] : ["echo 1 >litter; echo 1 >.env"]));
  const look = `git -C ${path} status --porcelain=v2 --untracked-files=no --ignore-submodules`;
  const before = state === "not cloned" ? "" : await shell(look);
  const blobs = await blobsOf(bed.ground);
  const ended = await clean("--yes", "--json");
  const after = await blobsOf(bed.ground);
  const result = state === "unborn" || state === "not cloned" ? "skipped" : "done";
  expect(stateIn(ended, path === "." ? "clean_0" : "clean_1")).toBe(result);
  if (state === "not cloned") return;
  expect(await shell(look)).toBe(before);
  expect(await shell(`cd ${path}; ls -A .env litter 2>/dev/null || true`)).toBe(
    result === "done" ? ".env" : ".env\nlitter",
  );
  // One blob is that of `litter` and of `.env`; what else went is the new file of a dirty tree, which was shown.
  const gone = [...blobs].filter((blob) => !after.has(blob));
  expect(gone).toEqual(state === "dirty" ? [await shell("echo new | git hash-object --stdin")] : []);
});

it("a worktree is cleaned alone", async () => {
  const tree = join(bed.ground.dir, "tree");
  await shell("echo 1 >here");
  await inOneShell(bed.ground.repo, ['git worktree add -q -b aside "$1"; echo 1 >"$1/there"'], tree);
  expect(states(await clean("--yes", "--json", "--dir", join(tree, "super")))["clean_0"]).toBe("done");
  expect(await inOneShell(bed.ground.repo, ['ls here; ls "$1"'], tree)).not.toContain("there");
});
