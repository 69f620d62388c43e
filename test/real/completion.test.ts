import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commitAll, git } from "../bed/git.ts";
import { needs } from "../bed/parts.ts";
import { openTerminal, type Terminal } from "../bed/terminal.ts";
import { makeClone, run } from "../bed/thin_clone.ts";

const base = realpathSync(mkdtempSync(join(tmpdir(), "slipway-tab-")));
const [repo, slipway] = [join(base, "repo"), join(base, "slipway")];
const env = { HOME: base, XDG_DATA_HOME: join(base, "data"), XDG_CONFIG_HOME: join(base, "config"), LC_ALL: "C.UTF-8" };
afterAll(() => rmSync(base, { recursive: true, force: true }));

beforeAll(async () => {
  makeClone(slipway);
  mkdirSync(join(slipway, "node_modules", "tsx"), { recursive: true });
  writeFileSync(join(slipway, "node_modules", "tsx", "package.json"), "{}");
  mkdirSync(join(repo, "sub", "optimizer"), { recursive: true });
  writeFileSync(join(repo, "repo_config.yaml"), "container_registry_info:\n  ecr: a\n  ghcr: b\n");
  writeFileSync(join(repo, "changelog.txt"), "# m-2.0.0\n# m-1.4.2\n");
  writeFileSync(join(repo, "sub", "optimizer", "repo_config.yaml"), "");
  await commitAll(repo, "x");
  await git(repo, "branch", "feature_one");
});

const shells = {
  bash: { words: ["bash", "--norc"], begin: `. ${slipway}/thin_client/setenv.sh` },
  zsh: {
    words: ["zsh", "-f"],
    begin: `autoload -U compinit; compinit -u -D; PS1='$ '; . ${slipway}/thin_client/setenv.sh`,
  },
  fish: { words: ["fish", "--no-config"], begin: `source ${slipway}/thin_client/setenv.fish` },
} as const;

describe.each(["bash", "zsh", "fish"] as const)("TAB in %s completes", (shell) => {
  let terminal: Terminal;
  beforeAll(async () => {
    if (shell !== "bash") await needs(shell);
    mkdirSync(join(base, shell));
    const { words, begin } = shells[shell];
    terminal = await openTerminal(repo, join(base, shell), { words, env });
    await terminal.type(`${begin}; echo ready $SLIPWAY_ROOT`);
    await terminal.shows(/^ready \//m);
  });
  afterAll(() => terminal.end());

  it.each([
    ["a name", "i docker_build_l", "i docker_build_local"],
    ["a name of a family that `i` folds", "i git_branch_n", "i git_branch_next_name"],
    ["an option", "docker_bash --as", "docker_bash --as-root"],
    ["an option behind `i`", "i docker_bash --no-e", "i docker_bash --no-entrypoint"],
    ["a stage", "docker_bash --stage pr", "docker_bash --stage prod"],
    ["a stage behind =", "docker_bash --stage=pr", "docker_bash --stage=prod"],
    ["a version", "docker_bash --version 1.", "docker_bash --version 1.4.2"],
    ["a dir", "i doctor --dir su", "i doctor --dir sub/optimizer"],
    ["a registry", "docker_push_dev --target-registries ecr,g", "docker_push_dev --target-registries ecr,ghcr"],
    ["a branch", "i git_branch_next_name --branch f", "i git_branch_next_name --branch feature_one"],
    [
      "a file, where Slipway knows nothing",
      "docker_share_local --file chan",
      "docker_share_local --file changelog.txt",
    ],
  ])("%s", async (_, typed, completed) => {
    await terminal.press(typed);
    await terminal.press("Tab");
    // What a shell merely suggests goes when more is typed.
    await terminal.press("zzz");
    await terminal.shows(new RegExp(`${completed.replaceAll(".", "\\.")} ?zzz$`, "m"));
    await terminal.press("C-u");
    expect(await terminal.screen()).not.toContain("command not found");
  });
});

describe("setenv.fish", () => {
  beforeAll(() => needs("fish"));
  const fish = (text: string) => run(["fish", "--no-config", "-c", text], { cwd: repo, env });

  it("puts the workflows on PATH once, whatever link it is found by, and slipway_deactivate undoes all", () => {
    run(["ln", "-s", join(slipway, "thin_client", "setenv.fish"), join(base, "link.fish")], { cwd: base });
    const { out, err } = fish(
      `source ${base}/link.fish; source ${slipway}/thin_client/setenv.fish
       echo $SLIPWAY_ROOT; string match "${slipway}*" -- $PATH; i --list | grep -c '^docker_bash$'
       slipway_deactivate; string match "${slipway}*" -- $PATH; set -q SLIPWAY_ROOT; and echo still set
       functions -q slipway_deactivate _slipway_look _slipway_activate; and echo still there; complete -c i; complete -c docker_bash`,
    );
    expect(out.trimEnd().split("\n")).toEqual([slipway, join(slipway, "thin_client", "bin"), "1"]);
    expect(err).toBe("");
  });

  it("finds the dir of the commands that build makes", async () => {
    const { commandNames, commandsDir, makeCommands } = await import("../../thin_client/env/commands.ts");
    const names = commandNames(slipway);
    const dir = commandsDir(
      { root: slipway, shared: "", env: "", commands: join(base, "data", "slipway", "commands"), tools: "" },
      names,
    );
    makeCommands(dir, names);
    const { out } = fish(`source ${slipway}/thin_client/setenv.fish; command -v docker_bash`);
    expect(out).toBe(`${join(dir, "docker_bash")}\n`);
  });
});
