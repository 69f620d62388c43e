import { tryGit } from "../doors/git.ts";
import { remoteOf } from "../doors/git_remote.ts";
import { notTaken, ownRule, pushWords } from "../doors/refs.ts";
import { UserError } from "../errors.ts";
import { gitFailure, serverWords } from "../git/git_failure.ts";
import type { Remote } from "../git/git_remote.ts";
import { kind } from "../plan/kind.ts";
import { quote } from "../plan/render_plan.ts";
import type { Outcome, World } from "../run/world.ts";

type Git = (words: readonly string[]) => ReturnType<typeof tryGit>;
type Answer = Awaited<ReturnType<typeof tryGit>>;

const gitOf =
  ({ facts: { place, env } }: World): Git =>
  (words) =>
    tryGit(place.owner, env, words);

/** Makes an annotated tag at a commit; one that is there must name the same commit. */
export type GitTag = {
  readonly kind: "git_tag";
  readonly tag: string;
  readonly commit: string;
  readonly message: string;
  /** The commit of our own unpushed tag of an earlier attempt, which this one takes the place of. */
  readonly replaces?: string;
};

export const gitTag = kind<GitTag>("git_tag", {
  reaches: () => ["tag"],
  always: true,
  refs: true,
  waits: true,
  lines: ({ tag, commit, message }) => [`git tag --annotate ${quote(tag)} ${commit} --message ${quote(message)}`],
  run: async (action, world) => {
    const git = gitOf(world);
    const tried = world.state.tried.get(action.tag);
    // As it was tried: signed once, and shown to the hook of the user as what it is.
    if (tried && (await git(["update-ref", `refs/tags/${action.tag}`, tried, ""])).code === 0) return "done";
    return createTag(git, action);
  },
});

/** Has the next push take the tag along. */
export type PushTag = { readonly kind: "push_tag"; readonly tag: string; readonly commit: string };

export const pushTag = kind<PushTag>("push_tag", {
  always: true,
  refs: true,
  waits: true,
  lines: ({ tag }, { remote }) => [`git push ${remote} refs/tags/${tag}`],
  run: pushWithNext,
});

/** Whether Git makes the release's tag, and the remote would take it; `claim` is null where it is not pushed. */
export type TryTag = Omit<GitTag, "kind"> & { readonly kind: "try_tag"; readonly claim: string | null };

export const tryTag = kind<TryTag>("try_tag", {
  reaches: () => ["tag"],
  always: true,
  looks: true,
  lines: ({ tag, claim }, { remote }) => [
    `# make the Git tag ${tag} and take it away again: can it be made?`,
    ...(claim === null ? [] : [`# offer it to ${remote} in a push that it cannot take: would it be let through?`]),
  ],
  run: makeAndTakeAway,
});

/** The commit that a tag names here; null for none. */
async function namedBy(git: Git, tag: string): Promise<string | null> {
  const { code, stdout } = await git(["rev-parse", "--verify", "--quiet", `refs/tags/${tag}^{commit}`]);
  return code === 0 ? stdout.trim() : null;
}

type NewTag = Omit<GitTag, "kind">;

/** Only our own unpushed tag of an earlier attempt gives way to it. */
async function createTag(git: Git, wanted: NewTag): Promise<Outcome> {
  const { tag, commit, message, replaces } = wanted;
  const make = (...more: readonly string[]) => git(["tag", ...more, "--annotate", tag, commit, "--message", message]);
  const first = replaces === undefined ? await make() : null;
  if (first?.code === 0) return "done";
  const local = await namedBy(git, tag);
  if (local !== null && local !== replaces) {
    if (local === commit) return "already";
    throw otherCommit(wanted, local);
  }
  const answer = first ?? (await make(...(local === null ? [] : ["--force"])));
  if (answer.code !== 0) throw failed(`git could not tag ${tag}`, answer, null);
  return "done";
}

/** The next push takes the tag along, without the hook of the user, which saw it when it was tried. */
async function pushWithNext(action: PushTag, world: World): Promise<Outcome> {
  const git = gitOf(world);
  const remote = remoteOf(world.facts.git);
  if (!remote) return "already";
  const ref = `refs/tags/${action.tag}`;
  const isThere = (all: Readonly<Record<string, string>>): boolean => {
    const there = all[`${ref}^{}`] ?? all[ref];
    if (there !== undefined && there !== action.commit) throw otherCommit(action, there);
    return there !== undefined;
  };
  if (isThere(await (await world.refs()).known())) return "already";
  const object = world.state.tried.get(action.tag) ?? (await objectOf(git, action));
  world.state.waiting.tag = { ref, from: null, to: object, lost: isThere };
  return "done";
}

/** The object of the tag that is to be pushed. */
async function objectOf(git: Git, action: PushTag): Promise<string> {
  const ref = `refs/tags/${action.tag}`;
  const listed = await git(["for-each-ref", "--format=%(objectname) %(*objectname)", ref]);
  const [object = "", peeled = ""] = listed.stdout.trim().split(" ");
  if (object === "") throw notMade(action.tag);
  if ((peeled || object) !== action.commit) throw otherCommit(action, peeled || object);
  return object;
}

/**
 * Makes the tag as it will be made, shows it to the remote and to the user's hook, and takes it away again: what would stop
 * the release after its gates stops it before the build. The remote refuses or cannot take it: all refs of an atomic push
 * are updated or none (git-push(1)), and a ref and one below it cannot both be.
 */
async function makeAndTakeAway(action: TryTag, world: World): Promise<Outcome> {
  const git = gitOf(world);
  const made = await createTag(git, action);
  try {
    const remote = remoteOf(world.facts.git);
    if (!remote || action.claim === null) return "done";
    const ref = `refs/tags/${action.tag}`;
    // Beside the claim, which is pushed at the same time.
    const pair = [`${action.claim}-tag`, `${action.claim}-tag/tag`];
    const refs = [`${ref}:${ref}`, ...pair.map((one) => `${action.commit}:${one}`)];
    const answer = await git([...pushWords, "--atomic", remote.pushTo, ...refs]);
    const said = answer.stdout.split("\n").find((line) => line.startsWith(`!\t${ref}:`)) ?? "";
    if (notTaken.test(said) || isHook(answer))
      throw failed(`${remote.name} would not take the Git tag ${action.tag}`, answer, remote);
    return "done";
  } finally {
    if (made === "done") {
      // `Deleted tag 'x' (was 1234abcd)`, with as many digits as a hash has.
      const { stdout } = await git(["-c", "core.abbrev=40", "tag", "--delete", action.tag]);
      const object = / \(was ([0-9a-f]{40})\)$/.exec(stdout.trim())?.[1];
      if (object) world.state.tried.set(action.tag, object);
    }
  }
}

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
      : (known?.fix ?? (isHook(answer) ? ownHook : "Ask for permission to push tags, then run the same command again")),
    exitCode: code,
    kind: "git",
  });
}

const notMade = (tag: string): UserError =>
  new UserError(`the Git tag ${tag} is no longer in this clone`, {
    why: "It was made earlier in this run, and is pushed as it was made.",
    fix: "Run the same command again",
    kind: "git",
  });

const ownHook =
  "Your pre-push hook refused it: do what it asks for, or see what it says: git rev-parse --git-path hooks/pre-push";

const otherCommit = (wanted: { readonly tag: string; readonly commit: string }, commit: string): UserError =>
  new UserError(`the Git tag ${wanted.tag} names ${commit.slice(0, 12)}, not ${wanted.commit.slice(0, 12)}`, {
    why: "A release tag names the commit that was tested, and never moves.",
    fix: "Release the next version from this commit, or check out the tagged commit",
  });
