import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { engineTags } from "../bed/engine_api.ts";
import { git } from "../bed/git.ts";
import { digestsAt, logOf, refsOf } from "../bed/oracle.ts";
import { story } from "../bed/story.ts";
import { tinyImage } from "../bed/tiny.ts";
import { type Ground, makeGround } from "../bed/tiny_repo.ts";
import { type Done, docker, workflowsIn } from "../bed/workflow.ts";

const name = "looked-at";
let ground: Ground;
let repo = "";
let i: (workflow: string, ...words: readonly string[]) => Promise<Done>;
const addresses = () => Object.values(ground.addresses);
/** The name of the image in the engine. */
const own = () => `${addresses()[0]}/${name}`;

beforeAll(async () => {
  ground = await makeGround(2);
  repo = await ground.repo(name);
  i = workflowsIn(repo);
});
afterAll(() => ground.end());

async function done(workflow: string, ...words: readonly string[]): Promise<Done> {
  const ended = await i(workflow, ...words);
  expect(ended.code, ended.stderr).toBe(0);
  return ended;
}

describe("what a workflow leaves and tells", story, () => {
  it("changelog_check: every fault with its line, and the file as it was", async () => {
    expect((await done("changelog_check")).stdout).toBe("changelog.txt: 1 entries, newest 1.0.0, all well\n");
    const file = join(repo, "changelog.txt");
    const before = readFileSync(file, "utf8");
    const broken = `# ${name}-0.9.0\n- 2025-02-30\n- Late\n\n${before}`;
    writeFileSync(file, broken);
    const { code, stdout } = await i("changelog_check");
    expect([code, stdout]).toEqual([2, expect.stringMatching(/^changelog\.txt:\d .*1\.0\.0.*\n {2}fix: .*\n/m)]);
    expect(stdout).toMatch(/^changelog\.txt:1 .*2025-02-30.*\n {2}fix: /m);
    expect(readFileSync(file, "utf8")).toBe(broken);
    writeFileSync(file, before);
  });

  it("version_check: whether code and container are in step", async () => {
    const inside = (version: string) => workflowsIn(repo, { env: { CONTAINER_VERSION: `${name}-${version}` } });
    expect((await inside("1.0.0")("version_check")).code).toBe(0);
    const differ = await inside("0.9.0")("version_check");
    expect([differ.code, differ.stdout]).toEqual([
      1,
      expect.stringContaining(`code_version='1.0.0' != container_version='${name}-0.9.0'`),
    ]);
    expect(differ.stdout).toContain("i docker_pull");
  });

  it("docker_build_prod: an image on the digest of dev in the engine, and nothing elsewhere", async () => {
    const dev = (await done("docker_release_dev", "--version", "1.0.0", "--json")).digest;
    expect(dev).toMatch(/^sha256:/);
    const refs = await refsOf(`${repo}.git`);
    await done("docker_build_prod", "--version", "1.0.0");
    const tags = (await engineTags(own())).filter((tag) => tag.includes("prod"));
    expect(tags).toHaveLength(1);
    const labels = JSON.parse(await docker("inspect", "--format", "{{json .Config.Labels}}", `${own()}:${tags[0]}`));
    expect(labels).toMatchObject({
      "org.opencontainers.image.base.digest": dev,
      "org.opencontainers.image.revision": await git(repo, "rev-parse", "HEAD"),
    });
    expect(await docker("run", "--rm", "--network", "none", `${own()}:${tags[0]}`, "cat", "/app/test.sh")).toContain(
      "runs.txt",
    );
    expect(await digestsAt(addresses(), `${name}:prod-1.0.0`)).toEqual([null, null]);
    expect(await refsOf(`${repo}.git`)).toEqual(refs);
  });

  it("docker_push_prod_candidate: the candidate of this commit in every registry, and no release of it", async () => {
    const tag = `prod-root-${(await git(repo, "rev-parse", "HEAD")).slice(0, 9)}`;
    await done("docker_build_prod", "--version", "1.0.0", "--candidate");
    const built = await docker("inspect", "--format", "{{.Id}}", `${own()}:${tag}`);
    await done("docker_push_prod_candidate");
    expect(await digestsAt(addresses(), `${name}:${tag}`)).toEqual([built, built]);
    expect(await digestsAt(addresses(), `${name}:prod`)).toEqual([null, null]);
    expect((await logOf(`${repo}.git`, name)).filter((one) => "stage" in one && one.stage === "prod")).toEqual([]);
  });

  it("release_history: who released what to where", async () => {
    const [dev] = await digestsAt(addresses(), `${name}:dev-1.0.0`);
    const { stdout } = await done("release_history");
    expect(stdout).toMatch(new RegExp(`^\\S+ \\S+ root +1\\.0\\.0 +released dev ${dev} to r1, r2$`, "m"));
    expect(stdout).toMatch(new RegExp(`^\\S+ \\S+ root +1\\.0\\.0 +dev -> ${dev} \\(release\\) in r1, r2$`, "m"));
  });

  it("docker_pull_dev_tools: the tools' image in the engine", async () => {
    const tools = `${addresses()[0]}/dev_tools`;
    await docker("tag", tinyImage, `${tools}:prod`);
    await docker("push", "--quiet", `${tools}:prod`);
    await docker("rmi", `${tools}:prod`);
    expect(await engineTags(tools)).toEqual([]);
    await done("docker_pull_dev_tools");
    expect(await engineTags(tools)).toEqual(["prod"]);
  });

  it("doctor: what this machine has, and what is missing with the line that fixes it", async () => {
    const { stdout } = await done("doctor");
    expect(stdout).toMatch(/^ok +engine +linux\/\w+$/m);
    for (const [key, address] of Object.entries(ground.addresses))
      expect(stdout).toMatch(new RegExp(`^ok +registry ${key} +${address}, directly, plain http, no login$`, "m"));
    const [stopped] = ground.registries;
    await stopped?.stop();
    const { code, stdout: told } = await i("doctor");
    expect([code, told]).toEqual([1, expect.stringMatching(/^(?!ok)\w+ +registry r1 .*\n +fix: /m)]);
    expect(told).toMatch(/^ok +registry r2 /m);
  });

  it("init_runnable_dir: a dir whose image can be built, with an entry that stands the check", async () => {
    await done("init_runnable_dir", "--dir", "inner", "--name", "inner", "--base-image", tinyImage);
    expect((await done("changelog_check", "--dir", "inner")).stdout).toContain("inner/changelog.txt: 1 entries");
    const plan = await done("docker_build_local", "--dir", "inner", "--dry-run");
    expect(plan.stdout).toContain("docker buildx build");
    expect((await done("changelog_check")).stdout).toContain("changelog.txt: 1 entries");
  });
});
