import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sideBySide } from "../bed/crash.ts";
import { git } from "../bed/git.ts";
import { logOf } from "../bed/oracle.ts";
import {
  assertSettled,
  assertTold,
  devAt,
  digestOf,
  leave,
  makeTrack,
  movesOf,
  ownerOf,
  print,
  publish,
  rollBack,
  type Track,
  told,
} from "../bed/race.ts";
import { type Ground, makeGround } from "../bed/tiny_repo.ts";
import { workflowsIn } from "../bed/workflow.ts";

let ground: Ground;
beforeAll(async () => {
  ground = await makeGround(2);
});
afterAll(() => ground.end());

const times = Array.from({ length: 20 }, (_, index) => index + 1);

describe("two at once, from two clones", () => {
  it("releasing one version are one release: one claim, one move, one entry, and who is second is told", async () => {
    const versions = times.map((turn) => `1.0.${turn}`);
    const track = await makeTrack(ground, "one-version", versions);
    const rows: string[][] = [];
    let lost = 0;
    for (const version of versions) {
      const runs = await Promise.all(track.clones.map((clone) => publish(clone, version)));
      lost += assertTold(runs);
      rows.push([version, ...runs.map(told), await assertSettled(ground, track)]);
      expect(rows.at(-1)?.at(-1)).toBe(version);
    }
    print("one version", rows);
    const log = await logOf(track.remote, track.image);
    expect(log.flatMap((entry) => (entry.type === "release" ? [entry.version] : []))).toEqual(versions);
    expect((await movesOf(track)).map(({ version }) => version)).toEqual(versions);
    expect(lost).toBeGreaterThan(0);
  });

  it("releasing two versions never take dev down, and who comes late is told who moved it", async () => {
    const pairs = times.map((turn) => [`2.${turn}.0`, `2.${turn}.1`] as const);
    const track = await makeTrack(ground, "two-versions", pairs.flat());
    const rows: string[][] = [];
    for (const [index, [low, high]] of pairs.entries()) {
      // Each of the two is the quicker one now and then.
      const clones = index % 2 === 0 ? track.clones : [...track.clones].reverse();
      const runs = await Promise.all([publish(clones[0] ?? "", low), publish(clones[1] ?? "", high)]);
      assertTold(runs);
      const dev = await assertSettled(ground, track);
      rows.push([`${low} and ${high}`, ...runs.map(told), dev]);
      expect([low, high]).toContain(dev);
    }
    print("two versions", rows);
    expect((await movesOf(track)).length).toBeGreaterThanOrEqual(pairs.length);
  });

  it("releasing and rolling back end with one dev everywhere, which only the rollback takes down", async () => {
    const versions = ["3.0.0", "3.0.1", ...times.map((turn) => `3.1.${turn}`)];
    const track = await makeTrack(ground, "rolled-back", versions);
    const [one, other] = track.clones;
    for (const version of versions.slice(0, 2)) expect((await publish(one, version)).code).toBe(0);
    const rows: string[][] = [];
    for (const [turn, version] of versions.slice(2).entries()) {
      const now = (await movesOf(track)).at(-1)?.version;
      const back = now === "3.0.0" ? "3.0.1" : "3.0.0";
      // A rollback is the shorter run: it starts a little later each time, so that each of the two wins now and then.
      const later = new Promise((resolve) => setTimeout(resolve, turn * 60)).then(() => rollBack(other, back));
      const runs = await Promise.all([publish(one, version), later]);
      assertTold(runs);
      const dev = await assertSettled(ground, track);
      rows.push([`${version} against ${back}`, ...runs.map(told), dev]);
      expect([version, back]).toContain(dev);
    }
    print("release against rollback", rows);
  });

  it("finishing the move that somebody left do it once, and then their own", async () => {
    const versions = times.slice(0, 9).map((turn) => `4.0.${turn}`);
    const track = await makeTrack(ground, "left-behind", versions);
    const commit = await git(track.clones[0], "rev-parse", "HEAD");
    const ids: string[] = [];
    for (const turn of [0, 3, 6]) {
      const [left = "", low = "", high = ""] = versions.slice(turn, turn + 3);
      const seen = (await devAt(ground, track.image))[0] ?? null;
      const places = Object.entries(ground.addresses).map(([registry, address]) => ({
        registry,
        repository: `${address}/${track.image}`,
        seen,
      }));
      const flip = { id: crypto.randomUUID(), owner: ownerOf(commit), image: track.image, tag: "dev", version: left };
      ids.push(flip.id);
      await leave(track, `refs/slipway/flip/${track.image}`, {
        ...flip,
        why: "release",
        to: digestOf(track.image, left),
        places,
      });
      const runs = await Promise.all([publish(track.clones[0], low), publish(track.clones[1], high)]);
      assertTold(runs);
      expect(runs.map(({ stderr }) => stderr).join()).toContain(`finishing the move of dev to ${left}`);
      await assertSettled(ground, track);
    }
    const moves = (await movesOf(track)).map(({ id }) => id);
    expect(ids.map((id) => moves.filter((one) => one === id).length)).toEqual([1, 1, 1]);
  });

  it("building one version in one place all end well, with one digest", async () => {
    for (const turn of [1, 2, 3, 4]) {
      const repo = await ground.repo(`built-by-three${turn}`);
      const build = () => workflowsIn(repo)("docker_build_local", "--version", "1.0.0", "--json");
      const runs = await Promise.all([build(), build(), build()]);
      for (const { code, stderr } of runs) expect(code, stderr).toBe(0);
      expect(runs.map(({ digest }) => digest)).toEqual(Array(3).fill(expect.stringMatching(/^sha256:/)));
      expect(new Set(runs.map(({ digest }) => digest)).size).toBe(1);
    }
  });

  it("building and releasing the same commit are one release with one digest", async () => {
    const rows = await sideBySide([1, 2, 3], 1, async (turn) => {
      const image = `whole-race${turn}x`;
      const repo = await ground.repo(image, { gates: ["fast"], registries: ground.addresses });
      const clone = await ground.clone(repo, `${image}-clone`);
      const release = (dir: string) => workflowsIn(dir)("docker_release_dev", "--version", "1.0.0");
      const runs = await Promise.all([repo, clone].map(release));
      assertTold(runs);
      const track: Track = { image, remote: `${repo}.git`, clones: [repo, clone] };
      const dev = await assertSettled(ground, track);
      const types = (await logOf(track.remote, image)).map(({ type }) => type);
      expect(types).toEqual(["pass", "flip", "release"]);
      return [image, ...runs.map(told), dev];
    });
    print("whole releases", rows);
  });
});
