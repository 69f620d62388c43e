import { rmSync } from "node:fs";
import { join } from "node:path";
import { type BadCase, commits, config, hook, leaves, release } from "./bad_case.ts";
import { git } from "./git.ts";
import { change, write } from "./tiny_repo.ts";

/** What is wrong with Git, with the tests or with who else is at work. */
export const repoCases: readonly BadCase[] = [
  {
    what: "a file changed and not committed",
    line: release,
    says: /the code is not committed: source.sh/,
    spoil: leaves({ "source.sh": "true # changed\n" }),
  },
  {
    what: "a file that Git does not know",
    line: release,
    says: /the code is not committed: new file.txt/,
    spoil: leaves({ "new file.txt": "x" }),
  },
  {
    what: "a shallow clone",
    line: release,
    says: /the clone is shallow/,
    spoil: async (repo, ground, name) => {
      await change(repo, { "more.txt": "x" });
      await git(ground.dir, "clone", "--quiet", "--depth=1", `file://${repo}.git`, `${name}-shallow`);
      return { cwd: `${repo}-shallow` };
    },
  },
  {
    what: "a remote that takes no refs of Slipway",
    line: release,
    says: /"claim": the ref refs\/slipway\/claim\/.* could not be moved on origin/,
    spoil: hook("refs/slipway/*"),
  },
  {
    what: "a remote that is gone",
    line: release,
    says: /git ls-remote .* ended with 128/,
    spoil: async (repo) => {
      rmSync(`${repo}.git`, { recursive: true });
    },
  },
  {
    what: "no commit",
    line: release,
    says: /the Git repo has no commits/,
    spoil: async (repo) => {
      rmSync(join(repo, ".git"), { recursive: true });
      await git(repo, "init", "--quiet");
    },
  },
  {
    what: "no Git repo",
    line: release,
    says: /no Git repo in/,
    spoil: async (repo) => {
      rmSync(join(repo, ".git"), { recursive: true });
      return undefined;
    },
  },
  {
    what: "no runnable dir",
    line: release,
    says: /no repo_config.yaml in/,
    spoil: async (repo) => {
      rmSync(join(repo, "repo_config.yaml"));
      return undefined;
    },
  },
  {
    what: "tests that fail",
    runs: true,
    line: release,
    says: /"run_fast_tests": .* exited with 3/,
    code: 3,
    spoil: commits({ "source.sh": "exit 3\n" }),
  },
  {
    what: "tests that are none",
    runs: true,
    line: release,
    says: /"run_fast_tests": .* exited with 5/,
    code: 5,
    spoil: commits({ "source.sh": "exit 5\n" }),
  },
  {
    what: "tests whose program is not there",
    runs: true,
    line: release,
    says: /"run_fast_tests": .* exited with 127/,
    code: 127,
    spoil: config("tests: {fast: {command: [no_such_program]}}\nrelease: {gates: [fast]}"),
  },
  {
    what: "a claim that somebody holds",
    line: release,
    says: /"claim": someone else is releasing this version/,
    spoil: async (repo, _, name) => {
      const owner = {
        nonce: "n",
        user: "bob",
        host: "far",
        boot: "b",
        pid: 1,
        started: "1",
        commit: "c",
        run: "",
        at: Math.floor(Date.now() / 1000),
      };
      write(repo, { ".git/claim.json": JSON.stringify(owner) });
      const blob = await git(repo, "hash-object", "-w", ".git/claim.json");
      await git(repo, "push", "--quiet", "origin", `${blob}:refs/slipway/claim/${name}-1.0.0`);
      return undefined;
    },
  },
];
