import { describe, expect, it } from "vitest";
import { gitFailure, serverWords } from "../../lib/git/git_failure.ts";

const text = (...lines: readonly string[]) => lines.join("\n");
const rejected = (why: string) => `! [remote rejected] x -> refs/slipway/claim/x-1.0.0 (${why})`;
const ssh = text(
  "fatal: Could not read from remote repository.",
  "",
  "Please make sure you have the correct access rights",
  "and the repository exists.",
);

describe("what Git prints itself", () => {
  it("is the fix where the repo belongs to another user", () => {
    const said = text(
      "fatal: detected dubious ownership in repository at '/srv/x y'",
      "To add an exception for this directory, call:",
      "",
      "\tgit config --global --add safe.directory '/srv/x y'",
    );
    expect(gitFailure(said, null)?.fix).toBe("git config --global --add safe.directory '/srv/x y'");
  });

  it("of a server is told in its words, each line of them", () => {
    const said = text(
      "remote: first",
      "remote: ",
      "remote: second\u001b[2J  ",
      "! [remote rejected] x (hook declined)",
    );
    expect(serverWords(said)).toEqual(["The server says: first / second\\u001b[2J"]);
    expect(serverWords("error: none")).toEqual([]);
  });
});

describe("what Git says of a remote is told with why and the line to type", () => {
  // Texts of Git 2.39 and of the servers of GitHub, GitLab, Bitbucket and Gerrit.
  it.each([
    [
      "a full disk of the server",
      text(
        "remote: error: file write error: No space left on device",
        "remote: fatal: unable to write object file",
        rejected("unpacker error"),
      ),
      "remote: error: file write error: No space left on device",
      /its disk is full/,
      /free some space/,
    ],
    [
      "a server that cannot unpack",
      text("error: remote unpack failed: unable to create temporary object directory", rejected("unpacker error")),
      "error: remote unpack failed: unable to create temporary object directory",
      /could not store what was pushed/,
      /Ask the server's administrator/,
    ],
    [
      "objects of another account",
      text(
        "remote: error: insufficient permission for adding an object to repository database ./objects",
        "remote: fatal: failed to write object",
        rejected("unpacker error"),
      ),
      "remote: error: insufficient permission for adding an object to repository database ./objects",
      /may not write into the repo there/,
      /ownership of the repo's files/,
    ],
    [
      "a full disk here",
      "fatal: write error: No space left on device",
      "fatal: write error: No space left on device",
      /disk of this clone is full/,
      /docker buildx prune/,
    ],
    [
      "a full disk here, of the index",
      "fatal: write error. Out of diskspace",
      "Out of diskspace",
      /disk of this clone/,
      /free some space/i,
    ],
    [
      "GitHub: an archived repo",
      text(
        "remote: This repository was archived so it is read-only.",
        "fatal: unable to access 'https://github.com/x/y.git/': The requested URL returned error: 403",
      ),
      "remote: This repository was archived so it is read-only.",
      /is archived/,
      /git remote set-url up ADDRESS/,
    ],
    [
      "GitHub: a protected branch",
      text(
        "remote: error: GH006: Protected branch update failed for refs/heads/slipway/log/x.",
        rejected("protected branch hook declined"),
      ),
      "remote: error: GH006: Protected branch update failed for refs/heads/slipway/log/x.",
      /A rule of the server protects this ref/,
      /release\.ref_prefix: refs\/heads\/slipway/,
    ],
    [
      "GitHub: a rule set",
      text("remote: error: GH013: Repository rule violations found for refs/tags/x-1.0.0.", rejected("push declined")),
      "remote: error: GH013: Repository rule violations found for refs/tags/x-1.0.0.",
      /A rule of the server/,
      /who can change the rule/,
    ],
    [
      "GitLab: a protected branch",
      text(
        "remote: GitLab: You are not allowed to push code to protected branches on this project.",
        rejected("pre-receive hook declined"),
      ),
      "remote: GitLab: You are not allowed to push code to protected branches on this project.",
      /A rule of the server/,
      /who can change the rule/,
    ],
    [
      "GitLab: a protected tag",
      text(
        "remote: GitLab: You are not allowed to create this tag as it is protected.",
        rejected("pre-receive hook declined"),
      ),
      "remote: GitLab: You are not allowed to create this tag as it is protected.",
      /A rule of the server/,
      /who can change the rule/,
    ],
    [
      "a hook of the server",
      text("remote: only heads and tags here", rejected("pre-receive hook declined")),
      rejected("pre-receive hook declined"),
      /a hook of it, or its settings, refused it/,
      /^Have refs\/slipway\/\* let through, or set release\.ref_prefix/,
    ],
    [
      "a hidden ref",
      rejected("deny updating a hidden ref"),
      rejected("deny updating a hidden ref"),
      /no ref of this name/,
      /release\.ref_prefix/,
    ],
    [
      "Gerrit",
      rejected("prohibited by Gerrit: not permitted: update"),
      "prohibited by Gerrit",
      /no ref of this name/,
      /ref_prefix/,
    ],
    [
      "a host that ssh does not know",
      text(
        "No ED25519 host key is known for example.com and you have requested strict checking.",
        "Host key verification failed.",
        ssh,
      ),
      "Host key verification failed.",
      /does not know that host's key/,
      /by hand: git ls-remote up/,
    ],
    [
      "ssh without a key",
      text("git@github.com: Permission denied (publickey).", ssh),
      "git@github.com: Permission denied (publickey).",
      /does not know who you are/,
      /ssh-add/,
    ],
    [
      "https without a password",
      "fatal: could not read Username for 'https://github.com': terminal prompts disabled",
      "fatal: could not read Username for 'https://github.com': terminal prompts disabled",
      /never asks for a password/,
      /gh auth login/,
    ],
    [
      "GitHub: a wrong token",
      text(
        "remote: Invalid username or token. Password authentication is not supported for Git operations.",
        "fatal: Authentication failed for 'https://github.com/x/y.git/'",
      ),
      "remote: Invalid username or token. Password authentication is not supported for Git operations.",
      /does not know who you are/,
      /git ls-remote up/,
    ],
    [
      "GitLab: a wrong token",
      "remote: HTTP Basic: Access denied. If a password was provided for Git authentication, the password was incorrect",
      "remote: HTTP Basic: Access denied.",
      /does not know who you are/,
      /gh auth login/,
    ],
    [
      "GitHub: no such repo",
      text("ERROR: Repository not found.", ssh),
      "ERROR: Repository not found.",
      /you may not read it/,
      /git remote get-url up/,
    ],
    [
      "GitLab: no such project",
      text("remote: The project you were looking for could not be found or you don't have permission to view it.", ssh),
      "remote: The project you were looking for could not be found",
      /no repo at this address/,
      /git remote set-url up ADDRESS/,
    ],
    [
      "a folder that is gone",
      text("fatal: '/srv/x.git' does not appear to be a git repository", ssh),
      "fatal: '/srv/x.git' does not appear to be a git repository",
      /no repo at this address/,
      /git remote get-url up/,
    ],
    [
      "https: no such repo",
      "fatal: repository 'https://gitlab.com/x/y.git/' not found",
      "fatal: repository 'https://gitlab.com/x/y.git/' not found",
      /no repo at this address/,
      /git remote get-url up/,
    ],
    [
      "GitHub: no right",
      text(
        "remote: Permission to x/y.git denied to ann.",
        "fatal: unable to access 'https://github.com/x/y.git/': The requested URL returned error: 403",
      ),
      "remote: Permission to x/y.git denied to ann.",
      /but not write to it/,
      /Ask for push access/,
    ],
    [
      "GitLab: no right",
      text("remote: GitLab: You are not allowed to push code to this project.", ssh),
      "remote: GitLab: You are not allowed to push code to this project.",
      /but not write to it/,
      /Ask for push access/,
    ],
    [
      "GitHub: a key that may only read",
      text("ERROR: The key you are authenticating with has been marked as read only.", ssh),
      "ERROR: The key you are authenticating with has been marked as read only.",
      /but not write to it/,
      /Ask for push access/,
    ],
    [
      "a certificate",
      "fatal: unable to access 'https://git.corp/x.git/': server certificate verification failed. CAfile: none CRLfile: none",
      "server certificate verification failed",
      /does not prove/,
      /http\.sslCAInfo/,
    ],
    [
      "a server that fails",
      "fatal: unable to access 'https://gitlab.com/x/y.git/': The requested URL returned error: 503",
      "returned error: 503",
      /The server failed/,
      /again later/,
    ],
    [
      "a host that nobody knows",
      text("ssh: Could not resolve hostname git.corp: Name or service not known", ssh),
      "ssh: Could not resolve hostname git.corp: Name or service not known",
      /could not be reached/,
      /VPN/,
    ],
    [
      "a host that does not answer",
      "fatal: unable to access 'http://127.0.0.1:9/x/': Failed to connect to 127.0.0.1 port 9 after 0 ms: Couldn't connect to server",
      "Failed to connect",
      /could not be reached/,
      /git ls-remote up/,
    ],
    [
      "a limit",
      text("", "up did not answer within 60 s"),
      "up did not answer within 60 s",
      /did not answer/,
      /network/,
    ],
    [
      "a repo of another user",
      text(
        "fatal: detected dubious ownership in repository at '/srv/x'",
        "To add an exception for this directory, call:",
      ),
      "fatal: detected dubious ownership in repository at '/srv/x'",
      /another user/,
      /safe\.directory/,
    ],
    [
      "a lock that is there",
      "fatal: Unable to create '/srv/x/.git/packed-refs.lock': File exists.",
      "fatal: Unable to create '/srv/x/.git/packed-refs.lock': File exists.",
      /left its lock/,
      /remove the file/,
    ],
  ])("%s", (_case, stderr, said, why, fix) => {
    expect(gitFailure(stderr, "up")).toEqual({
      said: expect.stringContaining(said),
      why: expect.stringMatching(why),
      fix: expect.stringMatching(fix),
    });
  });
});

describe("what Git says", () => {
  it.each([
    ["of somebody who was quicker is no failure", rejected("stale info")],
    [
      "of a ref that somebody else moves just now is no failure",
      rejected("cannot lock ref 'refs/slipway/log/x': is at 1 but expected 2"),
    ],
    ["and nobody knows is left to who asked", "fatal: bad object HEAD"],
  ])("%s", (_case, said) => {
    expect(gitFailure(said, "up")).toBeNull();
  });

  it("is shown without what moves the cursor, and never longer than a line", () => {
    const said = `\u001b[2Jremote: hook declined\t${"x".repeat(400)}`;
    expect(gitFailure(said, null)?.said).toBe(
      `\\u001b[2Jremote: hook declined ${"x".repeat(300 - "\\u001b[2Jremote: hook declined ".length)}`,
    );
  });
});
