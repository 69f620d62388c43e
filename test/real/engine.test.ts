import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { engineSocket } from "../../lib/doors/engine.ts";
import { baseImage } from "../../thin_client/engine/base.ts";
import { run, until } from "../../thin_client/engine/command.ts";
import { layout } from "../../thin_client/engine/layout.ts";
import { engineStatus, engineUp } from "../../thin_client/engine/lifecycle.ts";
import { allProcesses, commandLine, findProcess, startDaemon } from "../../thin_client/engine/processes.ts";
import { type ApartEngine, apartEngine, tsx } from "../bed/engine.ts";
import { needs } from "../bed/parts.ts";

const ownPid = String(process.pid);

/**
 * The dockerds that serve this engine's socket; others may run the same program. A child that is about to become another
 * program bears the name for a moment.
 */
function dockerdOf(home: string): readonly number[] {
  const named = allProcesses().filter(({ pid }) =>
    /dockerd .*--host (\S+)/.exec(commandLine(pid))?.[1]?.startsWith(`unix://${home}/`),
  );
  return named.filter(({ parent }) => named.every(({ pid }) => pid !== parent)).map(({ pid }) => pid);
}

describe("the shared engine", () => {
  beforeAll(() => needs("engine", "registries", "base", "emulation", "foreign"));

  it("is left alone by a second up", async () => {
    const { home } = await engineStatus();
    const [before] = dockerdOf(home);
    // Other tests start engines of their own by this engine's program.
    const words = [
      "-e",
      "setTimeout(() => {}, 600_000)",
      "--",
      `${home}/bin/dockerd`,
      "--host",
      "unix:///elsewhere.sock",
    ];
    const other = spawn(process.execPath, words, { stdio: "ignore" });
    onTestFinished(() => void other.kill());
    const lines: string[] = [];
    const status = await engineUp({
      registries: true,
      images: [baseImage],
      holder: process.pid,
      say: (line) => lines.push(line),
    });
    expect({ lines, engine: status.engine, dockerd: dockerdOf(home) }).toEqual({
      lines: [],
      engine: "private",
      dockerd: [before],
    });
  });

  it.each(["127.0.0.1:5000", "127.0.0.2:5000", "127.0.0.3:5000"])(
    "has a registry that answers on %s",
    async (address) => {
      expect((await fetch(`http://${address}/v2/`)).status).toBe(200);
    },
  );

  it("prints its state for machines", async () => {
    const { stdout } = await run(tsx("thin_client/engine.ts", "status", "--json"));
    expect(JSON.parse(stdout)).toMatchObject({
      engine: "private",
      socket: engineSocket(process.env),
      images: expect.arrayContaining([baseImage]),
      multiArch: true,
    });
  });

  it("is a user's own engine to whoever names it by DOCKER_HOST", async () => {
    const data = `${(await engineStatus()).home}/nothing`;
    const { stderr, stdout } = await run(tsx("thin_client/engine.ts", "up", "--json"), {
      env: { ...process.env, XDG_DATA_HOME: data },
    });
    await run(["rm", "-rf", data]);
    expect(stderr).toContain("your own Docker engine answers");
    expect(JSON.parse(stdout)).toMatchObject({ engine: "own", env: {} });
  });

  it("runs programs of both architectures", async () => {
    const uname = (platform: string) =>
      run(["docker", "run", "--rm", "--platform", platform, "slipway/tiny:1", "uname", "-m"]);
    expect([(await uname("linux/amd64")).stdout.trim(), (await uname("linux/arm64")).stdout.trim()]).toEqual([
      "x86_64",
      "aarch64",
    ]);
  });
});

describe("an engine apart", () => {
  let apart: ApartEngine;
  beforeEach(async () => {
    apart = await apartEngine();
  });
  afterEach(() => apart.end());

  it("is not started unasked where nobody can be asked", async () => {
    const { code, stderr } = await apart.engine("up");
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("or pass --yes") });
    expect(dockerdOf(apart.home)).toEqual([]);
  });

  it("does not replace a named engine that is silent", async () => {
    const { code, stderr } = await apart.run(tsx("thin_client/engine.ts", "up", "--yes"), {
      env: { ...apart.env, DOCKER_HOST: "unix:///nowhere.sock" },
    });
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining('the engine behind "unix:///nowhere.sock" does not answer'),
    });
  });

  it("does not start beside another dockerd of the same network", async () => {
    const program = join(dirname(apart.home), "dockerd");
    copyFileSync("/bin/sleep", program);
    await apart.run(["chmod", "+x", program]);
    const log = `${program}.log`;
    const argv = ["nsenter", `--net=${apart.network}`, program, "60"];
    const pid = await startDaemon({ argv, env: apart.env, pidFile: `${program}.pid`, out: log, err: log });
    expect(await until(() => commandLine(pid).startsWith(program), 300_000)).toBe(true);
    const { code, stderr } = await apart.engine("up", "--yes");
    process.kill(pid);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(`kill ${pid}`) });
  });

  it("comes up for one of two homes of a network that ask at the same time, and the other is told", async () => {
    const other = mkdtempSync(join(tmpdir(), "sw-"));
    const { home } = layout({ XDG_DATA_HOME: other });
    const up = (data: string) =>
      apart.run(tsx("thin_client/engine.ts", "up", "--yes", "--holder", ownPid), {
        env: { ...apart.env, XDG_DATA_HOME: data },
      });
    const both = await Promise.all([up(dirname(dirname(apart.home))), up(other)]);
    const running = [...dockerdOf(apart.home), ...dockerdOf(home)];
    await apart.run(tsx("thin_client/engine.ts", "down", "--force"), { env: { ...apart.env, XDG_DATA_HOME: other } });
    rmSync(other, { recursive: true, force: true });
    expect(both.map(({ code }) => code).sort()).toEqual([0, 2]);
    expect(both.find(({ code }) => code === 2)?.stderr).toContain(`another dockerd runs here as process ${running[0]}`);
    expect(running).toHaveLength(1);
  });

  it("comes up once when two ask at the same time, and again after it was killed with a container in it", async () => {
    const up = () => apart.engine("up", "--yes", "--registries", "--base", "--holder", ownPid, "--json");
    const both = await Promise.all([up(), up()]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(dockerdOf(apart.home)).toHaveLength(1);

    const docker = (...words: readonly string[]) =>
      apart.run([join(apart.home, "bin/docker"), "--host", `unix://${apart.home}/run/docker.sock`, ...words]);
    await docker("run", "--detach", "--name", "left", baseImage, "sleep", "1234567");
    const sleeping = () => allProcesses().filter(({ pid }) => commandLine(pid) === "sleep 1234567");
    // The engine answers when the container is started; its program takes the place of runc a moment later.
    expect(await until(() => sleeping().length === 1, 60_000)).toBe(true);
    const containerd = `${apart.home}/run/exec/containerd/containerd.toml`;
    const below = allProcesses().filter(({ pid }) => commandLine(pid).includes(containerd));
    const killed = [...dockerdOf(apart.home), ...below.map(({ pid }) => pid)];
    expect(killed).toHaveLength(2);
    // The kernel may end containerd with its parent, before it is its turn.
    await run(["kill", "-KILL", ...killed.map(String)]);
    // What is killed is gone a moment later, on a slow day many.
    expect(await until(() => killed.every((pid) => commandLine(pid) === ""), 300_000)).toBe(true);

    expect((await up()).code).toBe(0);
    expect(sleeping()).toEqual([]);
    expect((await docker("start", "left")).code).toBe(0);
  });

  it("stays up for a second holder, and leaves nothing running or mounted when the last one goes", async () => {
    const other = await startDaemon({
      argv: ["sleep", "600"],
      env: apart.env,
      pidFile: `${apart.home}/sleep`,
      out: "/dev/null",
      err: "/dev/null",
    });
    for (const holder of [ownPid, String(other)]) await apart.engine("up", "--yes", "--registries", "--holder", holder);
    expect((await apart.engine("down", "--holder", ownPid)).stdout.trim()).toBe("engine: still used");
    expect(dockerdOf(apart.home)).toHaveLength(1);

    process.kill(other, "SIGKILL");
    expect(await until(() => findProcess(other) === undefined, 300_000)).toBe(true);
    expect((await apart.engine("down", "--holder", ownPid)).stdout.trim()).toBe("engine: stopped");
    expect(allProcesses().filter(({ pid }) => commandLine(pid).includes(`${apart.home}/`))).toEqual([]);
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(apart.home);
    expect(readdirSync(apart.home).sort()).toEqual(["bin", "config", "data", "lock", "sleep"]);

    await apart.engine("down", "--purge");
    expect([apart.home, apart.packages, apart.images].filter((folder) => existsSync(folder))).toEqual([]);
  });
});
