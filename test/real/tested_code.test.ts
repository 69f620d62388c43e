import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ranIn } from "../bed/final_state.ts";
import { git } from "../bed/git.ts";
import { digestAt, logOf } from "../bed/oracle.ts";
import { change, type Ground, makeGround, write } from "../bed/tiny_repo.ts";
import { type Done, trustingCi, workflowsIn } from "../bed/workflow.ts";

let ground: Ground;
beforeAll(async () => {
  ground = await makeGround(1);
});
afterAll(() => ground.end());

const passesOf = async (repo: string, image: string) =>
  (await logOf(`${repo}.git`, image)).flatMap((one) =>
    one.type === "pass" ? [{ list: one.list, commit: one.commit, tree: one.tree }] : [],
  );
const done = async (running: Promise<Done>): Promise<Done> => {
  const ended = await running;
  expect(ended.code, ended.stderr).toBe(0);
  return ended;
};

/** A list that passes only where it sees the commit, and writes to what it sees. */
const looks = [
  "set -e",
  'echo "$1" >> /slipway/reports/runs.txt',
  'test "$(cat source.sh)" = true',
  'test "$(cat sub/inner.txt)" = inner',
  "test ! -e ignored.sh && test ! -e own.sh && test ! -e left.sh",
  "echo changed > source.sh && echo left > left.sh",
  "cat data/big.txt > /slipway/reports/data.txt",
  "",
].join("\n");

async function repoWithSubmodule(name: string): Promise<string> {
  const inner = await ground.repo(`${name}-inner`);
  await change(inner, { "inner.txt": "old\n" });
  await change(inner, { "inner.txt": "inner\n" });
  const repo = await ground.repo(name, { gates: ["fast", "slow"] });
  await git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner, "sub");
  await git(repo, "config", "-f", ".gitmodules", "submodule.sub.ignore", "all");
  const config = `${await git(repo, "show", "HEAD:repo_config.yaml")}\n  mount: [data]\n`;
  await change(repo, { "test.sh": looks, "repo_config.yaml": config, ".gitignore": "ignored*\ndata\n" });
  write(repo, { "data/big.txt": "big\n" });
  return repo;
}

it("the gates of a release see the commit with its submodules and what tests.mount names, each list anew, and the tree stays as it is", async () => {
  const repo = await repoWithSubmodule("seen");
  write(repo, { "ignored.sh": "exit 1\n", "own.sh": "exit 1\n", ".git/info/exclude": "own.sh\n" });
  await done(workflowsIn(repo)("docker_release_dev", "--version", "1.0.0", "--json"));
  const [commit, tree] = await Promise.all(["HEAD", "HEAD^{tree}"].map((name) => git(repo, "rev-parse", name)));
  expect(await passesOf(repo, "seen")).toEqual(["fast", "slow"].map((list) => ({ list, commit, tree })));
  expect(ranIn(repo)).toEqual(["fast", "slow"]);
  expect(await git(repo, "status", "--porcelain", "--ignore-submodules=none")).toBe("");
  expect(
    ["left.sh", ".git/slipway/snapshots/seen-local-root-1.0.0-fast"].map((one) => existsSync(join(repo, one))),
  ).toEqual([false, false]);
  expect(await digestAt(`${ground.addresses["r1"]}/seen:dev-1.0.0`)).toMatch(/^sha256:/);
});

it("a release stops where a submodule is at another commit, whatever Git was told to ignore", async () => {
  const repo = await repoWithSubmodule("elsewhere");
  await git(join(repo, "sub"), "checkout", "--quiet", "HEAD~1");
  const { code, stderr } = await workflowsIn(repo)("docker_release_dev", "--version", "1.0.0");
  expect([code, stderr]).toEqual([2, expect.stringContaining("the code is not committed: sub")]);
});

it("the gates of a release see the commit where Git was told not to look at what lies in the tree instead", async () => {
  const repo = await ground.repo("hidden");
  await git(repo, "update-index", "--skip-worktree", "source.sh");
  writeFileSync(join(repo, "source.sh"), "exit 1\n");
  await done(workflowsIn(repo)("docker_release_dev", "--version", "1.0.0", "--no-push-to-repo"));
  expect(await passesOf(repo, "hidden")).toHaveLength(1);
});

it("the gates of a release see the commit where a compose file of the config mounts it by another path", async () => {
  const repo = await ground.repo("mounted", { container: "{compose_files: [more.yml]}" });
  await change(repo, {
    "more.yml": 'services: {app: {volumes: ["./words:/words"]}}\n',
    "words/one.txt": "commit\n",
    "test.sh": 'test "$(cat /words/one.txt)" = commit && test ! -e /words/ignored.sh\n',
  });
  await git(repo, "update-index", "--skip-worktree", "more.yml", "words/one.txt");
  write(repo, { "more.yml": "rubbish\n", "words/one.txt": "tree\n", "words/ignored.sh": "exit 1\n" });
  await done(workflowsIn(repo, { env: trustingCi })("docker_release_dev", "--version", "1.0.0", "--no-push-to-repo"));
  expect(await passesOf(repo, "mounted")).toHaveLength(1);
});

it("run_fast_tests runs on the tree as it is, and its pass counts where that is the commit, or with --snapshot", async () => {
  const repo = await ground.repo("quick");
  const i = workflowsIn(repo);
  await done(i("docker_build_local", "--version", "1.0.0", "--poetry-mode", "no_update"));
  const run = (...words: readonly string[]) =>
    done(i("run_fast_tests", "--stage", "local", "--version", "1.0.0", ...words));
  write(repo, { "ignored.sh": "x\n" });
  const beside = await run();
  expect(beside.stdout).toContain("The pass is not recorded, for the tree is not its commit: ignored.sh\n");
  expect(await passesOf(repo, "quick").catch(() => [])).toEqual([]);
  await run("--snapshot");
  const pass = await passesOf(repo, "quick");
  expect(pass).toHaveLength(1);
  await git(repo, "clean", "-fdxq");
  const clean = await run();
  expect(clean.stdout).not.toContain("not recorded");
  expect(await passesOf(repo, "quick")).toEqual([...pass, ...pass]);
  expect(ranIn(repo)).toEqual(["fast", "fast", "fast"]);
});

it("run_fast_slow_tests runs the slow tests though the fast ones failed, records their pass, and ends as the fast ones did", async () => {
  const repo = await ground.repo("both");
  await change(repo, { "test.sh": 'echo "$1" >> /slipway/reports/runs.txt; test "$1" != fast || exit 3\n' });
  const i = workflowsIn(repo);
  await done(i("docker_build_local", "--version", "1.0.0", "--poetry-mode", "no_update"));
  const line = ["run_fast_slow_tests", "--stage", "local", "--version", "1.0.0"] as const;
  expect((await i(...line)).code).toBe(3);
  expect(ranIn(repo)).toEqual(["fast", "slow"]);
  expect((await passesOf(repo, "both")).map(({ list }) => list)).toEqual(["slow"]);
  expect((await i(...line, "--abort-on-first-error")).code).toBe(3);
  expect(ranIn(repo)).toEqual(["fast", "slow", "fast"]);
});

it("run_fast_tests records nothing where a file was changed and put back while it ran", async () => {
  const repo = await ground.repo("put-back");
  await change(repo, { "test.sh": "cp source.sh /tmp/kept; echo exit 1 > source.sh; cat /tmp/kept > source.sh\n" });
  const i = workflowsIn(repo);
  await done(i("docker_build_local", "--version", "1.0.0", "--poetry-mode", "no_update"));
  const { code, stderr } = await i("run_fast_tests", "--stage", "local", "--version", "1.0.0");
  expect([code, stderr]).toEqual([
    2,
    expect.stringContaining("the code changed while its tests ran, and was put back"),
  ]);
  expect(await passesOf(repo, "put-back").catch(() => [])).toEqual([]);
});
