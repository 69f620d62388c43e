import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Nothing of the machine's own Git settings reaches a test repo. */
const env = {
  ...process.env,
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_SYSTEM: "/dev/null",
  GIT_AUTHOR_NAME: "Ada",
  GIT_AUTHOR_EMAIL: "ada@example.com",
  GIT_COMMITTER_NAME: "Ada",
  GIT_COMMITTER_EMAIL: "ada@example.com",
  GIT_AUTHOR_DATE: "2025-01-01T12:00:00Z",
  GIT_COMMITTER_DATE: "2025-01-01T12:00:00Z",
  // A commit would start a process that looks whether there is something to tidy up.
  GIT_CONFIG_COUNT: "1",
  GIT_CONFIG_KEY_0: "maintenance.auto",
  GIT_CONFIG_VALUE_0: "false",
};

/** Runs git in a folder and returns what it printed; always the same author and date, so commits can be compared. */
export async function git(dir: string, ...words: readonly string[]): Promise<string> {
  const { stdout } = await execute("git", ["-C", dir, ...words], { env, maxBuffer: 64 * 1024 * 1024 });
  return stdout.trim();
}

/** All that a repo's object store holds, whether a ref leads to it or not: commits, files, tags, and what refs name. */
export const objectsOf = (dir: string): Promise<string> => git(dir, "cat-file", "--batch-all-objects", "--batch");

/**
 * Runs several lines of Git's in a folder, in one shell: what is dear is that a process as large as a test's starts another.
 * Words are given to it as $1, $2, ...
 */
export async function inOneShell(dir: string, lines: readonly string[], ...words: readonly string[]): Promise<string> {
  const { stdout } = await execute("sh", ["-ec", lines.join("\n"), "sh", ...words], { cwd: dir, env });
  return stdout.trim();
}

/** Makes a repo without the fourteen examples of hooks, which nobody reads: their folder is there, as Git makes it. */
const init = (dir: string, ...words: readonly string[]): string =>
  `{ git init --quiet --template= --initial-branch=main ${words.join(" ")} && mkdir ${dir}/hooks ${dir}/info; }`;

/** Puts everything in a folder under Git, as one commit on `main`; an existing repo gets one commit more. */
export const commitAll = (dir: string, message: string): Promise<string> =>
  inOneShell(
    dir,
    [`[ -e .git ] || ${init(".git")}`, "git add --all", 'git commit --quiet --message "$1"', "git rev-parse HEAD"],
    message,
  );

/** Makes `<dir>.git` beside a repo, the bare remote that it pushes to, and pushes the current branch. */
export async function addRemote(dir: string): Promise<string> {
  const remote = `${dir}.git`;
  await inOneShell(
    dir,
    [
      init('"$1"', "--bare", '"$1"'),
      // So would each push, whose other end does not have what this one is told.
      `printf '[receive]\\n\\tautogc = false\\n' >>"$1/config"`,
      'git remote add origin "$1"',
      "git push --quiet --set-upstream origin HEAD",
    ],
    remote,
  );
  return remote;
}
