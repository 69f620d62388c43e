import { join, relative } from "node:path";
import { UserError } from "../errors.ts";
import { gitFailure } from "../git/git_failure.ts";
import { withoutPassword } from "../git/git_remote.ts";
import { refLimit } from "../names/claim.ts";
import type { Origin } from "../names/log.ts";
import type { Commit } from "../names/report.ts";
import type { GitFacts, Place } from "../plan/facts.ts";
import { oneLine } from "../text/visible.ts";
import { alarm, every } from "./clock.ts";
import { notice } from "./console.ts";
import { exists } from "./files.ts";
import { quietEnv } from "./git_settings.ts";
import { firstInterrupt } from "./interrupt.ts";
import { gitDirAbove } from "./place.ts";
import { type Captured, capture } from "./shell.ts";

export type Git = (words: readonly string[], input?: string) => Promise<string>;
type Env = Readonly<Record<string, string | undefined>>;

/** Git never asks for a password here, and reads a commit as everybody has it, not as this clone replaces it (git-replace(1)). */
const gitEnv = (env: Env): Env => ({
  ...env,
  GIT_TERMINAL_PROMPT: "0",
  GIT_NO_REPLACE_OBJECTS: "1",
  LC_ALL: "C",
});

/** Who tags and commits where Git knows nobody. */
const nobody: Env = {
  GIT_AUTHOR_NAME: "slipway",
  GIT_AUTHOR_EMAIL: "slipway@localhost",
  GIT_COMMITTER_NAME: "slipway",
  GIT_COMMITTER_EMAIL: "slipway@localhost",
};
const isNobody = /Please tell me who you are|empty ident name|unable to auto-detect email|no (name|email) was given/;

/** What changes refs or files here: cut off half-way it leaves a lock, or files that are neither the old nor the new ones. */
const changing = new Set(["tag", "update-ref", "clean", "switch", "merge", "commit", "config", "submodule"]);
/** What speaks to a remote, and may wait for it for ever. */
const remoteCalls = new Set(["ls-remote", "fetch", "push"]);

/** What a person would type as well: their hooks run for the tag of a release and its push, not for refs of Slipway's own. */
function runsHooks(words: readonly string[]): boolean {
  const name = commandIn(words);
  return (name === "push" && !words.includes("--no-verify")) || (name === "tag" && !words.includes("--list"));
}

/** The folders in which Git was seen to know nobody, by the environment of a run: it is not asked again. */
const nobodyIn = new WeakMap<Env, Set<string>>();

/** Runs git in a folder and gives what came of it. Whoever the user is to Git tags and commits; Slipway only where that is nobody. */
export async function tryGit(
  folder: string,
  env: Env,
  words: readonly string[],
  input?: string,
  most?: number,
): Promise<Captured> {
  const folders = nobodyIn.get(env) ?? new Set();
  const known = folders.has(folder) ? { ...nobody, ...env } : env;
  const answer = await callGit(folder, known, words, input, most);
  if (answer.code === 0 || !isNobody.test(answer.stderr)) return answer;
  nobodyIn.set(env, folders.add(folder));
  return callGit(folder, { ...nobody, ...env }, words, input, most);
}

async function callGit(...[folder, env, words, input, most]: Parameters<typeof tryGit>): Promise<Captured> {
  const name = commandIn(words);
  const options = {
    cwd: folder,
    env: { ...gitEnv(env), ...(await quietEnv(folder, env, runsHooks(words))) },
    ...(input === undefined ? {} : { input }),
    ...(most === undefined ? {} : { limit: most }),
  };
  const git = (more: Pick<Parameters<typeof capture>[1], "apart" | "signal" | "started">) =>
    capture(["git", "-C", folder, ...words], { ...options, ...more });
  return remoteCalls.has(name)
    ? withRemote(words, (signal, started) => git({ apart: true, signal, started }))
    : git({ apart: changing.has(name) });
}

/** The command, behind settings that are given before it. */
const commandIn = (words: readonly string[]): string => words[startOf(words)] ?? "";
const startOf = (words: readonly string[]): number =>
  words.findIndex((word, index) => word !== "-c" && words[index - 1] !== "-c");

/**
 * Seconds for a push of a tag, which takes its commits along, and at first runs the hook that a user has before it; and for
 * a fetch of all that is new, where others only want a ref.
 */
const hookLimit = 1800;
const takesLong = (words: readonly string[]): boolean =>
  (commandIn(words) === "fetch" && words.includes("--no-recurse-submodules")) ||
  (commandIn(words) === "push" && words.some((word) => /:refs\/tags\/|^--set-upstream$/.test(word)));
/** Seconds for a look at what became of a call that Ctrl-C ended. */
const lastLimit = 10;
/** Seconds in which a push that Ctrl-C meets may end by itself, so that its outcome is known. */
const grace = 3;
const toldEvery = 20;

const remoteIn = (words: readonly string[]): string =>
  withoutPassword(words.slice(startOf(words) + 1).find((word) => !word.startsWith("-")) ?? "the remote");
const lastLines = (text: string, count: number): string => text.trim().split("\n").slice(-count).join(" ");

/** Speaks to a remote with a limit, tells what it waits for, and ends the transport at the first Ctrl-C. */
async function withRemote(
  words: readonly string[],
  call: (signal: AbortSignal, started: (pid: number) => void) => Promise<Captured>,
): Promise<Captured> {
  const remote = remoteIn(words);
  const stop = new AbortController();
  const interrupt = firstInterrupt();
  const isPush = commandIn(words) === "push";
  const limit = takesLong(words) ? hookLimit : refLimit;
  const most = interrupt.aborted ? Math.min(limit, lastLimit) : limit;
  let [waited, isLate, group, busy] = [0, false, 0, ""];
  const callOffs = [
    alarm(most * 1000, () => {
      isLate = true;
      void workIn(group).then((program) => {
        busy = program === "" ? "" : `, waiting for: ${program}`;
        stop.abort();
      });
    }),
    every(toldEvery * 1000, () => {
      waited += toldEvery;
      notice(`waiting for ${remote} (${waited} s)`);
    }),
  ];
  const onInterrupt = () => {
    if (isPush) callOffs.push(alarm(grace * 1000, () => stop.abort()));
    else stop.abort();
  };
  interrupt.addEventListener("abort", onInterrupt, { once: true });
  try {
    const answer = await call(stop.signal, (pid) => {
      group = pid;
    });
    if (answer.code === 0 || !isLate) return answer;
    return { ...answer, stderr: `${answer.stderr}\n${remote} did not answer within ${most} s${busy}` };
  } finally {
    for (const callOff of callOffs) callOff();
    interrupt.removeEventListener("abort", onInterrupt);
  }
}

/** The program that a group of processes waits for, a helper that asks for a password or ssh: the last one started by another. */
async function workIn(group: number): Promise<string> {
  const { stdout } = await capture(["ps", "-A", "-o", "pgid=,pid=,ppid=,stat=,args="], { cwd: "/", env: process.env });
  const rows = stdout.split("\n").flatMap((line) => {
    const [, pgid, pid, parent, state = "", words = ""] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    // One that has ended stays in the list until its parent asks for it (ps(1), "PROCESS STATE CODES").
    return Number(pgid) === group && !state.startsWith("Z") ? [{ pid, parent, words }] : [];
  });
  const last = rows.findLast(({ pid }) => !rows.some(({ parent }) => parent === pid));
  return withoutPassword(last?.words.slice(0, 100) ?? "");
}

/** Git bound to a folder; throws what git says. */
export const gitIn =
  (folder: string, env: Env): Git =>
  async (words, input) => {
    const { code, stdout, stderr } = await tryGit(folder, env, words, input);
    if (code === 0) return stdout.replace(/\n$/, "");
    // Facts are read side by side: whoever of them meets it first says the same.
    if (/does not have any commits yet|Not a valid object name HEAD/.test(stderr)) throw noCommit();
    const known = gitFailure(stderr, remoteCalls.has(commandIn(words)) ? remoteIn(words) : null);
    throw new UserError(`git ${nameOf(words)} ended with ${code}`, {
      why: known ? `${known.why} Git says: ${known.said}` : lastLines(stderr, 3) || "Git gave no reason.",
      fix:
        known?.fix ??
        (code === 127 ? "Install git, e.g. apt-get install git" : `Check it by hand: git -C ${folder} status`),
      kind: "git",
    });
  };

/** The command with its first word, without settings of ours before it. */
const nameOf = (words: readonly string[]): string => words.slice(startOf(words)).slice(0, 2).join(" ");

const lines = (text: string): string[] => text.split("\n").filter((line) => line !== "");

type Code = Pick<GitFacts, "commit" | "branch" | "code" | "tree" | "dirty" | "shallow">;

/** What a user may have told Git to leave out of its look is in it here: a release is of all that is there. */
const wholeStatus = [
  ...["-c", "core.trustctime=true", "-c", "core.checkStat=default", "-c", "core.ignoreStat=false"],
  ...["status", "--porcelain=v2", "--branch", "--untracked-files=normal", "--ignore-submodules=none"],
];

type Head = { readonly commit: string; readonly tree: string; readonly time: number };

/** What is checked out in a repo; null where it has no commit. */
async function headOf(folder: string, env: Env): Promise<Head | null> {
  const { code, stdout } = await tryGit(folder, env, ["log", "-1", "--format=%H %T %ct"]);
  const [commit = "", tree = "", time = ""] = stdout.trim().split(" ");
  return code === 0 ? { commit, tree, time: Number(time) } : null;
}

/** The code as it is mounted: commit and branch of the owner, commit and tree of the outermost repo, what is not committed. */
export const loadCode = async (place: Place, env: Env): Promise<Code> => (await codeAndHead(place, env)).code;

async function codeAndHead(place: Place, env: Env): Promise<{ readonly code: Code; readonly head: Head | null }> {
  const { owner, root } = place;
  const isOne = owner === root;
  const [own, outer, head, above] = await Promise.all([
    gitIn(owner, env)(wholeStatus),
    isOne ? "" : gitIn(root, env)(wholeStatus),
    headOf(owner, env),
    isOne ? null : headOf(root, env),
  ]);
  const mounted = isOne ? head : above;
  const code = {
    commit: own.match(/^# branch.oid (.*)$/m)?.[1] ?? "",
    branch: own.match(/^# branch.head (.*)$/m)?.[1]?.replace(/^\(detached\)$/, "") || null,
    code: mounted?.commit ?? "",
    tree: mounted?.tree ?? "",
    dirty: [...new Set([...changed(own), ...changed(outer)])],
    // A repo that lacks what is behind some commits names them there (gitrepository-layout(5)).
    shallow: exists(join(gitDirAbove(root) ?? root, "shallow")),
  };
  return { code, head };
}

/** The mounted code, and of the owner's repo: the commit's time and the image's tags. */
export async function loadGit(place: Place, image: string, env: Env): Promise<Code & Pick<GitFacts, "time" | "tags">> {
  const [{ code, head }, tags] = await Promise.all([
    codeAndHead(place, env),
    gitIn(
      place.owner,
      env,
    )([...["for-each-ref", "--format=%(refname:lstrip=2) %(objectname) %(*objectname)", `refs/tags/${image}-*`]]),
  ]);
  if (head === null) throw noCommit();
  return { ...code, time: head.time, tags: tagsIn(tags) };
}

const noCommit = (): UserError =>
  new UserError("the Git repo has no commits", {
    why: "An image is built from a commit.",
    fix: "git add --all && git commit -m 'First commit'",
  });

/** Each tag with its commit: the object that an annotated tag points at, else its own. */
const tagsIn = (text: string): GitFacts["tags"] =>
  Object.fromEntries(
    lines(text)
      .map((line) => line.split(" "))
      .map(([tag, object, peeled]) => [tag, peeled || object || ""]),
  );

/** The paths of porcelain v2: an ordinary line has 8 fields before its path, a renamed one 9, an unmerged one 10. */
const changed = (status: string): string[] =>
  lines(status)
    .filter((line) => !line.startsWith("#"))
    .map((line) => {
      const before = { "1": 8, "2": 9, u: 10 }[line[0] ?? ""] ?? 1;
      return (line.split("\t")[0] ?? line).split(" ").slice(before).join(" ");
    });

/** The branches of a remote, by its address, each with its commit; of this repo where it has none. */
export async function headsOf(folder: string, address: string | null, env: Env): Promise<ReadonlyMap<string, string>> {
  const heads = "refs/heads/";
  const git = gitIn(folder, env);
  const text = address ? await git(["ls-remote", address, `${heads}*`]) : await git(["for-each-ref", heads]);
  return new Map(
    lines(text).map((line) => [line.replace(/^[^\t]*\t/, "").slice(heads.length), /^[0-9a-f]*/.exec(line)?.[0] ?? ""]),
  );
}

/** The names of those branches. */
export const branchesOf = async (...given: Parameters<typeof headsOf>): Promise<readonly string[]> => [
  ...(await headsOf(...given)).keys(),
];

/** Who made each of an image's tags and when: of a plain one its commit's author. */
export async function tagOrigins(place: Place, image: string, env: Env): Promise<Readonly<Record<string, Origin>>> {
  const format = "%(refname:lstrip=2)%1f%(creatordate:iso-strict)%1f%(taggername)%(authorname)";
  const text = await gitIn(place.owner, env)(["for-each-ref", `--format=${format}`, `refs/tags/${image}-*`]);
  const rows = lines(text).map((line) => line.split("\u001f"));
  return Object.fromEntries(rows.map(([tag = "", at = "", by = ""]) => [tag, { at, by: oneLine(by) }]));
}

/** The tags whose commits have this one behind them or are it. */
export const tagsWith = async (place: Place, commit: string, env: Env): Promise<string[]> =>
  lines(await gitIn(place.owner, env)(["tag", "--list", "--contains", commit]));

type Range = { readonly from: string | null; readonly to: string; readonly most: number };

/** The commits of a runnable dir after one and up to another, newest first, merges left out; null where this clone lacks one. */
export async function commitsBetween(place: Place, { from, to, most }: Range, env: Env): Promise<Commit[] | null> {
  const own = join(place.root, place.dir);
  const { code, stdout } = await tryGit(place.owner, env, [
    ...["log", `--max-count=${most}`, "--no-merges", "--format=%h%x1f%an%x1f%s", from ? `${from}..${to}` : to],
    ...(own === place.owner ? [] : ["--", `:(top,literal)${relative(place.owner, own)}`]),
  ]);
  if (code !== 0) return null;
  return lines(stdout).map((line) => {
    const [hash = "", author = "", subject = ""] = line.split("\u001f");
    return { hash, author, subject };
  });
}

/** A file of the runnable dir as a commit has it; null where the commit, or the file in it, is not known here. */
export async function fileAt(place: Place, { commit, path }: { commit: string; path: string }, env: Env) {
  const file = relative(place.owner, join(place.root, place.dir, path));
  const { code, stdout } = await tryGit(place.owner, env, ["show", `${commit}:${file}`]);
  return code === 0 ? stdout : null;
}

/** The last commit of a repo that changed anything under the paths, with its time in seconds; its last commit when nothing did. */
export async function lastChange(
  repo: string,
  paths: readonly string[],
  env: Env,
): Promise<{ revision: string; time: number }> {
  const log = (more: readonly string[]) => gitIn(repo, env)(["log", "-1", "--format=%H %ct", ...more]);
  const found = paths.length > 0 ? await log(["--", ...paths.map((path) => `:(top,literal)${path}`)]) : "";
  const [revision = "", time = "0"] = (found || (await log([]))).split(" ");
  return { revision, time: Number(time) };
}
