import { chmodSync, existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { must } from "../../thin_client/engine/command.ts";
import { type ClassicEngine, classicEngine } from "../bed/classic_engine.ts";
import { engineTags } from "../bed/engine_api.ts";
import { git } from "../bed/git.ts";
import { digestAt } from "../bed/oracle.ts";
import { makePerson, type Person } from "../bed/person.ts";
import { story } from "../bed/story.ts";
import { openTerminal } from "../bed/terminal.ts";
import { type Ground, makeGround } from "../bed/tiny_repo.ts";
import { docker, workflow, workflowsIn } from "../bed/workflow.ts";

const name = "handed";
let ground: Ground;
const people: Person[] = [];
const clones: string[] = [];
beforeAll(async () => {
  ground = await makeGround(1);
  chmodSync(ground.dir, 0o755);
  const repo = await ground.repo(name, { registries: {} });
  await git(`${repo}.git`, "config", "core.sharedRepository", "0666");
  await must(["chmod", "-R", "a+rwX", `${repo}.git`]);
  for (const uid of [4401, 4411]) {
    const dir = join(ground.dir, `person${uid}`);
    people.push(await makePerson(dir, uid));
    const settings = "[safe]\n directory = *\n[user]\n name = Somebody\n email = somebody@example.com\n";
    writeFileSync(join(dir, "home", ".gitconfig"), settings);
    const clone = await ground.clone(repo, `clone${uid}`);
    await must(["chown", "-R", `${uid}:${uid}`, clone]);
    clones.push(clone);
  }
});
afterAll(async () => {
  const tags = ["local-uid4401-1.0.0", "local-uid4411-1.0.0", "dev-1.0.0", "dev"].map((tag) => `${name}:${tag}`);
  await must(["docker", "rmi", "--force", ...tags]);
  for (const person of people) await person.end();
  await ground.end();
});

type Who = 0 | 1;
const as = async (who: Who, script: string, ...words: readonly string[]) => {
  const [person, clone] = [people[who], clones[who]];
  if (!person || !clone) throw new Error("nobody");
  return person.workflow(clone, script, ...words);
};
const ok = async (who: Who, script: string, ...words: readonly string[]) => {
  const ran = await as(who, script, ...words);
  expect(ran.code, ran.stderr).toBe(0);
  return ran.stdout;
};
const idOf = (tag: string) => docker("image", "inspect", "--format", "{{.Id}}", `${name}:${tag}`);

describe("two users of one machine without a registry", story, () => {
  let digest = "";
  const file = () => join(ground.dir, "out", "image.tar");

  it("hand an image over in a file that only the giver may read, unless they say otherwise", async () => {
    await must(["install", "--directory", "--mode=0777", join(ground.dir, "out")]);
    await ok(0, "docker_build_local", "--poetry-mode", "no_update");
    await ok(0, "run_fast_tests", "--stage", "local");
    digest = await idOf("local-uid4401-1.0.0");
    await ok(0, "docker_share_local", "--file", file());
    expect([statSync(file()).uid, statSync(file()).mode & 0o777]).toEqual([4401, 0o600]);
    const refused = await as(1, "docker_take_local", "--from", "uid4401", "--file", file());
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("may not be read") });
  });

  it("ask before the file is written over, and refuse without a terminal", async () => {
    const refused = await as(0, "docker_share_local", "--file", file(), "--readable");
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("pass --yes") });
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    const told = await ok(0, "docker_share_local", "--file", file(), "--readable", "--yes");
    expect(statSync(file()).mode & 0o777).toBe(0o644);
    expect(told).toContain(`i docker_take_local --from uid4401 --version 1.0.0 --file ${file()} --digest ${digest}`);
  });

  it("keep the digest, and the taker's tag moves nobody's", async () => {
    await docker("rmi", `${name}:local-uid4401-1.0.0`);
    const refused = await as(1, "docker_take_local", "--from", "uid4401");
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("uid4401 has not shared it") });
    const words = ["--from", "uid4401", "--file", file()];
    const other = await as(1, "docker_take_local", ...words, "--digest", `sha256:${"0".repeat(64)}`);
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining("not the image that was shared") });
    await ok(1, "docker_take_local", ...words, "--digest", digest);
    expect(await idOf("local-uid4411-1.0.0")).toBe(digest);
    expect(await engineTags(name, "local-uid4401-1.0.0")).toEqual([]);
  });

  it("and the taker tags it as dev with the giver's passes", async () => {
    await ok(1, "docker_tag_local_as_dev", "--version", "1.0.0");
    expect([await idOf("dev-1.0.0"), await idOf("dev")]).toEqual([digest, digest]);
  });

  it("take it from the engine that both share where it is there, and again is already", async () => {
    await docker("tag", digest, `${name}:local-uid4401-1.0.0`);
    await docker("rmi", `${name}:local-uid4411-1.0.0`);
    await ok(1, "docker_take_local", "--from", "uid4401");
    expect(await idOf("local-uid4411-1.0.0")).toBe(digest);
    expect((await as(1, "docker_take_local", "--from", "uid4401")).stderr).toContain("is this image");
  });

  it("refuse to move the taker's own other image without a word", async () => {
    await docker("tag", "slipway/tiny:1", `${name}:local-uid4411-1.0.0`);
    const before = await idOf("local-uid4411-1.0.0");
    const refused = await as(1, "docker_take_local", "--from", "uid4401");
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("pass --yes") });
    expect(await idOf("local-uid4411-1.0.0")).toBe(before);
    await ok(1, "docker_take_local", "--from", "uid4401", "--yes");
    expect(await idOf("local-uid4411-1.0.0")).toBe(digest);
  });
});

describe("by a registry", () => {
  let classic: ClassicEngine;
  let repo = "";
  const image = "handed-by-registry";
  const reference = () => `${ground.addresses["r1"]}/${image}:local-root-1.0.0`;
  const i = (script: string, ...words: readonly string[]) => workflowsIn(repo)(script, ...words);
  beforeAll(async () => {
    repo = await ground.repo(image);
    classic = await classicEngine(Object.values(ground.addresses));
    expect((await i("docker_build_local", "--poetry-mode", "no_update")).code).toBe(0);
  });
  afterAll(() => classic.end());

  it("an image goes up, is read back, and comes down with its digest into another engine", async () => {
    const id = await docker("image", "inspect", "--format", "{{.Id}}", reference());
    const shared = await i("docker_share_local");
    expect(shared, shared.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining(`--digest ${id}`) });
    expect(await digestAt(reference())).toBe(id);
    await docker("rmi", "--force", reference());
    const taken = await i("docker_take_local", "--from", "root", "--digest", id);
    expect(taken.code, taken.stderr).toBe(0);
    expect(await docker("image", "inspect", "--format", "{{.Id}}", reference())).toBe(id);
  });

  it("asks in a terminal before another image of the registry is replaced", async () => {
    const first = await digestAt(reference());
    await docker("tag", "slipway/tiny:1", reference());
    const terminal = await openTerminal(repo, ground.dir);
    try {
      await terminal.type(`${workflow("bun", "docker_share_local").join(" ")}; echo ended-$?`);
      await terminal.shows(/Replace r1's local-root-1\.0\.0, which is sha256:\w+\? \(y\/N\)/s);
      await terminal.type("n");
      await terminal.shows(/ended-2/);
    } finally {
      await terminal.end();
    }
    expect(await digestAt(reference())).toBe(first);
  });

  it("the classic store takes by digest too, and says why it takes no file", async () => {
    const env = { ...process.env, ...classic.env };
    const inClassic = workflowsIn(repo, { env });
    const digest = (await digestAt(reference())) ?? "";
    const taken = await inClassic("docker_take_local", "--from", "root", "--digest", digest);
    expect(taken.code, taken.stderr).toBe(0);
    const shared = await inClassic("docker_share_local");
    expect(shared, shared.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining(`--digest ${digest}`) });
    const file = join(ground.dir, "classic.tar");
    const refused = await inClassic("docker_share_local", "--file", file);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("containerd-snapshotter") });
    expect([refused.stderr.includes("By a registry it can"), existsSync(file)]).toEqual([true, false]);
  });
});
