import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type HostileRepo, plantHostile } from "../bed/hostile_repo.ts";
import { needs } from "../bed/parts.ts";
import { story } from "../bed/story.ts";
import { run, until } from "../bed/thin_clone.ts";

const base = realpathSync(mkdtempSync(join(tmpdir(), "hostile-")));
const home = join(base, "home");
const slipway = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const i = join(slipway, "thin_client/bin/i");
const env = {
  ...{ HOME: home, SHELL: "/bin/bash", HISTFILE: "/dev/null", TMUX_TMPDIR: base, XDG_DATA_HOME: join(home, "data") },
  ...{ DOCKER_HOST: `unix://${base}/none.sock`, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" },
  ...{ TMUX: undefined, TMUX_PANE: undefined, SLIPWAY_ROOT: undefined, SLIPWAY_REPO_ROOT: undefined },
  ...{ CI: undefined, VITEST: undefined, SLIPWAY_RUNTIME: undefined },
};
let hostile: HostileRepo;
const type = (...words: readonly string[]) => run(words, { cwd: hostile.repo, env });
const tmux = (...words: string[]) => run(["tmux", ...words], { cwd: base, env }).out;

beforeAll(async () => {
  await needs("tmux", "zsh");
  mkdirSync(home);
  hostile = await plantHostile(base);
});
afterAll(() => {
  tmux("kill-server");
  rmSync(base, { recursive: true, force: true });
});

describe("in a hostile clone nothing of it is run", story, () => {
  it("though there is much to run", () => {
    expect(new Set(hostile.vectors).size).toBeGreaterThanOrEqual(60);
    expect(hostile.ran()).toEqual([]);
  });

  it.each<[string, number, () => readonly string[]]>([
    ["bash -c source", 0, () => ["bash", "-c", `. ${slipway}/thin_client/setenv.sh`]],
    ["zsh -c source", 0, () => ["zsh", "-c", `. ${slipway}/thin_client/setenv.sh`]],
    ["i", 0, () => [i]],
    ["i --list", 0, () => [i, "--list"]],
    ["i own_flow --help", 0, () => [i, "own_flow", "--help"]],
    ["i docker_pull --help", 0, () => [i, "docker_pull", "--help"]],
    ["i docker_pull --help under tsx", 0, () => ["env", "SLIPWAY_RUNTIME=tsx", i, "docker_pull", "--help"]],
    ["i docker_pull --dry-run", 0, () => [i, "docker_pull", "--dry-run", "--offline"]],
    ["i version_check", 0, () => [i, "version_check"]],
    ["i doctor", 1, () => [i, "doctor"]],
    ["i release_status", 2, () => [i, "release_status"]],
    ["tsx scripts/doctor.ts", 1, () => [join(slipway, "node_modules/.bin/tsx"), join(slipway, "scripts/doctor.ts")]],
    ["thin_client/build --check", 2, () => [join(slipway, "thin_client/build"), "--check", "--json"]],
    ["i tmux", 0, () => [i, "tmux", "--index", "1"]],
  ])("by %s", (_what, code, words) => {
    const { out, err, ...ended } = type(...words());
    expect({ code: ended.code, ran: hostile.ran() }, `${out}\n${err}`).toEqual({ code, ran: [] });
  });

  it.each(["bash --norc -i", "zsh -f -i"])("by a TAB in %s", async (shell) => {
    tmux("new-session", "-d", "-s", "tab", "-x", "150", "-y", "50", "-c", hostile.repo, shell);
    const screen = () => tmux("capture-pane", "-p", "-J", "-t", "=tab:");
    const shows = (text: string) => until(`${text} in\n${screen()}`, () => screen().includes(text));
    if (shell.startsWith("zsh")) tmux("send-keys", "-t", "=tab:", "autoload -Uz compinit; compinit -u -D", "Enter");
    tmux("send-keys", "-t", "=tab:", `. ${slipway}/thin_client/setenv.sh; echo sou'rced'`, "Enter");
    await shows("sourced");
    tmux("send-keys", "-t", "=tab:", "i own_f", "Tab");
    await shows("i own_flow ");
    tmux("send-keys", "-t", "=tab:", "-l", "--", "--data-s");
    tmux("send-keys", "-t", "=tab:", "Tab");
    await shows("i own_flow --data-set");
    tmux("send-keys", "-t", "=tab:", "C-u", "i ", "Tab", "Tab");
    await until("names", () => /compare_packages|possibilities/.test(screen()));
    tmux("kill-session", "-t", "=tab");
    expect(hostile.ran()).toEqual([]);
  });

  it("by its tmux.config, which is refused by its line", () => {
    for (const line of [
      "set-option status-left '#(>IN_NAME)'",
      "set-option default-command '>IN_NAME'",
      "run-shell '>IN_NAME'",
    ]) {
      writeFileSync(join(hostile.repo, "tmux.config"), `new-window -n main\n${line}\n`);
      expect(type(i, "tmux", "--index", "2")).toMatchObject({
        code: 2,
        err: expect.stringContaining(`tmux.config:2 "${line}"`),
      });
    }
    expect(hostile.ran()).toEqual([]);
  });

  it("by a build, which takes no link along that leaves the repo", () => {
    expect(type(i, "docker_build_local", "--version", "1.0.0", "--dry-run")).toMatchObject({
      code: 2,
      err: expect.stringContaining(`"devops/keys" is a link that leads out of the repo, to "${base}/tools"`),
    });
    expect(hostile.ran()).toEqual([]);
  });

  it("and a pipe as .env is not waited for", () => {
    rmSync(join(hostile.repo, ".env"));
    expect(type("mkfifo", join(hostile.repo, ".env")).code).toBe(0);
    expect(type(i, "docker_pull", "--dry-run", "--offline").code).toBe(0);
    expect(type("bash", "-c", `. ${slipway}/thin_client/setenv.sh`).code).toBe(0);
  });

  it("and nothing is written beside it", () => {
    expect(
      readdirSync(base)
        .filter((name) => !name.startsWith("tmux-"))
        .sort(),
    ).toEqual(["home", "included", "marks", "repo", "tools"]);
    expect(readdirSync(home).filter((name) => !/^\.(bun|cache|zcompdump)/.test(name))).toEqual([]);
  });
});
