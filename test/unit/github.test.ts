import { describe, expect, it } from "vitest";
import { ghFailure } from "../../lib/git/gh_failure.ts";
import { githubRepoAt, hostsIn, parseGithubRepo, repoWord } from "../../lib/git/github_repo.ts";
import { hasFailed, newestRuns, parseRuns, renderRuns } from "../../lib/git/workflow_runs.ts";
import { branchIssue } from "../../lib/names/branch_name.ts";

describe("the repo on GitHub at an address", () => {
  it.each([
    ["https://github.com/team/repo.git", "github.com/team/repo"],
    ["https://ada:secret@github.com/team/repo", "github.com/team/repo"],
    ["git@github.com:team/repo.git", "github.com/team/repo"],
    ["ssh://git@ssh.github.com:443/team/repo.git", "github.com/team/repo"],
    ["https://www.GitHub.com/team/repo/", "github.com/team/repo"],
    ["git@ghe.acme.com:team/re.po-1", "ghe.acme.com/team/re.po-1"],
  ])("%s is %s", (address, word) => {
    const repo = githubRepoAt(address);
    expect(repo && repoWord(repo)).toBe(word);
  });

  it.each(["/srv/repo.git", "../repo.git", "", "https://gitlab.com/a/b/c", "git@github.com:repo.git"])(
    "%s is none",
    (address) => {
      expect(githubRepoAt(address)).toBeNull();
    },
  );

  it.each([
    "https://github.com/-x/repo",
    "https://github.com/../repo",
    "https://-x/a/b",
    "git@ho$(x)st:a/b",
    "https://h/a/b;c",
  ])("%s, which is an option, a path or more than a name, is none", (address) => {
    expect(githubRepoAt(address)).toBeNull();
  });

  it.each([
    ["team/repo", "own.test/team/repo"],
    ["ghe.test/team/repo", "ghe.test/team/repo"],
    ["https://ghe.test/team/repo", "ghe.test/team/repo"],
    ["repo", null],
    ["a/b/c/d", null],
  ])("GH_REPO %s names %s", (text, word) => {
    const repo = parseGithubRepo(text, "own.test");
    expect(repo && repoWord(repo)).toBe(word);
  });
});

it("the hosts of gh's file of logins are the keys at its top", () => {
  const text = '# logins\ngithub.com:\n    user: ada\n    oauth_token: x\n"GHE.test":\n    users:\n        bob:\n';
  expect(hostsIn(text)).toEqual(["github.com", "ghe.test"]);
});

it.each([
  ["Task45_Add_package", "Task", 45],
  ["CmTask7", "Task", 7],
  ["Cm7_Add", "Cm", 7],
  ["CmTask7", "Cm", 7],
  ["Cm7_Add", "Task", null],
  ["45_Add", "Task", null],
  ["Task45x", "Task", null],
  ["task45", "Task", null],
  ["Task0_x", "Task", null],
  ["feature/Task45", "Task", null],
])("the branch %s is, where they are called %s, of the issue %s", (branch, prefix, issue) => {
  expect(branchIssue(branch, prefix)).toBe(issue);
});

describe("what gh failed with", () => {
  it.each([
    [127, "gh: not found", "gh was not found", "apt-get install gh"],
    [4, "To get started with GitHub CLI, please run:  gh auth login", "gh is not logged in to h", "--hostname h"],
    [1, "HTTP 401: Bad credentials (https://h/api/graphql)", "gh is not logged in to h", "gh auth login"],
    [1, "API rate limit exceeded for user", "h was asked too often", "rate_limit"],
    [1, "HTTP 403: Resource not accessible by personal access token", "h does not let you", "gh auth refresh"],
    [1, "GraphQL: Could not resolve to a Repository with the name 'a/b'.", "h does not have", "gh auth status"],
    [1, "could not find any workflows named x.yml", "h does not have", "check the names"],
    [1, 'Post "https://h": dial tcp: lookup h: no such host', "h was not reached", "gh api --hostname h meta"],
    [1, "HTTP 502: Bad Gateway", "h was not reached", "gh api"],
    [1, "could not add label: 'x' not found\n\nUsage:  gh issue", "gh issue create ended with 1", "Fix what gh names"],
    [1, "", "gh issue create ended with 1", "Fix what gh names"],
  ])("%i %s is told as %s", (code, stderr, what, fix) => {
    const told = ghFailure({ code, stderr }, "h", "issue create");
    expect(told).toMatchObject({
      what: expect.stringContaining(what),
      fix: expect.stringContaining(fix),
      exitCode: code,
    });
    expect(told.why).not.toContain("Usage");
  });

  it("is on one line and steers no terminal", () => {
    const { why } = ghFailure({ code: 1, stderr: "a\n\u001b[2J::error::b" }, "h", "issue create");
    expect(why).toBe("gh says: a \\u001b[2J::error::b");
  });

  it("that did not end in time may be tried again", () => {
    expect(ghFailure({ code: 143, stderr: "", isLate: true }, "h", "issue list")).toMatchObject({
      ...{ what: "h did not answer in time", exitCode: 1, kind: "github_unreachable" },
    });
  });
});

describe("runs of workflows", () => {
  const json = (more: Readonly<Record<string, unknown>> = {}) => ({
    ...{ databaseId: 1, workflowName: "fast", event: "push", headBranch: "main", headSha: "a".repeat(40) },
    ...{ status: "completed", conclusion: "success", createdAt: "2025-01-01T10:00:00Z", url: "https://h/1" },
    ...more,
  });

  it("of a stranger's JSON are those that have a number", () => {
    expect(parseRuns([json(), null, {}, { databaseId: "x" }, [1]]).map(({ id }) => id)).toEqual([1]);
    expect(parseRuns({ databaseId: 1 })).toEqual([]);
  });

  it.each([
    ["completed", "success", "success", false],
    ["completed", "skipped", "skipped", false],
    ["completed", "neutral", "neutral", false],
    ["completed", "failure", "failure", true],
    ["completed", "cancelled", "cancelled", true],
    ["completed", "timed_out", "timed_out", true],
    ["completed", "", "completed", true],
    ["in_progress", "", "in_progress", false],
    ["", "failure", "unknown", false],
  ])("that are %s with %s are %s", (status, conclusion, state, failed) => {
    const [run] = parseRuns([json({ status, conclusion })]);
    expect(run && [run.state, hasFailed(run)]).toEqual([state, failed]);
  });

  it("are the newest of each workflow, event and branch", () => {
    const runs = parseRuns([
      json({ databaseId: 2 }),
      json({ databaseId: 1 }),
      json({ databaseId: 3, createdAt: "2025-01-02T10:00:00Z" }),
      json({ databaseId: 4, event: "pull_request" }),
      json({ databaseId: 5, headBranch: "other" }),
      json({ databaseId: 6, workflowName: "slow" }),
    ]);
    expect(newestRuns(runs).map(({ id }) => id)).toEqual([3, 4, 5, 6]);
    expect(newestRuns(runs.slice(0, 2)).map(({ id }) => id)).toEqual([2]);
  });

  it("are a table whose cells stay in their line", () => {
    const table = renderRuns(parseRuns([json({ workflowName: "fa\u001b[2Jst\nx", conclusion: "timed_out" })]));
    expect(table).toBe(
      [
        "branch  workflow         event  state      commit     started               run",
        "main    fa\\u001b[2Jst x  push   timed out  aaaaaaaaa  2025-01-01 10:00 UTC  https://h/1",
      ].join("\n"),
    );
  });
});
