import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commitAll, inOneShell } from "../bed/git.ts";

const script = fileURLToPath(new URL("../../thin_client/complete.sh", import.meta.url));
const repo = realpathSync(mkdtempSync(join(tmpdir(), "slipway complete ")));
afterAll(() => rmSync(repo, { recursive: true, force: true }));

const hostile = ["$(touch ran)", "`touch ran`", "a;touch ran", "-rf", "\u202egnp"];
const plant = (path: string, text: string) => {
  mkdirSync(join(repo, path, ".."), { recursive: true });
  writeFileSync(join(repo, path), text);
};

beforeAll(async () => {
  const registries = "  ecr: {address: a, kind: ecr}\n  # prod: no\n  ghcr:\n    address: b\n  '$(touch ran)': c\n";
  plant("repo_config.yaml", `repo_info:\n  github: x\ncontainer_registry_info:\n${registries}release:\n  hub: y\n`);
  plant("changelog.txt", "# m-1.4.2\n- x\n\n# m-prod-1.4.1\r\n# m-1.4.1\n# m-$(touch ran)-1.0\n# none\n#m-9.9.9\n");
  plant("sub/optimizer/repo_config.yaml", "repo_info:\n");
  plant("sub/optimizer/changelog.txt", "# o-7.0.0\n");
  plant("sub/optimizer/scripts/own_flow.ts", '  about: "Ours.",\n  options: {\n    dataSet: text("X"),\n  },\n');
  for (const name of hostile) plant(`${name}/repo_config.yaml`, "");
  plant("thin_client/template/repo_config.yaml", "");
  await commitAll(repo, "x");
  plant("fifo/repo_config.yaml", "");
  await inOneShell(repo, [
    "git branch feature/one; git branch 'a;touch${IFS}ran'; git config core.fsmonitor 'touch ran'",
    "mkfifo fifo/changelog.txt",
  ]);
});

/** What is offered in place of the last word, in a dir of the repo. */
function offers(words: readonly string[], dir = "."): readonly string[] {
  const ran = spawnSync("sh", [script, ...words], { cwd: join(repo, dir), encoding: "utf8", timeout: 20_000 });
  expect(ran).toMatchObject({ stderr: "", signal: null });
  return ran.stdout.split("\n").filter((line) => line !== "");
}

const lists = ["fast", "slow", "superslow", "qa"];
const stages = ["local", "dev", "prod"];

describe("what is offered", () => {
  it.each([[["i", ""]], [["/any/where/i", "docker_b"]], [["i", "help", ""]]])("after %j are all names", (words) => {
    const names = offers(words);
    // Those that `i` alone folds into a family are whole.
    expect(names).toEqual(expect.arrayContaining(["docker_bash", "git_branch_next_name", "doctor", "tmux"]));
    expect(names).not.toContain("own_flow");
    expect(offers(words, "sub/optimizer")).toContain("own_flow");
  });

  it.each([
    [["i", "docker_build_local", "-"]],
    [["docker_build_local", "--ver"]],
    [["i", "docker_build_local_image", "--dry-run", "--"]],
  ])("after %j are the options of the workflow, with their other spellings", (words) => {
    const found = offers(words);
    for (const option of [
      "--version",
      "--tag-name",
      "--update-poetry",
      "--multi-build",
      "--platform",
      "--dir",
      "--help",
    ])
      expect(found.filter((one) => one === option)).toEqual([option]);
    expect(found.filter((one) => !/^--[a-z][a-z-]+$/.test(one))).toEqual([]);
  });

  it("are the options of the repo's own workflow, which is not run", () => {
    expect(offers(["own_flow", "--"], "sub/optimizer")).toEqual(expect.arrayContaining(["--data-set", "--dry-run"]));
  });

  it.each<[words: string[], dir: string, found: readonly string[]]>([
    [["docker_bash", "--stage", ""], ".", stages],
    [["i", "docker_bash", "-s", "p"], ".", stages],
    [["docker_bash", "--stage=d"], ".", stages.map((stage) => `--stage=${stage}`)],
    // As bash has it, which takes = for a word.
    [["i", "docker_bash", "--stage", "=", "d"], ".", stages],
    [["i", "docker_bash", "--stage", "="], ".", stages],
    [["i", "docker_bash", "--version", ""], ".", ["1.4.2", "1.4.1"]],
    [["i", "docker_bash", "--tag-name", "1."], "fifo/..", ["1.4.2", "1.4.1"]],
    [["docker_bash", "-v", ""], "sub", ["1.4.2", "1.4.1"]],
    [["docker_bash", "-v", ""], "sub/optimizer/scripts", ["7.0.0"]],
    [["docker_bash", "--dir", "sub/optimizer", "-v", ""], ".", ["7.0.0"]],
    [["docker_bash", "--dir=sub/optimizer", "-v", ""], ".", ["7.0.0"]],
    [["i", "docker_bash", "--dir", "=", "sub/optimizer", "-v", ""], ".", ["7.0.0"]],
    [["docker_bash", "--dir", "nowhere", "-v", ""], ".", []],
    [["docker_bash", "-v", ""], "fifo", []],
    [["docker_bash", "-v", ""], "/", []],
    [["i", "doctor", "--dir", ""], ".", [".", "sub/optimizer"]],
    [["i", "doctor", "--dir", ""], "sub", ["../-rf", "..", "optimizer"]],
    [["docker_push_dev", "--target-registries", ""], "sub", ["ecr", "ghcr"]],
    [["docker_push_dev", "--target", "ecr,g"], ".", ["ecr,ecr", "ecr,ghcr"]],
    [["git_branch_next_name", "--branch", "f"], ".", ["feature/one", "main"]],
    [["docker_build_local", "--poetry-mode", ""], ".", ["update", "refresh", "no_update"]],
    [["changelog_add", "--bump", ""], ".", ["major", "minor", "patch"]],
    [["i", "run_tests", "--dry-run", "fast", ""], ".", lists],
    [["run_coverage", ""], ".", lists],
    [["main_pytest", "fast", ""], ".", lists],
    [["i", "engine", ""], ".", ["up", "down", "status"]],
    [["run_tests", "--test-lists=fast,"], ".", lists.map((list) => `--test-lists=fast,${list}`)],
    [["own_flow", "--stage", ""], "sub/optimizer", stages],
    // The values of others are files, free text, or nothing; behind -- they are another program's.
    [["docker_share_local", "--file", ""], ".", []],
    [["docker_bash", "--as-root", ""], ".", []],
    [["i", "docker_cmd", "--", "--"], ".", []],
    [["no_such_workflow", "--"], ".", []],
    [["i", "help", "docker_bash", ""], ".", []],
  ])("for %j in %s is %j", (words, dir, found) => {
    expect(offers(words, dir === "/" ? "../../../../../.." : dir)).toEqual(found);
  });

  it("runs nothing that a repo names", async () => {
    expect(await inOneShell(repo, ["find . -name 'ran*' | wc -l"])).toBe("0");
  });
});
