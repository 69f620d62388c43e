import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadProcess } from "../../lib/doors/settings.ts";
import type { Owner } from "../../lib/model/facts.ts";
import { type Action, cmd } from "../../lib/model/plan.ts";
import type { World } from "../../lib/run/world.ts";
import { type Acting, type Actor, refused, startActing } from "./acting.ts";
import { commit, digest, facts, owner } from "./factory.ts";

let acting: Acting;
beforeAll(async () => {
  acting = await startActing();
});
afterAll(() => acting.end());

const ref = "refs/slipway/claim/claimed-1.0.0";
const take = (more = {}): Action => ({ kind: "git_ref", op: "claim", ref, ...more });
const giveBack: Action = { kind: "git_ref", op: "release_claim", ref };
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
    const { host, boot, pid, started } = loadProcess();
    expect(actor.refs.moved).toEqual([
      [
        ref,
        {
          ...{ nonce: expect.stringMatching(/^[0-9a-f-]{36}$/), user: "gp", host, boot, pid, started },
          ...{ commit: commit("a"), run: "77", at: 1_735_898_400 },
        },
      ],
      [ref, null],
    ]);
  });

  it("is given back by its step, and then nothing is left to give back", async () => {
    const actor = claimed();
    expect((await actor.act([take(), giveBack, giveBack])).states).toEqual(["done", "done", "already"]);
    expect(actor.refs.moved).toHaveLength(2);
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
    expect(ended.shown).toContain("the claim could not be given back: Error: the remote is away\n");
  });

  it("notes the digest that is built, and keeps it for who takes over", async () => {
    const actor = claimed();
    await actor.act([take(), take({ digest: digest("a") })]);
    expect(actor.refs.moved.map(([, held]) => (held as Owner | null)?.digest)).toEqual([
      undefined,
      digest("a"),
      undefined,
    ]);
    const next = heldBy({ run: "9", digest: digest("b") }, { GITHUB_RUN_ID: "9" });
    expect((await taking(next)).shown).toContain("taking over the claim of ann: the same CI run 9 goes on\n");
    expect(next.refs.moved[0]?.[1]).toMatchObject({ digest: digest("b"), run: "9", user: "gp" });
  });

  it("of somebody else is refused with who, where and since when", async () => {
    const actor = heldBy({});
    expect(refused(await taking(actor))).toEqual({
      ...{ kind: "claimed", exitCode: 2 },
      what: 'try stopped at step "1": this version is being released by someone else',
      why: "ann on far (process 42) has held it since 2025-01-03T10:00:00.000Z.",
      fix: "Wait for it, or when you are sure that it is dead, type the same command with --break-lock",
    });
    expect(actor.refs.moved).toEqual([]);
  });

  it("of somebody else is taken with --break-lock", async () => {
    const ended = await taking(heldBy({}), { breakLock: true });
    expect(ended.states).toEqual(["done"]);
    expect(ended.shown).toContain("taking over the claim of ann: --break-lock\n");
  });

  it("of a process of this machine is taken when that is gone, and not while it lives", async () => {
    const { host, boot, pid, started } = loadProcess();
    const mine = { user: user.name, host, boot, pid };
    expect(refused(await taking(heldBy({ ...mine, started }))).kind).toBe("claimed");
    const gone = `its process ${pid} on this machine is gone\n`;
    expect((await taking(heldBy({ ...mine, started: "1" }))).shown).toContain(gone);
    const never = await taking(heldBy({ ...mine, pid: 4_194_305, started: "" }));
    expect(never.shown).toContain("its process 4194305 on this machine is gone\n");
  });

  it("of the same commit that was not renewed for ten minutes is taken", async () => {
    const at = 1_735_897_799;
    expect(refused(await taking(heldBy({ commit: commit("f"), at }))).kind).toBe("claimed");
    expect((await taking(heldBy({ commit: commit("a"), at }))).shown).toContain("was not renewed for 10 minutes\n");
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
      fix: expect.stringContaining("Ask for the right to push"),
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

  it("is renewed every three minutes while the run goes on, and then changed and given back all the same", async () => {
    const actor = claimed();
    const [registry] = acting.registries;
    if (!registry) throw new Error("no registry");
    registry.reply = () => {
      acting.clock.advance(20_000);
      return { status: 404 };
    };
    const wait = { kind: "verify_digest", tag: "x", digest: "", mayBeAbsent: true, places: actor.places } as const;
    const sixMinutes = Array.from({ length: 18 }, () => wait);
    const ended = await actor.act([take(), ...sixMinutes, take({ digest: digest("a") })]);
    registry.reply = () => null;
    expect(ended.states).toEqual(Array(20).fill("done"));
    const at = actor.refs.moved.map(([, held]) => held && [(held as Owner).at, (held as Owner).digest]);
    expect(at).toEqual([
      [1_735_898_400, undefined],
      [1_735_898_580, undefined],
      [1_735_898_760, undefined],
      [1_735_898_760, digest("a")],
      null,
    ]);
    acting.clock.advance(180_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(actor.refs.moved).toHaveLength(5);
  });
});
