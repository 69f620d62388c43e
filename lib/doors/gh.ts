import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { ghFailure } from "../git/gh_failure.ts";
import { type GithubRepo, hostsIn, repoWord } from "../git/github_repo.ts";
import { jsonOf } from "../text/shape.ts";
import { alarm } from "./clock.ts";
import { readText } from "./files.ts";
import { interruption } from "./interrupt.ts";
import { type Captured, capture } from "./shell.ts";

type Env = Readonly<Record<string, string | undefined>>;
/** Where gh is started, and the repo that it is asked about. */
export type GhPlace = { readonly folder: string; readonly env: Env; readonly repo: GithubRepo };

/** Seconds that GitHub may take. */
const patience = 60;

/**
 * gh asks nobody and prints no colours; of a variable that names another repo it hears nothing, and it starts no Git in this
 * one, whose settings may be a stranger's.
 */
const quiet: Env = {
  ...{ GH_PROMPT_DISABLED: "1", GH_NO_UPDATE_NOTIFIER: "1", NO_COLOR: "1", GIT_DIR: "/dev/null", LC_ALL: "C" },
  ...{ GH_REPO: undefined, GH_DEBUG: undefined, DEBUG: undefined, GH_FORCE_TTY: undefined, CLICOLOR_FORCE: undefined },
};

/** Asks gh about a repo, and gives what came of it; `input` is what it reads. */
export async function tryGh(
  { folder, env, repo }: GhPlace,
  words: readonly string[],
  input = "",
): Promise<Captured & { readonly isLate: boolean }> {
  const stop = new AbortController();
  let isLate = false;
  const end = () => stop.abort();
  const callOff = alarm(patience * 1000, () => {
    isLate = true;
    end();
  });
  const interrupted = interruption();
  interrupted.addEventListener("abort", end, { once: true });
  try {
    // `gh repo` is about one, all others are asked in one.
    const argv = ["gh", ...words, ...(words[0] === "repo" ? [] : ["--repo"]), repoWord(repo)];
    const answer = await capture(argv, { cwd: folder, env: { ...env, ...quiet }, input, signal: stop.signal });
    return { ...answer, isLate };
  } finally {
    callOff();
    interrupted.removeEventListener("abort", end);
  }
}

/** What gh tells as JSON; throws what it says where it fails. */
export async function askGh(place: GhPlace, words: readonly string[]): Promise<unknown> {
  const answer = await tryGh(place, words);
  const told = answer.code === 0 ? jsonOf(answer.stdout) : undefined;
  if (told !== undefined) return told;
  const { what, ...advice } = ghFailure(answer, place.repo.host, words.slice(0, 2).join(" "));
  throw new UserError(what, advice);
}

/** The hosts that a person logged in to, by gh's own file of them (gh help environment). */
export function ghHosts(env: Env): readonly string[] {
  const config = env["XDG_CONFIG_HOME"] || join(env["HOME"] ?? "", ".config");
  return hostsIn(readText(join(env["GH_CONFIG_DIR"] || join(config, "gh"), "hosts.yml")) ?? "");
}

/** The text of a file that was named, or of standard input as `-`; null where it is none in UTF-8. */
export function readGiven(path: string): string | null {
  const bytes = readFileSync(path === "-" ? 0 : path);
  return isUtf8(bytes) ? bytes.toString("utf8") : null;
}
