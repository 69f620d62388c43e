import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { engineTags } from "../bed/engine_api.ts";
import { commitAll, git } from "../bed/git.ts";
import { story } from "../bed/story.ts";
import { tinyImage } from "../bed/tiny.ts";
import { change, type Ground, makeGround, write } from "../bed/tiny_repo.ts";
import { workflowsIn } from "../bed/workflow.ts";

/** A linter that fixes by a line at the end of each file, and one that tells the names and finds fault in those that say so. */
const lintYaml = `lint:
  image: ${tinyImage}
  files:
    code:
      names: ["*.py"]
      fix: [[sh, -c, 'for f; do echo fixed >>"$f"; done', sh]]
      check:
        - [sh, -c, 'for f; do echo "checks <$f>" | tr "\\n" "|"; echo; done', sh]
        - [sh, -c, '! grep -l fault "$@"', sh]
    docs:
      names: ["doc/**"]
      check: [[sh, -c, 'for f; do echo "reads <$f>"; done', sh]]
`;

type State = "changed" | "committed" | "none";
/** Each file with whether it is linted as changed, only as one of all, or never. */
const states: Readonly<Record<string, State>> = {
  "committed.py": "committed",
  "on_branch.py": "committed",
  "in/changed.py": "changed",
  "staged.py": "changed",
  "staged and changed.py": "changed",
  "untracked.py": "changed",
  "new dir/untracked.py": "changed",
  "renamed_to.py": "changed",
  "moved and changed.py": "changed",
  "mode.py": "changed",
  "ignored.py": "none",
  "forced_ignored.py": "changed",
  "link.py": "none",
  "link_dir/inner.py": "none",
  "sub/in_submodule.py": "none",
  "nested/of_other_repo.py": "none",
  "binary.py": "none",
  "other_kind.txt": "none",
  py: "none",
  "-dash.py": "changed",
  "sp ace.py": "changed",
  "quo'te\".py": "changed",
  "new\nline.py": "changed",
  "$(touch owned).py": "changed",
  "ünï.py": "changed",
  "UPPER.PY": "none",
  "empty.py": "changed",
  "conflict.py": "none",
};
const named = (...wanted: readonly State[]) =>
  Object.keys(states)
    .filter((path) => wanted.includes(states[path] ?? "none"))
    .sort();

let ground: Ground;
let repo = "";
beforeAll(async () => {
  ground = await makeGround(1);
  repo = await ground.repo("linted");
  await plant();
  const { code, stderr } = await workflowsIn(repo)("trust", "--yes");
  expect(code, stderr).toBe(0);
});
afterAll(() => ground.end());

const text = (...paths: readonly string[]) => Object.fromEntries(paths.map((path) => [path, `${path}\n`]));

/** A repo with a file in each state. */
async function plant(): Promise<void> {
  const sub = join(ground.dir, "sub-source");
  write(sub, text("in_submodule.py"));
  await commitAll(sub, "Start");
  write(repo, {
    ...text("committed.py", "in/changed.py", "staged.py", "staged and changed.py", "renamed_from.py", "moved_from.py"),
    ...text("mode.py", "deleted.py", "deleted_staged.py", "other_kind.txt", "py", "conflict.py", "UPPER.PY"),
    ...{ ".gitignore": "ignored*\nforced_ignored*\n", "outside/inner.py": "outside\n" },
  });
  const config = readFileSync(join(repo, "repo_config.yaml"), "utf8");
  write(repo, { "repo_config.yaml": `${config}${lintYaml}` });
  await git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", sub, "sub");
  await commitAll(repo, "Files");
  await git(repo, "push", "--quiet", "origin", "HEAD:main");
  await git(repo, "checkout", "--quiet", "-b", "feature");
  write(repo, { ...text("on_branch.py"), "conflict.py": "ours\n" });
  await commitAll(repo, "On the branch");
  await git(repo, "checkout", "--quiet", "-b", "theirs", "HEAD~1");
  write(repo, { "conflict.py": "theirs\n" });
  await commitAll(repo, "Theirs");
  await git(repo, "checkout", "--quiet", "feature");
  await expect(git(repo, "merge", "theirs")).rejects.toThrow();
  expect(await git(repo, "ls-files", "--unmerged")).toContain("conflict.py");
  const changed = ["in/changed.py", "staged.py", "staged and changed.py", "sub/in_submodule.py"];
  write(repo, {
    ...Object.fromEntries(changed.map((path) => [path, "changed\n"])),
    ...text("untracked.py", "new dir/untracked.py", "ignored.py", "forced_ignored.py", "-dash.py", "sp ace.py"),
    ...text("quo'te\".py", "new\nline.py", "$(touch owned).py", "ünï.py", "UPPER.PY", "other_kind.txt", "py"),
    ...{ "binary.py": "a\0b\n", "empty.py": "" },
  });
  await git(repo, "add", "staged.py", "staged and changed.py");
  await git(repo, "add", "--force", "forced_ignored.py");
  write(repo, { "staged and changed.py": "changed again\n" });
  await git(repo, "mv", "renamed_from.py", "renamed_to.py");
  renameSync(join(repo, "moved_from.py"), join(repo, "moved and changed.py"));
  write(repo, { "moved and changed.py": "another\n" });
  await git(repo, "rm", "--quiet", "deleted_staged.py");
  rmSync(join(repo, "deleted.py"));
  chmodSync(join(repo, "mode.py"), 0o755);
  symlinkSync("committed.py", join(repo, "link.py"));
  symlinkSync("outside", join(repo, "link_dir"));
  mkdirSync(join(repo, "nested"));
  await git(join(repo, "nested"), "init", "--quiet");
  write(join(repo, "nested"), text("of_other_repo.py"));
}

/** The text of every file that is no link, by its path; without Git's. */
function texts(folder = repo, below = ""): Readonly<Record<string, string>> {
  return Object.fromEntries(
    readdirSync(folder).flatMap((name): [string, string][] => {
      const [full, path] = [join(folder, name), `${below}${name}`];
      const seen = lstatSync(full);
      if (name === ".git" || seen.isSymbolicLink()) return [];
      return seen.isDirectory() ? Object.entries(texts(full, `${path}/`)) : [[path, readFileSync(full, "latin1")]];
    }),
  );
}

/** What a workflow changed, and how it ended. */
async function lint(...words: readonly string[]) {
  const before = texts();
  const ended = await workflowsIn(repo)("lint", ...words);
  const after = texts();
  const paths = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (path) => before[path] !== after[path],
  );
  // A bar stands for the end of a line, which a name may have too.
  const seen = [...ended.stderr.matchAll(/\b(?:checks|reads) <\.\/([^>]*)>/g)].map(([, path = ""]) =>
    path.replaceAll("|", "\n"),
  );
  return { ...ended, changed: paths.sort(), seen: seen.sort(), after };
}

describe("lint", story, () => {
  it("--check looks at what changed since the commit, and changes nothing", async () => {
    const { code, changed, seen, stderr } = await lint("--check");
    expect(code, stderr).toBe(0);
    expect(changed).toEqual([]);
    expect(seen).toEqual(named("changed"));
  });

  it("changes exactly the files that it should, of each state", async () => {
    const { code, changed, after, stderr } = await lint();
    expect(code, stderr).toBe(0);
    expect(changed).toEqual(named("changed"));
    expect(changed.filter((path) => !after[path]?.endsWith("fixed\n"))).toEqual([]);
  });

  it("takes the files of a branch, all, or named ones, and tells what it leaves out", async () => {
    expect((await lint("--branch", "--check")).seen).toEqual([...named("changed"), "on_branch.py"].sort());
    const all = await lint("--all", "--check");
    expect(all.seen).toEqual([...named("changed", "committed"), "outside/inner.py"].sort());
    expect(all.stdout).toMatch(/^link\.py is a link, and is left out$/m);
    expect(all.stdout).toMatch(/^conflict\.py is in a conflict, and is left out$/m);
    const some = await lint("committed.py", "in", "other_kind.txt", "link_dir/inner.py", "--check", "--", "-dash.py");
    expect(some.seen).toEqual(["-dash.py", "committed.py", "in/changed.py"]);
    expect(some.stdout).toMatch(/^other_kind\.txt has no linter, and is left out$/m);
    expect(some.stdout).toMatch(/^link_dir\/inner\.py lies behind a link, and is left out$/m);
  });

  it("ends with the code of a linter that finds fault, after all others ran", async () => {
    write(repo, { "doc/fault.py": "fault\n" });
    const { code, seen, stderr } = await lint("doc", "--check");
    expect([code, seen]).toEqual([1, ["doc/fault.py", "doc/fault.py"]]);
    expect(stderr).toMatch(/the linters/);
  });
});

it("a release of code that its linters refuse stops before it builds, and goes on when they pass", async () => {
  const released = await ground.repo("gated", { gates: ["lint"] });
  const config = readFileSync(join(released, "repo_config.yaml"), "utf8");
  await change(released, { "repo_config.yaml": `${config}${lintYaml}`, "a.py": "fault\n", ".gitignore": "b.py\n" });
  write(released, { "b.py": "ignored\n" });
  const i = workflowsIn(released);
  const untrusted = await i("docker_release_dev", "--version", "1.0.0", "--yes");
  expect([untrusted.code, untrusted.stderr.includes(`in an image of others: ${tinyImage}`)]).toEqual([2, true]);
  expect((await i("trust", "--yes")).code).toBe(0);
  const refused = await i("docker_release_dev", "--version", "1.0.0", "--yes");
  expect([refused.code, refused.stderr.includes('"run_lint": the linters')]).toEqual([1, true]);
  expect(refused.stderr).toContain("checks <./a.py>");
  expect(refused.stderr).not.toContain("b.py");
  expect(await engineTags(`${Object.values(ground.addresses)[0]}/gated`)).toEqual([]);
  expect((await git(`${released}.git`, "for-each-ref")).includes("slipway/claim")).toBe(false);
  await change(released, { "a.py": "fine\n" });
  const passed = await i("docker_release_dev", "--version", "1.0.0", "--yes");
  expect(passed.code, passed.stderr).toBe(0);
  expect(readFileSync(join(released, "a.py"), "utf8")).toBe("fine\n");
});
