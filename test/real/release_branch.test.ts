import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { branchTag } from "../../lib/names/dev_version.ts";
import { holdAt, sideBySide } from "../bed/crash.ts";
import { type CrashGround, makeCrashGround, type Spot } from "../bed/crash_ground.ts";
import type { Point } from "../bed/crash_points.ts";
import { tagsAt } from "../bed/final_state.ts";
import { git } from "../bed/git.ts";
import { logOf, refsOf } from "../bed/oracle.ts";
import { needs } from "../bed/parts.ts";
import { change, changelog, type Ground } from "../bed/tiny_repo.ts";
import { type Done, workflowsIn } from "../bed/workflow.ts";

let on: CrashGround;
let ground: Ground;
beforeAll(async () => {
  on = await makeCrashGround("branch");
  ground = on.ground;
});
afterAll(() => on?.end());

const branch = "feature/it's-$(x)";
const follows = branchTag(branch);
const line = ["release_branch", "--json"] as const;

/** A repo with a release and a branch of one commit on it. */
async function branched(gates: readonly string[] = []): Promise<Spot> {
  const spot = await on.spot({ gates });
  await git(spot.repo, "tag", `${spot.image}-1.2.3`);
  await git(spot.repo, "push", "--quiet", "origin", `${spot.image}-1.2.3`);
  await git(spot.repo, "checkout", "--quiet", "-b", branch);
  await change(spot.repo, { "devops/docker_build/words.txt": "one\n" });
  return spot;
}

type ImageConfig = {
  readonly config: { readonly Labels: Readonly<Record<string, string>> };
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
};

async function configOf({ image }: Spot, tag: string): Promise<ImageConfig> {
  const at = `http://${ground.addresses["r1"]}/v2/${image}`;
  const accept = "application/vnd.oci.image.manifest.v1+json,application/vnd.docker.distribution.manifest.v2+json";
  const manifest = (await (await fetch(`${at}/manifests/${tag}`, { headers: { accept } })).json()) as {
    readonly config: { readonly digest: string };
  };
  return (await (await fetch(`${at}/blobs/${manifest.config.digest}`)).json()) as ImageConfig;
}

/** What the label of a tag's image says its version is. */
const labelOf = async (spot: Spot, tag: string): Promise<string | undefined> =>
  (await configOf(spot, tag)).config.Labels["org.opencontainers.image.version"];

async function platformOf(spot: Spot, tag: string): Promise<readonly (string | undefined)[]> {
  const { os, architecture, variant } = await configOf(spot, tag);
  return [os, architecture, variant];
}

const both = ({ image }: Spot) => Promise.all(["r1", "r2"].map((key) => tagsAt(ground.addresses[key] ?? "", image)));
const heldRefs = async ({ repo }: Spot) =>
  (await refsOf(`${repo}.git`)).filter((one) => /slipway\/(claim|flip)/.test(one));

it("a commit of a branch gets a tag of its own, the branch's tag follows it, and the same line again changes nothing", async () => {
  const spot = await branched(["fast"]);
  const run = workflowsIn(spot.repo);
  const first = await run(...line);
  expect(first.code, first.stderr).toBe(0);
  const commit = await git(spot.repo, "rev-parse", "HEAD");
  const tag = `1.2.4-dev.1.g${commit.slice(0, 12)}`;
  const tags = await both(spot);
  expect(tags).toEqual([
    { [tag]: first.digest, [follows]: first.digest },
    { [tag]: first.digest, [follows]: first.digest },
  ]);
  expect(await labelOf(spot, tag)).toBe("1.2.4.dev1");
  const [, , record] = await logOf(`${spot.repo}.git`, spot.image);
  expect(record).toMatchObject({
    ...{ type: "branch", branch, commit, version: "1.2.4.dev1", tag, follow: [follows], digest: first.digest },
    registries: ["r1", "r2"],
  });
  const refs = await refsOf(`${spot.repo}.git`);
  const again = await run(...line);
  expect([again.code, again.digest, await refsOf(`${spot.repo}.git`)]).toEqual([0, first.digest, refs]);
  expect(await both(spot)).toEqual(tags);
});

/** How a release comes to be tagged while a branch is built: at its commit, or at the one before it. */
const taggings: readonly ((image: string) => readonly string[])[] = [
  (image) => ["--annotate", "--message", "x", `${image}-1.3.0`, "HEAD"],
  (image) => [`${image}-1.3.0`, "HEAD"],
  () => ["v1.3.0", "HEAD"],
  () => ["--annotate", "--message", "x", "1.3.0", "HEAD"],
  (image) => [`${image}-1.3.0`, "HEAD~1"],
];
const at = (name: string, by: "git" | "docker", words: string): Point => ({
  ...{ name, when: "before" as const },
  watch: { by, words, nth: 1 },
});
const moments: Readonly<Record<string, Point | null>> = {
  "before the version step": null,
  "during the version step": at("describe", "git", " describe "),
  "after the version step": at("build", "docker", " buildx build "),
  "before the upload": at("push", "docker", " push "),
};

it("a release that is tagged while a branch is built gives that build no release's version: 20 of 20", async () => {
  const turns = Object.entries(moments).flatMap(([when, point]) => taggings.map((words) => ({ when, point, words })));
  const rows = await sideBySide(turns, 2, async ({ when, point, words }) => {
    const spot = await branched();
    const tag = async () => {
      await git(spot.repo, "tag", ...words(spot.image));
      await git(spot.repo, "push", "--quiet", "--tags", "origin");
    };
    const run = async (): Promise<Done> => {
      if (point === null) {
        await tag();
        return workflowsIn(spot.repo)(...line);
      }
      const held = await holdAt({ ...spot, bin: on.bin, proxies: on.proxies, point }, ...line);
      await tag();
      held.letGo();
      return held.ended;
    };
    const { code, stderr } = await run();
    const [tags = {}] = await both(spot);
    const own = Object.keys(tags).filter((one) => one !== follows);
    const commit = (await git(spot.repo, "rev-parse", "HEAD")).slice(0, 12);
    const log = (await logOf(`${spot.repo}.git`, spot.image)).map(({ type }) => type);
    const pushed = (await refsOf(`${spot.repo}.git`)).some((ref) => /refs\/tags\/\S*1\.3\.0 /.test(ref));
    const label = own[0] ? await labelOf(spot, own[0]) : undefined;
    const isDev = own.length === 1 && new RegExp(`^1\\.[23]\\.[14]-dev\\.1\\.g${commit}$`).test(own[0] ?? "");
    return { when, code, stderr: code === 0 ? "" : stderr, pushed, isDev, released: log.includes("release"), label };
  });
  const wrong = rows.filter(
    ({ code, pushed, isDev, released, label }) =>
      code !== 0 || !pushed || !isDev || released || !/^1\.[23]\.[14]\.dev1$/.test(label ?? ""),
  );
  expect({ runs: rows.length, wrong }).toEqual({ runs: 20, wrong: [] });
});

/** A clone at the branch's first commit, and the repo itself at its second. */
async function twoCommits(): Promise<{ spot: Spot; older: string }> {
  const spot = await branched();
  const older = await ground.clone(spot.repo, `${spot.image}-older`);
  await git(older, "checkout", "--quiet", branch);
  await change(spot.repo, { "devops/docker_build/words.txt": "two\n" });
  return { spot, older };
}

describe("of two commits of a branch that are built at once, the branch's tag ends at the newer one", () => {
  const ref = (image: string) => `:refs/slipway/flip/${image} `;
  const meetings: readonly (readonly [string, "before" | "after", (image: string) => Point["watch"]])[] = [
    ["the claim", "after", () => ({ by: "git", words: ":refs/slipway/claim/", nth: 1 })],
    ["the push of the image", "before", () => ({ by: "docker", words: " push ", nth: 1 })],
    ["the intent", "before", (image) => ({ by: "git", words: ref(image), nth: 1 })],
  ];
  const turns = meetings.flatMap(([name, when, watch]) =>
    (["older", "newer"] as const).map((held) => ({ name, when, watch, held })),
  );

  it.each(turns)("where the $held is held $when $name", async ({ name, when, watch, held }) => {
    const { spot, older } = await twoCommits();
    const dirs = held === "older" ? [older, spot.repo] : [spot.repo, older];
    const [first = "", second = ""] = dirs;
    const set = { image: spot.image, bin: on.bin, proxies: on.proxies };
    const one = await holdAt({ ...set, repo: first, point: { name, when, watch: watch(spot.image) } }, ...line);
    const other = await workflowsIn(second)(...line);
    one.letGo();
    const ended = await one.ended;
    expect([ended.code, other.code], `${ended.stderr}\n${other.stderr}`).toEqual([0, 0]);
    await assertAtNewer(spot, held === "older" ? other : ended);
  });

  it("where the older one has its intent on the remote already", async () => {
    const { spot, older } = await twoCommits();
    const set = { image: spot.image, bin: on.bin, proxies: on.proxies };
    const put = {
      by: "request",
      registry: "r1",
      method: "PUT",
      path: new RegExp(`/manifests/${follows}$`),
      nth: 1,
    } as const;
    const one = await holdAt({ ...set, repo: older, point: { name: "move", when: "before", watch: put } }, ...line);
    // It looks while it plans, at the branch twice, at the log, loses the intent, and then waits.
    const waits = { name: "waits", when: "before", watch: { by: "git", words: " ls-remote ", nth: 7 } } as const;
    const other = await holdAt({ ...set, repo: spot.repo, point: waits }, ...line);
    one.letGo();
    const ended = await one.ended;
    other.letGo();
    const last = await other.ended;
    expect([ended.code, last.code], `${ended.stderr}\n${last.stderr}`).toEqual([0, 0]);
    await assertAtNewer(spot, last);
  });

  async function assertAtNewer(spot: Spot, newer: Done): Promise<void> {
    const tags = await both(spot);
    expect(tags.map((one) => one[follows])).toEqual([newer.digest, newer.digest]);
    expect(Object.keys(tags[0] ?? {}).length).toBe(3);
    expect(await heldRefs(spot)).toEqual([]);
  }
});

it("a commit that the branch does not have is not built, and one that it lost meanwhile is not pushed", async () => {
  const spot = await branched();
  await git(spot.repo, "commit", "--quiet", "--allow-empty", "--message", "Here alone");
  const early = await workflowsIn(spot.repo)(...line);
  expect([early.code, early.stderr]).toEqual([2, expect.stringContaining("does not have the commit")]);
  await git(spot.repo, "push", "--quiet", "origin", "HEAD");
  const point = at("build", "docker", " buildx build ");
  const held = await holdAt({ ...spot, bin: on.bin, proxies: on.proxies, point }, ...line);
  await git(spot.repo, "push", "--quiet", "--force", "origin", `HEAD~1:refs/heads/${branch}`);
  held.letGo();
  const late = await held.ended;
  expect([late.code, late.stderr]).toEqual([2, expect.stringContaining("does not have the commit")]);
  expect([await both(spot), await heldRefs(spot)]).toEqual([[{}, {}], []]);
});

it("what release.channels names follows its branch, and the newest release and back, but never a branch of that name", async () => {
  const spot = await on.spot({ gates: [] });
  const { repo } = spot;
  const config = readFileSync(join(repo, "repo_config.yaml"), "utf8");
  const channels = "channels: {develop: [develop, edge], newest-tag: [latest]}";
  await change(repo, {
    "repo_config.yaml": config.replace("release: {", `release: {${channels}, `),
  });
  const run = workflowsIn(repo);
  const done = async (...[name, ...words]: [string, ...string[]]) => {
    const ended = await run(name, ...words, "--yes", "--json");
    expect(ended.code, ended.stderr).toBe(0);
    return ended.digest;
  };
  const seen = async () => {
    const [one, other] = await both(spot);
    expect(one).toEqual(other);
    return { latest: one?.["latest"], edge: one?.["edge"], develop: one?.["develop"] };
  };
  const first = await done("docker_release_dev", "--version", "1.0.0");
  await change(repo, {
    "changelog.txt": changelog(spot.image, "1.1.0", "1.0.0"),
    "devops/docker_build/words.txt": "b\n",
  });
  const second = await done("docker_release_dev", "--version", "1.1.0");
  expect(await seen()).toEqual({ latest: second });
  await done("docker_rollback_dev", "--version", "1.0.0", "--message", "it leaks");
  expect(await seen()).toEqual({ latest: first });
  await git(repo, "checkout", "--quiet", "-b", "develop");
  await change(repo, { "devops/docker_build/words.txt": "c\n" });
  const develop = await done("release_branch");
  expect(await seen()).toEqual({ latest: first, edge: develop, develop });
  await git(repo, "checkout", "--quiet", "-b", "newest-tag");
  await change(repo, { "devops/docker_build/words.txt": "d\n" });
  await done("release_branch");
  expect(await seen()).toEqual({ latest: first, edge: develop, develop });
});

it("an image for 32-bit arm lies beside that of the commit behind a prefix, and neither moves the other's tags", async () => {
  await needs("emulation");
  const spot = await branched(["fast"]);
  const prefixed = [...line, "--multi-arch", "linux/arm/v7", "--prefix", "rpi"] as const;
  const own = await workflowsIn(spot.repo)(...line);
  const arm = await workflowsIn(spot.repo)(...prefixed);
  expect([own.code, arm.code], `${own.stderr}${arm.stderr}`).toEqual([0, 0]);
  const tag = `1.2.4-dev.1.g${(await git(spot.repo, "rev-parse", "HEAD")).slice(0, 12)}`;
  const [one, other] = await both(spot);
  expect(one).toEqual({
    ...{ [tag]: own.digest, [follows]: own.digest },
    ...{ [`rpi-${tag}`]: arm.digest, [branchTag(branch, "rpi")]: arm.digest },
  });
  expect(other).toEqual(one);
  expect(await platformOf(spot, `rpi-${tag}`)).toEqual(["linux", "arm", "v7"]);
  expect(await labelOf(spot, `rpi-${tag}`)).toBe("1.2.4.dev1");
});
