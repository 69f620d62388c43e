import type { Advice } from "../errors.ts";
import { oneLine } from "../text/visible.ts";

/** How a call of gh ended that failed. */
export type GhAnswer = { readonly code: number; readonly stderr: string; readonly isLate?: boolean };
/** The kind of an error where GitHub was not reached: the next look may. */
export const unreachable = "github_unreachable";

type Row = {
  readonly says: RegExp;
  readonly what: (host: string) => string;
  readonly why: string;
  readonly fix: (host: string) => string;
  readonly kind?: string;
};

/** The first that fits counts; the words are those of gh and of GitHub's API. */
const rows: readonly Row[] = [
  {
    says: /gh auth login|HTTP 401|Bad credentials/i,
    what: (host) => `gh is not logged in to ${host}`,
    why: "GitHub takes nothing from somebody whom it does not know.",
    fix: (host) => `Log in: gh auth login --hostname ${host}`,
  },
  {
    says: /rate limit|HTTP 429/i,
    what: (host) => `${host} was asked too often`,
    why: "GitHub counts the requests of an account.",
    fix: (host) => `See when it takes more: gh api --hostname ${host} rate_limit; then run the same command again`,
  },
  {
    says: /HTTP 403|not accessible|must have \w+ rights|required scopes|permission/i,
    what: (host) => `${host} does not let you do this`,
    why: "Your account, or the token that gh has, lacks the right to it.",
    fix: (host) => `Ask for more: gh auth refresh --hostname ${host} --scopes repo,workflow; or ask the repo's owner`,
  },
  {
    says: /Could not resolve to a Repository|HTTP 404|could not find any workflows/i,
    what: (host) => `${host} does not have what was asked for`,
    why: "GitHub answers so too where your account may not see it.",
    fix: (host) => `See whose account gh uses: gh auth status --hostname ${host}; then check the names`,
  },
  {
    says: /error connecting to|dial tcp|no such host|connection re|i\/o timeout|EOF|x509|proxyconnect|HTTP 5\d\d/i,
    what: (host) => `${host} was not reached`,
    why: "The network, a proxy, the certificate or the server kept gh from it.",
    fix: (host) => `Check it: gh api --hostname ${host} meta; then run the same command again`,
    kind: unreachable,
  },
];

const missing: Advice & { readonly what: string } = {
  what: "gh was not found",
  why: "Issues, pull requests and runs are reached by GitHub's own program.",
  fix: "Install it, e.g. apt-get install gh; then log in: gh auth login",
  exitCode: 127,
  kind: "github",
};

/** What a failed call of gh is told as, with the last of gh's own words. */
export function ghFailure(answer: GhAnswer, host: string, did: string): Advice & { readonly what: string } {
  const { code, stderr, isLate = false } = answer;
  if (code === 127) return missing;
  const said = oneLine(stderr.split(/^\s*Usage:/m)[0]?.trim() ?? "", 500);
  if (isLate)
    return {
      what: `${host} did not answer in time`,
      why: "What nobody answers is not waited for without end.",
      fix: "Run the same command again: it looks first what is there",
      exitCode: 1,
      kind: unreachable,
    };
  const row = rows.find(({ says }) => says.test(stderr));
  return {
    what: row?.what(host) ?? `gh ${did} ended with ${code}`,
    why: [row?.why, said === "" ? "gh gave no reason." : `gh says: ${said}`].filter(Boolean).join(" "),
    fix: row?.fix(host) ?? "Fix what gh names, and run the same command again",
    exitCode: code,
    kind: row?.kind ?? "github",
  };
}
