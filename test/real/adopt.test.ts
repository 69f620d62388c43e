import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tagsAt } from "../bed/final_state.ts";
import { git, inOneShell } from "../bed/git.ts";
import { type HandImage, handImage } from "../bed/hand_image.ts";
import { digestsAt, logOf, refsOf } from "../bed/oracle.ts";
import { pushTo } from "../bed/released.ts";
import { story } from "../bed/story.ts";
import { change, type Ground, makeGround, tinyConfig } from "../bed/tiny_repo.ts";
import { workflowsIn } from "../bed/workflow.ts";
import { digest } from "../unit/factory.ts";

const name = "cmamp";
/** The first versions of the original's public changelog. */
const released = { "1.0.0": "2021-10-26", "1.0.1": "2021-12-01", "1.0.2": "2021-12-07", "1.0.3": "2021-12-11" };
const versions = Object.keys(released);
const changelog = Object.entries(released)
  .map(([version, day]) => `# ${name}-${version}\n- ${day}\n- What ${version} brought\n`)
  .reverse()
  .join("\n");
const layers = ["1", "2", "3"].map(digest);
const devImage = (version: string, more = {}): HandImage => handImage(`dev ${version}`, [100], more);
const images: Readonly<Record<string, HandImage>> = {
  "dev-1.0.0": devImage("1.0.0"),
  "dev-1.0.1": devImage("1.0.1"),
  "dev-1.0.2": devImage("1.0.2", { diffIds: layers.slice(0, 1) }),
  "dev-1.0.3": devImage("1.0.3", { diffIds: layers.slice(0, 2) }),
  "prod-1.0.0": handImage("prod 1.0.0", [100], { diffIds: layers.slice(2) }),
  "prod-1.0.3": handImage("prod 1.0.3", [100], { diffIds: layers }),
};
const imageOf = (tag: string): HandImage => images[tag] ?? devImage("none");

describe("a team that released without Slipway", story, () => {
  let ground: Ground;
  let repo = "";
  const commits: Record<string, string> = {};
  beforeAll(async () => {
    ground = await makeGround(2);
    repo = await ground.repo(name);
    await change(repo, { "changelog.txt": changelog });
    for (const version of versions) {
      commits[version] = await change(repo, { "code.txt": `${version}\n` });
      const words = ["Bo\u001b[2Jb", `${name}-${version}`] as const;
      await inOneShell(repo, ['GIT_COMMITTER_NAME=$1 git tag --annotate "$2" --message x'], ...words);
    }
    // A branch of a tag's name makes the tag's short name another.
    await git(repo, "branch", `${name}-1.0.0`);
    // Prod 1.0.2 is known by its Git tag alone.
    for (const tag of [`${name}-prod-1.0.2`, `${name}-prod-1.0.3`, `${name}-9.9.9;touch x`.replace(" ", "_")])
      await git(repo, "tag", tag);
    await git(repo, "push", "--quiet", "origin", "HEAD", "--tags");
    const put = (key: string, tag: string, image: HandImage) => pushTo(ground, key, { name, tag, image });
    for (const key of ["r1", "r2"]) {
      for (const tag of Object.keys(images))
        if (!(key === "r2" && tag === "dev-1.0.0")) await put(key, tag, imageOf(tag));
      for (const stage of ["dev", "prod"]) await put(key, stage, imageOf(`${stage}-1.0.3`));
    }
    await put("r2", "dev-1.0.1", devImage("another"));
  });
  afterAll(() => ground?.end());
  const i = (...words: readonly string[]) => workflowsIn(repo)(...(words as [string, ...string[]]));
  const tags = () => Promise.all(Object.values(ground.addresses).map((address) => tagsAt(address, name)));
  const logged = () => logOf(`${repo}.git`, name);

  it("is shown what would be recorded, and asked; without a yes nothing is", async () => {
    const before = [await refsOf(`${repo}.git`), await tags()];
    const plan = await i("release_adopt", "--dry-run");
    expect(plan.code, plan.stderr).toBe(0);
    expect(plan.stdout).toMatch(/prod-1\.0\.3 +\S+ +Git r1 r2 +on dev 1\.0\.3/);
    expect(plan.stdout).toMatch(/prod-1\.0\.2 +- +Git +known by its Git tag alone/);
    expect(plan.stdout).toMatch(/dev-1\.0\.1 +\S+ \S+ +Git r1 r2 +LEFT OUT: registries have different images/);
    const unasked = await i("release_adopt");
    expect([unasked.code, unasked.stderr]).toEqual([2, expect.stringContaining("Record 6 releases of cmamp")]);
    expect([await refsOf(`${repo}.git`), await tags()]).toEqual(before);
  });

  it("has all of it in the log, each once, also where two people do it at once, and nothing moves", async () => {
    const before = await tags();
    const other = await ground.clone(repo, "other");
    const both = await Promise.all([i("release_adopt", "--yes"), workflowsIn(other)("release_adopt", "--yes")]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    const entry = (tag: string, registries: readonly string[], more = {}) => {
      const [stage = "", version = ""] = tag.split("-");
      return { type: "release", stage, version, digest: imageOf(tag).digest, registries, ...more };
    };
    const log = await logged();
    expect(log).toMatchObject([
      entry("dev-1.0.0", ["r1"], { commit: commits["1.0.0"] }),
      entry("dev-1.0.2", ["r1", "r2"], { commit: commits["1.0.2"] }),
      entry("dev-1.0.3", ["r1", "r2"], { commit: commits["1.0.3"] }),
      entry("prod-1.0.0", ["r1", "r2"]),
      { type: "tagged", stage: "prod", version: "1.0.2", commit: commits["1.0.3"] },
      entry("prod-1.0.3", ["r1", "r2"], { base: { version: "1.0.3", digest: imageOf("dev-1.0.3").digest } }),
      { type: "flip", tag: "dev", version: "1.0.3", to: imageOf("dev-1.0.3").digest, registries: ["r1", "r2"] },
      { type: "flip", tag: "prod", version: "1.0.3", to: imageOf("prod-1.0.3").digest, registries: ["r1", "r2"] },
    ]);
    const [first] = log.flatMap((one) => ("adopted" in one && one.adopted ? [one.adopted.by] : []));
    expect(first).toContain("Bo");
    expect(first).not.toContain("\u001b");
    expect(await tags()).toEqual(before);
    const again = await i("release_adopt", "--yes");
    expect([again.code, again.stdout], again.stderr).toEqual([
      0,
      expect.stringMatching(/^release .*\ndev-1\.0\.1 .* LEFT OUT/),
    ]);
    expect(await logged()).toEqual(log);
  });

  it("is told of it by history, status and the check of the log", async () => {
    const history = await i("release_history");
    expect(history.stdout).toMatch(/adopted dev sha256:\S+ in r1, r2/);
    expect(history.stdout).toMatch(/adopted prod by its Git tag alone/);
    expect(history.stdout).not.toContain("\u001b[2J");
    const log = await i("release_log");
    expect([log.code, log.stdout], log.stderr).toEqual([0, expect.stringContaining("is whole: 8 entries")]);
    const status = await i("release_status", "--stage", "prod");
    expect([status.code, status.stdout], status.stderr).toEqual([0, expect.stringContaining("all registries agree")]);
  });

  it("builds the next prod on the dev that it released", async () => {
    const words = ["--version", "1.0.4", "--skip-tests", "--dry-run", "--json"] as const;
    const entry = `# ${name}-1.0.4\n- 2021-12-12\n- More\n\n`;
    await change(repo, { "changelog.txt": `${entry}${changelog}` });
    await git(repo, "push", "--quiet", "origin", "HEAD");
    const plan = await i("docker_release_prod", ...words);
    expect(plan.code, plan.stderr).toBe(0);
    expect(plan.stdout).toContain(`@${imageOf("dev-1.0.3").digest}`);
    expect(plan.stdout).toContain("Pull dev-1.0.3");
  });

  it.each([
    ["dev", "1.0.2"],
    ["prod", "1.0.0"],
  ] as const)("goes back in %s to %s, which it released before", async (stage, version) => {
    const back = await i(`docker_rollback_${stage}`, "--version", version, "--message", "it leaks", "--yes");
    expect(back.code, back.stderr).toBe(0);
    const names = Object.values(ground.addresses);
    const { digest } = imageOf(`${stage}-${version}`);
    expect(await digestsAt(names, `${name}:${stage}`)).toEqual(names.map(() => digest));
    expect((await logged()).at(-1)).toMatchObject({ type: "flip", tag: stage, why: "rollback", version, to: digest });
  });

  it("cannot go back to what its Git tag alone tells of", async () => {
    const before = await tags();
    const back = await i("docker_rollback_prod", "--version", "1.0.2", "--message", "it leaks", "--yes");
    expect([back.code, back.stderr]).toEqual([2, expect.stringContaining("prod-1.0.2")]);
    expect(await tags()).toEqual(before);
  });

  it("is told which registry does not answer, and nothing is recorded", async () => {
    const registries = { r1: ground.addresses["r1"] ?? "", gone: "127.0.0.1:9" };
    writeFileSync(join(repo, "repo_config.yaml"), tinyConfig({ name, registries }));
    const before = await logged();
    const silent = await i("release_adopt", "--yes");
    expect([silent.code, silent.stderr]).toEqual([1, expect.stringContaining("gone (127.0.0.1:9) does not answer")]);
    expect(await logged()).toEqual(before);
  });
});
