import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { must, type Outcome, run, until } from "../../thin_client/engine/command.ts";
import { loopbackRegistries } from "../../thin_client/engine/registries.ts";
import { containersWith, engineTags } from "../bed/engine_api.ts";
import { git } from "../bed/git.ts";
import { digestsAt, logOf, refsOf } from "../bed/oracle.ts";
import { makeQuickstartGround, type Place, type QuickstartGround } from "../bed/quickstart.ts";
import { start } from "../bed/thin_clone.ts";

const addresses = loopbackRegistries.map(({ address }) => address);
let ground: QuickstartGround;
let sample: Place;
let first: Outcome;

beforeAll(async () => {
  ground = await makeQuickstartGround();
  sample = ground.place("a");
});
afterAll(() => ground?.end(sample));

describe("npm run quickstart in a fresh clone", () => {
  const claim = () => join(sample.remote, "refs/slipway/claim");
  const killWhen = async (look: () => boolean) => {
    const words = ["npm", "run", "quickstart", "--", ...sample.words];
    const child = start(words, { cwd: ground.clone, env: ground.env });
    // It is ended in any case: one that goes on would release beside the tests that follow.
    const seen = await until(look, 900_000).finally(() => process.kill(child.group, "SIGKILL"));
    await child.ended;
    expect(seen).toBe(true);
    expect(await until(() => !lives(child.group), 300_000)).toBe(true);
  };

  const makesRepo = () => existsSync(join(sample.dir, "unfinished", "repo", "devops"));

  it("that is interrupted says what that means, and leaves no half of a repo", async () => {
    const words = ["run", "quickstart", "--", ...sample.words];
    const child = spawn("npm", words, {
      ...{ cwd: ground.clone, env: { ...ground.env }, detached: true },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (part: string) => (said += part));
    const ended = new Promise((resolve) => child.once("close", resolve));
    // As a terminal does: all that run in it hear it.
    const seen = await until(makesRepo, 900_000).finally(() => process.kill(-(child.pid ?? 0), "SIGINT"));
    await ended;
    expect(seen).toBe(true);
    expect(said).toContain("error: quickstart was interrupted\n");
    expect(existsSync(sample.repo)).toBe(false);
  });

  it("that is killed while it makes the repo leaves no half of one", async () => {
    rmSync(join(sample.dir, "unfinished"), { recursive: true });
    await killWhen(makesRepo);
    expect(existsSync(sample.repo)).toBe(false);
  });

  it("makes it the next time; killed while it releases, it leaves the claim", async () => {
    await killWhen(() => existsSync(claim()) && readdirSync(claim()).length > 0);
    expect(existsSync(sample.repo)).toBe(true);
  });

  it("goes on where it was", async () => {
    first = await ground.quickstart(...sample.words);
    expect(first.code, first.stderr).toBe(0);
    // The engine has the base image, though this home has no archive of it.
    expect(existsSync(join(ground.env["HOME"] ?? "", ".local/share/slipway/engine"))).toBe(false);
    expect(await git(sample.remote, "for-each-ref", "refs/slipway/claim")).toBe("");
  });

  it("releases 1.0.0 to three registries, and ends with the lines to try", () => {
    expect(first.code, first.stderr).toBe(0);
    expect(first.stdout).toMatch(new RegExp(`${sample.name} 1\\.0\\.0 is released: sha256:[0-9a-f]{64}$`, "m"));
    for (const address of addresses) expect(first.stdout).toContain(`${address}/${sample.name}:dev-1.0.0, dev\n`);
    expect(first.stdout).toContain(`cd ${sample.repo}\n`);
    expect(first.stdout).toContain(`source ${ground.clone}/thin_client/setenv.sh\n`);
    // A zsh that is typed into takes a comment for words.
    expect(first.stdout.split("Try next:")[1]).not.toContain("#");
  });

  it("has its workflows inside a container too, where a clone that lies in the repo is sourced", async () => {
    const clone = join(sample.repo, "slipway");
    await must(["git", "clone", "--quiet", ground.clone, clone]);
    const i = (...words: readonly string[]) =>
      run([join(clone, "thin_client/bin/i"), ...words], { cwd: sample.repo, env: ground.env });
    await must([join(clone, "thin_client/build"), "--quiet"], { cwd: sample.repo, env: ground.env });
    const ran = await i("docker_cmd", "--cmd", ". slipway/thin_client/setenv.sh && i docker_ps --help | head -1");
    rmSync(clone, { recursive: true });
    expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: "List the containers you started from this image.\n" });
    expect(ran.stderr).not.toContain("error:");
  });

  it("gives every registry the digest that passed the tests", async () => {
    const passes = (await logOf(sample.remote, sample.name)).filter(({ type }) => type === "pass");
    const tested = passes.map((entry) => ("digest" in entry ? entry.digest : null));
    expect(passes.map((entry) => ("list" in entry ? entry.list : null))).toEqual(["fast", "slow", "qa"]);
    expect(new Set(tested).size).toBe(1);
    for (const tag of ["dev", "dev-1.0.0"])
      expect(await digestsAt(addresses, `${sample.name}:${tag}`)).toEqual(addresses.map(() => tested[0]));
    const refs = (await refsOf(sample.remote)).map((line) => line.split(" ")[0]);
    expect(refs).toContain(`refs/tags/${sample.name}-1.0.0`);
    expect(refs).toContain(`refs/slipway/log/${sample.name}`);
  });

  it("finds on a second run what is there, and ends the same way", async () => {
    const again = await ground.quickstart(...sample.words);
    const untold = ({ stdout }: Outcome) => stdout.replaceAll(/^(tested +run_\w+_tests).*$/gm, "$1");
    expect([again.code, untold(again)]).toEqual([0, untold(first)]);
    const tested = (how: string) => new RegExp(`^tested +run_(fast|slow|qa)_tests${how}`, "gm");
    expect(first.stdout.match(tested(" in this run"))).toHaveLength(3);
    expect(again.stdout.match(tested(": passed on .* by .*, says the log"))).toHaveLength(3);
  });

  it("tells how long it took, and each of its parts", () => {
    const [whole = "", ...parts] = first.stderr.slice(first.stderr.indexOf("quickstart: done")).trimEnd().split("\n");
    expect(whole).toMatch(/^quickstart: done in \d+\.\d s$/);
    const names = parts.map((line) => /^ {2}(\w+) +\d+\.\d s$/.exec(line)?.[1]);
    // What an earlier run made is there, but who used the engine for it was killed.
    expect(names).toEqual(["claim_dir", "hold_engine", "release"]);
  });

  it("leaves a repo in which a command's exit code is its own", async () => {
    const ran = await sample.i("docker_cmd", "--cmd", 'python3 -c "print(1)" | cat && exit 7');
    expect(ran).toMatchObject({ code: 7, stdout: "1\n" });
  });
});

describe("the lines to try", () => {
  it("release prod on dev, tested with nothing mounted; it runs with no mount and no network", async () => {
    const ran = await sample.i("docker_release_prod", "--version", "1.0.0", "--yes");
    expect(ran.code, ran.stderr).toBe(0);
    const [prod, ...others] = await digestsAt(addresses, `${sample.name}:prod-1.0.0`);
    expect(others).toEqual([prod, prod]);
    const passes = (await logOf(sample.remote, sample.name)).flatMap((entry) =>
      entry.type === "pass" && entry.digest === prod ? [entry.list] : [],
    );
    expect(passes).toEqual(["fast", "slow", "qa"]);
    const image = `${addresses[0]}/${sample.name}:prod`;
    const words = ["docker", "run", "--rm", "--network", "none", image, "python3", "-m", "sample", "Ada"];
    expect(await must(words, { env: ground.env })).toBe("Hello, Ada!\n");
  });

  it("do not hinder another quickstart, which tells what is released where the repo has gone on", async () => {
    expect(await sample.i("changelog_add", "-m", "Say hello")).toMatchObject({ code: 0 });
    await must(["git", "commit", "--quiet", "--all", "--message", "Say hello"], { cwd: sample.repo, env: ground.env });
    const ran = await ground.quickstart(...sample.words);
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stdout).toMatch(/dev +ecr +sha256:\w+ is 1\.0\.0/);
  });
});

describe("npm run quickstart -- --down", () => {
  it("leaves nothing behind but caches", async () => {
    const { words, dir, name } = sample;
    const ran = await ground.quickstart("--down", ...words);
    expect(ran.code, ran.stderr).toBe(0);
    expect(existsSync(dir)).toBe(false);
    expect(await digestsAt(addresses, `${name}:dev`)).toEqual([null, null, null]);
    expect(await digestsAt(addresses, `${name}:dev-1.0.0`)).toEqual([null, null, null]);
    for (const address of addresses) expect(await engineTags(`${address}/${name}`)).toEqual([]);
    expect(await containersWith(`dev.slipway.image=${name}`)).toEqual([]);
  });

  it("removes no folder that is not a quickstart's, and makes none of one in use", async () => {
    const dir = join(ground.base, "mine");
    mkdirSync(join(dir, "work"), { recursive: true });
    expect(await ground.quickstart("--down", "--dir", dir)).toMatchObject({ code: 0 });
    expect(existsSync(join(dir, "work"))).toBe(true);
    const refused = await ground.quickstart("--dir", dir);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`error: ${dir} is not empty\n`);
  });
});

/** Whether anything of a process group is left. */
function lives(group: number): boolean {
  try {
    return process.kill(group, 0);
  } catch {
    return false;
  }
}
