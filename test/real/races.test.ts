import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CrashGround, makeCrashGround } from "../bed/crash_ground.ts";
import { commitAll, git } from "../bed/git.ts";
import { logOf } from "../bed/oracle.ts";
import {
  assertSettled,
  assertTold,
  behindProxies,
  devAt,
  digestOf,
  leave,
  type Meeting,
  makeTrack,
  meet,
  movesOf,
  ownerOf,
  print,
  publish,
  publishing,
  rollingBack,
  type Track,
  told,
} from "../bed/race.ts";
import { type Ground, write } from "../bed/tiny_repo.ts";
import { workflowsIn } from "../bed/workflow.ts";

let on: CrashGround;
let ground: Ground;
beforeAll(async () => {
  on = await makeCrashGround("raced");
  ground = behindProxies(on);
});
afterAll(() => on.end());

const nameOf = ([when, point]: Meeting) => `${when} ${point}`;

describe("two at once, from two clones", () => {
  it("releasing one version are one release: one claim, one move, one entry, and who is second is told", async () => {
    const meetings: readonly Meeting[] = [
      ["before", "claim: ref"],
      ["after", "claim: ref"],
      ["before", "flip_dev: intent"],
      ["after", "flip_dev: intent", "waits"],
      ["before", "flip_dev: dev in r2", "waits"],
      ["before", "release_claim: ref", "waits"],
      ["after", "release_claim: ref"],
    ];
    const versions = meetings.map((_, index) => `1.0.${index + 1}`);
    const track = await makeTrack(ground, "one-version", versions);
    const rows: string[][] = [];
    let lost = 0;
    for (const [index, at] of meetings.entries()) {
      const version = versions[index] ?? "";
      const [first, second] = [publishing(track.clones[0], version), publishing(track.clones[1], version)];
      const runs = await meet(on, track, { first, second, at });
      lost += assertTold(runs);
      rows.push([nameOf(at), ...runs.map(told), await assertSettled(ground, track)]);
      expect(rows.at(-1)?.at(-1)).toBe(version);
    }
    print("one version, the first held", rows);
    const log = await logOf(track.remote, track.image);
    expect(log.flatMap((entry) => (entry.type === "release" ? [entry.version] : []))).toEqual(versions);
    expect((await movesOf(track)).map(({ version }) => version)).toEqual(versions);
    // Whoever holds the claim is named to the other, at two of the moments at least.
    expect(lost).toBeGreaterThanOrEqual(2);
  });

  it("releasing two versions never take dev down, and who comes late is told who moved it", async () => {
    const meetings: readonly Meeting[] = [
      ["before", "claim: ref"],
      ["before", "flip_dev: intent"],
      ["after", "flip_dev: intent", "waits"],
      ["after", "flip_dev: dev in r1", "waits"],
      ["after", "release_claim: ref"],
    ];
    const turns = meetings.flatMap((at) => (["low", "high"] as const).map((held) => ({ at, held })));
    const pairs = turns.map((_, turn) => [`2.${turn + 1}.0`, `2.${turn + 1}.1`] as const);
    const track = await makeTrack(ground, "two-versions", pairs.flat());
    const rows: string[][] = [];
    for (const [turn, { at, held }] of turns.entries()) {
      const [low, high] = pairs[turn] ?? ["", ""];
      const [one, other] = held === "low" ? [low, high] : [high, low];
      const [first, second] = [publishing(track.clones[0], one), publishing(track.clones[1], other)];
      const runs = await meet(on, track, { first, second, at });
      assertTold(runs);
      const dev = await assertSettled(ground, track);
      rows.push([`${one} held ${nameOf(at)}`, ...runs.map(told), dev]);
      // Who was first to move is dev unless the higher one came after it.
      expect([low, high]).toContain(dev);
    }
    print("two versions", rows);
    expect((await movesOf(track)).length).toBeGreaterThanOrEqual(pairs.length);
  });

  it("releasing and rolling back end with one dev everywhere, which only the rollback takes down", async () => {
    const last = { release: "release_claim: ref", rollback: "end: intent taken back" } as const;
    const turns = (["release", "rollback"] as const).flatMap((held) => {
      const meetings: readonly Meeting[] = [
        ["before", "flip_dev: intent"],
        ["after", "flip_dev: intent", "waits"],
        ["before", last[held], "waits"],
      ];
      return meetings.map((at) => ({ at, held }));
    });
    const versions = ["3.0.0", "3.0.1", ...turns.map((_, turn) => `3.1.${turn}`)];
    const track = await makeTrack(ground, "rolled-back", versions);
    const [one, other] = track.clones;
    for (const version of versions.slice(0, 2)) expect((await publish(one, version)).code).toBe(0);
    const rows: string[][] = [];
    for (const [turn, { at, held }] of turns.entries()) {
      const version = versions[turn + 2] ?? "";
      const back = (await movesOf(track)).at(-1)?.version === "3.0.0" ? "3.0.1" : "3.0.0";
      const both = [publishing(one, version), rollingBack(other, back)] as const;
      const [first, second] = held === "release" ? both : ([both[1], both[0]] as const);
      const runs = await meet(on, track, { first, second, at });
      assertTold(runs);
      const dev = await assertSettled(ground, track);
      rows.push([`${version} against ${back}, ${held} held ${nameOf(at)}`, ...runs.map(told), dev]);
      expect([version, back]).toContain(dev);
    }
    print("release against rollback", rows);
  });

  it("finishing the move that somebody left do it once, and then their own", async () => {
    const held = ["before", "after"] as const;
    const versions = held.flatMap((_, turn) => [1, 2, 3].map((part) => `4.${turn}.${part}`));
    const track = await makeTrack(ground, "left-behind", versions);
    const { image, clones } = track;
    const commit = await git(clones[0], "rev-parse", "HEAD");
    const ids: string[] = [];
    for (const [turn, when] of held.entries()) {
      const [left = "", low = "", high = ""] = versions.slice(turn * 3);
      const seen = (await devAt(ground, image))[0] ?? null;
      const places = Object.entries(ground.addresses).map(([registry, address]) => ({
        registry,
        repository: `${address}/${image}`,
        seen,
      }));
      const flip = { id: crypto.randomUUID(), owner: ownerOf(commit), image, tag: "dev", version: left };
      ids.push(flip.id);
      const more = { why: "release", to: digestOf(image, left), places };
      await leave(track, `refs/slipway/flip/${image}`, { ...flip, ...more });
      // The first push of the intent's ref takes the left one over.
      const at: Meeting = when === "after" ? [when, "flip_dev: intent", "waits"] : [when, "flip_dev: intent"];
      const [first, second] = [publishing(clones[0], low), publishing(clones[1], high)];
      const runs = await meet(on, track, { first, second, at });
      assertTold(runs);
      expect(runs.map(({ stderr }) => stderr).join()).toContain(`finishing the move of dev to ${left}`);
      await assertSettled(ground, track);
    }
    const moves = (await movesOf(track)).map(({ id }) => id);
    expect(ids.map((id) => moves.filter((one) => one === id).length)).toEqual(ids.map(() => 1));
  });

  it("building one version in one place all end well, with one digest", async () => {
    for (const turn of [1, 2]) {
      const repo = await ground.repo(`built-by-three${turn}`);
      const build = () => workflowsIn(repo)("docker_build_local", "--version", "1.0.0", "--json");
      const runs = await Promise.all([build(), build(), build()]);
      for (const { code, stderr } of runs) expect(code, stderr).toBe(0);
      expect(runs.map(({ digest }) => digest)).toEqual(Array(3).fill(expect.stringMatching(/^sha256:/)));
      expect(new Set(runs.map(({ digest }) => digest)).size).toBe(1);
    }
  });

  it("building one version of two commits: who lost the name to the other is told so, and has it when it is typed again", async () => {
    const image = "other-racex";
    const repo = await ground.repo(image, { gates: [], registries: ground.addresses });
    const clone = await ground.clone(repo, `${image}-clone`);
    write(clone, { "devops/docker_build/words.txt": "other words\n" });
    await commitAll(clone, "Other words");
    const line = ["docker_build_local", "--version", "1.0.0", "--json"] as const;
    const [first, second] = [
      { clone: repo, line },
      { clone, line },
    ];
    const [lost, other] = await meet(on, { image }, { first, second, at: ["after", "build_local: docker buildx"] });
    expect([lost.code, other.code], lost.stderr + other.stderr).toEqual([1, 0]);
    expect(lost.stderr).toMatch(/another build gave \S+:local-root-1\.0\.0 to \S+ meanwhile/);
    const again = await workflowsIn(repo)(...line);
    expect(again.code, again.stderr).toBe(0);
    expect(again.digest).not.toBe(other.digest);
  });

  it("building and releasing the same commit are one release with one digest", async () => {
    const image = "whole-racex";
    const repo = await ground.repo(image, { gates: ["fast"], registries: ground.addresses });
    const clone = await ground.clone(repo, `${image}-clone`);
    const release = (dir: string) => workflowsIn(dir)("docker_release_dev", "--version", "1.0.0");
    const runs = await Promise.all([repo, clone].map(release));
    assertTold(runs);
    const track: Track = { image, remote: `${repo}.git`, clones: [repo, clone] };
    const dev = await assertSettled(ground, track);
    const types = (await logOf(track.remote, image)).map(({ type }) => type);
    expect(types).toEqual(["pass", "flip", "release"]);
    print("whole releases", [[image, ...runs.map(told), dev]]);
  });
});
