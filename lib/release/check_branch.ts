import { tryGit } from "../doors/git.ts";
import { remoteOf } from "../doors/git_remote.ts";
import { UserError } from "../errors.ts";
import { kind } from "../plan/kind.ts";
import { quote } from "../plan/render_plan.ts";
import type { World } from "../run/world.ts";

/** A commit of a branch, by its name without `refs/heads/`. */
export type OnBranch = { readonly branch: string; readonly commit: string };

/** Looks whether the tree is still at the commit, and the branch, on the remote, has it. */
export type CheckBranch = OnBranch & { readonly kind: "check_branch" };

export const checkBranch = kind<CheckBranch>("check_branch", {
  always: true,
  refs: true,
  lines: ({ branch, commit }, { remote }) => [
    `git rev-parse HEAD   # ${commit}`,
    `git fetch ${remote} ${quote(`refs/heads/${branch}`)} && git merge-base --is-ancestor ${commit} FETCH_HEAD`,
  ],
  run: async ({ branch, commit }, world) => {
    const { place, env, git } = world.facts;
    const head = (await tryGit(place.owner, env, ["rev-parse", "HEAD"])).stdout.trim();
    if (head !== commit) throw wentOn(head, commit);
    if (await isOnBranch({ branch, commit }, world)) return "done";
    throw lacks({ branch, commit }, git.remote?.name ?? null);
  },
});

/** Whether a branch, as it is now on the remote, leads through a commit. */
export async function isOnBranch({ branch, commit }: OnBranch, world: World): Promise<boolean> {
  const { place, env, git } = world.facts;
  const remote = remoteOf(git);
  const ref = `refs/heads/${branch}`;
  const listed = await tryGit(place.owner, env, remote ? ["ls-remote", remote.address, ref] : ["show-ref", ref]);
  const tip = /^([0-9a-f]{40,64})\s/.exec(listed.stdout)?.[1];
  if (remote && listed.code !== 0) throw silent(remote.name, listed.stderr);
  return tip !== undefined && (await world.refs()).isOnBranch({ [ref]: tip }, ref, commit);
}

/** Whether one commit is behind another, as far as this clone knows both. */
export async function isAncestor(commit: string, of: string, { facts }: World): Promise<boolean> {
  const words = ["merge-base", "--is-ancestor", commit, of];
  return (await tryGit(facts.place.owner, facts.env, words)).code === 0;
}

const wentOn = (head: string, commit: string): UserError =>
  new UserError(`the tree is at ${head.slice(0, 12) || "no commit"} by now, and was at ${commit.slice(0, 12)}`, {
    why: "An image is of the commit that its version names, from the start of its build to its end.",
    fix: "Leave the tree alone meanwhile, and run the same command again",
  });

const lacks = ({ branch, commit }: OnBranch, remote: string | null): UserError =>
  new UserError(`the branch ${branch} does not have the commit ${commit.slice(0, 12)}`, {
    why: "The image of a branch is of code that everybody has there; what was rewritten or removed is nobody's any more.",
    fix: remote
      ? `Push it: git push ${quote(remote)} ${quote(`HEAD:refs/heads/${branch}`)}; or build what the branch is now`
      : `Name the branch that has it: --branch NAME`,
    kind: "unpushed",
  });

const silent = (remote: string, said: string): UserError =>
  new UserError(`${remote} did not tell where its branches are`, {
    why: said.trim().split("\n").at(-1) || "Git gave no reason.",
    fix: "When it answers again, run the same command",
    kind: "git",
  });
