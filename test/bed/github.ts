import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeAuthority } from "./certificates.ts";
import { needs } from "./parts.ts";
import type { RequestTrap, TrapProxy } from "./trap_proxy.ts";

/** The host that the tests are logged in to, and the one of a stranger. */
export const [ourHost, theirHost] = ["ghe.test", "theirs.test"] as const;
/** Stands in the environment alone. */
export const token = "planted-github-token-5b1c";

/** What was created, as it arrived. */
export type Posted = {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly labels: readonly string[];
  readonly assignees: readonly string[];
  /** Of a pull request. */
  readonly head?: string;
  readonly base?: string;
  readonly draft?: boolean;
  reviewers?: readonly string[];
};
export type Run = {
  readonly id: number;
  readonly file: string;
  readonly event: string;
  readonly branch: string;
  readonly commit: string;
  status: string;
  conclusion: string | null;
  readonly at: string;
};
/** A repo on it, made when it is first asked for. */
export type GithubState = {
  readonly issues: Posted[];
  readonly pulls: Posted[];
  readonly runs: Run[];
  /** Files of its workflows. */
  readonly workflows: string[];
  /** The commit that a dispatched run is of. */
  tip: string;
  /** A run ends well when it was looked at once. */
  isQuick: boolean;
};
type Refusal = { readonly status: number; readonly body: unknown };

/**
 * A server of GitHub's with its own CA, on loopback behind a proxy that leads every host to it. It answers what gh asks it for
 * with the fields that the API gives (docs.github.com, "GraphQL API", and of REST "Workflow runs"), and refuses all else.
 */
export type Github = TrapProxy & {
  /** What gh is reached by, and logged in with. */
  readonly env: Readonly<Record<string, string>>;
  readonly repo: (name: string) => GithubState;
  /** Hosts that somebody wanted to reach, and tokens with the host that got them. */
  readonly reached: Set<string>;
  readonly tokens: Set<string>;
  /** What was asked that it does not know. */
  readonly unknown: string[];
  /** How often something was created or started. */
  readonly changes: () => number;
  /** Answers the next questions so. */
  readonly refuse: (...answers: readonly Refusal[]) => void;
};

/** Starts one. */
export async function startGithub(): Promise<Github> {
  await needs("gh", "openssl");
  const folder = mkdtempSync(join(tmpdir(), "slipway-github-"));
  const authority = await makeAuthority(folder, "github");
  const pair = await authority.issue(ourHost, { for: `DNS:${ourHost},DNS:${theirHost}` });
  const server = new Server();
  const secure = createSecureServer(
    { key: readFileSync(pair.key), cert: readFileSync(pair.cert) },
    (asked, answer) => void server.answer(asked, answer),
  );
  const proxy = createServer((_, answer) => answer.writeHead(501).end());
  proxy.on("connect", (asked, socket, head) => {
    server.reached.add((asked.url ?? "").replace(/:443$/, ""));
    socket.on("error", () => {});
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    if (head.length > 0) socket.unshift(head);
    secure.emit("connection", socket);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const address = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  return {
    address,
    env: {
      ...{ GH_HOST: ourHost, GH_ENTERPRISE_TOKEN: token, GH_CONFIG_DIR: join(folder, "config") },
      ...{ HTTPS_PROXY: `http://${address}`, SSL_CERT_FILE: authority.cert },
    },
    repo: (name) => server.repo(name),
    ...{ reached: server.reached, tokens: server.tokens, unknown: server.unknown },
    changes: () => server.changes,
    refuse: (...answers) => void server.refusals.push(...answers),
    set: (image, trap) => void server.traps.set(image, { trap, seen: 0 }),
    stop: async () => {
      proxy.closeAllConnections();
      secure.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
      rmSync(folder, { recursive: true });
    },
  };
}

type Json = Readonly<Record<string, unknown>>;
type Asked = { readonly query: string; readonly variables: Json; readonly input: Json };

class Server {
  readonly repos = new Map<string, GithubState>();
  readonly reached = new Set<string>();
  readonly tokens = new Set<string>();
  readonly unknown: string[] = [];
  readonly refusals: Refusal[] = [];
  changes = 0;
  readonly traps = new Map<string, { readonly trap: RequestTrap; seen: number }>();

  repo(name: string): GithubState {
    const known = this.repos.get(name);
    if (known) return known;
    const made: GithubState = {
      issues: [],
      pulls: [],
      runs: [],
      workflows: ["fast_tests.yml"],
      tip: "",
      isQuick: false,
    };
    this.repos.set(name, made);
    return made;
  }

  async answer(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of asked) parts.push(part as Buffer);
    const body = Buffer.concat(parts).toString("utf8");
    const send = (status: number, value?: unknown) =>
      answer
        .writeHead(status, { "content-type": "application/json; charset=utf-8" })
        .end(value === undefined ? "" : JSON.stringify(value));
    const sent = asked.headers.authorization?.replace(/^token /, "") ?? "";
    this.tokens.add(`${sent} ${asked.headers.host}`);
    const refusal = this.refusals.shift();
    if (refusal) return void send(refusal.status, refusal.body);
    if (sent !== token) return void send(401, { message: "Bad credentials" });
    const path = (asked.url ?? "").split("?")[0] ?? "";
    if (path === "/api/graphql") return this.graphql(JSON.parse(body) as Asked, asked, send);
    return this.rest(asked, body, send);
  }

  /** Does a change, with the trap that is set for its repo; the path is `/<owner>/<name>/<change>`. */
  async change(path: string, asked: IncomingMessage, work: () => void): Promise<boolean> {
    const set = this.traps.get(path.split("/")[2] ?? "");
    const fits = set?.trap.method === "POST" && set.trap.path.test(path);
    if (set && fits) set.seen += 1;
    const trap = set && fits && set.seen === set.trap.nth ? set.trap : null;
    const springs = async () => {
      await trap?.spring();
      if (trap) await new Promise((resolve) => setTimeout(resolve, 100));
      return !asked.socket.destroyed;
    };
    if (trap?.when !== "after" && !(await springs())) return false;
    work();
    this.changes += 1;
    return trap?.when !== "after" || springs();
  }

  async graphql({ query, variables }: Asked, asked: IncomingMessage, send: Send): Promise<void> {
    const operation = /(?:query|mutation)\s+(\w+)/.exec(query)?.[1] ?? query.slice(0, 40);
    const name = `${variables?.["owner"]}/${variables?.["name"] ?? variables?.["repo"]}`;
    if (variables && "owner" in variables && !this.repos.has(name))
      return void send(200, {
        data: { repository: null },
        errors: [
          {
            type: "NOT_FOUND",
            path: ["repository"],
            message: `Could not resolve to a Repository with the name '${name}'.`,
          },
        ],
      });
    const make = mutations[operation];
    if (make) {
      const input = variables["input"] as Json;
      const of = make.of(this, input);
      const path = `/${of}/${operation}`;
      let data: unknown;
      const isThere = await this.change(path, asked, () => {
        data = make.make(this.repo(of), of, input);
      });
      return isThere ? void send(200, { data }) : undefined;
    }
    const ask = queries[operation];
    if (ask) return void send(200, { data: ask(this.repos.get(name), name, variables, query) });
    this.unknown.push(operation);
    return void send(400, { message: `${operation} is not known here` });
  }

  async rest(asked: IncomingMessage, body: string, send: Send): Promise<void> {
    const url = new URL(asked.url ?? "", `https://${ourHost}`);
    const [, owner, repo, rest = ""] = /^\/api\/v3\/repos\/([^/]+)\/([^/]+)\/actions\/(.*)$/.exec(url.pathname) ?? [];
    const state = this.repos.get(`${owner}/${repo}`);
    const of = state?.workflows.map((file, index) => workflowJson(file, index)) ?? [];
    const [, word, more] = /^workflows\/([^/]+)(?:\/(.*))?$/.exec(rest) ?? [];
    const workflow = of.find(({ id, path }) => String(id) === word || path.endsWith(`/${word}`));
    if (!state || (word !== undefined && !workflow)) return void send(404, { message: "Not Found" });
    if (rest === "workflows") return void send(200, { total_count: of.length, workflows: of });
    if (asked.method === "GET" && word !== undefined && more === undefined) return void send(200, workflow);
    if (asked.method === "GET" && (rest === "runs" || more === "runs")) {
      const branch = url.searchParams.get("branch");
      const runs = state.runs.filter(
        (run) => run.branch === branch && (!workflow || workflow.path.endsWith(`/${run.file}`)),
      );
      send(200, { total_count: runs.length, workflow_runs: runs.toReversed().map((run) => runJson(run, state)) });
      if (state.isQuick) for (const run of runs) Object.assign(run, { status: "completed", conclusion: "success" });
      return;
    }
    if (asked.method === "POST" && more === "dispatches" && workflow) {
      const { ref } = JSON.parse(body) as { ref: string };
      const isThere = await this.change(`/${owner}/${repo}/dispatch`, asked, () => {
        const file = workflow.path.split("/").at(-1) ?? "";
        state.runs.push(newRun(state, { file, branch: ref, commit: state.tip, event: "workflow_dispatch" }));
      });
      return isThere ? void send(204) : undefined;
    }
    this.unknown.push(`${asked.method} ${url.pathname}`);
    return void send(400, { message: "not known here" });
  }
}
type Send = (status: number, value?: unknown) => unknown;

const workflowJson = (file: string, index: number) => ({
  ...{ id: 700 + index, name: file.replace(/\.yml$/, "").replaceAll("_", " "), state: "active" },
  path: `.github/workflows/${file}`,
});

/** A run that was queued now. */
export const newRun = (
  { runs }: GithubState,
  made: Pick<Run, "file" | "branch" | "commit" | "event"> & Partial<Run>,
): Run => ({
  ...{ id: 900 + runs.length, status: "queued", conclusion: null, at: `2025-01-01T10:00:${10 + runs.length}Z` },
  ...made,
});

const runJson = (run: Run, { workflows }: GithubState) => ({
  ...{ id: run.id, name: run.file, display_title: "A commit", head_branch: run.branch, head_sha: run.commit },
  ...{ run_number: 1, event: run.event, status: run.status, conclusion: run.conclusion },
  ...{ workflow_id: 700 + workflows.indexOf(run.file), html_url: `https://${ourHost}/runs/${run.id}` },
  ...{ created_at: run.at, updated_at: run.at, run_started_at: run.at },
});

const fieldsOf = (...names: readonly string[]) => ({ fields: names.map((name) => ({ name })) });
const listOf = (nodes: readonly unknown[]) => ({
  ...{ totalCount: nodes.length, nodes, pageInfo: { hasNextPage: false, endCursor: "" } },
});
const urlOf = (name: string, kind: "issues" | "pull", number: number) => `https://${ourHost}/${name}/${kind}/${number}`;
const node = (name: string, kind: "issues" | "pull") => (one: Posted) => ({
  ...{ id: `${kind}:${one.number}`, number: one.number, title: one.title, url: urlOf(name, kind, one.number) },
  ...{ state: "OPEN", headRefName: one.head, baseRefName: one.base, isCrossRepository: false },
  headRepositoryOwner: { id: "O1", login: name.split("/")[0], name: "" },
});
const repository = (name: string) => ({
  ...{ id: name, name: name.split("/")[1], owner: { id: "O1", login: name.split("/")[0] }, hasIssuesEnabled: true },
  ...{
    description: "",
    hasWikiEnabled: false,
    viewerPermission: "WRITE",
    defaultBranchRef: { name: "main" },
    parent: null,
  },
  ...{ mergeCommitAllowed: true, rebaseMergeAllowed: true, squashMergeAllowed: true },
});

type Query = (state: GithubState | undefined, name: string, variables: Json, query: string) => unknown;
/** What gh 2.23 asks, by the name of its query. */
const queries: Readonly<Record<string, Query>> = {
  Issue_fields: () => ({ Issue: fieldsOf("state", "stateReason") }),
  PullRequest_fields: () => ({ PullRequest: fieldsOf("state") }),
  UserCurrent: () => ({ viewer: { login: "ada" } }),
  RepositoryInfo: (_, name) => ({ repository: repository(name) }),
  IssueList: (state, name) => ({
    repository: { hasIssuesEnabled: true, issues: listOf((state?.issues ?? []).map(node(name, "issues"))) },
  }),
  IssueByNumber: (state, name, { number }) => {
    const issue = state?.issues.find((one) => one.number === number);
    return {
      repository: {
        hasIssuesEnabled: true,
        issue: issue ? { __typename: "Issue", ...node(name, "issues")(issue) } : null,
      },
    };
  },
  PullRequestForBranch: (state, name, { headRefName }) => ({
    repository: {
      pullRequests: { nodes: (state?.pulls ?? []).filter(({ head }) => head === headRefName).map(node(name, "pull")) },
      defaultBranchRef: { name: "main" },
    },
  }),
  PullRequestList: (state, name, { headBranch }) => ({
    repository: {
      pullRequests: listOf((state?.pulls ?? []).filter(({ head }) => head === headBranch).map(node(name, "pull"))),
    },
  }),
  // Each name has a letter of its own: what it is called is its id here.
  RepositoryResolveMetadataIDs: (_state, _name, _variables, query) => {
    const found = [...query.matchAll(/([ul]\d+): (?:user|label)\((?:login|name):("(?:[^"\\]|\\.)*")\)/g)].map(
      ([, key = "", text = '""']) => [key, JSON.parse(text) as string] as const,
    );
    const users = found.filter(([key]) => key.startsWith("u")).map(([key, login]) => [key, { id: login, login }]);
    const labels = found.filter(([key]) => key.startsWith("l")).map(([key, name]) => [key, { id: name, name }]);
    return { ...Object.fromEntries(users), repository: Object.fromEntries(labels) };
  },
};

type Mutation = {
  /** The repo that it is about. */
  readonly of: (server: Server, input: Json) => string;
  readonly make: (state: GithubState, name: string, input: Json) => unknown;
};
const names = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);
const ofPull = (server: Server, input: Json) =>
  [...server.repos].find(([name, { pulls }]) =>
    pulls.some(({ number }) => `${name}#${number}` === input["pullRequestId"]),
  )?.[0] ?? "";
const mutations: Readonly<Record<string, Mutation>> = {
  IssueCreate: {
    of: (_, input) => String(input["repositoryId"]),
    make: ({ issues, pulls }, name, input) => {
      const number = 45 + issues.length + pulls.length;
      const [labels, assignees] = [names(input["labelIds"]), names(input["assigneeIds"])];
      issues.push({ number, title: String(input["title"]), body: String(input["body"] ?? ""), labels, assignees });
      return { createIssue: { issue: { id: `${name}#${number}`, url: urlOf(name, "issues", number) } } };
    },
  },
  PullRequestCreate: {
    of: (_, input) => String(input["repositoryId"]),
    make: ({ issues, pulls }, name, input) => {
      const number = 45 + issues.length + pulls.length;
      pulls.push({
        ...{ number, title: String(input["title"]), body: String(input["body"] ?? ""), labels: [], assignees: [] },
        ...{ head: String(input["headRefName"]), base: String(input["baseRefName"]), draft: input["draft"] === true },
      });
      return { createPullRequest: { pullRequest: { id: `${name}#${number}`, url: urlOf(name, "pull", number) } } };
    },
  },
  PullRequestCreateMetadata: {
    of: ofPull,
    make: ({ pulls }, name, input) => {
      const index = pulls.findIndex(({ number }) => `${name}#${number}` === input["pullRequestId"]);
      const pull = pulls[index];
      if (pull) pulls[index] = { ...pull, labels: names(input["labelIds"]), assignees: names(input["assigneeIds"]) };
      return { updatePullRequest: { __typename: "" } };
    },
  },
  PullRequestCreateRequestReviews: {
    of: ofPull,
    make: ({ pulls }, name, input) => {
      const pull = pulls.find(({ number }) => `${name}#${number}` === input["pullRequestId"]);
      if (pull) pull.reviewers = names(input["userIds"]);
      return { requestReviews: { clientMutationId: "" } };
    },
  },
};
