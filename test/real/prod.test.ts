import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { must } from "../../thin_client/engine/command.ts";
import { engineTags } from "../bed/engine_api.ts";
import { digestsAt, logOf, refsOf } from "../bed/oracle.ts";
import { story } from "../bed/story.ts";
import { change, type Ground, makeGround, write } from "../bed/tiny_repo.ts";
import { type Done, docker, workflowsIn } from "../bed/workflow.ts";

const name = "shipped";
const entries = (...headings: readonly string[]) =>
  headings.map((heading, index) => `# ${heading}\n- 2025-01-${20 - index}\n- Change\n`).join("\n");

let ground: Ground;
let repo = "";
let i: (workflow: string, ...words: readonly string[]) => Promise<Done>;
const addresses = () => Object.values(ground.addresses);
const at = (tag: string) => digestsAt(addresses(), `${name}:${tag}`);
const all = (digest: string | null | undefined) => addresses().map(() => digest);
const digests: Record<string, string> = {};

async function done(workflow: string, ...words: readonly string[]): Promise<string> {
  const ended = await i(workflow, ...words, "--json", "--yes");
  expect(ended.code, ended.stderr).toBe(0);
  return ended.digest ?? "";
}

/** The lists that an image has passed. */
const passesOf = async (digest: string): Promise<readonly string[]> =>
  (await logOf(`${repo}.git`, name))
    .flatMap((entry) => (entry.type === "pass" && entry.digest === digest ? [entry.list] : []))
    .sort();

beforeAll(async () => {
  ground = await makeGround(3);
  repo = await ground.repo(name, { gates: ["fast", "slow", "qa"] });
  i = workflowsIn(repo);
  await change(repo, { "changelog.txt": entries(`${name}-1.1.0`), "app.txt": "first\n" });
  write(repo, { "ignored.txt": "a secret\n" });
});
afterAll(() => ground.end());

describe("a prod release", story, () => {
  it("is refused without a dev of its major.minor, before anything changes", async () => {
    const refs = await refsOf(`${repo}.git`);
    const refused = await i("docker_release_prod", "--version", "1.1.0");
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining("prod 1.1.0 has no dev 1.1 to build on"),
    ]);
    expect(await refsOf(`${repo}.git`)).toEqual(refs);
  });

  it("follows dev: one digest of each in all registries, prod built on the digest of dev", async () => {
    digests["all"] = await done("docker_release_all", "--version", "1.1.0");
    const dev = (await at("dev-1.1.0"))[0] ?? "";
    digests["dev"] = dev;
    expect(dev).toMatch(/^sha256:/);
    expect(await at("dev")).toEqual(all(dev));
    expect(await at("prod-1.1.0")).toEqual(all(digests["all"]));
    expect(await at("prod")).toEqual(all(digests["all"]));
    const log = await logOf(`${repo}.git`, name);
    expect(log.find((entry) => entry.type === "release" && entry.stage === "prod")).toMatchObject({
      version: "1.1.0",
      digest: digests["all"],
      base: { version: "1.1.0", digest: dev },
    });
    expect(await passesOf(digests["all"])).toEqual(["fast", "qa", "slow"]);
  });

  it("makes an image that runs with no mount and no network, its code inside and nothing that Git does not know", async () => {
    const run = (...words: readonly string[]) =>
      docker("run", "--rm", "--network", "none", `${ground.addresses["r1"]}/${name}:prod-1.1.0`, ...words);
    expect(existsSync(join(repo, "ignored.txt"))).toBe(true);
    expect(await run("cat", "/app/app.txt")).toBe("first");
    expect(await run("sh", "-c", "ls -a /app | grep -c -e ignored.txt -e '^.git$' || true")).toBe("0");
  });

  it("stands on a dev of its own major.minor and on no other", async () => {
    await change(repo, { "changelog.txt": entries(`${name}-prod-1.2.0`, `${name}-1.1.0`) });
    const refused = await i("docker_release_prod", "--version", "1.2.0", "--dev-version", "1.1.0");
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(
      /prod 1\.2\.0 cannot be built on dev 1\.1\.0\n {2}why: dev and prod keep major\.minor equal/,
    );
  });

  it("is made again for other code on the same dev, and tested again", async () => {
    await change(repo, { "changelog.txt": entries(`${name}-prod-1.1.1`, `${name}-1.1.0`), "app.txt": "second\n" });
    digests["fixed"] = await done("docker_release_prod", "--version", "1.1.1");
    expect(digests["fixed"]).not.toBe(digests["all"]);
    expect(await passesOf(digests["fixed"])).toEqual(["fast", "qa", "slow"]);
    expect(await at("prod-1.1.1")).toEqual(all(digests["fixed"]));
    expect(await at("prod")).toEqual(all(digests["fixed"]));
    expect(await at("prod-1.1.0")).toEqual(all(digests["all"]));
    expect(await docker("run", "--rm", `${ground.addresses["r1"]}/${name}:prod`, "cat", "/app/app.txt")).toBe("second");
  });

  it("that is typed again changes nothing", async () => {
    for (const registry of ground.registries) registry.forget();
    const again = await i("docker_release_prod", "--version", "1.1.1", "--json", "--yes");
    expect([again.code, again.digest], again.stderr).toEqual([0, digests["fixed"]]);
    // Looks, and a name in the engine that it has already.
    const looks = ["preflight", "claim", "tag_prod", "verify", "release_claim", "tell"];
    const states = Object.entries(again.states);
    expect(states.flatMap(([id, state]) => (state === "done" && !looks.includes(id) ? [id] : []))).toEqual([]);
    expect(states.map(([id]) => id)).toEqual(expect.arrayContaining(["build_prod", "push_prod", "flip_prod"]));
    expect(ground.registries.flatMap(({ requests }) => requests().filter(({ method }) => method === "PUT"))).toEqual(
      [],
    );
  });

  it("is rolled back by digest, and not released again by accident", async () => {
    const back = await i("docker_rollback_prod", "--version", "1.1.0", "--message", "it leaks", "--yes");
    expect(back.code, back.stderr).toBe(0);
    expect(await at("prod")).toEqual(all(digests["all"]));
    expect(await at("prod-1.1.1")).toEqual(all(digests["fixed"]));
    expect(await at("dev")).toEqual(all(digests["dev"]));
    const refused = await i("docker_release_prod", "--version", "1.1.1");
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("1.1.1 was rolled back to 1.1.0 by")]);
    expect(refused.stderr).toContain("They said: it leaks.");
  });

  it("of an older major.minor leaves prod where it is and says so", async () => {
    await change(repo, {
      "changelog.txt": entries(`${name}-1.2.0`, `${name}-prod-1.1.2`, `${name}-prod-1.1.1`, `${name}-1.1.0`),
      "devops/docker_build/words.txt": "other\n",
    });
    const newer = await done("docker_release_all", "--version", "1.2.0");
    const fix = await i("docker_release_prod", "--version", "1.1.2", "--yes");
    expect(fix.code, fix.stderr).toBe(0);
    expect(fix.stdout).toContain("prod stays 1.2.0, which is higher than 1.1.2");
    expect(await at("prod")).toEqual(all(newer));
    const [hotfix] = await at("prod-1.1.2");
    expect(hotfix).toMatch(/^sha256:/);
    expect([newer, ...Object.values(digests)]).not.toContain(hotfix);
    expect(await at("prod-1.1.2")).toEqual(all(hotfix));
  });
});

describe("a candidate", () => {
  it("has one tag for one commit and one digest in all registries", async () => {
    const first = await done("docker_create_candidate");
    const [tag = "", ...others] = await engineTags(`${ground.addresses["r1"]}/${name}`, "prod-root-*");
    expect([tag, others]).toEqual([expect.stringMatching(/^prod-root-[0-9a-f]{9}$/), []]);
    expect(await at(tag)).toEqual(all(first));
    expect(await done("docker_create_candidate")).toBe(first);
  });

  it("is refused from a dirty tree, and where something large was left in it", async () => {
    write(repo, { "app.txt": "third\n" });
    const dirty = await i("docker_create_candidate");
    expect([dirty.code, dirty.stderr]).toEqual([2, expect.stringContaining("the code is not committed: app.txt")]);
    await must(["sh", "-c", `mkdir -p '${repo}/data' && truncate -s 201M '${repo}/data/big'`]);
    await change(repo, {});
    const large = await i("docker_create_candidate");
    expect([large.code, large.stderr]).toEqual([2, expect.stringContaining("more than 200 MiB in data (201 MiB)")]);
  });
});

describe("how tests run for a prod image", () => {
  it("is said by the config, or refused before the build", async () => {
    const bare = await ground.repo("silent-way", { prodWays: false });
    const dev = await workflowsIn(bare)("docker_release_dev", "--version", "1.0.0");
    expect(dev.code, dev.stderr).toBe(0);
    const refused = await workflowsIn(bare)("docker_release_prod", "--version", "1.0.0");
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/does not say how the fast tests run for a prod image[\s\S]*prod: in_image/);
  });
});
