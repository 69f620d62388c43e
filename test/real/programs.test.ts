import { appendFileSync, chmodSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { must, run } from "../../thin_client/engine/command.ts";
import { type PackageIndex, start } from "../bed/package_index.ts";
import { makePerson, type Person } from "../bed/person.ts";
import { makePythonBox, nameImage, type PythonBox } from "../bed/python_box.ts";
import { write } from "../bed/tiny_repo.ts";
import { docker } from "../bed/workflow.ts";

const name = "programs";
const folder = "devops/docker_build";
let box: PythonBox;
let person: Person;
let theirs = "";
let index: PackageIndex;
beforeAll(async () => {
  box = await makePythonBox(name);
  index = await start([
    { name: "alpha", version: "1.0.0", requires: ["beta"] },
    { name: "beta", version: "1.0.0" },
  ]);
  person = await makePerson(join(box.ground.dir, "person"), 4421);
  theirs = await box.ground.clone(box.repo, "theirs");
  chmodSync(box.ground.dir, 0o755);
  const source = `[[tool.poetry.source]]\nname = "ours"\nurl = "${index.url}"\ndefault = true\n`;
  appendFileSync(join(theirs, folder, "pyproject.toml"), source);
  await must(["chown", "-R", "4421:4421", theirs]);
  await nameImage(box, "uid4421", [name]);
});
afterAll(async () => {
  await index.stop();
  await person.end();
  await box.ground.end();
});

const bin = fileURLToPath(new URL("../../thin_client/bin/i", import.meta.url));
/** Typed at a prompt, through the door that everyone uses. */
const i = (...words: readonly string[]) =>
  run([bin, ...words], { cwd: box.repo, env: { ...process.env, CI: undefined } });
const poetry = (...words: readonly string[]) => person.workflow(theirs, "poetry", "--stage", "local", ...words);

describe("i docker", () => {
  it("is docker with its words as they are, and its output on stdout", async () => {
    const ran = await i("docker", "image", "inspect", "--format", "{{.Id}} a  b", box.image);
    const id = await docker("image", "inspect", "--format", "{{.Id}}", box.image);
    expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: `${id} a  b\n` });
  });

  it("ends with docker's exit code", async () => {
    const ran = await i("docker", "run", "--rm", "--entrypoint", "sh", box.image, "-c", "exit 9");
    expect(ran.code, ran.stderr).toBe(9);
  });

  it("leaves options after the first word to docker, and takes those before it", async () => {
    const help = await i("docker", "tag", "--help");
    expect(help, help.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining("docker tag SOURCE_IMAGE") });
    const planned = await i("docker", "--dry-run", "rmi", "--force", box.image);
    expect(planned.stdout).toContain(`> docker rmi --force ${box.image}`);
    expect((await i("docker", "--", "--version")).stdout).toMatch(/^Docker version /);
    expect((await i("docker", "--help")).stdout).toMatch(/^Run the docker client with Slipway's engine/);
  });

  it("works where the person stands", async () => {
    write(box.repo, { "some/dir/words.env": "WORD=read from here\n" });
    const words = ["run", "--rm", "--env-file", "words.env", "--entrypoint", "printenv", box.image, "WORD"];
    const env = { ...process.env, CI: undefined };
    const ran = await run([bin, "docker", ...words], { cwd: join(box.repo, "some", "dir"), env });
    expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: "read from here\n" });
  });

  it("finds the engine where no variable names it", async () => {
    const env = { ...process.env, DOCKER_HOST: undefined, DOCKER_CONFIG: undefined, CI: undefined };
    const ran = await run([bin, "docker", "version", "--format", "{{.Server.Version}}"], { cwd: box.repo, env });
    expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\./) });
  });

  it("refuses a password among its words, and is told what it lacks", async () => {
    const refused = await i("docker", "login", "--username", "ada", "-ps3cret", "127.0.0.1:1");
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("--password-stdin") });
    expect(refused.stderr).not.toContain("s3cret");
    expect(await i("docker")).toMatchObject({ code: 2, stderr: expect.stringContaining("i docker -- --help") });
  });
});

describe("i poetry", () => {
  it("resolves in the container what pyproject.toml asks for, and the lock is the caller's", async () => {
    const lock = join(theirs, folder, "poetry.lock");
    const ran = await poetry("add", "--lock", "alpha");
    expect(ran.code, ran.stderr + ran.stdout).toBe(0);
    expect(readFileSync(lock, "utf8")).toMatch(/name = "alpha"[\s\S]*name = "beta"/);
    expect(readFileSync(join(theirs, folder, "pyproject.toml"), "utf8")).toContain('alpha = "^1.0.0"');
    expect([statSync(lock).uid, statSync(lock).gid]).toEqual([4421, 4421]);
    const shown = await poetry("show", "--no-ansi");
    expect(shown.stdout, shown.stderr).toMatch(/^alpha .*1\.0\.0/m);
  });

  it("gets its words as they are, and ends with its exit code", async () => {
    const ran = await poetry("run", "sh", "-c", 'printf "[%s]" "$@"; exit 7', "sh", "a  b", "$HOME", "*", "--json", "");
    expect(ran, ran.stderr).toMatchObject({ code: 7, stdout: "[a  b][$HOME][*][--json][]" });
  });

  it("refuses a prod container", async () => {
    const ran = await person.workflow(theirs, "poetry", "--stage", "prod", "lock");
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining("i poetry --stage dev lock") });
  });
});
