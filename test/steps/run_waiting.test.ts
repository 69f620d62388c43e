import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cmd } from "../../lib/kinds/command.ts";
import { type RecordEntry, record } from "../../lib/kinds/record.ts";
import { verifyDigest } from "../../lib/kinds/verify_digest.ts";
import type { LogEntry, Pass } from "../../lib/names/log.ts";
import type { Action, Step } from "../../lib/plan/plan.ts";
import { returnClaim, takeClaim } from "../../lib/release/claim.ts";
import { nothingWaits } from "../../lib/run/waiting.ts";
import { startState } from "../../lib/run/world.ts";
import { commit, digest, owner } from "../unit/factory.ts";
import { type Acting, type Actor, refused, startActing } from "./acting.ts";
import { doing } from "./ground.ts";
import { type Moving, startMoving } from "./moving.ts";

let acting: Acting;
beforeAll(async () => {
  acting = await startActing();
});
afterAll(() => acting.end());

const entering = (entry: LogEntry): RecordEntry => record({ image: "x", entry });
const pass = (list: string): RecordEntry => {
  const where = { commit: commit("a"), tree: commit("b"), runner: "pytest", platform: "linux/amd64" };
  const entry: Pass = { ...{ type: "pass", digest: digest("a"), version: "1.0.0", list }, ...where };
  return entering(entry);
};
const skip = entering({ type: "skip", digest: digest("a"), version: "1.0.0", list: "qa", why: "--no-qa-tests" });
const claimRef = "refs/slipway/claim/x-1.0.0";
const claim = takeClaim({ ref: claimRef });
const giveBack = returnClaim({ ref: claimRef });

/** Does actions and tells what was done in which order: each push by what it held, each program by what it said. */
async function order(actor: Actor, actions: readonly (Action | Step)[]) {
  const rows: string[] = [];
  const swap: Actor["refs"]["swap"] = async (moves, entries = []) => {
    const parts = [
      ...entries.map(({ entry }) => ("list" in entry ? String(entry.list) : entry.type)),
      ...moves.map(({ ref, to }) => `${to === null ? "-" : "+"}${ref.split("/")[2]}`),
    ];
    rows.push(`push ${parts.join(" ")}`);
    return actor.refs.swap(moves, entries);
  };
  const { console: _, ...more } = { console: null, refs: async () => ({ ...actor.refs, swap }) };
  const said = { canAsk: false, terminal: false, isRead: false };
  const ended = await actor.act(actions, {
    ...more,
    console: {
      ...{ result: () => undefined, progress: () => undefined, ...said },
      ...{ raw: (text: string) => void rows.push(text.trim()), colour: (_style: unknown, text: string) => text },
      ...{
        confirm: async () => true,
        ask: async () => false,
        begin: () => ({ output: (text: string) => void rows.push(text.trim()), end: () => undefined }),
      },
    },
  });
  return { ...ended, rows };
}
const say = (word: string) => cmd`echo ${word}`;

describe("what a run did", () => {
  it("goes in one push at its end, and what a release did with its claim", async () => {
    expect((await order(acting.actor("end"), [say("a"), pass("fast"), say("b"), pass("slow")])).rows).toEqual([
      "a",
      "b",
      "push fast slow",
    ]);
    const rows = ["push +claim", "a", "b", "push fast slow -claim"];
    const steps = [claim, say("a"), pass("fast"), say("b"), pass("slow"), giveBack];
    expect((await order(acting.actor("release"), steps)).rows).toEqual(rows);
  });

  it("goes before anything else is done where others wait for it, or it must not be done twice", async () => {
    const { rows } = await order(acting.actor("urgent"), [claim, skip, pass("fast"), say("a"), giveBack]);
    expect(rows).toEqual(["push +claim", "push qa fast +claim", "a", "push -claim"]);
  });

  it("goes at once where it took longer than may be lost", async () => {
    const actor = acting.actor("long");
    const [registry] = acting.registries;
    if (!registry) throw new Error("no registry");
    registry.reply = () => {
      acting.clock.advance(6000);
      return { status: 404 };
    };
    const wait = verifyDigest({ tag: "x", digest: "", mayBeAbsent: true, places: actor.places });
    const steps = ["fast", "slow", "qa"].map((list) => doing(`run_${list}`, wait, pass(list)));
    const { rows } = await order(actor, [claim, ...steps, giveBack]);
    registry.reply = () => null;
    expect(rows).toEqual(["push +claim", "push fast slow +claim", "push qa -claim"]);
  });

  it("is there too where a later step fails, or nobody had a claim", async () => {
    const fails = cmd`sh -c ${"exit 5"}`;
    const one = acting.actor("failed");
    expect(refused(await one.act([claim, pass("fast"), fails])).exitCode).toBe(5);
    expect([one.refs.entries.map(({ type }) => type), one.refs.held(claimRef)]).toEqual([["pass"], null]);
    const other = acting.actor("unclaimed");
    await other.act([pass("fast"), fails]);
    expect(other.refs.entries.map(({ type }) => type)).toEqual(["pass"]);
  });

  it("that cannot be pushed fails the run, and is told where another failure comes first", async () => {
    const away = (actor: Actor) => {
      actor.refs.refuse = (ref) => (ref === "" ? null : "the remote is away");
      return async () => ({ ...actor.refs, swap: async () => ({ won: false, why: "the remote is away" }) });
    };
    const one = acting.actor("away");
    expect(refused(await one.act([pass("fast")], { refs: away(one) })).what).toBe(
      "the ref refs/slipway/log/away could not be moved on origin: the remote is away",
    );
    const other = acting.actor("far");
    const ended = await other.act([pass("fast"), cmd`sh -c ${"exit 5"}`], { refs: away(other) });
    expect(refused(ended).exitCode).toBe(5);
    expect(ended.shown).toContain("what was done could not be recorded: UserError: the ref refs/slipway/log/far");
  });
});

describe("a move of a tag", () => {
  let here: Moving;
  const moving = () => startMoving(acting, "moved");
  it("takes along with its intent what waits, and is told with all that comes after it", async () => {
    here = moving();
    const release = entering({
      ...{ type: "release", stage: "dev", version: "1.1.0", digest: here.next, commit: commit("a") },
      registries: ["r1"],
    });
    const { rows } = await order(here, [claim, pass("fast"), here.action, release, giveBack]);
    expect(rows.filter((row) => row.startsWith("push"))).toEqual([
      ...["push +claim", "push fast +claim +flip", "push flip release -flip -claim"],
    ]);
  });

  it("is over before anything else is done", async () => {
    here = moving();
    const { rows } = await order(here, [here.action, say("a")]);
    expect(rows.filter((row) => !row.includes("->"))).toEqual(["push +flip", "push flip -flip", "a"]);
  });

  it("is not needed for a Git tag to stay away from a remote on which somebody else took the release over", async () => {
    const other = acting.actor("tagless");
    const ended = await other.act([claim, pass("fast"), cmd`true`, giveBack], {
      refs: async () => ({
        ...other.refs,
        swap: async (moves, entries) => {
          const isLast = moves.some(({ ref, to }) => ref === claimRef && to === null);
          if (isLast) other.refs.put(claimRef, owner({ user: "ann", host: "far" }));
          return other.refs.swap(moves, entries);
        },
      }),
      state: {
        ...startState(),
        waiting: {
          ...nothingWaits(),
          tag: { ref: "refs/tags/x-1.0.0", from: null, to: "blob-0", lost: () => undefined },
        },
      },
    });
    expect(refused(ended).kind).toBe("claimed");
    expect([other.refs.held("refs/tags/x-1.0.0"), other.refs.entries.length]).toEqual([null, 1]);
  });

  it("is begun at the second try where a server renewed the claim and no more at the first", async () => {
    here = moving();
    let tries = 0;
    const swap: Actor["refs"]["swap"] = async (moves, entries = []) => {
      const isIntent = moves.some(({ ref, to }) => ref.includes("/flip/") && to !== null);
      tries += isIntent ? 1 : 0;
      if (!isIntent || tries > 1) return here.refs.swap(moves, entries);
      await here.refs.swap(
        moves.filter(({ ref }) => ref === claimRef),
        entries,
      );
      return { won: false, why: "cut off" };
    };
    const ended = await here.act([claim, pass("fast"), here.action, giveBack], {
      refs: async () => ({ ...here.refs, swap }),
    });
    expect([ended.error, tries, here.dev(), here.refs.held(claimRef)]).toEqual([null, 2, [here.next], null]);
    expect(here.refs.entries.map(({ type }) => type)).toEqual(["pass", "flip"]);
  });

  it("is not begun by a release that somebody else took over, whose passes stay", async () => {
    here = moving();
    const takeOver = verifyDigest({ tag: "dev", digest: here.old, places: here.places });
    const [registry] = acting.registries;
    if (!registry) throw new Error("no registry");
    registry.reply = () => {
      here.refs.put(claimRef, owner({ user: "ann", host: "far" }));
      return null;
    };
    const ended = await here.act([claim, pass("fast"), takeOver, here.action]);
    registry.reply = () => null;
    expect(refused(ended)).toMatchObject({
      kind: "claimed",
      what: expect.stringContaining("taken over by somebody else"),
    });
    expect([here.dev(), here.intent()]).toEqual([[here.old], null]);
    expect(here.refs.entries.map(({ type }) => type)).toEqual(["pass"]);
    expect(here.refs.held(claimRef)).toMatchObject({ user: "ann" });
  });
});
