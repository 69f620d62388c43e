import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import gitBranchDeleteMerged from "../../scripts/git_branch_delete_merged.ts";
import { inOneShell } from "../bed/git.ts";
import { stateIn, states, told } from "./ground.ts";
import { far, keeping, plant, type State, type SuperRepo, startSuperRepo } from "./super_repo.ts";

let bed: SuperRepo;
beforeAll(async () => {
  bed = await startSuperRepo();
});
beforeEach(() => bed.again());
afterAll(() => bed.ground.end());

const shell = (...lines: readonly string[]) => inOneShell(bed.ground.repo, [far, ...lines], bed.ground.shared);
const start = (...argv: readonly string[]) =>
  bed.place.run(["git_branch_delete_merged", gitBranchDeleteMerged], ...argv);
const remove = (...argv: readonly string[]) => keeping(bed, () => start("--yes", "--json", ...argv));
const branches = (path = ".") => shell(`git -C ${path} branch --format='%(refname:short)'`);

/** A branch that main has, and one that it lacks, in the repo where one is. */
const made = [
  "git branch merged; git switch -q -c open; git commit -q --allow-empty -m Mine; git switch -q main",
  "git config branch.merged.merge refs/heads/merged; git config branch.merged.remote origin",
];

it("without a yes nothing is deleted; the list is shown, and a dry run prints what a person could type", async () => {
  const name = "it's-$(x)";
  await shell(...made, `git branch "${name.replace("$", "\\$")}"`);
  const asked = await bed.ground.person(["n"], () => start());
  expect([asked.code, asked.err]).toEqual([2, expect.stringMatching(/^merged {2}[0-9a-f]{12}$/m)]);
  expect(asked.err).toContain("Delete these 2 branches?");
  const commit = await shell("git rev-parse main");
  const { out } = await start("--dry-run");
  expect(out).toContain(`git update-ref --no-deref -d refs/heads/merged ${commit}`);
  expect(out).toContain("git config --local --remove-section branch.merged");
  expect(out).toContain(`git update-ref --no-deref -d 'refs/heads/it'\\''s-$(x)' ${commit}`);
  expect(await branches()).toBe(`${name}\nmain\nmerged\nopen`);
});

it("what main has goes, with its settings, and all else stays: open, checked out, in a worktree, rebased, an alias, named", async () => {
  await shell(
    ...made,
    "git branch in_tree; git worktree add -q ../tree in_tree; git branch named; git symbolic-ref refs/heads/alias refs/heads/main",
    "git branch rebased; git switch -q -c current; mkdir .git/rebase-merge; echo refs/heads/rebased >.git/rebase-merge/head-name",
  );
  expect(stateIn(await remove("--exclude", "named"), "delete_0")).toBe("done");
  expect(await branches()).toBe("alias\ncurrent\nin_tree\nmain\nnamed\nopen\nrebased");
  expect(
    await shell("git config --get-regexp '^branch[.]merged' || true; git rev-parse --verify --quiet alias | wc -l"),
  ).toBe("1");
  expect(stateIn(await remove("--exclude", "named"), "delete_0")).toBe("skipped");
});

it("what main has meanwhile is fetched first, and a branch that the one checked out lacks goes too", async () => {
  await shell(
    "git switch -q -c other; git switch -q -c work main; git commit -q --allow-empty -m Work; git push -q origin work:main",
  );
  await shell("git update-ref refs/remotes/origin/main HEAD~1; git switch -q other");
  expect((await start("--dry-run")).out).toContain("git fetch --no-recurse-submodules origin +refs/heads/main");
  expect(states(await remove())).toMatchObject({ delete_0: "done" });
  expect(await branches()).toBe("main\nother");
});

it("branches of the remote go where they are asked for, but main and those that tags follow", async () => {
  await shell(
    ...made,
    "for name in merged far develop open; do git push -q origin $name 2>/dev/null || git push -q origin main:$name; done",
    "echo 'release: {channels: {develop: [develop]}}' >>super/repo_config.yaml",
    "git fetch -q; git update-ref -d refs/remotes/origin/far",
  );
  expect(states(await remove())).toMatchObject({ delete_0: "done" });
  expect(await shell("git -C \"$1\" branch --format='%(refname:short)'")).toBe("develop\nfar\nmain\nmerged\nopen");
  expect(states(await remove("--remote"))).toMatchObject({ delete_0: "skipped", delete_remote_0: "done" });
  expect(await shell("git -C \"$1\" branch --format='%(refname:short)'")).toBe("develop\nmain\nopen");
  expect(told(await remove("--remote", "--offline")).error.what).toContain("--offline");
});

it.each<readonly [where: string, folder: string, failed: string]>([
  ["here", "repo", "delete_0"],
  ["on the remote", "repo.git", "delete_remote_0"],
])("a branch that moved %s after it was shown stays", async (_where, folder, failed) => {
  await shell(...made, "git push -q origin merged");
  const moved = join(bed.ground.dir, folder);
  const late = await inOneShell(moved, ["git commit-tree -p main -m Late 'main^{tree}'"]);
  const spec = {
    ...gitBranchDeleteMerged,
    asks: () => {
      execFileSync("git", ["-C", moved, "update-ref", "refs/heads/merged", late]);
      return null;
    },
  };
  const ended = await keeping(bed, () => bed.place.run(["git_branch_delete_merged", spec], "--json", "--remote"));
  expect([stateIn(ended, failed), told(ended).error.fix]).toEqual([
    "failed",
    expect.stringContaining("Run the same command again"),
  ]);
  expect(await inOneShell(moved, ["git rev-parse merged"])).toBe(late);
});

it.each<readonly [state: State, path: string, result: string | null, fix: string]>([
  ["clean", "amp", "done", ""],
  ["dirty", "amp", "done", ""],
  ["detached", "amp", "done", ""],
  ["ahead", "amp", "done", ""],
  ["diverged", "amp", "done", ""],
  ["conflict", "amp", "done", ""],
  ["no remote", "amp", "skipped", ""],
  ["remote down", "amp", null, "git -C amp remote get-url origin"],
  ["unborn", "amp", "done", ""],
  ["worktree", "amp", "done", ""],
  ["shallow", "amp", "done", ""],
  ["not cloned", "amp", "skipped", ""],
  ["clean", ".", "done", ""],
  ["dirty", ".", "done", ""],
  ["detached", ".", "done", ""],
  ["ahead", ".", "done", ""],
  ["diverged", ".", "done", ""],
  ["conflict", ".", "done", ""],
  ["no remote", ".", "skipped", ""],
  ["remote down", ".", null, "git remote get-url origin"],
  ["unborn", ".", "done", ""],
  ["worktree", ".", "done", ""],
  ["shallow", ".", "done", ""],
])(
  "%s in %s: only what is merged goes, or it is said why not, and nothing is lost",
  async (state, path, result, fix) => {
    await plant(bed, path, state, ...made);
    const before = await branches(path).catch(() => "");
    const ended = await remove();
    expect(stateIn(ended, path === "." ? "delete_0" : "delete_1")).toBe(result);
    if (fix !== "") expect(told(ended).error.fix).toContain(fix);
    const gone = before.split("\n").filter((name) => result !== "done" || name !== "merged");
    if (state !== "not cloned") expect(await branches(path)).toBe(gone.join("\n"));
  },
);

it("a worktree deletes neither its own branch nor that of the repo it belongs to", async () => {
  await plant(bed, ".", "worktree", ...made);
  const ended = await remove("--dir", join(bed.ground.dir, "tree/super"));
  expect(stateIn(ended, "delete_0")).toBe("done");
  expect(await branches()).toBe("aside\nmain\nopen");
});
