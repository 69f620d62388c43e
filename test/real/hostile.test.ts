import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type HostileRepo, plantHostile } from "../bed/hostile_repo.ts";
import { needs } from "../bed/parts.ts";
import { story } from "../bed/story.ts";
import { run, until } from "../bed/thin_clone.ts";
import { tinyImage } from "../bed/tiny.ts";
import { change, changelog, type Ground, makeGround, write } from "../bed/tiny_repo.ts";
import { docker, workflowsIn } from "../bed/workflow.ts";

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
    ["i own_flow", 2, () => [i, "own_flow"]],
    ["i own_flow under tsx", 2, () => ["env", "SLIPWAY_RUNTIME=tsx", i, "own_flow", "--dry-run"]],
    ["i own_flow --yes", 2, () => [i, "own_flow", "--yes"]],
    ["i trust", 2, () => [i, "trust"]],
    ["i trust --show", 0, () => [i, "trust", "--show"]],
    ["i doctor", 1, () => [i, "doctor"]],
    ["i release_status", 2, () => [i, "release_status"]],
    ["i release_package", 2, () => [i, "release_package", "--yes", "--index", "https://127.0.0.1:1/simple/"]],
    ["tsx scripts/doctor.ts", 1, () => [join(slipway, "node_modules/.bin/tsx"), join(slipway, "scripts/doctor.ts")]],
    ["thin_client/build --check", 2, () => [join(slipway, "thin_client/build"), "--check", "--json"]],
    ["i tmux", 0, () => [i, "tmux", "--index", "1"]],
  ])("by %s", (_what, code, words) => {
    const { out, err, ...ended } = type(...words());
    expect({ code: ended.code, ran: hostile.ran() }, `${out}\n${err}`).toEqual({ code, ran: [] });
  });

  it("and what it asks for is told line by line, with nothing in it that steers", () => {
    const { out } = type(i, "trust", "--show");
    const asked = out
      .trim()
      .split("\n")
      .map((line) => line.replace(/^new +[0-9a-f]{32} /, ""));
    expect(asked).toEqual(
      expect.arrayContaining([
        "containers get what lies outside of the repo: /:/host",
        "containers get what lies outside of the repo: name\\u001b[2J:/x",
      ]),
    );
    expect(asked.map((line) => line.split(" ").slice(0, 3).join(" "))).toEqual(
      expect.arrayContaining([
        "the workflow scripts/own_flow.ts",
        "the end-to-end tests",
        "a package is",
        "builds get the",
        "containers are privileged:",
        "Git runs core.sshcommand",
        "Git runs filter.odd.clean",
        ".env sets NODE_OPTIONS",
      ]),
    );
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

  it("by its workflow in a terminal, which asks and takes Enter for No", async () => {
    tmux("new-session", "-d", "-s", "asked", "-x", "150", "-y", "50", "-c", hostile.repo, "bash --norc -i");
    const screen = () => tmux("capture-pane", "-p", "-J", "-t", "=asked:");
    const shows = (text: string) => until(`${text} in\n${screen()}`, () => screen().includes(text));
    tmux("send-keys", "-t", "=asked:", `${i} own_flow --yes; echo ended-$?`, "Enter");
    await shows("Allow it, until its content changes? (y/N)");
    expect(screen()).toContain("  - the workflow scripts/own_flow.ts runs on this machine as you");
    tmux("send-keys", "-t", "=asked:", "", "Enter");
    await shows("ended-2");
    tmux("kill-session", "-t", "=asked");
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

  it("until a person allows it: then its workflow runs, and no more once that was changed", () => {
    const flow = join(hostile.repo, "scripts/own_flow.ts");
    const text = readFileSync(flow, "utf8");
    expect(type(i, "trust", "--yes").code).toBe(0);
    writeFileSync(flow, `${text}\n`);
    expect([type(i, "own_flow").code, hostile.ran().filter((one) => one.startsWith("scripts"))]).toEqual([2, []]);
    writeFileSync(flow, text);
    type(i, "own_flow");
    expect(hostile.ran()).toContain("scripts/own_flow.ts");
    expect(type(i, "trust", "--revoke").code).toBe(0);
  });

  it("and nothing is written beside it", () => {
    expect(
      readdirSync(base)
        .filter((name) => !name.startsWith("tmux-"))
        .sort(),
    ).toEqual(["home", "included", "marks", "repo", "tools"]);
    expect(readdirSync(home).filter((name) => !/^\.(bun|cache|config|zcompdump)/.test(name))).toEqual([]);
  });
});

describe("a container, a build and the tag of a release get no more than the default", () => {
  const name = "hostilebox";
  const local = ["--stage", "local", "--version", "1.0.0"];
  let ground: Ground;
  let repo = "";
  const here = () => ({
    HOME: join(ground.dir, "home"),
    DOCKER_CONFIG: process.env["DOCKER_CONFIG"] ?? join(homedir(), ".docker"),
    TOKEN: "planted",
  });
  const workflow = (...words: readonly [string, ...string[]]) => workflowsIn(repo, { env: here() })(...words);
  const marker = (kind: string) => join(ground.dir, kind);
  const ran = () => ["hook", "end_to_end"].filter((kind) => existsSync(marker(kind)));
  beforeAll(async () => {
    ground = await makeGround(1);
    mkdirSync(join(ground.dir, "home/.ssh"), { recursive: true });
  });
  afterAll(() => ground.end());

  it.each([
    ["privileged: true", "test -w /proc/sys/kernel/domainname"],
    ["socket: true", "test -S /var/run/docker.sock"],
    ['volumes: ["/etc:/host:ro"]', "test -e /host/passwd"],
    ["home: [.ssh]", "test -d /root/.ssh"],
    ["pass_env: [TOKEN]", 'test "$TOKEN" = planted'],
    ["env_file: [more.env]", 'test "$A" = planted'],
    ["compose_files: [more.yml]", "test -e /host/passwd"],
    ['ports: ["0.0.0.0:18391:80"]', "true"],
    ["network: host", "true"],
  ])("by container: {%s}, before i trust", async (container, test) => {
    repo = await ground.repo(name, { container: `{${container}}` });
    write(repo, { "more.env": "A=${TOKEN}\n", "more.yml": 'services: {app: {volumes: ["/etc:/host:ro"]}}\n' });
    await docker("tag", tinyImage, `${ground.addresses["r1"]}/${name}:local-root-1.0.0`);
    const before = await workflow("docker_cmd", ...local, "--cmd", test);
    expect([before.code, before.stderr]).toEqual([
      2,
      expect.stringContaining("fix: Read the list and allow it: i trust"),
    ]);
    expect(await docker("ps", "--all", "--quiet", "--filter", `label=dev.slipway.image=${name}`)).toBe("");
    expect((await workflow("docker_cmd", ...local, "--dry-run", "--cmd", test)).code).toBe(0);
    expect((await workflow("trust", "--yes")).code).toBe(0);
    const after = await workflow("docker_cmd", ...local, "--cmd", test);
    // Some engines join no container to the host's network by compose.
    expect(container.startsWith("network") ? after.stderr.includes("i trust") : after.code, after.stderr).toBe(
      container.startsWith("network") ? false : 0,
    );
  });

  it("by hooks, end-to-end commands and secrets of a build", async () => {
    repo = await ground.repo(name);
    const config = readFileSync(join(repo, "repo_config.yaml"), "utf8");
    await change(repo, {
      "repo_config.yaml": config.replace(
        "release: {",
        `release: {secrets: [TOKEN], end_to_end: {dev: {argv: [touch, ${marker("end_to_end")}]}}, `,
      ),
    });
    const hook = join(repo, ".git/hooks/pre-push");
    writeFileSync(hook, `#!/bin/sh\ntouch ${marker("hook")}\n`, { mode: 0o755 });
    const release = () => workflow("docker_release_dev", "--version", "1.0.0", "--yes");
    const refused = await release();
    expect([refused.code, ran()]).toEqual([2, []]);
    for (const text of [
      "the end-to-end tests of dev run",
      "the tag of a release runs .git/hooks/pre-push",
      "builds get the value of your TOKEN",
    ])
      expect(refused.stderr).toContain(text);
    expect((await workflow("trust", "--yes")).code).toBe(0);
    const released = await release();
    expect([released.code, ran()], released.stderr).toEqual([0, ["hook", "end_to_end"]]);
    writeFileSync(hook, `#!/bin/sh\n: touch ${marker("hook")}\n`);
    await change(repo, { "changelog.txt": changelog(name, "1.0.1", "1.0.0") });
    const changed = await workflow("docker_release_dev", "--version", "1.0.1", "--yes");
    expect([changed.code, changed.stderr]).toEqual([
      2,
      expect.stringContaining("defaults: the tag of a release runs .git/hooks/pre-push"),
    ]);
  });
});
