import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { git } from "../bed/git.ts";
import { imageAt, repositoryAt } from "../bed/hand_image.ts";
import { logOf, refsOf } from "../bed/oracle.ts";
import { needs } from "../bed/parts.ts";
import {
  assertSettled,
  assertTold,
  leave,
  makeProdTrack,
  movesOf,
  ownerOf,
  print,
  prodImageOf,
  publish,
  publishProd,
  rollBack,
  stageAt,
  type Track,
  told,
} from "../bed/race.ts";
import { releaseByHand, tagByHand } from "../bed/released.ts";
import { type Ground, makeGround } from "../bed/tiny_repo.ts";
import { workflowsIn } from "../bed/workflow.ts";

let ground: Ground;
beforeAll(async () => {
  ground = await makeGround(2);
});
afterAll(() => ground.end());

const turns = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe("two at once, from two clones", () => {
  it("releasing one version as prod are one release, built on one dev", async () => {
    const base = await ground.repo("prod-base");
    const released = await workflowsIn(base)("docker_release_dev", "--version", "1.0.0");
    expect(released.code, released.stderr).toBe(0);
    const dev = await imageAt(repositoryAt(ground.addresses["r1"] ?? "", "prod-base"), "dev-1.0.0");
    const rows: string[][] = [];
    for (const turn of turns(3)) {
      const image = `prod-race${turn}x`;
      const repo = await ground.repo(image);
      const onDev = [{ stage: "dev", version: "1.0.0", image: dev }] as const;
      await releaseByHand(ground, repo, onDev);
      await tagByHand(repo, onDev);
      const clone = await ground.clone(repo, `${image}-clone`);
      const release = (dir: string) => workflowsIn(dir)("docker_release_prod", "--version", "1.0.0");
      const runs = await Promise.all([repo, clone].map(release));
      assertTold(runs);
      const track: Track = { image, remote: `${repo}.git`, clones: [repo, clone] };
      rows.push([image, ...runs.map(told), await assertSettled(ground, track, "prod")]);
      const log = (await logOf(track.remote, image)).slice(2);
      expect(log.map(({ type }) => type)).toEqual(["pass", "flip", "release"]);
      expect(log.at(-1)).toMatchObject({ stage: "prod", base: { version: "1.0.0", digest: dev.digest } });
      expect((await refsOf(track.remote)).map((line) => line.split(" ")[0])).toContain(`refs/tags/${image}-prod-1.0.0`);
    }
    print("one prod version", rows);
  });

  it("releasing one version for several architectures are one release of one index", async () => {
    await needs("emulation", "foreign");
    const rows: string[][] = [];
    for (const turn of turns(3)) {
      const image = `index-race${turn}x`;
      const repo = await ground.repo(image);
      const clone = await ground.clone(repo, `${image}-clone`);
      const release = (dir: string) => workflowsIn(dir)("docker_release_multi_build_dev", "--version", "1.0.0");
      const runs = await Promise.all([repo, clone].map(release));
      assertTold(runs);
      const track: Track = { image, remote: `${repo}.git`, clones: [repo, clone] };
      rows.push([image, ...runs.map(told), await assertSettled(ground, track)]);
      const releases = (await logOf(track.remote, image)).filter(({ type }) => type === "release");
      expect(releases).toHaveLength(1);
      expect(releases[0]).toMatchObject({
        children: { "linux/amd64": expect.any(String), "linux/arm64": expect.any(String) },
      });
    }
    print("one index", rows);
  });

  it("releasing and rolling back prod end with one prod everywhere, which only the rollback takes down", async () => {
    const versions = turns(10).map((turn) => `1.${turn + 1}.0`);
    const track = await makeProdTrack(ground, "prod-back", { released: ["1.0.0", "1.1.0"], prod: versions });
    const [one, other] = track.clones;
    const rows: string[][] = [];
    for (const [turn, version] of versions.entries()) {
      const now = (await movesOf(track, "prod")).at(-1)?.version;
      const back = now === "1.0.0" ? "1.1.0" : "1.0.0";
      // A rollback is the shorter run: it starts a little later each time, so that each of the two wins now and then.
      const later = new Promise((resolve) => setTimeout(resolve, turn * 80)).then(() => rollBack(other, back, "prod"));
      const runs = await Promise.all([publishProd(one, version), later]);
      assertTold(runs);
      const prod = await assertSettled(ground, track, "prod");
      rows.push([`${version} against ${back}`, ...runs.map(told), prod]);
      expect([version, back]).toContain(prod);
    }
    print("prod release against rollback", rows);
  });

  it("releasing dev and prod of one image wait for each other and both end well", async () => {
    const dev = turns(10).map((turn) => `9.${turn}.0`);
    const prod = turns(10).map((turn) => `1.${turn}.0`);
    const track = await makeProdTrack(ground, "both-stages", { prod, dev });
    const [one, other] = track.clones;
    const rows: string[][] = [];
    for (const [turn, version] of dev.entries()) {
      const runs = await Promise.all([publish(one, version), publishProd(other, prod[turn] ?? "")]);
      for (const { code, stderr } of runs) expect(code, stderr).toBe(0);
      const ends = [await assertSettled(ground, track), await assertSettled(ground, track, "prod")];
      rows.push([`dev ${version}, prod ${prod[turn]}`, ...runs.map(told), ends.join(" and ")]);
      expect(ends).toEqual([version, prod[turn]]);
    }
    print("dev and prod", rows);
    expect((await movesOf(track, "prod")).map(({ version }) => version)).toEqual(prod);
  });

  it("releasing dev and prod finish the move of prod that somebody left, once, and then their own", async () => {
    const dev = ["9.1.0", "9.2.0", "9.3.0"];
    const prod = turns(6).map((turn) => `1.${turn}.0`);
    const track = await makeProdTrack(ground, "left-behind", { prod, dev });
    const owner = ownerOf(await git(track.clones[0], "rev-parse", "HEAD"));
    const { image } = track;
    const ids: string[] = [];
    for (const [turn, version] of dev.entries()) {
      const [left = "", next = ""] = prod.slice(turn * 2);
      const seen = (await stageAt(ground, image, "prod"))[0] ?? null;
      const places = Object.entries(ground.addresses).map(([registry, address]) => ({
        registry,
        repository: `${address}/${image}`,
        seen,
      }));
      const to = prodImageOf(image, left).digest;
      const id = crypto.randomUUID();
      ids.push(id);
      const flip = { id, owner, image, tag: "prod", version: left, why: "release", to, places };
      await leave(track, `refs/slipway/flip/${image}`, flip);
      const runs = await Promise.all([publish(track.clones[0], version), publishProd(track.clones[1], next)]);
      assertTold(runs);
      expect(runs[0]?.code, runs[0]?.stderr).toBe(0);
      expect(runs.map(({ stderr }) => stderr).join()).toContain(`finishing the move of prod to ${left}`);
      expect(await assertSettled(ground, track)).toBe(version);
      expect([left, next]).toContain(await assertSettled(ground, track, "prod"));
    }
    const moves = (await movesOf(track, "prod")).map(({ id }) => id);
    expect(ids.map((id) => moves.filter((one) => one === id).length)).toEqual([1, 1, 1]);
  });
});
