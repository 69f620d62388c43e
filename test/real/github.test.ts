import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { group } from "../../lib/plan/plan.ts";
import { ghCreate } from "../../lib/repo/gh_create.ts";
import createIssue from "../../scripts/gh_create_issue.ts";
import createPr from "../../scripts/gh_create_pr.ts";
import watch from "../../scripts/gh_watch.ts";
import list from "../../scripts/gh_workflow_list.ts";
import start from "../../scripts/gh_workflow_run.ts";
import createBranch from "../../scripts/git_create_branch.ts";
import { run } from "../../thin_client/engine/command.ts";
import { inOneShell } from "../bed/git.ts";
import { type Github, type GithubState, newRun, ourHost, startGithub, theirHost, token } from "../bed/github.ts";
import { hostileTexts } from "../bed/hostile_texts.ts";
import { payloads } from "../bed/injections.ts";
import { doing, type Ground, type Place, startGround, states, told } from "../steps/ground.ts";

let github: Github;
let ground: Ground;
let place: Place;
let state: GithubState;
let commit = "";
const address = (host: string) => `https://${host}/team/repo.git`;
const sh = (...lines: readonly string[]) => inOneShell(ground.repo, lines, ground.shared);
/** The remote is on GitHub to everybody who reads its address, and Git finds it beside the repo. */
const moveTo = (host: string) =>
  sh(
    `git remote set-url origin ${address(host)}`,
    'git config --remove-section url."$1" 2>/dev/null || true',
    `git config url."$1".insteadOf ${address(host)}`,
  );

beforeAll(async () => {
  [github, ground] = await Promise.all([startGithub(), startGround({ remote: true })]);
  place = ground.place("posted");
  Object.assign(ground.env, github.env);
  state = github.repo("team/repo");
  await moveTo(ourHost);
  commit = await sh(
    "git add --all",
    'git commit --quiet --message "Add posted"',
    "git push --quiet",
    "git rev-parse HEAD",
  );
  state.tip = commit;
});
afterAll(async () => {
  await Promise.all([ground.end(), github.stop()]);
  expect(github.unknown).toEqual([]);
});
beforeEach(() => {
  state.issues.length = 0;
  state.pulls.length = 0;
  state.runs.length = 0;
});

const issue = (...argv: readonly string[]) => place.run(["gh_create_issue", createIssue], ...argv);
const pr = (...argv: readonly string[]) => place.run(["gh_create_pr", createPr], ...argv);
const marker = () => join(ground.dir, "marker");

/** 60 titles that a shell, a terminal, a page or a parser of options would take for more. */
const titles = [
  ...hostileTexts.filter((text) => !text.includes("\0")),
  ...Object.values(payloads("marker")),
  ...["-t", "--", "@x", "  two  ", 'a"b,c', "<b>&amp;</b>", "%s%n", "\\u0041", "é\u0301", "\u{1f469}\u200d\u{1f680}"],
].map((text) => `${text}x`);

describe("an issue", () => {
  it("of 60 hostile titles and texts arrives byte for byte", async () => {
    expect(new Set(titles.slice(-60)).size).toBe(60);
    const repo = { host: ourHost, owner: "team", name: "repo" };
    const steps = titles.slice(-60).map((title, at) => {
      const body = `${hostileTexts[at % hostileTexts.length]}\r\n${title}\n`;
      return doing(`create_${at}`, ghCreate({ repo, thing: "issue", title, body, words: [] }));
    });
    const ended = await place.plan([group("all", "Do all", steps, { atOnce: 4, onFailure: "go_on" })], "--json");
    expect(ended.code, ended.err).toBe(0);
    const arrived = new Map(state.issues.map(({ title, body }) => [title, body]));
    const sent = steps.map(({ do: [action] }) => (action && ghCreate.is(action) ? [action.title, action.body] : []));
    expect(sent.map(([title = ""]) => [title, arrived.get(title)])).toEqual(sent);
    expect(state.issues.length).toBe(60);
  });

  it("is created as it was typed, and by the same line not again", async () => {
    const title = `$(touch ${marker()}); "'\`touch ${marker()}\`' \u202e \\`;
    writeFileSync(join(ground.dir, "body"), "one  \r\n\n'$(x)'\n\n");
    const words = ["--title", title, "--body-file", join(ground.dir, "body"), "-l", 'bug,a "b"', "-a", "bob", "--json"];
    const first = await issue(...words);
    expect(told(first).result).toEqual({ number: 45, title, url: `https://${ourHost}/team/repo/issues/45` });
    expect(state.issues).toEqual([
      { number: 45, title, body: "one  \r\n\n'$(x)'\n\n", labels: ["bug", 'a "b"'], assignees: ["bob"] },
    ]);
    const again = await issue(...words);
    expect([states(again), told(again).result]).toEqual([{ create: "skipped", report: "done" }, told(first).result]);
    expect([state.issues.length, existsSync(marker())]).toEqual([1, false]);
  });

  it("is shown by a dry run with the line to type, and not created", async () => {
    const { code, out } = await issue("--title", "it's", "--body", "a b", "--dry-run");
    expect([code, state.issues]).toEqual([0, []]);
    expect(out).toContain(
      `printf %s 'a b' | gh issue create --title 'it'\\''s' --body-file - --repo ${ourHost}/team/repo`,
    );
  });

  it.each<[what: string, argv: readonly string[], says: string]>([
    ["without a title", [], "--title TITLE"],
    ["of a blank title", ["--title", " \t"], "--title TITLE"],
    ["of two texts", ["--title", "x", "--body", "y", "--body-file", "z"], "do not go together"],
    ["of bytes that are no text", ["--title", "x", "--body-file", "../../latin1"], "iconv"],
    ["without a network", ["--title", "x", "--offline"], "without --offline"],
  ])("%s is refused before anything is asked", async (_what, argv, says) => {
    writeFileSync(join(ground.dir, "latin1"), Buffer.from([0xe9, 0x20]));
    github.reached.clear();
    expect(await issue(...argv)).toMatchObject({ code: 2, err: expect.stringContaining(says) });
    expect([...github.reached]).toEqual([]);
  });

  it("names a branch by its number", async () => {
    state.issues.push({ number: 45, title: "Add `a`: $(b)", body: "", labels: [], assignees: [] });
    const branch = (...words: readonly string[]) => place.run(["git_create_branch", createBranch], ...words);
    const { code, out } = await branch("-i", "45", "--dry-run");
    expect([code, out]).toEqual([0, expect.stringContaining("git switch --create Task45_Add_a_b")]);
    expect(await branch("-i", "46")).toMatchObject({ code: 1, err: expect.stringContaining("issue") });
  });
});

describe("a pull request", () => {
  beforeAll(() =>
    sh("git switch --quiet --create Task45_Add", "echo more >>README", "git commit --quiet --all --message more"),
  );
  afterAll(() => sh("git switch --quiet main", "git branch --quiet --delete --force Task45_Add"));

  it("is opened of the branch that it pushes, with its issue, and by the same line not again", async () => {
    // A repo may have a program started by whoever looks at its state.
    await sh(`git config core.fsmonitor 'touch ${marker()}; false'`);
    const words = ["--title", 'It\'s "$(x)"', "--body", "Why\n", "-e", "bob", "-l", "bug", "--json"];
    const first = await pr(...words);
    expect(first.code, first.err).toBe(0);
    expect(states(first)).toEqual({ push: "done", create: "done" });
    expect(state.pulls).toEqual([
      {
        ...{ number: 45, title: 'It\'s "$(x)"', body: "Why\n\n\n#45", labels: ["bug"], assignees: [] },
        ...{ head: "Task45_Add", base: "main", draft: true, reviewers: ["bob"] },
      },
    ]);
    const again = await pr(...words);
    expect(states(again)).toEqual({ push: "skipped", create: "skipped", report: "done" });
    expect([told(again).result, state.pulls.length]).toEqual([told(first).result, 1]);
    expect(existsSync(marker())).toBe(false);
    await sh("git config --unset core.fsmonitor");
  });

  it("takes the branch's name, and says what is not in it", async () => {
    await sh("echo dirty >>README");
    const ended = await pr("--no-draft", "--base", "next");
    expect(ended.out).toContain(`https://${ourHost}/team/repo/pull/45\nnote: 1 changed files are not committed`);
    expect(state.pulls).toMatchObject([{ title: "Task45_Add", body: "#45", base: "next", draft: false }]);
    await sh("git checkout --quiet README");
  });

  it("of the main branch is refused", async () => {
    await sh("git switch --quiet main");
    expect(await pr()).toMatchObject({ code: 2, err: expect.stringContaining("i git_create_branch") });
    await sh("git switch --quiet --detach");
    expect(await pr()).toMatchObject({ code: 2, err: expect.stringContaining("git switch BRANCH") });
    await sh("git switch --quiet Task45_Add");
  });
});

describe("runs", () => {
  const ran = (more: Partial<GithubState["runs"][number]>) =>
    state.runs.push(
      newRun(state, {
        ...{
          file: "fast_tests.yml",
          branch: "main",
          commit,
          event: "push",
          status: "completed",
          conclusion: "success",
        },
        ...more,
      }),
    );

  it("are listed of the main branch and this one, the newest of each workflow", async () => {
    ran({ conclusion: "failure" });
    ran({});
    ran({ branch: "other", event: "pull_request", status: "in_progress", conclusion: null });
    ran({ branch: "third", conclusion: "failure" });
    const { code, out } = await place.run(["gh_workflow_list", list], "--branch", "other");
    expect([code, out]).toEqual([
      0,
      `branch  workflow    event         state        commit     started               run
main    fast tests  push          success      ${commit.slice(0, 9)}  2025-01-01 10:00 UTC  https://${ourHost}/runs/901
other   fast tests  pull_request  in progress  ${commit.slice(0, 9)}  2025-01-01 10:00 UTC  https://${ourHost}/runs/902
`,
    ]);
    expect(await place.run(["gh_workflow_list", list], "--branch", "third")).toMatchObject({ code: 1 });
    expect((await place.run(["gh_workflow_list", list], "--branch", "fourth")).out).toContain("fourth has no run\n");
  });

  it("are started once of a commit, on the branch as it was pushed", async () => {
    const run = (...words: readonly string[]) => place.run(["gh_workflow_run", start], ...words);
    const first = await run("fast_tests", "--json");
    expect([first.code, states(first)]).toEqual([0, { start_1: "done", report: "done" }]);
    expect(state.runs).toMatchObject([{ file: "fast_tests.yml", branch: "main", commit, event: "workflow_dispatch" }]);
    expect(states(await run("fast_tests", "--json"))).toEqual({ start_1: "skipped", report: "done" });
    ran({ id: 900, event: "workflow_dispatch" });
    state.runs.shift();
    expect(states(await run("fast_tests.yml", "--json"))).toEqual({ start_1: "done", report: "done" });
    expect(await run()).toMatchObject({ code: 2, err: expect.stringContaining("i init_ci") });
    expect(await run("gone")).toMatchObject({ code: 1, err: expect.stringContaining("check the names") });
    await sh("git commit --quiet --allow-empty --message new");
    expect(await run("fast_tests")).toMatchObject({ code: 2, err: expect.stringContaining("git push") });
    await sh("git reset --quiet --hard HEAD~");
  });

  it("are waited for until the last has ended; one that failed is exit code 1", async () => {
    ran({ status: "queued", conclusion: null });
    ran({ commit: "0".repeat(40), conclusion: "failure" });
    let looks = 0;
    const [first] = state.runs;
    const turns = ["in_progress", "in_progress", "completed"];
    const shift = () => {
      const next = turns[looks];
      looks += 1;
      if (first && next !== undefined) first.status = next;
      if (first && next === "completed") first.conclusion = "success";
    };
    // One look that nobody answers is no reason to stop watching.
    const badGateway = { status: 502, body: { message: "Bad Gateway" } };
    const { pause } = ground.clock;
    Object.assign(ground.clock, {
      pause: (...given: Parameters<typeof pause>) => {
        shift();
        if (looks === 1) github.refuse(badGateway);
        return pause(...given);
      },
    });
    const ended = await place.run(["gh_watch", watch], "--interval", "30");
    expect([ended.code, looks]).toEqual([0, 3]);
    expect(ended.err.match(/fast tests: .*(?= https)/g)).toEqual(
      ["queued", "in progress", "success"].map((word) => `fast tests: ${word}`),
    );
    ran({ conclusion: "timed_out", event: "pull_request" });
    expect(await place.run(["gh_watch", watch])).toMatchObject({ code: 1, out: expect.stringContaining("timed out") });
    state.runs.length = 0;
    expect(await place.run(["gh_watch", watch])).toMatchObject({
      code: 1,
      err: expect.stringContaining("i gh_workflow_run"),
    });
    Object.assign(ground.clock, { pause });
  });
});

describe("a token", () => {
  const direct = (host: string) =>
    run(["gh", "issue", "list", "--repo", `${host}/team/repo`, "--author", "ada"], {
      env: { ...process.env, ...github.env },
    });

  it("goes to no host that only the repo names, though gh alone would send it there", async () => {
    await moveTo(theirHost);
    github.reached.clear();
    github.tokens.clear();
    for (const ended of [await issue("--title", "x"), await pr(), await place.run(["gh_watch", watch])])
      expect(ended).toMatchObject({ code: 2, err: expect.stringContaining(`gh auth login --hostname ${theirHost}`) });
    expect([...github.reached, ...github.tokens]).toEqual([]);
    await direct(theirHost);
    expect([...github.tokens]).toEqual([`${token} ${theirHost}`]);
    // Somebody who logged in there knows it.
    const config = github.env["GH_CONFIG_DIR"] ?? "";
    await sh(
      `mkdir -p ${config}`,
      `printf '%s:\\n    oauth_token: x\\n    user: ada\\n' ${theirHost} >${config}/hosts.yml`,
    );
    expect(await issue("--title", "x")).toMatchObject({ code: 0 });
    await sh(`rm ${config}/hosts.yml`);
    await moveTo(ourHost);
  });

  it.each<[what: string, env: Readonly<Record<string, string | undefined>>, says: readonly string[]]>([
    ["no gh", { PATH: "/nowhere" }, ["gh was not found", "apt-get install gh"]],
    ["no login", { GH_ENTERPRISE_TOKEN: undefined }, [`gh is not logged in to ${ourHost}`, `--hostname ${ourHost}`]],
    ["a wrong token", { GH_ENTERPRISE_TOKEN: "wrong" }, ["Bad credentials", `gh auth login --hostname ${ourHost}`]],
    ["no way there", { HTTPS_PROXY: "http://127.0.0.1:9" }, [`${ourHost} was not reached`, "gh api --hostname"]],
    ["a CA that nobody knows", { SSL_CERT_FILE: "/dev/null" }, [`${ourHost} was not reached`, "x509"]],
    ["another repo by GH_REPO", { GH_REPO: "team/gone" }, ["does not have what was asked", "gh auth status"]],
    ["a GH_REPO that names none", { GH_REPO: "a/b/c/$(x)" }, ['"a/b/c/$(x)"', "export GH_REPO="]],
  ])("is not enough: %s is told with the line to type", async (_what, env, says) => {
    const before = { ...ground.env };
    const path = env["PATH"] === undefined ? {} : { PATH: await gitAlone() };
    Object.assign(ground.env, env, path);
    const ended = await issue("--title", "x");
    Object.assign(ground.env, { GH_REPO: undefined }, before);
    expect(ended.code).not.toBe(0);
    for (const said of says) expect(ended.err).toContain(said);
    expect(ended.err).not.toContain(token);
  });

  /** A folder with git and nothing else. */
  const gitAlone = async () => {
    const bin = join(ground.dir, "git-alone");
    await sh(`mkdir -p ${bin}`, `ln -sf "$(command -v git)" ${bin}/git`);
    return bin;
  };
});
