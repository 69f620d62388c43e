import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { spareData } from "../../lib/config/inner_engine.ts";
import { must } from "../../thin_client/engine/command.ts";
import { allProcesses, commandLine } from "../../thin_client/engine/processes.ts";
import { commitAll } from "../bed/git.ts";
import { labelled } from "../bed/labelled.ts";
import { needs } from "../bed/parts.ts";
import { makePerson, type Person } from "../bed/person.ts";
import { ensurePythonBase } from "../bed/python_base.ts";
import { tinyImage } from "../bed/tiny.ts";
import { changelog, write } from "../bed/tiny_repo.ts";
import { docker, dropImages, startWith, trustingCi, workflowsIn } from "../bed/workflow.ts";

// What the engine has needs no registry.
const host = "127.0.0.1:5000";
const programs = ["dockerd", "containerd", "containerd-shim-runc-v2", "docker-proxy", "docker", "runc"];
/** Dir -> its image: one that this machine lends an engine's programs, one with its own, one that they do not run in, one whose own fails. */
const images = { ".": "dind_lent", own: "dind_own", small: "dind_small", failing: "dind_failing" } as const;
const base = mkdtempSync(join(tmpdir(), "slipway-dind-"));
const [repo, adas] = [join(base, "repo"), join(base, "adas")];
let ada: Person;
const run = workflowsIn(repo, { env: trustingCi });
/** Who allowed it here, for what is started and left alone: no CI. */
const own = { XDG_CONFIG_HOME: join(base, "config") };
const inside = (text: string, ...words: readonly string[]) => run("docker_cmd", "--quiet", ...words, "--cmd", text);
const volumes = async (...words: readonly string[]) =>
  (await docker("volume", "ls", "--quiet", ...words)).split("\n").filter(Boolean);
const allVolumes = () => volumes();
const labelledVolumes = () => volumes("--filter", "label=dev.slipway.engine");
const engines = () => allProcesses().filter(({ pid }) => commandLine(pid).includes("/run/slipway_engine/docker.pid"));
/** How many images the engine has, then the start of a container. */
const use = `docker image ls --quiet | wc -l; docker load --quiet --input /app/inner.tar >/dev/null && docker run --rm --volume /app:/app ${tinyImage} cat /app/word.txt`;

/** Copies programs to where a build finds them. */
function lend(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const folders = (process.env["PATH"] ?? "").split(":");
  for (const name of programs) {
    const found = folders.map((one) => join(one, name)).find(existsSync);
    copyFileSync(realpathSync(found ?? name), join(folder, name));
  }
}

beforeAll(async () => {
  await needs("engine", "tiny");
  const python = await ensurePythonBase();
  for (const [dir, name] of Object.entries(images))
    write(join(repo, dir), {
      "repo_config.yaml": [
        `docker_info: {docker_image_name: ${name}}`,
        `container_registry_info: {r1: {address: "${host}", kind: oci}}`,
        "container: {privileged: true, dind: true}",
        "",
      ].join("\n"),
      "changelog.txt": changelog(name, "1.0.0"),
      "devops/docker_build/dev.Dockerfile": `FROM ${python}\n`,
    });
  write(repo, { "word.txt": "a word\n", ".gitignore": "inner.tar\nhere\n" });
  await docker("save", "--output", join(repo, "inner.tar"), tinyImage);
  await commitAll(repo, "Start");
  const named = (dir: keyof typeof images) => `${host}/${images[dir]}:dev-1.0.0`;
  await docker("tag", python, named("."));
  await docker("tag", tinyImage, named("small"));
  const built = join(base, "built");
  lend(join(built, "programs"));
  write(built, {
    "own/Dockerfile": `FROM ${python}\nCOPY --chmod=0755 programs /usr/bin\n`,
    "failing/Dockerfile": `FROM ${tinyImage}\nCOPY --chmod=0755 dockerd /bin/dockerd\n`,
    dockerd: '#!/bin/sh\n[ "$1" = --version ] || { echo "failed to start daemon: no overlay here"; exit 1; }\n',
  });
  for (const dir of ["own", "failing"] as const)
    await docker("build", "--quiet", "--tag", named(dir), "--file", join(built, dir, "Dockerfile"), built);
  chmodSync(base, 0o755);
  await must(["cp", "-a", repo, adas]);
  expect(await workflowsIn(repo, { env: own })("trust", "--yes")).toMatchObject({ code: 0 });
  await must(["chown", "-R", "4321:4321", adas]);
  mkdirSync(join(base, "ada"));
  ada = await makePerson(join(base, "ada"), 4321);
});
afterAll(async () => {
  await ada?.end();
  const left = await labelledVolumes();
  if (left.length > 0) await docker("volume", "rm", "--force", ...left);
  await dropImages(Object.values(images).map((name) => `${host}/${name}`));
  rmSync(base, { recursive: true, force: true });
});

describe("a container with an engine of its own", () => {
  it("loads an image and runs it, offline, on the same files, with programs that this machine lends", async () => {
    const ran = await inside(use);
    expect([ran.code, ran.stdout], ran.stderr).toEqual([0, "0\na word\n"]);
    expect(ran.stderr).toContain("no iptables works in the image");
  });

  it("has in the next container of the dir what it had, in one volume", async () => {
    const ran = await inside("docker image ls --format '{{.Repository}}:{{.Tag}}'");
    expect([ran.code, ran.stdout], ran.stderr).toEqual([0, `${tinyImage}\n`]);
    expect(await labelledVolumes()).toHaveLength(1);
  });

  it("works for who is not root, where the image has the programs", async () => {
    expect(await ada.workflow(adas, "trust", "--yes", "--dir", "own")).toMatchObject({ code: 0 });
    const text = `id -u; stat -c '%g %a' /var/run/docker.sock; ${use}`;
    const ran = await ada.workflow(adas, "docker_cmd", "--dir", "own", "--quiet", "--cmd", text);
    expect([ran.code, ran.stdout], ran.stderr).toEqual([0, "4321\n4321 660\n0\na word\n"]);
  });

  it("starts empty beside another of the dir, and says so; the engine ends with the container, which gives the data back", async () => {
    const words = ["docker_cmd", "--cmd", "cat /proc/sys/kernel/hostname > /app/here; sleep 300"] as const;
    const first = startWith(repo, { ...process.env, ...own }, words);
    await expect.poll(() => existsSync(join(repo, "here")), { timeout: 60_000 }).toBe(true);
    const [id = ""] = await labelled(images["."]);
    const spare = await docker(
      "inspect",
      "--format",
      `{{range .Mounts}}{{if eq .Destination "${spareData}"}}{{.Name}}{{end}}{{end}}`,
      id,
    );
    expect(await allVolumes()).toContain(spare);
    const second = await inside("docker image ls --quiet | wc -l; echo $CSFY_ENABLE_DIND");
    expect([second.code, second.stdout], second.stderr).toEqual([0, "0\n1\n"]);
    expect(second.stderr).toContain(
      `container ${id.slice(0, 12)} uses the data of this dir's engine: this one starts empty`,
    );
    expect(engines()).toHaveLength(1);
    await first.kill("SIGINT");
    expect([await labelled(images["."]), engines()]).toEqual([[], []]);
    expect(await allVolumes()).not.toContain(spare);
    const third = await inside("docker image ls --quiet | wc -l");
    expect([third.code, third.stdout, third.stderr.includes("starts empty")], third.stderr).toEqual([0, "1\n", false]);
  });

  it("is reached by who comes by docker_exec", async () => {
    rmSync(join(repo, "here"), { force: true });
    const words = ["docker_cmd", "--cmd", "echo > /app/here; sleep 300"] as const;
    const first = startWith(repo, { ...process.env, ...own }, words);
    await expect.poll(() => existsSync(join(repo, "here")), { timeout: 60_000 }).toBe(true);
    const ran = await run("docker_exec", "--quiet", "--", "docker", "image", "ls", "--quiet");
    await first.kill("SIGINT");
    expect([ran.code, ran.stdout.trim().length], ran.stderr).toEqual([0, 12]);
  });

  it("loses what it had by docker_kill --all --purge", async () => {
    const before = await labelledVolumes();
    const ran = await run("docker_kill", "--all", "--purge", "--yes");
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
    const gone = before.filter((name) => ran.stdout.includes(`removed volume ${name}`));
    expect([gone.length, (await labelledVolumes()).length]).toEqual([1, before.length - 1]);
    expect((await inside("docker image ls --quiet | wc -l")).stdout).toBe("0\n");
  });
});

describe("an engine that does not come up", () => {
  it.each([
    ["small", "dockerd does not run in this image"],
    ["failing", "dockerd ended: failed to start daemon: no overlay here"],
  ])("is told with its reason, and the command does not run: %s", async (dir, why) => {
    const ran = await inside("echo ran", "--dir", dir);
    expect([ran.code, ran.stdout]).toEqual([125, ""]);
    expect(ran.stderr).toContain("the engine inside the container did not come up");
    expect(ran.stderr).toContain(why);
  });
});
