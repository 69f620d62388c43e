import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { must } from "../../thin_client/engine/command.ts";
import { brokenConfig, onlyPlugins, smallDisk } from "../bed/bad_machine.ts";
import { git } from "../bed/git.ts";
import { digestsAt, logOf, refsOf } from "../bed/oracle.ts";
import { change, type Ground, makeGround } from "../bed/tiny_repo.ts";
import { workflowsIn } from "../bed/workflow.ts";

let ground: Ground;
let clock = "";
beforeAll(async () => {
  ground = await makeGround(2);
  clock = await bringFaketime();
});
afterAll(() => ground.end());

/** The library that gives a program another time, unpacked where only this test sees it. */
async function bringFaketime(): Promise<string> {
  const dir = join(ground.dir, "faketime");
  mkdirSync(dir);
  await must(["sh", "-c", "apt-get download libfaketime && dpkg -x libfaketime_*.deb ."], { cwd: dir });
  return (await must(["find", dir, "-name", "libfaketime.so.1"])).trim();
}

type Env = Readonly<Record<string, string | undefined>>;
const release = (dir: string, env: Env = {}) =>
  workflowsIn(dir, { env })("docker_release_dev", "--version", "1.0.0", "--json");
/** One digest behind both tags in both registries, nothing held, one entry of a release. */
async function expectReleased(name: string, remote: string, digest: string | null): Promise<void> {
  const at = Object.values(ground.addresses);
  const found = [...(await digestsAt(at, `${name}:dev`)), ...(await digestsAt(at, `${name}:dev-1.0.0`))];
  expect(found).toEqual(Array(4).fill(digest));
  const refs = (await refsOf(remote)).map((line) => line.split(" ")[0]);
  expect(refs.filter((ref) => /\/(claim|flip)\//.test(ref ?? ""))).toEqual([]);
  expect((await logOf(remote, name)).filter(({ type }) => type === "release")).toHaveLength(1);
}

describe("a release goes through", () => {
  it.concurrent("without a remote, its refs in this repo alone", async () => {
    const repo = await ground.repo("remoteless");
    await git(repo, "remote", "remove", "origin");
    const plan = await workflowsIn(repo)("docker_release_dev", "--version", "1.0.0", "--dry-run");
    expect(plan.stdout).toContain("(skipped: the repo has no remote)");
    const { code, stderr, digest } = await release(repo);
    expect(code, stderr).toBe(0);
    await expectReleased("remoteless", repo, digest);
  });

  it.concurrent("from a detached head", async () => {
    const repo = await ground.repo("detached");
    await git(repo, "checkout", "--quiet", "--detach");
    const { code, stderr, digest } = await release(repo);
    expect(code, stderr).toBe(0);
    await expectReleased("detached", `${repo}.git`, digest);
  });

  it.concurrent.each(["+1h", "-1h"])(
    "with a clock that is off by %s, and from another clone with a right one",
    async (off) => {
      const name = off === "+1h" ? "early" : "late";
      const repo = await ground.repo(name);
      const { code, stderr, digest } = await release(repo, { LD_PRELOAD: clock, FAKETIME: off });
      expect(code, stderr).toBe(0);
      const [first] = await logOf(`${repo}.git`, name);
      const seconds = (Date.parse(first?.at ?? "") - Date.now()) / 1000;
      expect(Math.abs(seconds - (off === "+1h" ? 3600 : -3600))).toBeLessThan(600);
      const again = await release(await ground.clone(repo, `${name}-clone`));
      expect([again.code, again.digest], again.stderr).toEqual([0, digest]);
      await expectReleased(name, `${repo}.git`, digest);
    },
  );

  it.concurrent("with a HOME where nothing can be written", async ({ onTestFinished }) => {
    const repo = await ground.repo("homeless");
    const disk = await smallDisk(join(ground.dir, "home"), 1_000);
    onTestFinished(async () => void (await disk.end()));
    const { DOCKER_CONFIG: plugins = "" } = onlyPlugins(ground.dir, "docker-buildx", "docker-compose");
    symlinkSync(plugins, join(disk.dir, ".docker"));
    await must(["mount", "-o", "remount,ro", disk.dir]);
    expect(() => writeFileSync(join(disk.dir, "file"), "")).toThrow("EROFS");
    const { code, stderr, digest } = await release(repo, { HOME: disk.dir, DOCKER_CONFIG: plugins });
    expect(code, stderr).toBe(0);
    await expectReleased("homeless", `${repo}.git`, digest);
  });

  it.concurrent("with a docker configuration that is no JSON, where no registry wants a login", async () => {
    const repo = await ground.repo("unreadable");
    const { code, stderr, digest } = await release(repo, brokenConfig(ground.dir));
    expect(code, stderr).toBe(0);
    expect(stderr).toContain("WARNING: Error loading config file");
    await expectReleased("unreadable", `${repo}.git`, digest);
  });

  it.concurrent("from a commit of tomorrow", async () => {
    const repo = await ground.repo("tomorrow");
    await change(repo, { "devops/docker_build/words.txt": "of tomorrow\n" });
    await must(
      ["git", "-C", repo, "-c", "user.name=Ada", "-c", "user.email=a@b", "commit", "--quiet", "--amend", "--no-edit"],
      {
        env: { ...process.env, GIT_COMMITTER_DATE: new Date(Date.now() + 86_400_000).toISOString() },
      },
    );
    await git(repo, "push", "--quiet", "--force", "origin", "HEAD");
    const { code, stderr, digest } = await release(repo);
    expect(code, stderr).toBe(0);
    await expectReleased("tomorrow", `${repo}.git`, digest);
  });
});

describe("a HOME where docker cannot write its own state", () => {
  it("ends with docker's own words and code, and nothing is released", async ({ onTestFinished }) => {
    const repo = await ground.repo("stateless");
    const disk = await smallDisk(join(ground.dir, "state"), 1_000);
    onTestFinished(async () => void (await disk.end()));
    const { DOCKER_CONFIG: plugins = "" } = onlyPlugins(disk.dir, "docker-buildx", "docker-compose");
    await must(["mount", "-o", "remount,ro", disk.dir]);
    const { code, stderr } = await release(repo, { HOME: disk.dir, DOCKER_CONFIG: plugins });
    expect([code, /read-only file system/.test(stderr)], stderr).toEqual([1, true]);
    expect(stderr).toMatch(/^error: .* stopped at step "build_local": .*\n {2}why: .*\n {2}fix: /m);
    expect((await refsOf(`${repo}.git`)).map((line) => line.split(" ")[0])).toEqual(["refs/heads/main"]);
  });
});
