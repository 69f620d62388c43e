import { BatchGetImageCommand, ECRClient, ListImagesCommand, PutImageCommand } from "@aws-sdk/client-ecr";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { branchTag } from "../../lib/names/dev_version.ts";
import type { SignedEntry } from "../../lib/names/log.ts";
import { type Aws, region, startAws } from "../bed/aws.ts";
import { tagsAt } from "../bed/final_state.ts";
import { git } from "../bed/git.ts";
import { type HandImage, handImage, indexOver, pushByHand, repositoryAt } from "../bed/hand_image.ts";
import { writeLog } from "../bed/log.ts";
import { logOf } from "../bed/oracle.ts";
import { type Ground, makeGround } from "../bed/tiny_repo.ts";
import { workflowsIn } from "../bed/workflow.ts";

const name = "pruned";
let ground: Ground;
let aws: Aws;
let repo = "";
beforeAll(async () => {
  [ground, aws] = await Promise.all([makeGround(1), startAws()]);
  repo = await ground.repo(name, {
    registries: { r1: ground.addresses["r1"] ?? "", ecr: aws.proxy.address },
    kinds: { ecr: `kind: ecr, region: ${region}` },
    gates: [],
  });
});
afterAll(() => Promise.all([ground?.end(), aws?.end()]));

const i = (...words: readonly string[]) =>
  workflowsIn(repo, { env: { ...process.env, ...aws.env } })("release_prune", ...words);

/** A tag, and whether its own kind lets it go: what else names its image may still keep it. */
type Planted = { readonly tag: string; readonly image: HandImage; readonly mayGo: boolean };
const planted: Planted[] = [];
const log: SignedEntry[] = [];
const plant = (tag: string, mayGo: boolean, image = handImage(tag, [60])): HandImage => {
  planted.push({ tag, image, mayGo });
  return image;
};

let commits = 0;
/** Images of commits of a branch, oldest first, and its tag at the last; in the log too. */
function plantBranch(branch: string, isThere: boolean, images: readonly (HandImage | null)[]): readonly HandImage[] {
  const made = images.map((given, nth) => {
    commits += 1;
    const commit = String(commits).padStart(4, "0").repeat(10);
    const tag = `1.1.1-dev.${commits}.g${commit.slice(0, 12)}`;
    const image = plant(tag, !isThere || nth < images.length - 10, given ?? undefined);
    log.push({
      ...{ type: "branch", branch, commit, version: `1.1.1.dev${commits}`, tag, follow: [branchTag(branch), "edge"] },
      ...{ digest: image.digest, registries: ["r1", "ecr"], at: "2025-02-01T10:00:00.000Z", by: "ann", host: "ci" },
    });
    return image;
  });
  plant(branchTag(branch), !isThere, made.at(-1));
  return made;
}
const several = (count: number) => Array.from({ length: count }, () => null);

/** What is left by another way than the code's: all that something which stays leads to, found by going round until nothing changes. */
function expectedTags(running: string): readonly string[] {
  const stays = new Set([running, ...log.flatMap((one) => (one.type === "release" ? [String(one.digest)] : []))]);
  for (const { image, mayGo } of planted) if (!mayGo) stays.add(image.digest);
  for (const one of log) if (one.type === "release" && one.base) stays.add(String(one.base.digest));
  for (let size = -1; size !== stays.size; ) {
    size = stays.size;
    for (const { image } of planted)
      if (stays.has(image.digest)) for (const child of image.children) stays.add(child.digest);
  }
  return planted.flatMap(({ tag, image }) => (stays.has(image.digest) ? [tag] : [])).sort();
}

const released = (version: string, { digest }: HandImage, base?: HandImage): SignedEntry => ({
  ...{ type: "release", stage: base ? "prod" : "dev", version, digest, commit: "a".repeat(40) },
  ...(base ? { base: { version: "1.0.0", digest: base.digest } } : {}),
  ...{ registries: ["r1", "ecr"], at: "2025-02-01T10:00:00.000Z", by: "ann", host: "ci" },
});

/** 200 tags: what each is, stands in its line. */
function plantAll(): { readonly running: HandImage; readonly parts: readonly HandImage[] } {
  const parts = ["a", "b", "c"].map((one) => handImage(`part ${one}`, [60]));
  const [a, b, c] = parts as [HandImage, HandImage, HandImage];
  for (let nth = 0; nth < 9; nth += 1) plantBranch(`feature/${nth}`, true, several(12));
  // Indexes that share parts: of the two that go, one shares a part with the one that stays.
  plantBranch("indexes", true, [indexOver([a, b])]);
  const [first] = plantBranch("gone/one", false, [...several(8), indexOver([b, c]), indexOver([c])]);
  const [running] = plantBranch("gone/two", false, several(12));
  plantBranch("gone/$(three)", false, several(13));
  const edge = plant("edge", false);
  for (let nth = 0; nth < 8; nth += 1) log.push(released(`1.0.${nth}`, plant(`dev-1.0.${nth}`, false)));
  plant("dev", false, edge);
  const prod = plant("prod-1.0.0", false);
  plant("prod", false, prod);
  // Released from an image of a branch that is gone.
  log.push(released("1.0.0", prod, first));
  const old = "2025-01-01T00:00:00Z";
  for (let nth = 0; nth < 10; nth += 1)
    plant(`local-ada-1.0.${nth}`, true, handImage(`local ${nth}`, [60], { created: old }));
  for (let nth = 0; nth < 5; nth += 1) plant(`local-bob-1.0.${nth}`, false);
  const candidate = handImage("candidate", [60], { created: old });
  plant("prod-ada-0a1b2c3d4", true, candidate);
  for (let nth = planted.length; nth < 200; nth += 1) plant(`by-hand-${nth}`, false);
  if (!running) throw new Error("nothing was planted");
  return { running, parts };
}

const r1 = () => repositoryAt(ground.addresses["r1"] ?? "", name);
const hasManifest = async (digest: string): Promise<boolean> => {
  const accept = "application/vnd.docker.distribution.manifest.v2+json";
  return (await fetch(`http://${r1().host}/v2/${name}/manifests/${digest}`, { method: "HEAD", headers: { accept } }))
    .ok;
};

describe("in two registries with 200 tags", () => {
  let left: readonly string[] = [];
  let parts: readonly HandImage[] = [];
  let running: HandImage;
  let ecr: ECRClient;
  beforeAll(async () => {
    ({ running, parts } = plantAll());
    await aws.repository(name);
    const credentials = { accessKeyId: "x", secretAccessKey: "x" };
    ecr = new ECRClient({ region, endpoint: aws.env["AWS_ENDPOINT_URL"] ?? "", credentials });
    // A registry does not bear two uploads of one blob at once: an image goes with all its tags.
    const keyOf = ({ image }: Planted) => (image.children.length > 0 ? "index" : image.digest);
    const keys = [...new Set(planted.map(keyOf))];
    const queue = keys.map((key) => planted.filter((one) => keyOf(one) === key));
    const lane = async () => {
      for (let some = queue.shift(); some; some = queue.shift()) for (const one of some) await push(one);
    };
    await Promise.all([lane(), lane(), lane(), lane()]);
    await aws.service("served", `${aws.proxy.address}/${name}@${running.digest}`);
    await writeLog(`${repo}.git`, name, log);
    const head = await git(repo, "rev-parse", "HEAD");
    const branches = [...Array.from({ length: 9 }, (_, nth) => `feature/${nth}`), "indexes"];
    for (const branch of branches) await git(`${repo}.git`, "update-ref", `refs/heads/${branch}`, head);
    left = expectedTags(running.digest);
  });
  afterAll(() => ecr?.destroy());
  /** What moto has too, which takes a tenth of a second for each, and no index whose parts it would ask for. */
  const isInEcr = ({ image }: Planted) =>
    image.children.length === 0 && (image === running || planted.findIndex((one) => one.image === image) % 6 === 0);
  async function push(one: Planted): Promise<void> {
    const { tag: imageTag, image } = one;
    await pushByHand(r1(), image, { tag: imageTag });
    await aws.push(name, imageTag, image);
    const manifest = {
      imageManifest: new TextDecoder().decode(image.bytes),
      imageManifestMediaType: image.mediaType,
    };
    const named = { repositoryName: name, imageTag, imageDigest: image.digest };
    if (isInEcr(one)) await ecr.send(new PutImageCommand({ ...named, ...manifest }));
  }
  const tagsInR1 = async () => Object.keys(await tagsAt(ground.addresses["r1"] ?? "", name)).sort();

  it("a dry run says what would go and why, and nobody's yes changes nothing", async () => {
    expect([planted.length, left.length]).toEqual([200, expect.any(Number)]);
    expect(left.length).toBeLessThan(170);
    const plan = await i("--dry-run");
    expect(plan.code, plan.stderr).toBe(0);
    expect(plan.stdout).toContain("skopeo delete docker://");
    expect(plan.stdout).toContain("aws ecr batch-delete-image --repository-name pruned");
    const refused = await i();
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("answer")]);
    expect(refused.stderr).toMatch(/prod-ada-0a1b2c3d4 +\S+ +r1 ecr +goes +candidate of 2025-01-01/);
    expect(refused.stderr).toMatch(/ stays +prod 1\.0\.0 is released/);
    expect(refused.stderr).toMatch(/ stays +a service of ECS runs it/);
    expect(await tagsInR1()).toEqual(planted.map(({ tag }) => tag).sort());
  });

  it("what nobody needs goes, and what a model computed apart says stays", async () => {
    const done = await i("--yes");
    expect(done.code, done.stderr).toBe(0);
    expect(await tagsInR1()).toEqual(left);
    // Parts go with the last index that has them.
    expect(await Promise.all(parts.map(({ digest }) => hasManifest(digest)))).toEqual([true, true, false]);
    const inEcr: string[] = [];
    for (let token: string | undefined, isFirst = true; isFirst || token; isFirst = false) {
      const page = await ecr.send(new ListImagesCommand({ repositoryName: name, nextToken: token, maxResults: 1000 }));
      inEcr.push(...(page.imageIds ?? []).flatMap(({ imageTag }) => imageTag ?? []));
      token = page.nextToken;
    }
    expect(inEcr.sort()).toEqual(left.filter((tag) => planted.some((one) => one.tag === tag && isInEcr(one))));
    const { images } = await ecr.send(
      new BatchGetImageCommand({ repositoryName: name, imageIds: [{ imageDigest: running.digest }] }),
    );
    expect(images?.length).toBe(1);
  });

  it("the log and the history tell of it, and the log is whole", async () => {
    const entry = (await logOf(`${repo}.git`, name)).findLast(({ type }) => type === "prune");
    const gone = planted.map(({ tag }) => tag).filter((tag) => !left.includes(tag));
    expect(entry).toMatchObject({ type: "prune", tags: [...gone].sort(), registries: ["r1", "ecr"] });
    const history = await workflowsIn(repo)("release_history");
    expect(history.stdout).toContain(`removed ${gone.length} tags from r1, ecr: `);
    const verified = await workflowsIn(repo, { env: { ...process.env, ...aws.env } })("release_log");
    expect(verified.code, verified.stderr).toBe(0);
  });

  it("a second run finds nothing to remove", async () => {
    const again = await i("--yes", "--target-registries", "r1");
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining("nothing to remove")]);
    expect(await tagsInR1()).toEqual(left);
  });
});
