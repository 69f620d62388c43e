import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadProcess } from "../../lib/doors/processes.ts";
import type { Owner } from "../../lib/plan/facts.ts";
import { tagsAt } from "../bed/final_state.ts";
import { git } from "../bed/git.ts";
import { pushByHand, repositoryAt } from "../bed/hand_image.ts";
import { startLive } from "../bed/live.ts";
import { refsOf } from "../bed/oracle.ts";
import {
  assertSettled,
  devAt,
  digestOf,
  imageOf,
  leave,
  makeTrack,
  ownerOf,
  print,
  publish,
  rollBack,
  told,
} from "../bed/race.ts";
import { type Ground, makeGround } from "../bed/tiny_repo.ts";
import { startTrapProxy, type TrapProxy } from "../bed/trap_proxy.ts";
import { workflowsIn } from "../bed/workflow.ts";

let ground: Ground;
let second: TrapProxy;
beforeAll(async () => {
  const plain = await makeGround(2);
  second = await startTrapProxy(plain.addresses["r2"] ?? "");
  ground = { ...plain, addresses: { ...plain.addresses, r2: second.address } };
});
afterAll(async () => {
  await second.stop();
  await ground.end();
});

/** What a registry is sent when dev moves. */
const moveOf = (image: string) => `PUT /v2/${image}/manifests/dev`;

describe("a tag that a stranger moves between plan and flip", () => {
  it.each([
    ["to an image that nobody released", "9.9.9", "someone moved it outside Slipway"],
    ["to one that the log knows", "5.0.0", /root on \S+ moved it to 5\.0\.0 at \d{4}-/],
  ])("%s is refused, and dev is moved nowhere", async (_, moved, why) => {
    const image = `stranger${moved.replaceAll(".", "")}`;
    const track = await makeTrack(ground, image, ["5.0.0", "5.0.1", "5.0.2"]);
    const [clone] = track.clones;
    for (const version of ["5.0.0", "5.0.1"]) expect((await publish(clone, version)).code).toBe(0);
    const stranger = imageOf(image, moved);
    const at = repositoryAt(ground.registries[1]?.address ?? "", image);
    let done: Promise<void> | undefined;
    const spring = () => {
      done = pushByHand(at, stranger, { tag: "dev" });
      return done;
    };
    second.set(image, { method: "POST", path: /\/blobs\/uploads\/$/, nth: 1, when: "before", spring });
    ground.registries[0]?.forget();
    const refused = await publish(clone, "5.0.2");
    await done;
    const moves = ground.registries[0]?.requests().filter(({ method, path }) => `${method} ${path}` === moveOf(image));
    expect(moves?.map(({ status }) => status)).toEqual([]);
    expect(refused.code, refused.stderr).toBe(2);
    expect(refused.stderr).toMatch(why);
    expect(refused.stderr).toContain("the plan saw");
    expect(await devAt(ground, image)).toEqual([digestOf(image, "5.0.1"), stranger.digest]);
    const held = (await refsOf(track.remote)).filter((line) => /slipway\/(claim|flip)/.test(line));
    expect(held).toEqual([]);
  });
});

type Held = Partial<Owner> & { readonly age?: number };

describe("a claim that is held", () => {
  const live = loadProcess();
  const elsewhere = { host: "elsewhere", user: "ada", pid: 77 };
  const day = 86_400;
  it.each([
    ["ahead", { ...elsewhere, age: -day }],
    ["behind", { ...elsewhere, age: day }],
    ["nspace", { namespace: "1" }],
  ])(
    "of the same commit by who cannot be looked at is watched, and free when it is given back: %s",
    async (name, held) => {
      const { age = 0, ...more }: Held = held;
      const image = `watched-${name}x`;
      const track = await makeTrack(ground, image, ["1.0.0"]);
      const [clone] = track.clones;
      const ref = `refs/slipway/claim/${image}-1.0.0`;
      const at = Math.floor(Date.now() / 1000) - age;
      const owner = ownerOf(await git(clone, "rev-parse", "HEAD"), { ...more, at });
      await leave(track, ref, owner);
      const waiting = startLive(clone, "pipes", ["docker_push_dev", "--version", "1.0.0", "--yes"]);
      const who = `${owner.user} on ${owner.host} \\(process ${owner.pid}\\), who holds ${ref}`;
      await waiting.says(new RegExp(`waiting for ${who}: taken over if it is not renewed for 4 min`));
      expect(await devAt(ground, image)).toEqual([undefined, undefined]);
      await git(clone, "push", "--quiet", track.remote, `:${ref}`);
      expect(await waiting.ended, waiting.said()).toBe(0);
      expect(await assertSettled(ground, track)).toBe("1.0.0");
    },
  );

  it.each([
    ["dead process here", {}, /taking over the claim of root: its process \d+ on this machine is gone/, 0],
    [
      "other host, other commit, an hour",
      { ...elsewhere, age: 3600, commit: "f".repeat(40) },
      /ada on elsewhere \(process 77\)/,
      2,
    ],
    [
      "live process here",
      { pid: live.pid, started: live.started },
      new RegExp(`root on \\S+ \\(process ${live.pid}\\)`),
      2,
    ],
  ])(
    "%s: taken over by the rules, or else only with --break-lock",
    async (name, { age = 0, ...more }: Held, says, code) => {
      const image = `held-${name.replaceAll(/[^a-z0-9]+/g, "-")}x`;
      const track = await makeTrack(ground, image, ["1.0.0"]);
      const commit = await git(track.clones[0], "rev-parse", "HEAD");
      await leave(
        track,
        `refs/slipway/claim/${image}-1.0.0`,
        ownerOf(commit, { ...more, at: Math.floor(Date.now() / 1000) - age }),
      );
      const first = await publish(track.clones[0], "1.0.0");
      expect({ code: first.code, stderr: first.stderr }).toEqual({ code, stderr: expect.stringMatching(says) });
      if (code === 2) {
        expect(first.stderr).toContain("--break-lock");
        expect(await devAt(ground, image)).toEqual([undefined, undefined]);
        const broken = await publish(track.clones[1], "1.0.0", "--break-lock");
        expect(broken.code, broken.stderr).toBe(0);
        expect(broken.stderr).toMatch(/taking over the claim of \w+: --break-lock/);
      }
      expect(await assertSettled(ground, track)).toBe("1.0.0");
      print("claim held by", [[name, told(first), code === 2 ? "0 with --break-lock" : "", "1.0.0"]]);
    },
  );
});

describe("dev", () => {
  const version = (minor: number) => `6.${minor}.0`;
  it("is not taken down by a push of a lower version, nor by one of a version that was rolled back", async () => {
    const track = await makeTrack(ground, "pushed-lower", [0, 1, 2].map(version));
    const [clone, other] = track.clones;
    for (const minor of [0, 2]) expect((await publish(clone, version(minor))).code).toBe(0);
    const lower = await publish(other, version(1));
    expect({ code: lower.code, stderr: lower.stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/dev is 6\.2\.0, and 6\.1\.0 is lower\n.*root on \S+ moved it to 6\.2\.0/),
    });
    expect((await rollBack(clone, version(0))).code).toBe(0);
    const again = await publish(other, version(2));
    expect({ code: again.code, stderr: again.stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("6.2.0 was rolled back to 6.0.0 by root"),
    });
    expect(await assertSettled(ground, track)).toBe(version(0));
  });

  it("is not taken down by a mirror of what another registry still has as dev", async () => {
    const track = await makeTrack(ground, "mirrored-lower", [0, 1].map(version));
    const [clone] = track.clones;
    expect((await publish(clone, version(0))).code).toBe(0);
    expect((await publish(clone, version(1), "--target-registries", "r1")).code).toBe(0);
    const mirrored = await workflowsIn(clone)("release_mirror", "--version", version(0));
    expect(mirrored.code, mirrored.stderr).toBe(0);
    expect(await devAt(ground, track.image)).toEqual([1, 0].map((minor) => digestOf(track.image, version(minor))));
  });
});

describe("a version that a stranger pushes between plan and push", () => {
  it.each([
    ["r1", 0],
    ["r2", 1],
  ] as const)("is not overwritten in %s, and dev does not move", async (name, index) => {
    const image = `taken-in-${name}x`;
    const repo = await ground.repo(image, { registries: ground.addresses });
    const stranger = imageOf(image, "1.0.0");
    const at = repositoryAt(Object.values(ground.addresses)[index] ?? "", image);
    let done: Promise<void> | undefined;
    const spring = () => {
      done = pushByHand(at, stranger, { tag: "dev-1.0.0" });
    };
    second.set(image, { method: "POST", path: /\/blobs\/uploads\/$/, nth: 1, when: "before", spring });
    const refused = await workflowsIn(repo)("docker_release_dev", "--version", "1.0.0");
    await done;
    expect(refused.code, refused.stderr).not.toBe(0);
    expect(refused.stderr).toContain(`${at.reference}:dev-1.0.0 is ${stranger.digest}, not sha256:`);
    const tags = await tagsAt(ground.registries[index]?.address ?? "", image);
    expect(tags).toEqual({ "dev-1.0.0": stranger.digest });
    expect(await devAt(ground, image)).toEqual([undefined, undefined]);
  });
});
