import { UserError } from "../errors.ts";
import { quote } from "../plan/render_plan.ts";
import type { Value } from "./git_settings.ts";

/** The repo that holds the claims, the log and the release tags. */
export type Remote = {
  /** What it is called here, as it may be shown. */
  readonly name: string;
  /** Where it is read, as `git remote add` was given it. */
  readonly address: string;
  /** Where it is pushed to: another way to the same repo, or the same address. */
  readonly pushTo: string;
};

/** A remote of a clone; `fetches` and `pushes` are what Git makes of its addresses (git-config(1), url.<base>.insteadOf). */
export type KnownRemote = {
  readonly name: string;
  readonly urls: readonly string[];
  readonly pushUrls: readonly string[];
  readonly fetches: readonly string[];
  readonly pushes: readonly string[];
};

/** The remotes of a clone by its settings, as `git remote --verbose` lists them. */
export function remotesIn(settings: readonly Value[]): KnownRemote[] {
  const valuesOf = (key: string) => settings.filter((row) => row.key === key).map(({ value }) => value);
  const names = settings.flatMap(({ key }) => /^remote\.(.*)\.(?:push)?url$/s.exec(key)?.[1] ?? []);
  return [...new Set(names)].sort().map((name) => {
    const [urls, pushUrls] = [valuesOf(`remote.${name}.url`), valuesOf(`remote.${name}.pushurl`)];
    const fetches = urls.map((url) => rewritten(settings, "insteadof", url) ?? url);
    const others = urls.flatMap((url) => rewritten(settings, "pushinsteadof", url) ?? []);
    const pushed = pushUrls.map((url) => rewritten(settings, "insteadof", url) ?? url);
    const pushes = [pushed, others, fetches].find((addresses) => addresses.length > 0) ?? [];
    return { name, urls, pushUrls, fetches: fetches.slice(0, 1), pushes };
  });
}

/** What the longest beginning of an address that has another, `url.<base>.<name>`, makes of it; null where none has. */
function rewritten(settings: readonly Value[], name: string, address: string): string | null {
  const fits = settings.flatMap(({ key, value }) => {
    const base = key.startsWith("url.") && key.endsWith(`.${name}`) ? key.slice(4, -name.length - 1) : null;
    return base !== null && address.startsWith(value) ? [{ base, length: value.length }] : [];
  });
  const longest = Math.max(...fits.map(({ length }) => length));
  const first = fits.find(({ length }) => length === longest);
  return first ? first.base + address.slice(first.length) : null;
}

type Known = {
  readonly remotes: readonly KnownRemote[];
  /** `release.remote`: a name or an address. */
  readonly wanted: string | null;
  /** The remotes that the branches of the clone follow. */
  readonly followed: readonly string[];
};

/** An address as it may be shown: what stands before the host of a web address is a password or a token. */
export const withoutPassword = (address: string): string => address.replace(/^(https?:\/\/)[^/@\s]*@/i, "$1***@");

/** `origin (git@host:team/repo.git)`, or the address alone. */
export const shownRemote = ({ name, address }: Remote): string =>
  name === withoutPassword(address) ? name : `${name} (${withoutPassword(address)})`;

/**
 * The one remote that everybody's releases are kept in, null for a repo without one: the one that the config names, the only
 * one, or the one that all branches follow. A remote called `upstream` is by convention the repo that this one was forked
 * from, so it counts as followed.
 */
export function chooseRemote({ remotes, wanted, followed }: Known): Remote | null {
  if (wanted !== null) return named(remotes, wanted);
  const [first] = remotes;
  if (!first) return null;
  if (remotes.length === 1) return reached(first);
  const upstream = remotes.filter(({ name }) => name === "upstream").map(({ name }) => name);
  const [only, ...others] = new Set([...upstream, ...followed]);
  const chosen = remotes.find(({ name }) => name === only);
  if (chosen && others.length === 0) return reached(chosen);
  const names = remotes.map(({ name }) => name).join(", ");
  const team = remotes.find(({ name }) => name === "upstream") ?? first;
  throw new UserError(`the repo has the remotes ${names}, and nothing says which of them holds the releases`, {
    why: `Claims, the log and release tags are kept in one repo, so that a fork does not have a truth of its own; ${followed.length > 0 ? `the branches here follow ${[...new Set(followed)].join(" and ")}` : "no branch here follows one"}.`,
    fix: `Name the team's repo in repo_config.yaml, e.g. release: {remote: ${withoutPassword(team.urls[0] ?? team.name)}}`,
    kind: "git",
  });
}

function named(remotes: readonly KnownRemote[], wanted: string): Remote {
  const own = remotes.find(({ name, urls }) => name === wanted || urls.includes(wanted));
  if (own) return reached(own);
  if (/[:/]/.test(wanted)) return { name: withoutPassword(wanted), address: wanted, pushTo: wanted };
  throw new UserError(`release.remote is ${wanted}, and this clone has no remote of that name`, {
    why: "Claims, the log and release tags are kept in one repo, and the names of remotes are each clone's own.",
    fix: `Add it: git remote add ${quote(wanted)} ADDRESS; or write the address itself into repo_config.yaml, release.remote`,
    kind: "git",
  });
}

/** What is pushed to one repo and read from another is no claim, and no log that anybody sees. */
function reached({ name, urls, pushUrls, fetches, pushes }: KnownRemote): Remote {
  const address = urls[0] ?? name;
  const pushTo = pushUrls[0] ?? address;
  if (address.startsWith("-") || pushTo.startsWith("-"))
    throw new UserError(`the address of the remote ${name} is "${withoutPassword(address)}"`, {
      why: "Git would take it for an option.",
      fix: `Set the right one: git remote set-url ${quote(name)} ADDRESS`,
      kind: "git",
    });
  const other = pushes.find((one) => repoAt(one) !== repoAt(fetches[0] ?? one));
  if (other === undefined) return { name, address, pushTo };
  const setting =
    pushUrls.length > 0 ? `remote.${name}.pushurl` : urls.length > 1 ? `remote.${name}.url` : "pushInsteadOf";
  throw new UserError(
    `${name} is read from ${withoutPassword(fetches[0] ?? address)} and pushed to ${withoutPassword(other)}, by ${setting}`,
    {
      why: "A claim that is pushed to one repo and read from another is none, and two people could release the same version.",
      fix: `Name the repo that holds the releases in repo_config.yaml, e.g. release: {remote: ${withoutPassword(address)}}; or take the setting away: git config --show-origin --get-regexp 'push(url|insteadof)'`,
      kind: "git",
    },
  );
}

/** Where a forge has a repo, however Git reaches it. */
export type HostedRepo = { readonly host: string; readonly account: string; readonly path: string };
/** What the template has in the place of an account. */
export const placeholderAccount = "your-account";

/** `git@host:team/x.git` is `team/x` of the account `team` at `host`; null for a folder. */
export function hostedRepo(address: string): HostedRepo | null {
  const [, host, rest] =
    /^(?:https?|ssh|git|git\+ssh):\/\/(?:[^/@]*@)?([^/:]+)(?::\d+)?\/(.*)$/i.exec(address) ??
    /^(?:[^/@:]*@)?([^/:]{2,}):(?!\/\/)(.*)$/.exec(address) ??
    [];
  const path = (rest ?? "")
    .replace(/\/+$/, "")
    .replace(/\.git$/, "")
    .replace(/^\/+/, "");
  const account = path.split("/").slice(0, -1).join("/");
  return host === undefined || path === "" ? null : { host: host.toLowerCase(), account, path };
}

/** Two ways to one repo are the same here: `https://host/a/b`, `ssh://git@host:22/a/b.git` and `git@host:a/b`. */
function repoAt(address: string): string {
  const hosted = hostedRepo(address);
  return hosted ? `${hosted.host}/${hosted.path}` : address.replace(/^file:\/\//, "").replace(/\/+$/, "");
}

/** Where people find the code that Git has at an address; null for a folder, which is nobody else's. */
export function sourceAt(address: string): string | null {
  const hosted = hostedRepo(address);
  return hosted && `https://${hosted.host}/${hosted.path}`;
}
