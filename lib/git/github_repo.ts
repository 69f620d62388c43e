import { hostedRepo } from "./git_remote.ts";

/** A repo on GitHub, or on a server of GitHub's making in a company. */
export type GithubRepo = { readonly host: string; readonly owner: string; readonly name: string };

/** What `gh --repo` takes; with the host, so that no variable turns it to another server. */
export const repoWord = ({ host, owner, name }: GithubRepo): string => `${host}/${owner}/${name}`;

/** The repo that Git has at an address; null for a folder, and for what no server of GitHub's could have. */
export function githubRepoAt(address: string): GithubRepo | null {
  const hosted = hostedRepo(address);
  return hosted && repoFrom([hosted.host, ...hosted.path.split("/")]);
}

/** `GH_REPO` of the user's own environment, `[HOST/]OWNER/NAME` or an address (gh help environment); null for what is none. */
export function parseGithubRepo(text: string, host: string): GithubRepo | null {
  const parts = text.split("/");
  return githubRepoAt(text) ?? repoFrom(parts.length === 2 ? [host, ...parts] : parts);
}

function repoFrom([host = "", owner = "", name = "", ...more]: readonly string[]): GithubRepo | null {
  const isHost = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(host);
  const areNames = [owner, name].every((part) => /^[\w.-]+$/.test(part) && !/^(-|\.\.?$)/.test(part));
  // GitHub is reached by ssh under another name too, over port 443.
  const known = host.toLowerCase().replace(/^(?:www|ssh)\.(?=github\.com$)/, "");
  return isHost && areNames && more.length === 0 ? { host: known, owner, name } : null;
}

/** The hosts in gh's file of logins, whose top has one key for each. */
export const hostsIn = (text: string): readonly string[] =>
  [...text.matchAll(/^["']?([^\s"'#:]+)["']?:/gm)].map(([, host = ""]) => host.toLowerCase());
