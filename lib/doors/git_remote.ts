import { UserError } from "../errors.ts";
import { chooseRemote, remotesIn } from "../git/git_remote.ts";
import { identityIn, type Value } from "../git/git_settings.ts";
import type { GitFacts } from "../plan/facts.ts";
import { gitIn, tryGit } from "./git.ts";

type Env = Readonly<Record<string, string | undefined>>;

export type RemoteFacts = Pick<GitFacts, "remote" | "origin" | "upstreams" | "unclear" | "signs" | "identity">;

/** What every repo has in its own settings (gitrepository-layout(5), "config"). */
const everywhere = "core.repositoryformatversion";
/** What is asked of the user's settings in one look. */
const asked = String.raw`^(${everywhere}|remote\..*\.(push)?url|url\..*\.(push)?insteadof|branch\..*\.(remote|merge)|tag\.(gpgsign|forcesignannotated)|(user|author|committer)\.(name|email))$`;

/** Where a repo keeps claims, log and release tags, whether its Git signs tags, and who commits; `wanted` is `release.remote`. */
export async function loadRemote(folder: string, wanted: string | null, env: Env): Promise<RemoteFacts> {
  const settings = await settingsOf(folder, env);
  const valuesOf = (key: string) => settings.filter((row) => row.key === key).map(({ value }) => value);
  const branches = settings.flatMap(({ key, value }) => {
    const branch = /^branch\.(.*)\.remote$/s.exec(key)?.[1];
    return branch && value !== "." ? [{ branch, remote: value, there: valuesOf(`branch.${branch}.merge`)[0] }] : [];
  });
  const followed = branches.map(({ remote }) => remote);
  const known = {
    origin: valuesOf("remote.origin.url")[0] ?? null,
    signs: settings.some(({ key, value }) => key.startsWith("tag.") && /^(true|yes|on|1)$/i.test(value)),
    identity: identityIn(settings, env),
  };
  try {
    const remote = chooseRemote({ remotes: remotesIn(settings), wanted, followed });
    const there = branches.flatMap((one) =>
      one.remote === remote?.name && one.there ? [[one.branch, one.there]] : [],
    );
    return { ...known, remote, upstreams: Object.fromEntries(there), unclear: null };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { ...known, remote: null, upstreams: {}, unclear: error };
  }
}

async function settingsOf(folder: string, env: Env): Promise<Value[]> {
  const words = ["config", "--null", "--get-regexp", asked];
  const { code, stdout } = await tryGit(folder, env, words);
  // It ends with 1 where there is none; what else it meets, a user is told as Git says it.
  if (code > 1) await gitIn(folder, env)(words);
  // A setting without a value is true (git-config(1), "Values").
  const settings = stdout.split("\0").flatMap((row) => {
    const [key = "", ...value] = row.split("\n");
    return key === "" ? [] : [{ key, value: value.length > 0 ? value.join("\n") : "true" }];
  });
  // Of a repo that it does not trust, or finds damaged, Git gives no setting and no error here: it says why when asked for it.
  if (!settings.some(({ key }) => key === everywhere)) await gitIn(folder, env)(["rev-parse", "--git-dir"]);
  return settings;
}

/** Where the refs of a release are; throws where nobody can tell. */
export function remoteOf({ remote, unclear }: Pick<GitFacts, "remote" | "unclear">): GitFacts["remote"] {
  if (unclear) throw unclear;
  return remote;
}
