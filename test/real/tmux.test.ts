import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { needs } from "../bed/parts.ts";
import { story } from "../bed/story.ts";
import { makeClone, run, until } from "../bed/thin_clone.ts";

const base = realpathSync(mkdtempSync(join(tmpdir(), "tm-")));
const [repo, home, data] = [join(base, "repo"), join(base, "home"), join(base, "data")];
const slipway = join(repo, "slipway");
const env = {
  HOME: home,
  SHELL: "/bin/bash",
  XDG_DATA_HOME: data,
  TMUX_TMPDIR: base,
  TMUX: undefined,
  TMUX_PANE: undefined,
  SLIPWAY_ROOT: undefined,
  SLIPWAY_REPO_ROOT: undefined,
  SLIPWAY_RUNTIME: undefined,
};
const windows = ["main", "dbash", "regr", "jupyter"];

const i = (...words: string[]) => run([join(slipway, "thin_client", "bin", "i"), ...words], { cwd: repo, env });
const tmux = (...words: string[]) => run(["tmux", ...words], { cwd: repo, env });
const lines = (...words: string[]) =>
  tmux(...words)
    .out.split("\n")
    .filter((line) => line !== "");
const sessions = () => lines("list-sessions", "-F", "#{session_name}").sort();
const screen = (window: string) => tmux("capture-pane", "-p", "-J", "-t", window).out;

/** Types a command into a window and waits for what it prints. */
async function type(window: string, command: string, wanted: RegExp): Promise<void> {
  tmux("send-keys", "-t", window, command, "Enter");
  await until(`${wanted} in ${window}`, () => wanted.test(screen(window)));
}

/** The env is active: both the command and the name of the repo are what setenv.sh made them. */
const isActive = (window: string) =>
  type(window, 'echo "<$(command -v i)|$SLIPWAY_REPO_ROOT>"', new RegExp(`<${slipway}/thin_client/bin/i\\|${repo}>`));

/** Runs a command in a terminal of its own: a window of another tmux server. */
const inTerminal = (command: string) =>
  tmux("-L", "outer", "-f", "/dev/null", "new-session", "-d", "-x", "150", "-y", "50", "-c", repo, `env -u TMUX -u TMUX_PANE ${command}`); // biome-ignore format: one line

function makeRunnable(dir: string, name: string, suffix: string): void {
  mkdirSync(dir, { recursive: true });
  cpSync(join(slipway, "thin_client", "template", "changelog.txt"), join(dir, "changelog.txt"));
  const info = `repo_info:\n  repo_name: ${name}\n  github_repo_account: acme\n  github_host_name: github.com\n`;
  const image = `docker_info:\n  docker_image_name: ${name}\n`;
  const runnable = `runnable_dir_info:\n  venv_tag: ${name}\n  dir_suffix: ${suffix}\n  use_helpers_as_nested_module: False\n`;
  writeFileSync(join(dir, "repo_config.yaml"), info + image + runnable);
}

beforeAll(async () => {
  await needs("tmux");
  for (const dir of [home, repo]) mkdirSync(dir, { recursive: true });
  run(["git", "init", "--quiet", repo], { cwd: base });
  makeClone(slipway);
  rmSync(join(slipway, ".git"), { recursive: true });
  makeRunnable(repo, "cmamp", "cm.amp");
  const built = run([join(slipway, "thin_client", "build"), "--quiet"], { cwd: repo, env: { XDG_DATA_HOME: data } });
  if (built.code !== 0) throw new Error(built.err);
});
afterAll(() => {
  for (const server of ["default", "outer"]) tmux("-L", server, "kill-server");
  run(["chmod", "-R", "u+w", base], { cwd: "/" });
  rmSync(base, { recursive: true, force: true });
});

describe("i tmux --index 1", story, () => {
  it("has every window ready with the thin env active", async () => {
    const ran = i("tmux", "--index", "1");
    expect(ran.code, ran.err).toBe(0);
    for (const window of windows) await isActive(`=cm_amp1:=${window}`);
    expect(lines("list-windows", "-t", "=cm_amp1", "-F", "#{window_name}")).toEqual(windows);
    for (const window of windows) expect(screen(`=cm_amp1:=${window}`)).not.toContain("error:");
  });

  it("attaches the second time", async () => {
    const before = lines("list-panes", "-s", "-t", "=cm_amp1", "-F", "#{pane_pid}");
    inTerminal(`${slipway}/thin_client/bin/i tmux --index 1`);
    await until("a client", () => lines("list-clients", "-F", "#{client_session}").includes("cm_amp1"));
    expect(lines("list-panes", "-s", "-t", "=cm_amp1", "-F", "#{pane_pid}")).toEqual(before);
    expect(tmux("-L", "outer", "capture-pane", "-p").out).toContain("[cm_amp1]");
  });

  it("switches the client from inside tmux", async () => {
    tmux("send-keys", "-t", "=cm_amp1:=main", "i tmux --index 2", "Enter");
    await until("the switch", () => lines("list-clients", "-F", "#{client_session}").includes("cm_amp2"));
    expect(sessions()).toEqual(["cm_amp1", "cm_amp2"]);
    await isActive("=cm_amp2:=regr");
  });

  it("restarts with --force-restart that session, called from inside it, and no other", async () => {
    const others = lines("list-panes", "-s", "-t", "=cm_amp1", "-F", "#{pane_pid}");
    const before = lines("list-panes", "-s", "-t", "=cm_amp2", "-F", "#{pane_pid}");
    tmux("send-keys", "-t", "=cm_amp2:=main", "i tmux --index 2 --force-restart", "Enter");
    const ids = () => lines("list-panes", "-s", "-t", "=cm_amp2", "-F", "#{pane_pid}");
    await until("the restart", () => ids().length === windows.length && !ids().some((id) => before.includes(id)));
    await until("the client", () => lines("list-clients", "-F", "#{client_session}").includes("cm_amp2"));
    expect(sessions()).toEqual(["cm_amp1", "cm_amp2"]);
    expect(lines("list-panes", "-s", "-t", "=cm_amp1", "-F", "#{pane_pid}")).toEqual(others);
    await isActive("=cm_amp2:=main");
  });

  it("works with base-index 1, and gives runnable submodules windows of their own, whatever they are called, Slipway none", async () => {
    tmux("kill-server");
    writeFileSync(join(home, ".tmux.conf"), "set -g base-index 1\nsetw -g pane-base-index 1\n");
    const git = ["git", "-c", "user.name=t", "-c", "user.email=t@t", "-c", "protocol.file.allow=always"];
    for (const name of ["amp", "lib.v2:x", "tool"]) {
      const source = join(base, name);
      makeRunnable(source, name, name);
      const template = join(source, "thin_client", "template");
      if (name === "tool") mkdirSync(template, { recursive: true });
      if (name === "tool") writeFileSync(join(template, "repo_config.yaml"), "");
      run(["git", "init", "--quiet", source], { cwd: base });
      run(["git", "add", "."], { cwd: source });
      run([...git, "commit", "--quiet", "-m", "Start"], { cwd: source });
      expect(run([...git, "submodule", "--quiet", "add", source, name], { cwd: repo }).err).toBe("");
    }
    expect(i("tmux", "--index", "1").code).toBe(0);
    const names = lines("list-windows", "-t", "=cm_amp1", "-F", "#{window_index} #{window_name}");
    const all = ["", "amp/", "lib.v2:x/"].flatMap((folder) => windows.map((name) => `${folder}${name}`));
    expect(names).toEqual(all.map((name, at) => `${at + 1} ${name}`));
    const last = lines("list-windows", "-t", "=cm_amp1", "-F", "#{window_id}").at(-1) ?? "";
    await isActive(last);
    await isActive("=cm_amp1:=jupyter");
    await isActive("=cm_amp1:=amp/main");
    await type("=cm_amp1:=amp/main", 'echo "<$PWD>"', new RegExp(`<${repo}/amp>`));
  });
});

describe("i tmux where ~/src has a clone for the index", story, () => {
  const sibling = join(home, "src", "cm.amp3");
  it("says that there is none, and takes this one", () => {
    expect(i("tmux", "--index", "3", "--dry-run").out).toContain(`in this clone; ${sibling} is not there`);
    mkdirSync(sibling, { recursive: true });
    expect(i("tmux", "--index", "3", "--dry-run").out).toContain(`${sibling} is no clone of this repo`);
  });

  it("refuses one without a thin client, and takes it when it has its own", async () => {
    makeRunnable(sibling, "cmamp", "cm.amp");
    run(["git", "init", "--quiet", sibling], { cwd: base });
    expect(i("tmux", "--index", "3")).toMatchObject({ code: 2, err: expect.stringContaining("submodule update") });
    run(["cp", "-a", slipway, join(sibling, "slipway")], { cwd: base });
    expect(i("tmux", "--index", "3").code).toBe(0);
    expect(sessions()).toContain("cm_amp3");
    await type(
      "=cm_amp3:=main",
      'echo "<$(command -v i)|$SLIPWAY_REPO_ROOT>"',
      new RegExp(`<${sibling}/slipway/thin_client/bin/i\\|${sibling}>`),
    );
  });

  it("starts it whole the next time where a run was killed half-way", () => {
    tmux("new-session", "-d", "-s", "cm_amp4_starting", "-n", "half");
    expect(i("tmux", "--index", "4").code).toBe(0);
    expect(lines("list-windows", "-t", "=cm_amp4", "-F", "#{window_name}").slice(0, 4)).toEqual(windows);
    expect(sessions().filter((name) => name.endsWith("_starting"))).toEqual([]);
  });
});

describe("i tmux", () => {
  it("changes nothing with --dry-run, and refuses a missing index", () => {
    const before = sessions();
    expect(i("tmux", "--index", "7", "--dry-run").out).toContain("start_session: Start session cm_amp7");
    expect(sessions()).toEqual(before);
    expect(i("tmux")).toMatchObject({ code: 2, err: expect.stringContaining("fix: i tmux --index 1") });
  });

  it("makes the global link over a file only with --yes where nobody can be asked, and it starts sessions from anywhere", () => {
    const link = join(home, "go_cm.amp");
    writeFileSync(link, "mine");
    expect(i("tmux", "--create-global-link").code).toBe(2);
    expect(lstatSync(link).isFile()).toBe(true);
    expect(i("tmux", "--create-global-link", "--yes").code).toBe(0);
    expect(readlinkSync(link)).toBe(join(slipway, "thin_client", "tmux", "go"));
    const plan = run([link, "--index", "9", "--dry-run"], { cwd: "/", env });
    expect(plan.out).toContain(`-c ${repo} /bin/bash`);
    expect(existsSync(join(repo, "node_modules"))).toBe(false);
  });
});
