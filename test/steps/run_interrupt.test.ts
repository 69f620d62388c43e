import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../../lib/errors.ts";
import { cmd } from "../../lib/kinds/command.ts";
import { verifyDigest } from "../../lib/kinds/verify_digest.ts";
import { writeFile } from "../../lib/kinds/write_file.ts";
import { kind } from "../../lib/plan/kind.ts";
import type { Action } from "../../lib/plan/plan.ts";
import { type Acted, type Acting, refused, startActing } from "./acting.ts";
import { doing, type Ground, type Place, startGround, states, told } from "./ground.ts";

const sh = (text: string): Action => cmd`sh -c ${text}`;
const interrupted = {
  kind: "interrupted",
  what: "interrupted",
  why: "The run was interrupted.",
  fix: "Run the same command again; what was finished is not done twice",
};

/** What goes on when nobody watches it any more, and says so. */
const watched = kind<{ readonly kind: "watched" }>("watched", {
  lines: () => ["# watch it"],
  run: async () => {
    process.emit("SIGINT", "SIGINT");
    throw new UserError("interrupted while it goes on", {
      why: "It goes on.",
      fix: "Watch",
      exitCode: 130,
      kind: "interrupted",
    });
  },
});

describe("Ctrl-C", () => {
  let ground: Ground;
  let at: Place;
  beforeAll(async () => {
    ground = await startGround({ registries: 0, inGit: false });
    at = ground.place("stopped");
  });
  afterAll(() => ground.end());

  it("ends a command with all that it started, and no step after it is begun", async () => {
    const listeners = () => process.listenerCount("SIGINT") + process.listenerCount("SIGTERM");
    const before = listeners();
    const stop = `sleep 60 & kill -INT ${process.pid}; wait; echo survived`;
    const ended = await at.plan([doing("one", sh(stop)), doing("two", sh("echo two"))], "--json");
    expect(ended.code).toBe(130);
    expect(told(ended).error).toEqual(interrupted);
    expect(ended.err).not.toContain("survived");
    expect(ended.err).not.toContain("two");
    expect(listeners()).toBe(before);
  });

  it("is as good as the hang-ups of a terminal that closes, however many", async () => {
    const before = process.listenerCount("SIGHUP");
    const hangUp = `trap '' HUP; kill -HUP ${process.pid}; sleep 0.1; kill -HUP ${process.pid}; sleep 60`;
    const ended = await at.plan([doing("one", sh(hangUp)), doing("two", sh("echo two"))], "--json");
    expect([ended.code, told(ended).error]).toEqual([130, interrupted]);
    expect(ended.err).not.toContain("two");
    expect(process.listenerCount("SIGHUP")).toBe(before);
  });

  it("of what goes on without the run is told in its own words", async () => {
    const ended = await at.plan([doing("one", watched({})), doing("two", sh("echo two"))], "--json");
    const own = { kind: "interrupted", what: "interrupted while it goes on", why: "It goes on.", fix: "Watch" };
    expect([ended.code, told(ended).error, states(ended)]).toEqual([130, own, { one: "stopped" }]);
  });

  it("while the world is looked at ends the run before it plans", async () => {
    const look = async () => process.emit("SIGTERM", "SIGTERM");
    const steps = () => {
      throw new Error("it planned");
    };
    const ended = await at.run(["try", { about: "Try.", options: {}, look, steps }], "--json");
    expect([ended.code, told(ended).error]).toEqual([130, interrupted]);
  });

  it("ends a question that nobody has answered yet", async () => {
    const asks = () => {
      process.emit("SIGHUP", "SIGHUP");
      return "Go on?";
    };
    const workflow = { about: "Try.", options: {}, asks, steps: () => [doing("one", sh("echo went on"))] };
    const ended = await ground.person(["y"], () => at.run(["try", workflow], "--json"));
    expect([ended.code, told(ended).error]).toEqual([130, interrupted]);
    expect(ended.err).not.toContain("went on");
  });

  it("of one run is not that of the next in the same process; SIGTERM is as good", async () => {
    const ended = await at.plan([doing("one", sh(`kill -TERM ${process.pid}; sleep 60`))], "--json");
    expect(told(ended).error).toEqual(interrupted);
    expect((await at.plan([doing("one", sh("echo here"))])).err).toContain("here\n");
  });
});

describe("a run that is stopped while an action goes on", () => {
  let acting: Acting;
  beforeAll(async () => {
    acting = await startActing();
  });
  afterAll(() => acting.end());

  /** Stops it when the registry is asked; the look itself is through. */
  async function stopped(plan: (look: Action) => readonly Action[][]): Promise<Acted> {
    const stop = new AbortController();
    const [registry] = acting.registries;
    if (!registry) throw new Error("no registry");
    registry.reply = () => {
      stop.abort();
      return { status: 404 };
    };
    const actor = acting.actor("stopped");
    const look = verifyDigest({ tag: "x", digest: "", mayBeAbsent: true, places: actor.places });
    const steps = plan(look).map((actions, index) => doing(`step_${index + 1}`, ...actions));
    return actor.act(steps, { signal: stop.signal });
  }
  const write: Action = writeFile({ path: "written.txt", content: "x" });

  it("ends before the next action", async () => {
    const ended = await stopped((look) => [[look, write]]);
    expect(refused(ended)).toEqual({ ...interrupted, exitCode: 130 });
    expect(() => acting.actor("stopped").read("written.txt")).toThrow();
  });

  it("ends before the next step", async () => {
    const ended = await stopped((look) => [[look], [write]]);
    expect(refused(ended).kind).toBe("interrupted");
    expect(ended.shown).toBe("[1/2] Do step_1\n");
  });

  it("is done where it was the last", async () => {
    expect((await stopped((look) => [[look]])).states).toEqual(["done"]);
  });
});
