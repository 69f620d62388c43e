import { tryGit } from "../../doors/git.ts";
import { remoteOf } from "../../doors/git_remote.ts";
import { pushWords } from "../../doors/refs.ts";
import { UserError } from "../../model/errors.ts";
import { gitFailure, serverWords } from "../../model/git_failure.ts";
import type { Remote } from "../../model/git_remote.ts";
import type { Check, TagRef } from "../../model/plan.ts";
import type { Outcome, World } from "../world.ts";

type Git = (words: readonly string[]) => ReturnType<typeof tryGit>;
type Answer = Awaited<ReturnType<typeof tryGit>>;

const gitOf =
  ({ facts: { place, env } }: World): Git =>
  (words) =>
    tryGit(place.owner, env, words);

/** Creates an annotated tag at a commit, or pushes it; a tag that is there must name the same commit. */
export async function gitTagRef(action: TagRef, world: World): Promise<Outcome> {
  const git = gitOf(world);
  const local = await namedBy(git, action.tag);
  if (action.op === "tag") return createTag(git, action, local);
  if (local !== null && local !== action.commit) throw otherCommit(action, local);
  return pushTag(git, action, remoteOf(world.facts.git));
}

/** The commit that a tag names here; null for none. */
async function namedBy(git: Git, tag: string): Promise<string | null> {
  const { code, stdout } = await git(["rev-parse", "--verify", "--quiet", `refs/tags/${tag}^{commit}`]);
  return code === 0 ? stdout.trim() : null;
}

type NewTag = Omit<Extract<TagRef, { op: "tag" }>, "kind" | "op">;

/** `local` is the commit that the tag names now; only our own unpushed tag of an earlier attempt gives way. */
async function createTag(git: Git, wanted: NewTag, local: string | null): Promise<Outcome> {
  const { tag, commit, message, replaces } = wanted;
  const mayReplace = local !== null && replaces === local;
  if (local !== null && local !== commit && !mayReplace) throw otherCommit(wanted, local);
  if (local !== null && !mayReplace) return "already";
  const force = mayReplace ? ["--force"] : [];
  const answer = await git(["tag", ...force, "--annotate", tag, commit, "--message", message]);
  if (answer.code !== 0) throw failed(`git could not tag ${tag}`, answer, null);
  return "done";
}

async function pushTag(git: Git, action: TagRef, remote: Remote | null): Promise<Outcome> {
  if (!remote) return "already";
  const ref = `refs/tags/${action.tag}`;
  const what = `git could not push tag ${action.tag}`;
  const listed = await git(["ls-remote", remote.address, ref, `${ref}^{}`]);
  if (listed.code !== 0) throw failed(what, listed, remote);
  const there = listed.stdout
    .split("\n")
    .filter((line) => line.includes("\t"))
    .at(-1)
    ?.split("\t")[0];
  if (there && there !== action.commit) throw otherCommit(action, there);
  if (there) return "already";
  const answer = await git([...pushWords, remote.pushTo, `${ref}:${ref}`]);
  if (answer.code !== 0) throw failed(what, answer, remote);
  return "done";
}

/**
 * Makes the tag as it will be made, shows it to the remote and to the user's hook, and takes it away again: what would stop
 * the release after its gates stops it before the build. The remote refuses or cannot take it: all refs of an atomic push
 * are updated or none (git-push(1)), and below the claim, which is a ref, there can be none.
 */
export async function tryTag(action: Extract<Check, { what: "git_tag" }>, world: World): Promise<void> {
  const git = gitOf(world);
  const made = await createTag(git, action, await namedBy(git, action.tag));
  try {
    const remote = remoteOf(world.facts.git);
    if (!remote || action.claim === null) return;
    const ref = `refs/tags/${action.tag}`;
    const refs = [`${ref}:${ref}`, `${action.commit}:${action.claim}/tag`];
    const answer = await git([...pushWords, "--atomic", remote.pushTo, ...refs]);
    const said = answer.stdout.split("\n").find((line) => line.startsWith(`!\t${ref}:`)) ?? "";
    if (notTaken.test(said) || isHook(answer))
      throw failed(`${remote.name} would not take the Git tag ${action.tag}`, answer, remote);
  } finally {
    if (made === "done") await git(["tag", "--delete", action.tag]);
  }
}

/** Why a server takes no tag of this name, in its status for the ref: it is its rule, and no matter of the moment. */
const notTaken = /declined|prohibited|protected|denied|not (permitted|allowed)/i;

/** Git gives no line of its own about a ref that its pre-push hook stopped (githooks(5)). */
function isHook({ stdout, stderr }: Answer): boolean {
  const errors = stderr.match(/^(error|fatal):.*$/gm) ?? [];
  return (
    errors.length === 1 && errors[0]?.startsWith("error: failed to push some refs") === true && !/^!\t/m.test(stdout)
  );
}

function failed(what: string, answer: Answer, remote: Remote | null): UserError {
  const { code, stdout, stderr } = answer;
  const known = gitFailure(`${stderr}\n${stdout}`, remote?.name ?? null);
  const said = known
    ? `${known.why} Git says: ${known.said}`
    : [stderr, stdout].join(" ").trim().split("\n").slice(-2).join(" ") || `git ended with ${code}.`;
  const isRule = notTaken.test(stdout.match(/^!\t.*$/m)?.[0] ?? "");
  return new UserError(what, {
    why: [said, ...serverWords(stderr)].join(" "),
    fix: isRule
      ? ownRule
      : (known?.fix ?? (isHook(answer) ? ownHook : "Ask for the right to push tags, then type the same command again")),
    exitCode: code,
    kind: "git",
  });
}

const ownRule = "Have whoever runs the server let you push the tags of releases, then type the same command again";
const ownHook =
  "Your pre-push hook refused it: do what it asks for, or see what it says: git rev-parse --git-path hooks/pre-push";

const otherCommit = (wanted: { readonly tag: string; readonly commit: string }, commit: string): UserError =>
  new UserError(`the Git tag ${wanted.tag} names ${commit.slice(0, 12)}, not ${wanted.commit.slice(0, 12)}`, {
    why: "A tag of a release names the commit that was tested, and never moves.",
    fix: "Release the next version from this commit, or check out the tagged commit",
  });
