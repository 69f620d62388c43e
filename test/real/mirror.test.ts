import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { git } from "../bed/git.ts";
import { changes, digestAt, digestsAt, logOf, refsOf } from "../bed/oracle.ts";
import type { TestRegistry } from "../bed/registry.ts";
import { story } from "../bed/story.ts";
import { change, changelog, type Ground, makeGround } from "../bed/tiny_repo.ts";
import { type Done, docker, forgetImages, workflowsIn } from "../bed/workflow.ts";

const name = "mirrored";
let ground: Ground;
let repo = "";
let released: Done;
const digests: (string | null)[] = [];
const [all, withoutEngine] = [() => Object.values(ground.addresses), { DOCKER_HOST: "unix:///nonexistent" }];
const forget = () => {
  for (const registry of ground.registries) registry.forget();
};
/** Requests beside authentication; a registry without a password has none of those. */
const asked = (registry: TestRegistry) => registry.requests().map(({ method, path }) => `${method} ${path}`);
const blobIn = (path: string) => /\/blobs\/(sha256:\w+)/.exec(path)?.[1] ?? [];
const offEngine = (...words: readonly [string, ...string[]]) =>
  workflowsIn(repo, { env: { ...process.env, ...withoutEngine } })(...words);

beforeAll(async () => {
  ground = await makeGround(3);
  repo = await ground.repo(name);
  const i = workflowsIn(repo);
  released = await i("docker_release_dev", "--version", "1.0.0", "--target-registries", "r1", "--json");
  digests.push(released.digest);
});
afterAll(() => ground.end());

describe("a release to one of three registries", () => {
  it("reaches that one only", async () => {
    expect(released.code, released.stderr).toBe(0);
    expect(ground.registries.slice(1).flatMap(({ requests }) => requests())).toEqual([]);
    expect(await digestsAt(all(), `${name}:dev`)).toEqual([released.digest, null, null]);
    expect((await logOf(`${repo}.git`, name)).at(-1)).toMatchObject({ type: "release", registries: ["r1"] });
  });

  it("is behind for release_mirror --check, and behind by choice for release_status", async () => {
    const check = await offEngine("release_mirror", "--check");
    const status = await offEngine("release_status");
    expect([check.code, status.code]).toEqual([1, 0]);
    expect(check.stdout).toContain(`${name}:dev-1.0.0 is behind in r2, r3`);
    expect(status.stdout).toMatch(/^dev +r2 .*behind by choice/m);
  });
});

describe("release_mirror", story, () => {
  it("copies by digest without the engine, reads each blob once and sends each once", async () => {
    forget();
    const mirrored = await offEngine("release_mirror", "--version", "1.0.0", "--json");
    expect(mirrored.code, mirrored.stderr).toBe(0);
    const [source, ...targets] = ground.registries;
    const read = source?.requests().flatMap(({ method, path }) => (method === "GET" ? blobIn(path) : [])) ?? [];
    expect(read.length).toBeGreaterThan(0);
    expect([...new Set(read)]).toEqual(read);
    for (const target of targets) {
      const put = target.requests().filter(({ method, path }) => method === "PUT" && path.includes("/blobs/"));
      const blobs = put.map(({ path }) => /digest=([^&]+)/.exec(path)?.[1]);
      expect(blobs.length).toBe(read.length);
      expect(new Set(blobs).size).toBe(blobs.length);
    }
    expect(await digestsAt(all(), `${name}:dev`)).toEqual(Array(3).fill(released.digest));
  });

  it("moves nothing when it is typed again", async () => {
    forget();
    const again = await offEngine("release_mirror", "--version", "1.0.0", "--json");
    expect(again.states).toMatchObject({ copy_to_others: "skipped", flip_dev: "skipped", verify: "done" });
    expect(ground.registries.flatMap(({ requests }) => changes(requests()))).toEqual([]);
    expect(ground.registries.flatMap(asked).filter((line) => line.includes("/blobs/"))).toEqual([]);
    const check = await offEngine("release_mirror", "--check");
    expect(check).toMatchObject({ code: 0, stdout: `${name}:dev-1.0.0 is the same everywhere\n` });
  });
});

describe("docker_rollback_dev", story, () => {
  let colleague = "";
  beforeAll(async () => {
    await change(repo, {
      "changelog.txt": changelog(name, "1.1.0", "1.0.0"),
      "devops/docker_build/words.txt": "another image\n",
    });
    const second = await workflowsIn(repo)("docker_release_dev", "--version", "1.1.0", "--json");
    expect(second.code, second.stderr).toBe(0);
    digests.push(second.digest);
    colleague = await ground.clone(repo, "colleague");
  });

  it("moves dev back in every registry in at most five requests each, no blob among them, and without the engine", async () => {
    expect(await digestsAt(all(), `${name}:dev`)).toEqual(Array(3).fill(digests[1]));
    forget();
    const back = await offEngine("docker_rollback_dev", "--version", "1.0.0", "--message", "it breaks", "--yes");
    expect(back.code, back.stderr).toBe(0);
    const requests = ground.registries.map(asked);
    expect(await digestsAt(all(), `${name}:dev`)).toEqual(Array(3).fill(digests[0]));
    expect(await digestsAt(all(), `${name}:dev-1.1.0`)).toEqual(Array(3).fill(digests[1]));
    expect(requests.flat().filter((line) => line.includes("/blobs/sha256"))).toEqual([]);
    for (const lines of requests) expect(lines.length, lines.join("\n")).toBeLessThanOrEqual(5);
    const flip = (await logOf(`${repo}.git`, name)).findLast(({ type }) => type === "flip");
    expect(flip).toMatchObject({ tag: "dev", version: "1.0.0", why: "rollback", reason: "it breaks" });
  });

  it("reaches a colleague whose code is the version that was rolled back with the next docker_pull, and needs no network then", async () => {
    const i = workflowsIn(colleague);
    const words = async (...more: readonly string[]) =>
      (await i("docker_cmd", ...more, "--", "cat", "/words.txt")).stdout;
    expect(await words()).toBe("another image\n");
    const told = "1.1.0 was rolled back, dev is 1.0.0";
    expect((await i("docker_pull")).stderr).toContain(`${name}:dev (${told})`);
    await git(colleague, "remote", "set-url", "origin", "/nowhere");
    forget();
    const used = await i("docker_cmd", "--cmd", "cat /words.txt");
    expect(used).toMatchObject({ code: 0, stdout: `${name}\n` });
    expect(used.stderr).toMatch(new RegExp(`^\\[2/2] Run a command in \\S+:dev \\(${told}\\)`, "m"));
    expect(await words("--version", "1.1.0")).toBe("another image\n");
    expect(ground.registries.flatMap(({ requests }) => requests())).toEqual([]);
  });

  it("makes a release of the rolled-back version refused with who and why, and changes nothing by that", async () => {
    const refs = await refsOf(`${repo}.git`);
    forget();
    const refused = await workflowsIn(repo)("docker_release_dev", "--version", "1.1.0");
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/error: 1\.1\.0 was rolled back to 1\.0\.0 by \w+ on \d{4}-/);
    expect(refused.stderr).toContain("They said: it breaks.");
    expect(await refsOf(`${repo}.git`)).toEqual(refs);
    expect(ground.registries.flatMap(({ requests }) => changes(requests()))).toEqual([]);
  });

  it("brings the version back that was rolled back, and a user pulls what dev is", async () => {
    const forth = await offEngine("docker_rollback_dev", "--version", "1.1.0", "--yes");
    expect(forth.code, forth.stderr).toBe(0);
    await forgetImages(all());
    const pulled = await workflowsIn(repo)("docker_pull");
    expect(pulled.code, pulled.stderr).toBe(0);
    const id = await docker("image", "inspect", "--format", "{{.Id}}", `${ground.addresses["r1"]}/${name}:dev-1.1.0`);
    expect(id).toBe(digests[1]);
    expect(await digestAt(`${ground.addresses["r3"]}/${name}:dev`)).toBe(digests[1]);
  });
});
