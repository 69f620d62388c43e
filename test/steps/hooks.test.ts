import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hookFolder } from "./hook_folder.ts";

/** Secrets of no one. They stand in two parts, so that whoever scans this file finds none. */
const secrets = {
  AWS: ["AKIA", "Q3EGRTLZ7XW2MB5N"],
  AWS_SECRET: ["aws_secret_access_key = wJ8r", "XUtnF3Mi/K7MdEN9+bPxRf1CYzq2Vk5o0LhTs"],
  GITHUB: ["ghp_", "k3J9xQ2mZ7vT1bN8cR4wL6pY0sD5fG2hA9eU"],
  GITHUB_NEW: ["github_pat_", "11AB3CD5E0f7Gh9iJkLmNo_pQ2rS4tU6vWxYz8A1b3C5"],
  GITLAB: ["glpat-", "x7Kd93jLm2QpRtVw5ZnB"],
  KEY: ["-----BEGIN OPENSSH ", "PRIVATE KEY-----"],
  SLACK: ["xoxb-", "218374650912-5647382910374-Ab3dE5fG7hJ9kL1mN3pQ5rS7"],
  WEBHOOK: ["https://hooks.slack.com/services/", "T02AB3CD4/B05EF6GH7/a1B2c3D4e5F6g7H8i9J0kLmN"],
  NPM: ["npm_", "a8Hs72kLq91Zx0PvBn34MtYw65RcEj8DfGuT"],
  PASSWORD: ['DB_PASSWORD: "', 'q7Zp4xR1mT8vK2cW9sN3"'],
  HEX: ["api-key=", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"],
  URL: ["postgres://app:", "s3cr3tpw@db.acme.io/app"],
} as const;
const variables = Object.fromEntries(Object.entries(secrets).map(([name, parts]) => [name, parts.join("")]));

const { base, sh, install, end } = hookFolder(variables);
const repo = join(base, "repo");
afterAll(end, 60_000);

const config = "repo_info:\n  # as words\n  invalid_words: Foobar, 'blue moon', größe # no others\n  issue_prefix: X\n";

beforeAll(async () => {
  mkdirSync(repo);
  writeFileSync(join(repo, "repo_config.yaml"), config);
  sh(
    repo,
    `git init --quiet --template= --initial-branch=main
     git config user.name "Ada Lovelace"; git config user.email ada@lovelace.org; git config core.autocrlf false
     kb 600 >large; printf 'one\\ntwo\\nthree\\n' >file; printf '%s\\n' "$GITHUB" >old_secret; mkdir dir; echo a >dir/a
     git add --all; git commit --quiet -m Start; git branch side; git switch --quiet -c work`,
  );
  await install(repo);
});

let count = 0;
/** Does the lines in a repo of its own, and says how the last of them, which commits, ended and how long it took. */
function commits(lines: string) {
  count += 1;
  const dir = join(base, `repo ${count}`);
  const all = lines.trimEnd().split("\n");
  const text = `cp -R . '${dir}'; cd '${dir}'; { :\n${all.slice(0, -1).join("\n")}\n} >&2
tip() { git rev-parse --all HEAD 2>&1 || :; }
before=$(tip); begin=$(date +%s%N); code=0
(set -e; ${all.at(-1)}) >&2 || code=$?
echo "$code $((($(date +%s%N) - begin) / 1000000)) $([ "$(tip)" = "$before" ] || echo new)"`;
  const { out, err } = sh(repo, text);
  expect(out, err).toMatch(/^\d+ \d+( new)?$/);
  const [code, ms, isNew] = out.split(" ");
  return { dir, code: Number(code), err, ms: Number(ms), isNew: isNew === "new" };
}

/** A bound for a hook that hangs, or reads what it need not; how long it takes on a good day is in no test. */
const limit = 3_000;
const main = "git switch --quiet main";
const add = (text: string) => `printf '%s\\n' "${text}" >>file; git add file`;

describe("a commit is refused", () => {
  const onMain = "this commit would be on main";
  it.each<[what: string, lines: string, refusal: string]>([
    ["on main", `${main}; ${add("x")}\ngit commit -m x`, onMain],
    ["on master", `git branch -m master; ${add("x")}\ngit commit -m x`, "this commit would be on master"],
    ["on main, of who stands in a dir below", `${main}; ${add("x")}\ncd dir; git commit -m x`, onMain],
    ["on main, where it replaces the last one", `${main}\ngit commit --amend -m x`, onMain],
    [
      "on main in a worktree",
      `git worktree add --quiet ../tree$$ main; mv ../tree$$ ../tree; git worktree repair ../tree\ncd ../tree; git commit --allow-empty -m x`,
      onMain,
    ],
    [
      "that merges a branch into main",
      `${add("x")}; git commit --quiet -m x; ${main}; git -c core.hooksPath= commit --quiet --allow-empty -m y\ngit merge --no-edit work`,
      onMain,
    ],
    [
      "of a person who is known by an address alone",
      "git config --unset user.name\ngit commit --allow-empty -m x",
      "Git does not know who commits: user.name or user.email is not set",
    ],
    [
      "of Your Name",
      'git config user.name "Your Name"\ngit commit --allow-empty -m x',
      '"Your Name <ada@lovelace.org>" is a placeholder',
    ],
    [
      "of you@example.com",
      "git config user.email you@example.com\ngit commit --allow-empty -m x",
      '"Ada Lovelace <you@example.com>" is a placeholder',
    ],
    [
      "of root at a machine",
      "git config user.name root; git config user.email root@localhost\ngit commit --allow-empty -m x",
      '"root <root@localhost>" is a placeholder',
    ],
    [
      "by an author who is none",
      'git commit --allow-empty --author "John Doe <john@lovelace.org>" -m x',
      '"John Doe <john@lovelace.org>" is a placeholder',
    ],
    ["with a file of 513 KB", "kb 513 >new; git add new\ngit commit -m x", "new has 513 KB, and 512 KB are the limit"],
    [
      "with a large file whose name has spaces and a quote",
      `kb 600 >"it's new"; git add --all\ngit commit -m x`,
      "it's new has 600 KB",
    ],
    [
      "with a large file whose name has a line end",
      `kb 600 >"$(printf 'a\\nb')"; git add --all\ngit commit -m x`,
      '"a\\nb" has 600 KB',
    ],
    ["with a large file whose name is an option", "kb 600 >--all; git add --all\ngit commit -m x", "--all has 600 KB"],
    [
      "with a large file whose name is a pattern",
      "kb 600 >'*'; echo >other; git add --all\ngit commit -m x",
      "* has 600 KB",
    ],
    ["with a file that becomes large, by -a", "kb 600 >>file\ngit commit -am x", "file has 601 KB"],
    [
      "with a large file that is named, where another is staged",
      `kb 600 >dir/a; ${add("x")}\ngit commit -m x dir/a`,
      "dir/a has 600 KB",
    ],
    [
      "with a file above the limit of the clone",
      "git config slipway.maxFileKb 5; kb 6 >new; git add new\ngit commit -m x",
      "new has 6 KB, and 5 KB are the limit",
    ],
    ["with an invalid word", `${add("a foobar b")}\ngit commit -m x`, 'file:4 has the word "foobar"'],
    [
      "with an invalid word in capitals, between underscores",
      `${add("the_FOOBAR_1")}\ngit commit -m x`,
      'file:4 has the word "foobar"',
    ],
    [
      "with an invalid word of two, and of letters beyond ASCII",
      `${add("Blue Moon of größe")}\ngit commit -m x`,
      'file:4 has the word "blue moon"',
    ],
    [
      "with an invalid word in a new name",
      'echo >"a foobar.txt"; git add --all\ngit commit -m x',
      'the name a foobar.txt has the word "foobar"',
    ],
    [
      "with an invalid word in a name after a move",
      "git mv large foobar.bin\ngit commit -m x",
      'the name foobar.bin has the word "foobar"',
    ],
    [
      "with an invalid word that the same commit makes one",
      `printf 'repo_info:\\n  invalid_words:\\n    - "one two"\\n    - novel\\n' >repo_config.yaml; git add repo_config.yaml; ${add("novel")}\ngit commit -m x`,
      'file:4 has the word "novel"',
    ],
    [
      "with an invalid word of a list in brackets",
      `echo 'repo_info: {invalid_words: [xyz, "novel"], issue_prefix: three}' >repo_config.yaml; git add repo_config.yaml; ${add("novel")}\ngit commit -m x`,
      'file:4 has the word "novel"',
    ],
    [
      "with an invalid word in what a link leads to",
      "ln -s foobar link; git add link\ngit commit -m x",
      'link:1 has the word "foobar"',
    ],
    ...Object.keys(secrets).map((name): [string, string, string] => [
      `with the secret ${name}`,
      `${add(`$${name}`)}\ngit commit -m x`,
      "file:4 has what looks like ",
    ]),
    [
      "with a secret that is staged, and gone from the work tree",
      `${add("$GITHUB")}; git show HEAD:file >file\ngit commit -m x`,
      "file:4 has what looks like a token of GitHub",
    ],
    [
      "with a secret that replaces the last commit",
      `${add("$GITHUB")}\ngit commit --amend -m x`,
      "file:4 has what looks like",
    ],
    [
      "with a secret behind lines that look like a diff",
      `printf '%s\\n' '++ b/other' '@@ -1 +1 @@' "@@@" "$GITHUB" >new; git add new\ngit commit -m x`,
      "new:4 has what looks like",
    ],
    [
      "with a secret in a name of odd characters",
      `printf '%s\\n' "$GITHUB" >"$(printf -- "-'\\t\\"\\303\\274")"; git add --all\ngit commit -m x`,
      `"-'\\t\\"\\303\\274":1 has what looks like`,
    ],
    [
      "with a secret, the first of the repo",
      `git switch --quiet --orphan new; printf '%s\\n' "$GITHUB" >new; git add new\ngit commit -m x`,
      "new:1 has what looks like",
    ],
    [
      "with a secret in the way a conflict was settled",
      `${add("x")}; git commit --quiet -m x; git switch --quiet side; ${add("y")}; git commit --quiet -m y
       git merge work >/dev/null || :; printf '%s\\n' one x y "$GITHUB" >file; git add file\ngit commit --no-edit`,
      "file:4 has what looks like",
    ],
    [
      "with settings of a person that show diffs otherwise",
      `git config color.ui always; git config diff.noprefix true; git config diff.external /bin/true; mkdir -p .git/info; echo 'file diff=no' >.git/info/attributes; git config diff.no.textconv /bin/true; git config diff.no.command /bin/true; ${add("$GITHUB")}\ngit commit -m x`,
      "file:4 has what looks like",
    ],
    [
      "by the hook that was there before, which runs first",
      `printf '#!/bin/sh\\necho error: no Fridays >&2; exit 3' >.git/hooks/pre-commit.own; chmod +x .git/hooks/pre-commit.own; ${add("x")}\ngit commit -m x`,
      "no Fridays",
    ],
  ])("%s", (_, lines, refusal) => {
    const { dir, code, err, isNew, ms } = commits(lines);
    expect({ code: code !== 0, isNew }, err).toEqual({ code: true, isNew: false });
    expect(err).toContain(`error: ${refusal}`);
    expect(err).not.toContain("no-verify");
    for (const value of Object.values(variables)) expect(err).not.toContain(value);
    expect(ms).toBeLessThan(limit);
    const line = /git (?:restore --staged|rm --cached) -- .*?(?= leaves it out)/.exec(err)?.[0];
    const takesOut = /( KB, and | looks like )/.test(err) && !err.includes("git commit without -a");
    expect(line !== undefined || !takesOut, err).toBe(true);
    if (line === undefined) return;
    const staged = "git diff --cached --name-only --no-renames";
    const { out } = sh(dir, `${staged}; if [ -d dir ]; then cd dir; fi; ${line} >&2; echo ===; ${staged}`, "bash");
    const [before = "", after = ""] = out.split("\n===");
    expect(before.split("\n").filter((name) => !after.split("\n").includes(name))).toHaveLength(1);
  });
});

describe("a commit passes", () => {
  it.each<[what: string, lines: string]>([
    ["on a branch", `${add("x")}\ngit commit -m x`],
    ["on a branch whose name only has main in it", `git switch --quiet -c feature/main; ${add("x")}\ngit commit -m x`],
    ["without a branch", `git switch --quiet --detach; ${add("x")}\ngit commit -m x`],
    [
      "the first one, on main",
      "rm -rf .git/refs/heads/* .git/packed-refs; git symbolic-ref HEAD refs/heads/main; git rm -r --quiet --cached large old_secret\ngit commit -m x",
    ],
    ["of nothing", "git commit --allow-empty -m x"],
    ["of a new message", "git commit --amend -m x"],
    [
      "of a person with letters beyond ASCII and one name",
      'git config user.name "Zoë"; git config user.email zoe@größe.de\ngit commit --allow-empty -m x',
    ],
    [
      "of a bot",
      'git commit --allow-empty --author "dependabot[bot] <49699333+dependabot[bot]@users.noreply.github.com>" -m x',
    ],
    [
      "of who is known by the environment alone",
      "git config --unset user.name; git config --unset user.email\nGIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=a@b.org GIT_COMMITTER_NAME=Ada GIT_COMMITTER_EMAIL=a@b.org git commit --allow-empty -m x",
    ],
    ["with a file of 512 KB", "kb 512 >new; git add new\ngit commit -m x"],
    [
      "with a large file that the clone allows",
      "git config slipway.maxFileKb 1024; kb 1024 >new; git add new\ngit commit -m x",
    ],
    ["that moves a large file", "git mv large dir/large\ngit commit -m x"],
    ["that removes a large file", "git rm --quiet large\ngit commit -m x"],
    ["that makes a large file executable", "chmod +x large; git add large\ngit commit -m x"],
    [
      "beside a large file, a word and a secret that are not staged",
      `${add("x")}; kb 600 >new; echo "foobar $GITHUB" >>file\ngit commit -m x`,
    ],
    ["that removes a secret", "git rm --quiet old_secret\ngit commit -m x"],
    ["beside an old secret in the same file", "echo x >>old_secret; git add old_secret\ngit commit -m x"],
    ["that moves a file with an old secret", "git mv old_secret dir/old_secret\ngit commit -m x"],
    ["with a secret that is said to be none", `${add("$GITHUB # gitleaks:allow")}\ngit commit -m x`],
    ["with the key of Amazon's documents", `${add("AKIAIOSFODNN7EXAMPLE")}\ngit commit -m x`],
    [
      "with places for secrets",
      `${add("password = os.environ[\\\"DB_PASSWORD\\\"]; token: \\${{ secrets.GITHUB_TOKEN }}; API_KEY=\\$API_KEY secret='changeme'")}\ngit commit -m x`,
    ],
    [
      "with names of secrets, and how they are got",
      `${add("secret_name: team1-db2-reader3-Key4X5y; token = makeTokenV2for3Users4(x); access_token: my-very-long-test-token-value-1234; password_hash=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b")}\ngit commit -m x`,
    ],
    [
      "with tokens of no value",
      `${add("ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx AIzaYOUR_KEY_HERE npm_install_all_packages_in_the_current_folder")}\ngit commit -m x`,
    ],
    [
      "with addresses that have no password, or one of a machine's own",
      `${add("https://USER:PASSWORD@proxy.acme.io http://ada@acme.io/a:b@c postgres://app:s3cr3tpw@localhost:5432/a https://u:\\$TOKEN@acme.io")}\ngit commit -m x`,
    ],
    [
      "with hashes of a lock file",
      `${add('\\"integrity\\": \\"sha512-q7Zp4xR1mT8vK2cW9sN3q7Zp4xR1mT8vK2cW9sN3==\\", \\"resolved\\": 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b')}\ngit commit -m x`,
    ],
    ["with a word that is a part of another", `${add("foobars unfoobar FOOBAR2 blue moons größer")}\ngit commit -m x`],
    [
      "of the file that lists the words",
      "printf '  # foobar\\n' >>repo_config.yaml; mkdir deep; printf 'repo_info: {invalid_words: foobar}\\n' >deep/repo_config.yaml; git add --all\ngit commit -m x",
    ],
    [
      "with a word, where no word is invalid",
      `printf 'repo_info:\\n  # invalid_words: foobar\\n  invalid_words:  # none\\n  issue_prefix: three\\n' >repo_config.yaml; git add repo_config.yaml; ${add("foobar three")}\ngit commit -m x`,
    ],
    ["with a word, where no file lists words", `git rm --quiet repo_config.yaml; ${add("foobar")}\ngit commit -m x`],
    ["with a word in a binary file", "printf 'foobar\\000' >new; git add new\ngit commit -m x"],
    [
      "of names with spaces, line ends, quotes and dashes",
      `touch -- "a b" "$(printf 'c\\nd')" "it's" -m '"'; git add --all\ngit commit -m x`,
    ],
    [
      "of links, one without an end and one to nowhere",
      "ln -s a loop; ln -s nowhere link; git add --all\ngit commit -m x",
    ],
    [
      "of a file that becomes a link, and a dir that becomes a file",
      "rm file; ln -s large file; rm -r dir; echo >dir; git add --all\ngit commit -m x",
    ],
    ["of a submodule", "git -c protocol.file.allow=always submodule --quiet add ../repo sub\ngit commit -m x"],
    [
      "in a submodule, on a branch",
      "git -c protocol.file.allow=always submodule --quiet add ../repo sub; mkdir -p .git/modules/sub/hooks; cp .git/hooks/pre-commit .git/modules/sub/hooks; cd sub; git switch --quiet -c x; git config user.name A; git config user.email a@b.org\ngit commit --allow-empty -m x",
    ],
    ["in a worktree", "git worktree add --quiet -b other wt\ncd wt; echo x >>file; git commit -am x"],
    [
      "of a line alone, where another file is half staged",
      `${add("x")}; echo y >>file; echo x >dir/a\ngit commit -m x dir/a`,
    ],
    [
      "that merges what others have, large files and secrets too",
      `git switch --quiet side; kb 600 >new; echo "$GITHUB" >s; echo "foobar $GITHUB" >>file; git add --all; git commit --quiet --no-verify -m s
       git switch --quiet work; ${add("x")}; git commit --quiet -m x; git merge side >/dev/null || :; printf '%s\\n' one two three x "foobar $GITHUB" >file; git add file\ngit commit --no-edit`,
    ],
    [
      "that merges by itself",
      `git switch --quiet side; echo "$GITHUB" >s; git add s; git commit --quiet --no-verify -m s; git switch --quiet work; ${add("x")}; git commit --quiet -m x\ngit merge --no-edit side`,
    ],
    [
      "after the hook that was there before",
      `printf '#!/bin/sh\\necho ran >ran' >.git/hooks/pre-commit.own; chmod +x .git/hooks/pre-commit.own; ${add("x")}\ngit commit -m x; [ "$(cat ran)" = ran ]`,
    ],
    ["that is wanted all the same", `${main}; ${add("$GITHUB")}\ngit commit --no-verify -m x`],
  ])("%s", (_, lines) => {
    const { code, err, isNew, ms } = commits(lines);
    expect({ code, isNew }, err).toEqual({ code: 0, isNew: true });
    expect(err).not.toMatch(/error|awk:|syntax/);
    expect(ms).toBeLessThan(limit);
  });
});

describe("a line to type", () => {
  it("takes what is staged to a branch", () => {
    const { dir } = commits(`${main}; ${add("x")}\ngit commit -m x`);
    expect(sh(dir, "git switch --quiet -c NAME; git commit --quiet -m x; git status --short").out).toBe("");
  });

  it("ends a merge into main, and starts it elsewhere", () => {
    const { dir, err } = commits(
      `${add("x")}; git commit --quiet -m x; ${main}; git -c core.hooksPath= commit --quiet --allow-empty -m y\ngit merge --no-edit work`,
    );
    expect(err).toContain("fix: git merge --abort, then git switch -c NAME, and the same there.\n");
    expect(
      sh(
        dir,
        "git merge --abort; git switch --quiet -c NAME; git merge --quiet --no-edit work; git log -1 --format=%p | wc -w",
      ).out,
    ).toBe("2");
  });
});
