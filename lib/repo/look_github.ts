import { askGh, type GhPlace, ghHosts, readGiven } from "../doors/gh.ts";
import { headsOf } from "../doors/git.ts";
import { remoteOf } from "../doors/git_remote.ts";
import { UserError } from "../errors.ts";
import { withoutPassword } from "../git/git_remote.ts";
import { type GithubRepo, githubRepoAt, parseGithubRepo } from "../git/github_repo.ts";
import { branchIssue } from "../names/branch_name.ts";
import type { Facts } from "../plan/facts.ts";
import { quote } from "../plan/render_plan.ts";
import { textAt, valueAt } from "../text/shape.ts";

/** Whether GitHub may not be asked. */
export type Online = { readonly offline: boolean };
/** An issue or pull request that is open. */
export type Open = { readonly number: number; readonly url: string };

/**
 * The repo on GitHub that the Git remote is, or that GH_REPO of the user's own environment names. A remote is the repo's own
 * word, and a variable may hold a token for any host: it goes only to a host that a person logged in to (design.md, "GitHub").
 */
export function githubOf({ git, env, place }: Facts, { offline }: Online): GhPlace {
  if (offline)
    throw new UserError("GitHub cannot be asked with --offline", {
      why: "Only GitHub knows its issues, pull requests and runs.",
      fix: "Run the same command without --offline",
    });
  const own = env["GH_HOST"]?.toLowerCase() || "github.com";
  const named = env["GH_REPO"];
  const address = named || remoteOf(git)?.address || "";
  const repo = named ? parseGithubRepo(named, own) : githubRepoAt(address);
  if (repo === null) throw noRepo(named ? "GH_REPO" : "the Git remote", address);
  if (!named && ![own, "github.com", ...ghHosts(env)].includes(repo.host)) throw unknownHost(repo);
  return { repo, env, folder: place.root };
}

const noRepo = (where: string, address: string): UserError =>
  new UserError(
    address === ""
      ? "the repo has no Git remote"
      : `${where} is ${JSON.stringify(withoutPassword(address))}, which is no repo on GitHub`,
    {
      why: "Issues, pull requests and runs are on GitHub, in the repo of the Git remote.",
      fix: "Name the repo: export GH_REPO=OWNER/NAME, or HOST/OWNER/NAME for a server of your company",
      kind: "github",
    },
  );

const unknownHost = ({ host, owner, name }: GithubRepo): UserError =>
  new UserError(`gh is not logged in to ${host}`, {
    why: "The Git remote names this host, and a token goes only to a host that you logged in to yourself.",
    fix: `If you know it: gh auth login --hostname ${host}; if it is only ssh's name for another: export GH_REPO=HOST/${owner}/${name}`,
    kind: "github",
  });

/** The title of an issue. */
export async function titleOf(facts: Facts, issue: number, options: Online): Promise<string> {
  const title = textAt(
    await askGh(githubOf(facts, options), ["issue", "view", String(issue), "--json", "title"]),
    "title",
  );
  if (title) return title;
  throw new UserError(`gh did not tell the title of issue ${issue}`, {
    why: "It gave none.",
    fix: "Give the title: i git_create_branch --title TITLE",
    kind: "github",
  });
}

type Text = { readonly title: string | undefined; readonly body: string; readonly bodyFile: string | undefined };

function titleIn(title: string | undefined, name: string): string {
  if (title !== undefined && title.trim() !== "") return title;
  throw new UserError("no title was given", {
    why: "GitHub has no issue or pull request without one.",
    fix: `Give it: i ${name} --title TITLE`,
  });
}

/** The text below the title, byte for byte: GitHub keeps text, and text alone. */
function bodyIn({ body, bodyFile }: Text): string {
  if (bodyFile === undefined) return body;
  if (body !== "")
    throw new UserError("--body and --body-file do not go together", {
      why: "There is one text below the title.",
      fix: "Leave one of them out",
    });
  const text = readGiven(bodyFile);
  if (text !== null) return text;
  throw new UserError(`${JSON.stringify(bodyFile)} is no text in UTF-8`, {
    why: "GitHub keeps text, and other bytes would be changed on their way.",
    fix: `Convert it: iconv --from-code LATIN1 --to-code UTF-8 ${quote(bodyFile)} >body.md`,
  });
}

const openIn = (told: unknown): readonly (Open & { readonly title: string })[] =>
  (Array.isArray(told) ? told : []).flatMap((one: unknown) => {
    const [number, url, title] = [valueAt(one, "number"), textAt(one, "url"), textAt(one, "title")];
    return typeof number === "number" && url !== undefined && title !== undefined ? [{ number, url, title }] : [];
  });

/** What gh_create_issue creates, and the open issue of yours that has this title already. */
export type IssueLook = {
  readonly repo: GithubRepo;
  readonly title: string;
  readonly body: string;
  readonly open: Open | null;
};

/** Looks whether you opened an issue of this title before: a run that was cut off is typed again. */
export async function lookForIssue(facts: Facts, options: Text & Online): Promise<IssueLook> {
  const [title, body] = [titleIn(options.title, "gh_create_issue"), bodyIn(options)];
  const place = githubOf(facts, options);
  const words = ["issue", "list", "--author", "@me", "--state", "open", "--limit", "100", "--json", "number,title,url"];
  const open = openIn(await askGh(place, words)).find((issue) => issue.title === title) ?? null;
  return { repo: place.repo, title, body, open };
}

/** What gh_create_pr creates, the branch and the one that it is merged into, and the pull request that is open already. */
export type PrLook = IssueLook & {
  readonly head: string;
  readonly base: string;
  /** The remote to push the branch to; null where it has this commit. */
  readonly push: string | null;
};

/** Looks at the branch, here and in the remote, and at its pull requests. */
export async function lookForPr(facts: Facts, options: Text & Online & { base: string | undefined }): Promise<PrLook> {
  const { git } = facts;
  const place = githubOf(facts, options);
  const head = branchOf(facts);
  const remote = remoteOf(git);
  if (!remote) throw noRepo("the Git remote", "");
  const fields = "number,title,url,isCrossRepository";
  const [base, requests, heads] = await Promise.all([
    options.base ?? mainBranch(place),
    askGh(place, ["pr", "list", "--head", head, "--state", "open", "--json", fields]),
    headsOf(facts.place.owner, remote.address, facts.env),
  ]);
  if (head === base)
    throw new UserError(`${JSON.stringify(head)} is the branch that pull requests are merged into`, {
      why: "A pull request is of a branch of its own.",
      fix: "Create one, which takes what is not committed along: i git_create_branch --title TITLE",
      kind: "github",
    });
  // A branch of a fork may have this name too.
  const own = (Array.isArray(requests) ? requests : []).filter((one) => valueAt(one, "isCrossRepository") !== true);
  const issue = branchIssue(head, facts.config.issuePrefix);
  const body = bodyIn(options);
  const isNamed = issue === null || new RegExp(`#${issue}(?!\\d)`).test(body);
  return {
    ...{ repo: place.repo, title: titleIn(options.title ?? head, "gh_create_pr"), head, base },
    body: isNamed ? body : [body, `#${issue}`].filter((part) => part !== "").join("\n\n"),
    open: openIn(own)[0] ?? null,
    push: heads.get(head) === git.commit ? null : remote.name,
  };
}

/** The branch that was named, else the one that is checked out. */
export function branchOf({ git }: Facts, asked?: string): string {
  const branch = asked ?? git.branch;
  if (branch !== null) return branch;
  throw new UserError("no branch is checked out", {
    why: "GitHub has pull requests and runs of branches.",
    fix: "Check one out: git switch BRANCH",
  });
}

/** The branch that pull requests are merged into. */
export async function mainBranch(place: GhPlace): Promise<string> {
  const told = await askGh(place, ["repo", "view", "--json", "defaultBranchRef"]);
  return textAt(told, "defaultBranchRef", "name") || "main";
}
