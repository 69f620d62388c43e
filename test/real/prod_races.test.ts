import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CrashGround, makeCrashGround } from "../bed/crash_ground.ts";
import { git } from "../bed/git.ts";
import { imageAt, repositoryAt } from "../bed/hand_image.ts";
import { logOf, refsOf } from "../bed/oracle.ts";
import { needs } from "../bed/parts.ts";
import {
  assertSettled,
  assertTold,
  behindProxies,
  leave,
  type Meeting,
  makeProdTrack,
  meet,
  movesOf,
  ownerOf,
  print,
  prodImageOf,
  publishing,
  rollingBack,
  stageAt,
  type Track,
  told,
} from "../bed/race.ts";
import { releaseByHand, tagByHand } from "../bed/released.ts";
import type { Ground } from "../bed/tiny_repo.ts";
import { workflowsIn } from "../bed/workflow.ts";

let on: CrashGround;
let ground: Ground;
beforeAll(async () => {
  on = await makeCrashGround("prodraced");
  ground = behindProxies(on);
});
afterAll(() => on.end());

describe("two at once, from two clones", () => {
  it("releasing one version as prod are one release, built on one dev", async () => {
    const base = await ground.repo("prod-base");
    const released = await workflowsIn(base)("docker_release_dev", "--version", "1.0.0");
    expect(released.code, released.stderr).toBe(0);
    const dev = await imageAt(repositoryAt(ground.addresses["r1"] ?? "", "prod-base"), "dev-1.0.0");
    const image = "prod-racex";
    const repo = await ground.repo(image, { registries: ground.addresses });
    const onDev = [{ stage: "dev", version: "1.0.0", image: dev }] as const;
    await releaseByHand(ground, repo, onDev);
    await tagByHand(repo, onDev);
    const clone = await ground.clone(repo, `${image}-clone`);
    const release = (dir: string) => workflowsIn(dir)("docker_release_prod", "--version", "1.0.0");
    const runs = await Promise.all([repo, clone].map(release));
    assertTold(runs);
    const track: Track = { image, remote: `${repo}.git`, clones: [repo, clone] };
    print("one prod version", [[image, ...runs.map(told), await assertSettled(ground, track, "prod")]]);
    const log = (await logOf(track.remote, image)).slice(2);
    expect(log.map(({ type }) => type)).toEqual(["pass", "flip", "release"]);
    expect(log.at(-1)).toMatchObject({ stage: "prod", base: { version: "1.0.0", digest: dev.digest } });
    expect((await refsOf(track.remote)).map((line) => line.split(" ")[0])).toContain(`refs/tags/${image}-prod-1.0.0`);
  });

  it("releasing one version for several architectures are one release of one index", async () => {
    await needs("emulation", "foreign");
    const image = "index-racex";
    const repo = await ground.repo(image);
    const clone = await ground.clone(repo, `${image}-clone`);
    const release = (dir: string) => workflowsIn(dir)("docker_release_multi_build_dev", "--version", "1.0.0");
    const runs = await Promise.all([repo, clone].map(release));
    assertTold(runs);
    const track: Track = { image, remote: `${repo}.git`, clones: [repo, clone] };
    print("one index", [[image, ...runs.map(told), await assertSettled(ground, track)]]);
    const releases = (await logOf(track.remote, image)).filter(({ type }) => type === "release");
    expect(releases).toHaveLength(1);
    expect(releases[0]).toMatchObject({
      children: { "linux/amd64": expect.any(String), "linux/arm64": expect.any(String) },
    });
  });

  it("releasing and rolling back prod end with one prod everywhere, which only the rollback takes down", async () => {
    const meetings: readonly Meeting[] = [
      ["before", "flip_prod: intent"],
      ["after", "flip_prod: intent", "waits"],
    ];
    const turns = meetings.flatMap((at) => (["release", "rollback"] as const).map((held) => ({ at, held })));
    const versions = turns.map((_, turn) => `1.${turn + 2}.0`);
    const track = await makeProdTrack(ground, "prod-back", { released: ["1.0.0", "1.1.0"], prod: versions });
    const [one, other] = track.clones;
    const rows: string[][] = [];
    for (const [turn, { at, held }] of turns.entries()) {
      const version = versions[turn] ?? "";
      const back = (await movesOf(track, "prod")).at(-1)?.version === "1.0.0" ? "1.1.0" : "1.0.0";
      const both = [publishing(one, version, "prod"), rollingBack(other, back, "prod")] as const;
      const [first, second] = held === "release" ? both : ([both[1], both[0]] as const);
      const runs = await meet(on, track, { first, second, at });
      assertTold(runs);
      const prod = await assertSettled(ground, track, "prod");
      rows.push([`${version} against ${back}, ${held} held ${at.join(" ")}`, ...runs.map(told), prod]);
      expect([version, back]).toContain(prod);
    }
    print("prod release against rollback", rows);
  });

  it("releasing dev and prod of one image wait for each other and both end well", async () => {
    const meetings: readonly (readonly ["dev" | "prod", Meeting])[] = [
      ["dev", ["before", "flip_dev: intent"]],
      ["dev", ["after", "flip_dev: intent", "waits"]],
      ["prod", ["before", "flip_prod: prod in r2", "waits"]],
      ["prod", ["before", "release_claim: ref", "waits"]],
    ];
    const dev = meetings.map((_, turn) => `9.${turn + 1}.0`);
    const prod = meetings.map((_, turn) => `1.${turn + 1}.0`);
    const track = await makeProdTrack(ground, "both-stages", { prod, dev });
    const [one, other] = track.clones;
    const rows: string[][] = [];
    for (const [turn, [held, at]] of meetings.entries()) {
      const both = [publishing(one, dev[turn] ?? ""), publishing(other, prod[turn] ?? "", "prod")] as const;
      const [first, second] = held === "dev" ? both : ([both[1], both[0]] as const);
      const runs = await meet(on, track, { first, second, at });
      for (const { code, stderr } of runs) expect(code, stderr).toBe(0);
      const ends = [await assertSettled(ground, track), await assertSettled(ground, track, "prod")];
      rows.push([`dev ${dev[turn]}, prod ${prod[turn]}, ${held} held`, ...runs.map(told), ends.join(" and ")]);
      expect(ends).toEqual([dev[turn], prod[turn]]);
    }
    print("dev and prod", rows);
    expect((await movesOf(track, "prod")).map(({ version }) => version)).toEqual(prod);
  });

  it("releasing dev and prod finish the move of prod that somebody left, once, and then their own", async () => {
    const dev = ["9.1.0", "9.2.0"];
    const prod = ["1.1.0", "1.2.0", "1.3.0", "1.4.0"];
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
      const both = [publishing(track.clones[0], version), publishing(track.clones[1], next, "prod")] as const;
      // The first push of the intent's ref takes the left one over.
      const runs =
        turn === 0
          ? await meet(on, track, { first: both[0], second: both[1], at: ["before", "flip_dev: intent"] })
          : await meet(on, track, { first: both[1], second: both[0], at: ["after", "flip_prod: intent", "waits"] });
      assertTold(runs);
      expect(runs.map(({ stderr }) => stderr).join()).toContain(`finishing the move of prod to ${left}`);
      expect(await assertSettled(ground, track)).toBe(version);
      expect([left, next]).toContain(await assertSettled(ground, track, "prod"));
    }
    const moves = (await movesOf(track, "prod")).map(({ id }) => id);
    expect(ids.map((id) => moves.filter((one) => one === id).length)).toEqual([1, 1]);
  });
});
