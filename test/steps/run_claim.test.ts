import { readlinkSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadProcess } from "../../lib/doors/processes.ts";
import { cmd } from "../../lib/kinds/command.ts";
import { verifyDigest } from "../../lib/kinds/verify_digest.ts";
import type { Owner } from "../../lib/plan/facts.ts";
import type { Action } from "../../lib/plan/plan.ts";
import { returnClaim, takeClaim } from "../../lib/release/claim.ts";
import type { World } from "../../lib/run/world.ts";
import { commit, facts, owner } from "../unit/factory.ts";
import { type Acting, type Actor, refused, startActing } from "./acting.ts";

let acting: Acting;
beforeAll(async () => {
  acting = await startActing();
});
afterAll(() => acting.end());

const ref = "refs/slipway/claim/claimed-1.0.0";
const take = (more = {}): Action => takeClaim({ ref, ...more });
const giveBack: Action = returnClaim({ ref });
const claimed = (env = {}): Actor => acting.actor("claimed", { env });
const { user } = facts();
/** The claim as another held it at the start. */
function heldBy(more: Partial<Owner>, env = {}): Actor {
  const actor = claimed(env);
  actor.refs.put(ref, owner({ at: 1_735_898_400, user: "ann", host: "far", ...more }));
  return actor;
}
const taking = (actor: Actor, more?: Partial<World>) => actor.act([take()], more);

describe("a claim", () => {
  it("tells who works on what commit since when, and is given back at the end", async () => {
    const actor = claimed({ GITHUB_RUN_ID: "77" });
    expect((await taking(actor)).states).toEqual(["done"]);
    expect(actor.refs.moved).toEqual([
      [
        ref,
        {
          ...{ nonce: expect.stringMatching(/^[0-9a-f-]{36}$/), user: "gp", ...loadProcess() },
          ...{ commit: commit("a"), run: "77", attempt: "", at: 1_735_898_400 },
        },
      ],
      [ref, null],
    ]);
  });

  it("names the PID namespace in which its process is one", async () => {
    const actor = claimed();
    await taking(actor);
    const namespace = readlinkSync("/proc/self/ns/pid");
    expect(actor.refs.moved[0]?.[1]).toMatchObject({ namespace: namespace.replaceAll(/\D/g, "") });
  });

  it("is given back by its step, and then nothing is left to give back", async () => {
    const actor = claimed();
    expect((await actor.act([take(), giveBack, giveBack])).states).toEqual(["done", "done", "already"]);
    expect(actor.refs.moved).toHaveLength(2);
  });

  it("whose time is none is told, and taken with --break-lock as any", async () => {
    const odd = { at: 9e15, commit: commit("f") };
    expect(refused(await taking(heldBy(odd))).why).toContain("since a time that is none (9000000000000000)");
    expect((await taking(heldBy(odd), { breakLock: true })).states).toEqual(["done"]);
  });

  it.each<[string, object]>([
    ["nonce", { ...owner({}), nonce: 1 }],
    ["time", { ...owner({}), at: "now" }],
    ["user", { ...owner({}), user: "ann\u001b[2J" }],
    ["fields", {}],
  ])("whose %s nobody can read is refused, and dropped with --break-lock", async (_what, odd) => {
    const damaged = () => {
      const actor = claimed();
      actor.refs.put(ref, odd);
      return actor;
    };
    expect(refused(await taking(damaged()))).toMatchObject({
      what: expect.stringContaining(`${ref} holds no claim`),
      fix: expect.stringContaining("--break-lock"),
    });
    const ended = await taking(damaged(), { breakLock: true });
    expect(ended.states).toEqual(["done"]);
    expect(ended.shown).toContain(`dropping ${ref}, which holds no claim`);
  });

  it("is given back where a step fails", async () => {
    const actor = claimed();
    const ended = await actor.act([take(), cmd`sh -c ${"exit 5"}`]);
    expect(refused(ended).exitCode).toBe(5);
    expect(ended.shown).toBe("[1/2] Do 1\n[2/2] Do 2\n");
    expect(actor.refs.held(ref)).toBeNull();
  });

  it("that cannot be given back is told of, and the step's own error stands", async () => {
    const actor = claimed();
    actor.refs.refuse = () => {
      if (actor.refs.held(ref) !== null) throw new Error("the remote is away");
    };
    const ended = await actor.act([take(), cmd`sh -c ${"exit 5"}`]);
    expect(refused(ended).exitCode).toBe(5);
    expect(ended.shown).toContain("the claim could not be released: Error: the remote is away\n");
  });

  it("that the remote does not let go is told of, with what it says", async () => {
    const actor = claimed();
    actor.refs.refuse = () => (actor.refs.held(ref) === null ? null : "deletion prohibited");
    const ended = await actor.act([take(), giveBack]);
    expect(ended.states).toEqual(["done", "done"]);
    expect(ended.shown).toContain("the claim could not be released: deletion prohibited\n");
  });

  it("of somebody else is refused with who, where and since when", async () => {
    const actor = heldBy({ commit: commit("f") });
    expect(refused(await taking(actor))).toEqual({
      ...{ kind: "claimed", exitCode: 2 },
      what: 'try stopped at step "1": someone else is releasing this version',
      why: "ann on far (process 42) has held it since 2025-01-03T10:00:00.000Z.",
      fix: "Wait for it, or if you are sure it is dead, run the same command with --break-lock",
    });
    expect(actor.refs.moved).toEqual([]);
  });

  it("of somebody else is taken with --break-lock", async () => {
    const ended = await taking(heldBy({}), { breakLock: true });
    expect(ended.states).toEqual(["done"]);
    expect(ended.shown).toContain("taking over the claim of ann: --break-lock\n");
  });

  it("of a process of this machine is taken when that is gone, and not while it lives", async () => {
    const { started, ...process } = loadProcess();
    const { pid } = process;
    const mine = { user: user.name, ...process };
    expect(refused(await taking(heldBy({ ...mine, started }))).kind).toBe("claimed");
    const gone = `its process ${pid} on this machine is gone\n`;
    expect((await taking(heldBy({ ...mine, started: "1" }))).shown).toContain(gone);
    const never = await taking(heldBy({ ...mine, pid: 4_194_305, started: "" }));
    expect(never.shown).toContain("its process 4194305 on this machine is gone\n");
  });

  describe("of the same commit, whose owner cannot be looked at,", () => {
    const { host, boot, pid } = loadProcess();
    const clocks = [
      ["is of another machine whose clock is right", {}],
      ["is of another machine whose clock is 700 s behind", { at: 1_735_897_700 }],
      ["is of another machine whose clock is a day ahead", { at: 1_735_984_800 }],
      [
        "is of another PID namespace of this machine",
        { user: user.name, host, boot, pid, namespace: "1", started: "1" },
      ],
    ] as const;

    it.each(clocks)("%s: it is refused when it is renewed meanwhile", async (_case, more) => {
      const actor = heldBy(more);
      const before = actor.refs.held(ref) as Owner;
      acting.clock.alarm(60_000, () => actor.refs.put(ref, { ...before, at: before.at + 60 }));
      const start = acting.clock.now();
      const { kind, why } = refused(await taking(actor));
      expect([kind, why]).toEqual(["claimed", `${before.user} on ${before.host} (process ${before.pid}) renews it.`]);
      expect(acting.clock.now() - start).toBe(60_000);
      expect(actor.refs.moved).toEqual([]);
    });

    it.each(clocks)("%s: it is taken when it is not renewed for four minutes", async (_case, more) => {
      const actor = heldBy(more);
      const { user: by, host: at, pid: process } = actor.refs.held(ref) as Owner;
      const start = acting.clock.now();
      const { shown } = await taking(actor);
      expect(acting.clock.now() - start).toBe(240_000);
      const wait = `waiting for ${by} on ${at} (process ${process}), who holds ${ref}: taken over if it is not renewed for`;
      expect(shown.split("\n").slice(1)).toEqual([
        ...[4, 3, 2, 1].map((minutes) => `${wait} ${minutes} min`),
        `taking over the claim of ${by}: it is of the same commit and was not renewed for 4 minutes`,
        "      Done in 4 min 0 s",
        "",
      ]);
    });
  });

  it("of another commit is refused at once", async () => {
    const start = acting.clock.now();
    expect(refused(await taking(heldBy({ commit: commit("f"), at: 1 }))).kind).toBe("claimed");
    expect(acting.clock.now()).toBe(start);
  });

  it("that is given back while it is watched is taken, and watching ends at Ctrl-C", async () => {
    const actor = heldBy({});
    acting.clock.alarm(15_000, () => actor.refs.put(ref, null));
    expect((await taking(actor)).states).toEqual(["done"]);
    const stop = new AbortController();
    acting.clock.alarm(15_000, () => stop.abort());
    expect(refused(await taking(heldBy({}), { signal: stop.signal })).kind).toBe("interrupted");
  });

  it("that was taken over ends the run before its next action", async () => {
    const actor = claimed();
    const [registry] = acting.registries;
    if (!registry) throw new Error("no registry");
    registry.reply = () => {
      actor.refs.put(ref, owner({ user: "ann", host: "far" }));
      acting.clock.advance(20_000);
      return { status: 404 };
    };
    const look = verifyDigest({ tag: "x", digest: "", mayBeAbsent: true, places: actor.places });
    const ended = await actor.act([take(), look, look, look, cmd`sh -c ${"echo went on"}`]);
    registry.reply = () => null;
    expect(refused(ended)).toMatchObject({
      kind: "claimed",
      what: expect.stringContaining("taken over by somebody else"),
    });
    expect(ended.shown).not.toContain("went on");
    expect(actor.refs.held(ref)).toMatchObject({ user: "ann" });
  });

  it("is tried again where somebody was quicker, and refused after the fifth try", async () => {
    const actor = claimed();
    let left = 4;
    actor.refs.refuse = () => {
      left -= 1;
      return left >= 0 ? "somebody was quicker" : null;
    };
    expect((await taking(actor)).states).toEqual(["done"]);
    left = 5;
    expect(refused(await taking(actor))).toMatchObject({
      kind: "git",
      what: `try stopped at step "1": the ref ${ref} could not be moved on origin: somebody was quicker`,
      fix: expect.stringContaining("Ask for push access"),
    });
  });

  it("names who was quicker, and goes on where they gave it back before they could be named", async () => {
    const quicker = claimed();
    quicker.refs.refuse = () => {
      if (quicker.refs.held(ref) === null)
        quicker.refs.put(ref, owner({ user: "ann", host: "far", commit: commit("f") }));
      return null;
    };
    expect(refused(await taking(quicker)).why).toContain("ann on far");
    const over = heldBy({});
    let reads = 0;
    const readOwner: Actor["refs"]["readOwner"] = async () => {
      reads += 1;
      over.refs.put(ref, null);
      return null;
    };
    const refs = async () => ({ ...over.refs, readOwner });
    expect((await taking(over, { refs })).states).toEqual(["done"]);
    expect(reads).toBe(1);
  });

  it("is renewed every minute while the run goes on, and then changed and given back all the same", async () => {
    const actor = claimed();
    const [registry] = acting.registries;
    if (!registry) throw new Error("no registry");
    registry.reply = () => {
      acting.clock.advance(20_000);
      return { status: 404 };
    };
    const wait = verifyDigest({ tag: "x", digest: "", mayBeAbsent: true, places: actor.places });
    const start = acting.clock.now() / 1000;
    const [twoMinutes, oneMinute] = [6, 3].map((length) => Array.from({ length }, () => wait));
    const ended = await actor.act([take(), ...(twoMinutes ?? []), take(), ...(oneMinute ?? [])]);
    registry.reply = () => null;
    expect(ended.states).toEqual([...Array(7).fill("done"), "already", ...Array(3).fill("done")]);
    const at = actor.refs.moved.map(([, held]) => held && (held as Owner).at - start);
    expect(at).toEqual([0, 60, 120, 180, null]);
    acting.clock.advance(60_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(actor.refs.moved).toHaveLength(5);
  });
});
