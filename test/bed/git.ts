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
};

/** Runs git in a folder and returns what it printed; always the same author and date, so commits can be compared. */
export async function git(dir: string, ...words: readonly string[]): Promise<string> {
  const { stdout } = await execute("git", ["-C", dir, ...words], { env, maxBuffer: 64 * 1024 * 1024 });
  return stdout.trim();
}

/** All that a repo's object store holds, whether a ref leads to it or not: commits, files, tags, and what refs name. */
export const objectsOf = (dir: string): Promise<string> => git(dir, "cat-file", "--batch-all-objects", "--batch");

/** Puts everything in a folder under Git, as one commit on `main`; an existing repo gets one commit more. */
export async function commitAll(dir: string, message: string): Promise<string> {
  await git(dir, "init", "--quiet", "--initial-branch=main");
  await git(dir, "add", "--all");
  await git(dir, "commit", "--quiet", "--message", message);
  return git(dir, "rev-parse", "HEAD");
}

/** Makes `<dir>.git` beside a repo, the bare remote that it pushes to, and pushes the current branch. */
export async function addRemote(dir: string): Promise<string> {
  const remote = `${dir}.git`;
  await git(".", "init", "--quiet", "--bare", "--initial-branch=main", remote);
  // Each push would start a process that looks whether there is something to tidy up.
  await git(remote, "config", "receive.autogc", "false");
  await git(dir, "remote", "add", "origin", remote);
  await git(dir, "push", "--quiet", "--set-upstream", "origin", "HEAD");
  return remote;
}
