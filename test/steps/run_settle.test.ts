import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { loadProcess } from "../../lib/doors/processes.ts";
import { settleMove } from "../../lib/release/settle_move.ts";
import { type Acted, type Acting, refused, startActing } from "./acting.ts";
import { alive, drop, gone, isMove, type Moving, point, startMoving } from "./moving.ts";
import type { OciServer } from "./oci_server.ts";

let acting: Acting;
let [first, second] = [] as unknown as [OciServer, OciServer];
beforeAll(async () => {
  acting = await startActing(2);
  [first, second] = acting.registries as [OciServer, OciServer];
});
afterEach(() => {
  for (const registry of acting.registries) registry.reply = () => null;
});
afterAll(() => acting.end());

let count = 0;
/** An image of which ann began to move dev from 1.0.0 to 1.1.0, and moved it in r1. */
function half(): Moving {
  count += 1;
  const here = startMoving(acting, `half${count}`);
  point(first, here.image, here.next);
  return here;
}
const look = (here: Moving): Promise<Acted> => here.act([settleMove({})]);
const left = `the move of dev to 1.1.0 that ann on `;
/** The digest of a further version, in every registry. */
const further = (here: Moving, version: string) =>
  acting.registries.map((registry) => registry.put(here.image, `dev-${version}`, { v: version }))[0] ?? "";

describe("a move that somebody left half-way", () => {
  it("is finished where every registry has the image, and recorded as theirs", async () => {
    const here = half();
    here.leave({ reason: "Theirs" });
    const ended = await look(here);
    expect(ended.states).toEqual(["done"]);
    expect(ended.shown).toContain(`finishing ${left}`);
    expect(here.dev()).toEqual([here.next, here.next]);
    expect(here.intent()).toBeNull();
    expect(here.refs.entries).toMatchObject([
      { id: "left", version: "1.1.0", to: here.next, reason: "Theirs", registries: ["r1", "r2"] },
    ]);
  });

  it("is undone where one has not, and nothing is recorded", async () => {
    const here = half();
    drop(second, here);
    here.leave();
    expect((await look(here)).shown).toContain(`undoing ${left}`);
    expect(here.dev()).toEqual([here.old, here.old]);
    expect(here.intent()).toBeNull();
    expect(here.refs.entries).toEqual([]);
  });

  it("is undone where a stranger moved one, and that is left alone", async () => {
    const here = half();
    const foreign = second.put(here.image, "foreign", { v: "foreign" });
    point(second, here.image, foreign);
    here.leave();
    expect((await look(here)).states).toEqual(["done"]);
    expect(here.dev()).toEqual([here.old, foreign]);
  });

  it("stays where a registry does not answer, which is named, and is this run's now", async () => {
    const here = half();
    second.reply = () => ({ status: 501 });
    here.leave();
    const ended = await look(here);
    expect(refused(ended).what).toContain("r2 did not answer while dev moved to 1.1.0");
    expect(here.intent()).toMatchObject({ id: "left", owner: { pid: process.pid, at: 1_735_898_400 } });
    expect(here.refs.entries).toMatchObject([{ id: "left", registries: ["r1"] }]);
  });

  it("is put back where a registry takes no move, and the error is told", async () => {
    const here = half();
    second.reply = (asked) => (isMove(asked) ? { status: 403 } : null);
    here.leave();
    expect(refused(await look(here)).kind).toBe("registry_denied");
    expect(here.dev()).toEqual([here.old, here.old]);
    expect(here.intent()).toBeNull();
  });

  it("stays where it cannot be undone", async () => {
    const here = half();
    drop(second, here);
    first.reply = (asked) => (isMove(asked) ? { status: 403 } : null);
    here.leave();
    expect(refused(await look(here)).kind).toBe("registry_denied");
    expect(here.intent()).not.toBeNull();
    expect(here.dev()).toEqual([here.next, here.old]);
  });

  it("is told as the registry tells it where a look is refused", async () => {
    const here = half();
    second.reply = () => ({ status: 403 });
    here.leave();
    expect(refused(await look(here)).kind).toBe("registry_denied");
    expect(here.intent()).not.toBeNull();
  });
});

describe("a move after one that was left", () => {
  it("goes on from what that came to", async () => {
    const here = half();
    const to = further(here, "1.2.0");
    here.leave();
    expect((await here.move({ version: "1.2.0", to })).states).toEqual(["done"]);
    expect(here.dev()).toEqual([to, to]);
    expect(here.refs.entries).toMatchObject([
      { id: "left", version: "1.1.0" },
      { version: "1.2.0", from: { r1: here.next, r2: here.next } },
    ]);
  });

  it("goes on from what the plan saw where that was undone, and in a registry that it did not touch", async () => {
    const here = half();
    drop(second, here);
    here.leave();
    const to = further(here, "1.2.0");
    expect((await here.move({ version: "1.2.0", to })).states).toEqual(["done"]);
    const other = half();
    point(first, other.image, other.old);
    other.leave({ places: other.seen.slice(0, 1) });
    expect((await other.move({ version: "1.2.0", to: further(other, "1.2.0") })).states).toEqual(["done"]);
    expect(other.refs.entries).toMatchObject([{ id: "left" }, { from: { r1: other.next, r2: other.old } }]);
  });

  it("is refused below a version that was finished for somebody else", async () => {
    const here = half();
    const to = further(here, "1.0.5");
    here.leave();
    const ended = await here.move({ version: "1.0.5", to });
    expect(refused(ended)).toMatchObject({
      what: 'try stopped at step "1": dev is 1.1.0 now, which ann released meanwhile',
      why: "1.0.5 is lower, and dev goes down only by a rollback.",
      fix: expect.stringContaining("or go back on purpose: i docker_rollback_dev --version 1.0.5"),
    });
    expect(here.dev()).toEqual([here.next, here.next]);
  });

  it.each([
    ["it is a rollback", "1.0.5", "rollback", {}],
    ["it is the same version", "1.1.0", "release", {}],
    ["theirs is no version", "1.0.5", "release", { version: "prod-ann-0a1b2c3d4" }],
    ["its own is no version", "prod-gp-0a1b2c3d4", "release", {}],
  ] as const)("is not where %s", async (_case, version, why, theirs) => {
    const here = half();
    const to = further(here, "1.0.5");
    here.leave(theirs);
    expect((await here.move({ version, why, to })).states).toEqual(["done"]);
    expect(here.dev()).toEqual([to, to]);
  });
});

describe("a move that goes on", () => {
  const busy = "another command is moving a tag of this image";

  it("is waited for a minute, and then refused with who moves", async () => {
    const here = half();
    const before = acting.clock.now();
    here.leave({ owner: { ...alive(), user: "gp" } });
    const ended = await look(here);
    expect(refused(ended)).toMatchObject({
      ...{ kind: "claimed", what: `try stopped at step "1": ${busy}` },
      why: expect.stringMatching(
        new RegExp(`^gp on .* \\(process ${process.pid}\\) holds refs/slipway/flip/${here.image}, and two at once`),
      ),
      fix: "Wait a minute, then run the same command again; if you are sure it is dead, run it with --break-lock",
    });
    expect((acting.clock.now() - before) / 1000).toBe(60);
  });

  it("is taken over at once with --break-lock", async () => {
    const here = half();
    const before = acting.clock.now();
    here.leave({ owner: alive() });
    const ended = await here.act([settleMove({})], { breakLock: true });
    expect([ended.states, acting.clock.now() - before]).toEqual([["done"], 0]);
    expect([here.dev(), here.intent()]).toEqual([[here.next, here.next], null]);
  });

  it("is over when its owner gives it up", async () => {
    const here = half();
    here.leave({ owner: alive() });
    acting.clock.alarm(2000, () => here.refs.put(`refs/slipway/flip/${here.image}`, null));
    expect((await look(here)).states).toEqual(["done"]);
    expect(here.dev()).toEqual([here.next, here.old]);
  });

  describe("whose owner cannot be looked at", () => {
    const [hour, { host }] = [3600, loadProcess()];
    const ref = (here: Moving) => `refs/slipway/flip/${here.image}`;
    it.each([
      ["on another machine whose clock is an hour ahead", { host: "far", at: 1_735_898_400 + hour }],
      ["on another machine whose clock is an hour behind", { host: "far", at: 1_735_898_400 - hour }],
      ["in another PID namespace of this machine", { namespace: "1" }],
    ])(
      "%s, is taken for left when it was not renewed for four minutes, and waited for while it is",
      async (_, more) => {
        const here = half();
        const now = acting.clock.now();
        here.leave({ owner: gone(more) });
        const by = gone(more).host;
        const { shown } = await look(here);
        expect(shown).toContain(`waiting for ann on ${by} (process 4194305), who moves dev to 1.1.0\n`);
        expect(shown.match(/waiting for/g)).toHaveLength(1);
        expect(shown).toContain(`finishing ${left}${by} left behind`);
        expect(here.dev()).toEqual([here.next, here.next]);
        expect((acting.clock.now() - now) / 1000).toBe(240);

        const alive = half();
        const renew = (at: number) => {
          alive.leave({ owner: gone({ ...more, at }) });
          acting.clock.alarm(60_000, () => renew(at + 60));
        };
        renew(1_735_898_400);
        expect(refused(await look(alive)).why).toContain(`ann on ${by} (process 4194305) holds ${ref(alive)}`);
        expect(alive.dev()).toEqual([alive.next, alive.old]);
        expect(by === host).toBe("namespace" in more);
      },
    );

    it("is renewed by its own owner every minute, and given up all the same", async () => {
      const here = half();
      point(first, here.image, here.old);
      const slow: OciServer["reply"] = ({ method }) => {
        if (method !== "HEAD") acting.clock.advance(20_000);
        return null;
      };
      for (const registry of [first, second]) registry.reply = slow;
      here.leave();
      expect((await look(here)).states).toEqual(["done"]);
      const at = here.refs.moved.map(([, flip]) => (flip as { owner?: { at: number } } | null)?.owner?.at ?? null);
      expect((at[1] ?? 0) - (at[0] ?? 0)).toBe(60);
      expect(at.at(-1)).toBeNull();
      expect(here.intent()).toBeNull();
    });
  });

  it("is waited for until Ctrl-C", async () => {
    const here = half();
    here.leave({ owner: alive() });
    const stop = new AbortController();
    acting.clock.alarm(2000, () => stop.abort());
    const ended = await here.act([settleMove({})], { signal: stop.signal });
    expect(refused(ended)).toMatchObject({ kind: "interrupted", exitCode: 130 });
    expect(here.refs.moved).toEqual([]);
  });
});
