import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import gitCreateBranch from "../../scripts/git_create_branch.ts";
import { inOneShell } from "../bed/git.ts";
import { type Ground, type Place, startGround, stateIn, states, told } from "./ground.ts";
import { keeping, plant, type State, type SuperRepo, startSuperRepo } from "./super_repo.ts";

let ground: Ground;
let place: Place;
beforeAll(async () => {
  ground = await startGround({ remote: true });
  place = ground.place("branched");
});
afterAll(() => ground.end());

const create = (...argv: readonly string[]) => place.run(["git_create_branch", gitCreateBranch], ...argv);
const branches = () =>
  inOneShell(
    ground.repo,
    ["git branch --show-current; git -C \"$1\" branch --format='%(refname:short)'"],
    ground.shared,
  );

it("a title becomes a branch here and in the remote, and changes come along", async () => {
  await inOneShell(ground.repo, ["echo changed >>README"]);
  const ended = await create("--title", "Fix: `a` $(touch x)\u202e; it's *great*", "--json");
  expect(states(ended)).toEqual({ create: "done", push: "done" });
  expect(await branches()).toBe("Fix_a_touch_x_it_s_great\nFix_a_touch_x_it_s_great\nmain");
  expect(await inOneShell(ground.repo, ["tail -n 1 README; ls"])).toBe("changed\nREADME\nbranched");
});

it("the title of an issue is asked of gh, by its number", async () => {
  const bin = join(ground.dir, "gh-bin");
  mkdirSync(bin);
  const gh = join(bin, "gh");
  writeFileSync(
    gh,
    `#!/bin/sh\n[ "$*" = "issue view 45 --json title --repo github.com/team/repo" ] && echo '{"title":"Add package: foo/bar (v2) to \`image\`"}'\n`,
  );
  chmodSync(gh, 0o755);
  ground.env["PATH"] = `${bin}:${ground.env["PATH"]}`;
  expect(await create("-i", "45")).toMatchObject({ code: 2, err: expect.stringContaining("export GH_REPO=") });
  ground.env["GH_REPO"] = "team/repo";
  const { code, out, err } = await create("-i", "45", "--dry-run");
  expect([code, `${out}${err}`]).toEqual([
    0,
    expect.stringContaining("git switch --create Task45_Add_package_foobar_v2_to_image"),
  ]);
  expect(await create("-i", "46")).toMatchObject({
    code: 1,
    err: expect.stringContaining("gh issue view ended with 1"),
  });
});

it.each<[what: string, lines: readonly string[], argv: readonly string[], fix: string]>([
  ["a name that this clone has", [], ["--branch", "MAIN"], "git switch main"],
  ["a name that only the remote has", ['git -C "$1" branch far main'], ["--branch", "far"], "git switch far"],
  ["a title of no letters", [], ["--title", "12 !!"], "--branch NAME"],
  ["no name", [], [], "--title TITLE"],
  ["a remote that is down", ["git remote set-url origin ../nowhere.git"], ["--branch", "new"], "git remote get-url"],
])("%s creates nothing", async (_what, lines, argv, fix) => {
  await inOneShell(ground.repo, lines, ground.shared);
  const before = await branches();
  expect(await create(...argv)).toMatchObject({ code: 2, err: expect.stringContaining(fix) });
  expect(await branches()).toBe(before);
});

it("a hook of the repo that nobody allowed is not run by the push", async () => {
  const hook = "printf '#!/bin/sh\\ntouch ran\\n' >.git/hooks/pre-push; chmod +x .git/hooks/pre-push";
  await inOneShell(ground.repo, [hook, 'git remote set-url origin "$1"'], ground.shared);
  expect(await create("--branch", "hooked")).toMatchObject({ code: 2, err: expect.stringContaining("i trust") });
  expect(await inOneShell(ground.repo, ["ls; git branch --list hooked"])).toBe("README\nbranched");
  await inOneShell(ground.repo, ["rm .git/hooks/pre-push"]);
});

it("without its remote a branch stays here", async () => {
  expect(states(await create("--branch", "here", "--offline", "--json"))).toEqual({ create: "done", push: "skipped" });
  expect((await branches()).split("\n")[0]).toBe("here");
});

describe("in a super-repo", () => {
  let bed: SuperRepo;
  beforeAll(async () => {
    bed = await startSuperRepo();
  });
  beforeEach(() => bed.again());
  afterAll(() => bed.ground.end());

  it.each<readonly [state: State, path: string, results: readonly (string | null)[], fix: string]>([
    ["clean", "amp", ["done", "done"], ""],
    ["dirty", "amp", ["done", "done"], ""],
    ["detached", "amp", ["done", "done"], ""],
    ["ahead", "amp", ["done", "done"], ""],
    ["diverged", "amp", ["done", "done"], ""],
    ["conflict", "amp", ["failed", null], "git -C amp merge --abort"],
    ["no remote", "amp", ["done", "skipped"], ""],
    ["remote down", "amp", [null, null], "git remote get-url"],
    ["unborn", "amp", [null, null], "git commit"],
    ["worktree", "amp", ["done", "done"], ""],
    ["shallow", "amp", ["done", "done"], ""],
    ["clean", ".", ["done", "done"], ""],
    ["dirty", ".", ["done", "done"], ""],
    ["detached", ".", ["done", "done"], ""],
    ["ahead", ".", ["done", "done"], ""],
    ["diverged", ".", ["done", "done"], ""],
    ["conflict", ".", ["failed", null], "git merge --abort"],
    ["no remote", ".", ["done", "skipped"], ""],
    ["remote down", ".", [null, null], "git remote get-url"],
    ["unborn", ".", [null, null], "git commit"],
    ["worktree", ".", ["done", "done"], ""],
    ["shallow", ".", ["done", "done"], ""],
    ["not cloned", ".", ["done", "done"], ""],
  ])(
    "%s in %s: the branch begins there or it is said why not, and nothing is lost",
    async (state, path, results, fix) => {
      const own = path === "amp" ? ["cp -a ../super/repo_config.yaml ../super/changelog.txt ."] : [];
      await plant(bed, path, state, ...own);
      const dir = join(bed.ground.repo, path === "amp" ? "amp" : "super");
      const ended = await keeping(bed, () =>
        bed.place.run(["git_create_branch", gitCreateBranch], "--branch", "begun", "--json", "--dir", dir),
      );
      expect([stateIn(ended, "create"), stateIn(ended, "push")]).toEqual(results);
      if (fix !== "") expect(told(ended).error.fix).toContain(fix);
      const there = await inOneShell(bed.ground.repo, [
        "git --git-dir .git/modules/amp branch --list begun; git branch --list begun",
      ]);
      expect(there.split("\n").filter((line) => line !== "").length).toBe(results[0] === "done" ? 1 : 0);
    },
  );
});
