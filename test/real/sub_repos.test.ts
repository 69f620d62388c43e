import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { must, run } from "../../thin_client/engine/command.ts";
import { loopbackRegistries } from "../../thin_client/engine/registries.ts";
import { digestsAt } from "../bed/oracle.ts";
import { needs } from "../bed/parts.ts";
import { makeQuickstartGround, type QuickstartGround } from "../bed/quickstart.ts";
import { story } from "../bed/story.ts";
import { tinyImage } from "../bed/tiny.ts";
import { write } from "../bed/tiny_repo.ts";

const addresses = loopbackRegistries.map(({ address }) => address);
/** A super-repo, its submodule, and one within that; each with the dir that it has in the super-repo. */
const repos = [
  { name: "nested", dir: "amp/libs/nested", holds: null },
  { name: "amp", dir: "amp", holds: { name: "nested", at: "libs/nested" } },
  { name: "super", dir: ".", holds: { name: "amp", at: "amp" } },
] as const;
const imageOf = (name: string): string => `${name}${process.pid}`;
const own = ["Dockerfile", "test.sh"];

describe("a super-repo, its submodule and one within that, each with Slipway of its own", story, () => {
  let ground: QuickstartGround;
  let clone = "";
  /** What init said that it adds, by repo. */
  const listed = new Map<string, readonly string[]>();
  const git = (dir: string, ...words: readonly string[]) => must(["git", "-C", dir, ...words], { env: ground.env });
  const i = (dir: string, ...words: readonly string[]) =>
    run([join(dir, "helpers/slipway/thin_client/bin/i"), ...words], { cwd: dir, env: ground.env });
  const at = (dir: string): string => join(clone, dir);

  beforeAll(async () => {
    await needs("tiny");
    ground = await makeQuickstartGround();
    const settings = { "protocol.file.allow": "always", "user.name": "Ada", "user.email": "ada@example.com" };
    for (const [key, value] of Object.entries(settings))
      await must(["git", "config", "--global", key, value], { env: ground.env });
    clone = join(ground.base, "fresh");
  });
  afterAll(() => ground?.end());

  it("become working ones by init, from the innermost on", async () => {
    for (const { name, holds } of repos) {
      const repo = join(ground.base, name);
      mkdirSync(repo);
      write(repo, { Dockerfile: `FROM ${tinyImage}\nWORKDIR /app\n`, "test.sh": "test -f repo_config.yaml\n" });
      await git(ground.base, "init", "--quiet", "--bare", "--initial-branch=main", `${repo}.git`);
      await git(repo, "init", "--quiet", "--initial-branch=main");
      await git(repo, "remote", "add", "origin", `${repo}.git`);
      if (holds) await git(repo, "submodule", "--quiet", "add", join(ground.base, `${holds.name}.git`), holds.at);
      const answers = ["--name", imageOf(name), "--registries", addresses.join(","), "--test-command", "sh test.sh"];
      const words = ["init", "--yes", "--as", "submodule", "--source", ground.clone, ...answers];
      const added = await run([join(ground.clone, "thin_client/bin/slipway"), ...words], {
        cwd: repo,
        env: ground.env,
      });
      expect(added.code, added.stderr).toBe(0);
      listed.set(
        name,
        added.stdout.split("\n").flatMap((line) => /^added (.*)$/.exec(line)?.[1] ?? []),
      );
      await git(repo, "add", "--all");
      await git(repo, "commit", "--quiet", "--message", "Add Slipway");
      await git(repo, "push", "--quiet", "--set-upstream", "origin", "main");
    }
  });

  it("build, test and release each from a fresh clone with its submodules", async () => {
    await git(ground.base, "clone", "--quiet", "--recurse-submodules", `${join(ground.base, "super")}.git`, clone);
    for (const { name, dir } of repos) {
      const built = await run([join(at(dir), "helpers/slipway/thin_client/build"), "--quiet"], {
        cwd: at(dir),
        env: ground.env,
      });
      expect(built.code, built.stderr).toBe(0);
      const released = await i(at(dir), "docker_release_dev", "--yes");
      expect(released.code, released.stderr).toBe(0);
      const digests = await digestsAt(addresses, `${imageOf(name)}:dev-1.0.0`);
      expect(new Set(digests)).toEqual(new Set([expect.stringMatching(/^sha256:/)]));
      expect(await git(join(ground.base, `${name}.git`), "tag")).toBe(`${imageOf(name)}-1.0.0\n`);
      expect(await git(at(dir), "status", "--short")).toBe("");
    }
  });

  it("keep no file but those that init listed when Slipway is taken out again", async () => {
    for (const { name, dir, holds } of repos) {
      await git(at(dir), "submodule", "--quiet", "deinit", "helpers/slipway");
      await git(at(dir), "rm", "--quiet", "helpers/slipway");
      const inner = holds === null ? [] : ["-o", "-path", `./${holds.at}`];
      const found = ["find", ".", "(", "-path", "./.git", ...inner, ")", "-prune", "-o", "!", "-type", "d", "-print"];
      const files = (await must(found, { cwd: at(dir) }))
        .trim()
        .split("\n")
        .map((path) => path.slice(2));
      const stays = (listed.get(name) ?? []).filter((path) => path !== "helpers/slipway");
      expect([...files].filter((path) => path !== ".git").sort()).toEqual([...new Set([...stays, ...own])].sort());
    }
  });
});
