import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { branchTag } from "../../lib/names/dev_version.ts";
import { type FaultGround, type FaultRepo, type Key, keys, makeFaultGround, tagsAt } from "../bed/fault_ground.ts";
import { type Ending, faults } from "../bed/faults.ts";
import { git } from "../bed/git.ts";
import { handImage } from "../bed/hand_image.ts";
import { logOf, refsOf } from "../bed/oracle.ts";
import { pushTo, releaseByHand, tagByHand } from "../bed/released.ts";
import { change, changelog } from "../bed/tiny_repo.ts";
import { workflowsIn } from "../bed/workflow.ts";

let ground: FaultGround;
beforeAll(async () => {
  ground = await makeFaultGround();
});
afterAll(() => ground.end());

/** The registries themselves, without a fault. */
const real = () => ({ addresses: Object.fromEntries(keys.map((key) => [key, ground.real[key].address])) });
const imageOf = (what: string) => handImage(what);
const release = (stage: "dev" | "prod", version: string) => ({ stage, version, image: imageOf(`${stage} ${version}`) });

/** A workflow that moves a tag in every registry: what is there before it, the line, and what the tag is at the end. */
type Moving = {
  readonly tag: string;
  readonly before: (repo: FaultRepo, name: string) => Promise<unknown>;
  readonly line: readonly [name: string, ...words: string[]];
  /** Without it the digest that the workflow tells. */
  readonly end?: string;
  /** A registry whose tag is not that of the others before. */
  readonly lags?: Key;
  /** How many releases the log has at the end, where that is what it is about. */
  readonly released?: number;
};

const movings: Readonly<Record<string, Moving>> = {
  "a rollback": {
    tag: "dev",
    before: async ({ dir }) => {
      const releases = [release("dev", "1.0.0"), release("dev", "1.1.0")];
      await releaseByHand(real(), dir, releases);
      await tagByHand(dir, releases);
    },
    line: ["docker_rollback_dev", "--version", "1.0.0"],
    end: release("dev", "1.0.0").image.digest,
  },
  "a push of prod": {
    tag: "prod",
    before: async ({ dir }, name) => {
      const releases = [release("dev", "1.0.0"), release("prod", "1.0.0"), release("dev", "1.1.0")];
      await change(dir, {
        "changelog.txt": changelog(name, "1.1.0", "1.0.0"),
        "devops/docker_build/prod.Dockerfile": "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n",
      });
      await releaseByHand(real(), dir, releases);
      const next = release("prod", "1.1.0");
      await tagByHand(dir, [...releases, next]);
      for (const key of keys) await pushTo(real(), key, { name, tag: "prod-1.1.0", image: next.image });
    },
    line: ["docker_push_prod", "--version", "1.1.0"],
    end: release("prod", "1.1.0").image.digest,
  },
  "a mirror": {
    tag: "dev",
    before: ({ dir }) => releaseByHand(real(), dir, [{ ...release("dev", "1.0.0"), keys: ["r1", "r3"] }]),
    line: ["release_mirror", "--version", "1.0.0"],
    end: release("dev", "1.0.0").image.digest,
    lags: "r2",
  },
  "an index": {
    tag: "dev",
    before: async ({ dir }, name) => {
      const labels = {
        "org.opencontainers.image.version": "1.0.0",
        "org.opencontainers.image.revision": await git(dir, "log", "-1", "--format=%H", "--", "devops"),
      };
      for (const [who, architecture] of [
        ["ada", "amd64"],
        ["bob", "arm64"],
      ] as const) {
        const image = handImage(`native ${architecture}`, [100, 300_000], { architecture, labels });
        await pushTo(real(), "r1", { name, tag: `local-${who}-1.0.0`, image });
      }
    },
    line: ["release_merge_index", "--version", "1.0.0", "--images", "local-ada-1.0.0,local-bob-1.0.0"],
  },
  "an adoption": {
    tag: "dev",
    before: async ({ dir }, name) => {
      const { image } = release("dev", "1.0.0");
      for (const key of keys) for (const tag of ["dev-1.0.0", "dev"]) await pushTo(real(), key, { name, tag, image });
      await git(dir, "tag", `${name}-1.0.0`);
      await git(dir, "push", "--quiet", "origin", `${name}-1.0.0`);
    },
    line: ["release_adopt"],
    end: release("dev", "1.0.0").image.digest,
    released: 1,
  },
  "a branch": {
    tag: branchTag("main"),
    before: async (_repo, name) => {
      for (const key of keys) await pushTo(real(), key, { name, tag: branchTag("main"), image: imageOf("before") });
    },
    line: ["release_branch"],
  },
};

describe("behind a fault", () => {
  it.concurrent.each<[moving: string, fault: string, key: Key, ending: Ending]>([
    ["a rollback", "throttled", "r2", "succeeds"],
    ["a rollback", "some_500", "r1", "succeeds"],
    ["a rollback", "loses_one_answer", "r1", "succeeds"],
    ["a rollback", "flip_put_500", "r2", "stops"],
    ["a rollback", "read_only", "r3", "stops"],
    ["a rollback", "dies_during_flip", "r3", "stops"],
    ["a push of prod", "loses_one_answer", "r3", "succeeds"],
    ["a push of prod", "flip_put_500", "r2", "stops"],
    ["a push of prod", "dies_after_flip", "r1", "stops"],
    ["a mirror", "reset_mid_blob", "r2", "succeeds"],
    ["a mirror", "truncated_once", "r1", "succeeds"],
    ["a mirror", "version_put_500", "r2", "stops"],
    ["a mirror", "dies_during_flip", "r2", "stops"],
    ["an index", "throttled", "r1", "succeeds"],
    ["an index", "reset_mid_blob", "r3", "succeeds"],
    ["an index", "version_put_500", "r1", "stops"],
    ["an index", "dies_before_flip", "r2", "stops"],
    ["an adoption", "throttled", "r2", "succeeds"],
    ["an adoption", "some_500", "r1", "succeeds"],
    ["an adoption", "truncated_once", "r3", "succeeds"],
    ["a branch", "throttled", "r2", "succeeds"],
    ["a branch", "reset_mid_blob", "r3", "succeeds"],
    ["a branch", "loses_one_answer", "r3", "succeeds"],
    ["a branch", "flip_put_500", "r2", "stops"],
    ["a branch", "dies_during_flip", "r3", "stops"],
    ["a branch", "read_only", "r3", "stops"],
  ])("%s with %s in %s: it %s", async (what, fault, key, ending) => {
    const [moving, row] = [movings[what], faults[fault]];
    if (!moving || !row) throw new Error(`no ${what} or ${fault}`);
    const name = `${what}-${fault}`.replaceAll(/[ _]/g, "-").replace(/^an?-(.*)$/, "$1-x");
    const repo = await ground.repo(name);
    await moving.before(repo, name);
    await git(repo.dir, "push", "--quiet", "origin", "main");
    await git(repo.clone, "pull", "--quiet", "--tags", "origin", "main");
    const { login, before, proxies } = ground;
    proxies[key].fault(name, row.make({ login, elsewhere: "", before: before.digest }));
    const typed = (dir: string) => workflowsIn(dir, { env: ground.env })(...moving.line, "--yes", "--json");
    const first = await typed(repo.dir);
    expect(proxies[key].fired(name), `the fault never struck: ${first.stderr}`).toBeGreaterThan(0);
    expect([first.code === 0 ? "succeeds" : "stops", first.stderr.includes("fault of Slipway")], first.stderr).toEqual([
      ending,
      false,
    ]);
    if (ending === "stops") {
      const error = first.stderr.slice(first.stderr.lastIndexOf("\nerror: ") + 1);
      expect(error).toMatch(/^error: \w+ stopped at step "\w+": .*\n {2}why: .*\n {2}fix: .+/m);
      expect(error).toMatch(new RegExp(`\\b${key}\\b|${proxies[key].address.replaceAll(".", "\\.")}`));
    }
    const seen = await tagsAt(ground, name, moving.tag);
    const answering = keys.filter((one) => one !== moving.lags && (row.answers || one !== key));
    expect(new Set(answering.map((one) => seen[one])).size, JSON.stringify(seen)).toBe(1);

    proxies[key].fault(name, null);
    const last = ending === "stops" ? await typed(repo.clone) : first;
    expect(last.code, last.stderr).toBe(0);
    const end = moving.end ?? last.digest;
    expect(end).toMatch(/^sha256:/);
    expect(await tagsAt(ground, name, moving.tag)).toEqual({ r1: end, r2: end, r3: end });
    const entries = await logOf(repo.remote, name);
    if (moving.released !== undefined)
      expect(entries.filter(({ type }) => type === "release")).toHaveLength(moving.released);
    const refs = (await refsOf(repo.remote)).map((line) => line.split(" ")[0] ?? "");
    expect(refs.filter((ref) => /slipway\/(claim|flip)/.test(ref))).toEqual([]);
  });
});
