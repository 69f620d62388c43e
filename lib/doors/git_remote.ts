import { UserError } from "../model/errors.ts";
import type { GitFacts } from "../model/facts.ts";
import { chooseRemote, type KnownRemote } from "../model/git_remote.ts";
import { gitIn, tryGit } from "./git.ts";

type Env = Readonly<Record<string, string | undefined>>;

type RemoteFacts = Pick<GitFacts, "remote" | "origin" | "upstreams" | "unclear" | "signs">;

/** What is asked of the user's settings in one look. */
const asked = String.raw`^(remote\..*\.(push)?url|branch\..*\.(remote|merge)|tag\.(gpgsign|forcesignannotated))$`;

/** Where a repo keeps claims, log and release tags, and whether its Git signs tags; `wanted` is `release.remote`. */
export async function loadRemote(folder: string, wanted: string | null, env: Env): Promise<RemoteFacts> {
  const [listed, settings] = await Promise.all([
    gitIn(folder, env)(["remote", "--verbose"]),
    tryGit(folder, env, ["config", "--null", "--get-regexp", asked]),
  ]);
  // A setting without a value is true (git-config(1), "Values").
  const rows = settings.stdout.split("\0").map((row) => {
    const [key = "", ...value] = row.split("\n");
    return { key, value: value.length > 0 ? value.join("\n") : "true" };
  });
  const valuesOf = (key: string) => rows.filter((row) => row.key === key).map(({ value }) => value);
  const branches = rows.flatMap(({ key, value }) => {
    const branch = /^branch\.(.*)\.remote$/s.exec(key)?.[1];
    return branch && value !== "." ? [{ branch, remote: value, there: valuesOf(`branch.${branch}.merge`)[0] }] : [];
  });
  const followed = branches.map(({ remote }) => remote);
  const origin = valuesOf("remote.origin.url")[0] ?? null;
  const signs = rows.some(({ key, value }) => key.startsWith("tag.") && /^(true|yes|on|1)$/i.test(value));
  const remotes = remotesIn(listed, valuesOf);
  try {
    const remote = chooseRemote({ remotes, wanted, followed });
    const there = branches.flatMap((one) =>
      one.remote === remote?.name && one.there ? [[one.branch, one.there]] : [],
    );
    return { remote, origin, upstreams: Object.fromEntries(there), unclear: null, signs };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { remote: null, origin, upstreams: {}, unclear: error, signs };
  }
}

/** Each remote with its addresses as they were set, and as Git goes to them: `origin<tab>ADDRESS (push)`. */
function remotesIn(listed: string, valuesOf: (key: string) => string[]): KnownRemote[] {
  const lines = listed.split("\n").flatMap((line) => {
    const [, name, address, way] = /^(.+?)\t(.*) \((fetch|push)\)/.exec(line) ?? [];
    return name && address ? [{ name, address, way }] : [];
  });
  return [...new Set(lines.map(({ name }) => name))].map((name) => {
    const going = (way: string) => lines.filter((line) => line.name === name && line.way === way);
    return {
      name,
      urls: valuesOf(`remote.${name}.url`),
      pushUrls: valuesOf(`remote.${name}.pushurl`),
      fetches: going("fetch").map(({ address }) => address),
      pushes: going("push").map(({ address }) => address),
    };
  });
}

/** Where the refs of a release are; throws where nobody can tell. */
export function remoteOf({ remote, unclear }: Pick<GitFacts, "remote" | "unclear">): GitFacts["remote"] {
  if (unclear) throw unclear;
  return remote;
}
