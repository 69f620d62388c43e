import { tryGit } from "../../doors/git.ts";
import { UserError } from "../../model/errors.ts";
import type { TagRef } from "../../model/plan.ts";
import type { Outcome, World } from "../world.ts";

/** Creates an annotated tag at a commit, or pushes it; a tag that is there must name the same commit. */
export async function gitTagRef(action: TagRef, world: World): Promise<Outcome> {
  const git: Git = (words) => tryGit(world.facts.place.owner, world.facts.env, words);
  const { code, stdout } = await git(["rev-parse", "--verify", "--quiet", `refs/tags/${action.tag}^{commit}`]);
  const local = code === 0 ? stdout.trim() : null;
  if (action.op === "tag") return createTag(git, action, local);
  if (local !== null && local !== action.commit) throw otherCommit(action, local);
  return pushTag(git, action, world.facts.git.remote);
}

type Git = (words: readonly string[]) => ReturnType<typeof tryGit>;

/** `local` is the commit that the tag names now; only our own unpushed tag of an earlier attempt gives way. */
async function createTag(git: Git, action: Extract<TagRef, { op: "tag" }>, local: string | null): Promise<Outcome> {
  const mayReplace = local !== null && action.replaces === local;
  if (local !== null && local !== action.commit && !mayReplace) throw otherCommit(action, local);
  if (local !== null && !mayReplace) return "already";
  const force = mayReplace ? ["--force"] : [];
  await must(git(["tag", ...force, "--annotate", action.tag, action.commit, "--message", action.message]), action);
  return "done";
}

async function pushTag(git: Git, action: TagRef, remote: string | null): Promise<Outcome> {
  if (!remote) return "already";
  const ref = `refs/tags/${action.tag}`;
  const listed = await must(git(["ls-remote", remote, ref, `${ref}^{}`]), action);
  const there = listed
    .split("\n")
    .filter((line) => line.includes("\t"))
    .at(-1)
    ?.split("\t")[0];
  if (there && there !== action.commit) throw otherCommit(action, there);
  if (there) return "already";
  await must(git(["push", "--porcelain", remote, `${ref}:${ref}`]), action);
  return "done";
}

async function must(running: ReturnType<typeof tryGit>, action: TagRef): Promise<string> {
  const { code, stdout, stderr } = await running;
  if (code === 0) return stdout;
  throw new UserError(`git could not ${action.op.replace("_", " ")} ${action.tag}`, {
    why: [stderr, stdout].join(" ").trim().split("\n").slice(-2).join(" ") || `git ended with ${code}.`,
    fix: "Ask for the right to push tags, then type the same command again",
    exitCode: code,
    kind: "git",
  });
}

const otherCommit = (action: TagRef, commit: string): UserError =>
  new UserError(`the Git tag ${action.tag} names ${commit.slice(0, 12)}, not ${action.commit.slice(0, 12)}`, {
    why: "A tag of a release names the commit that was tested, and never moves.",
    fix: "Release the next version from this commit, or check out the tagged commit",
  });
