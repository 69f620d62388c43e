import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Action, cmd } from "../../lib/model/plan.ts";
import { doing, type Ground, type Place, startGround, states, told } from "./ground.ts";

let ground: Ground;
let at: Place;
beforeAll(async () => {
  ground = await startGround();
  at = ground.place("stopped");
  ground.hook(`case $ref in refs/tags/stop-*) kill -INT ${process.pid} ;; esac`);
});
afterAll(() => ground.end());

const sh = (text: string): Action => cmd`sh -c ${text}`;
let count = 0;
/** An action that is through when Ctrl-C is heard. */
function stopping(): Action {
  count += 1;
  const { commit } = ground;
  return { kind: "git_ref", op: "tag", tag: `stop-${count}`, commit, message: "Stop" };
}
const interrupted = {
  kind: "interrupted",
  what: "interrupted",
  why: "The run was stopped from outside.",
  fix: "Type the same command again; what was finished is found and not done twice",
};

describe("Ctrl-C", () => {
  it("ends a command with all that it started, and no step after it is begun", async () => {
    const listeners = process.listenerCount("SIGINT");
    const stop = `sleep 60 & kill -INT ${process.pid}; wait; echo survived`;
    const ended = await at.plan([doing("one", sh(stop)), doing("two", sh("echo two"))], "--json");
    expect(ended.code).toBe(130);
    expect(told(ended).error).toEqual(interrupted);
    expect(ended.err).not.toContain("survived");
    expect(ended.err).not.toContain("two");
    expect(process.listenerCount("SIGINT")).toBe(listeners);
    expect(process.listenerCount("SIGTERM")).toBe(listeners);
  });

  it("between two actions of a step ends the run before the second", async () => {
    const ended = await at.plan([doing("one", stopping(), sh("echo second"))], "--json");
    expect(ended.code).toBe(130);
    expect(told(ended).error).toEqual(interrupted);
    expect(ended.err).not.toContain("second");
  });

  it("between two steps ends the run before the second", async () => {
    const ended = await at.plan([doing("one", stopping()), doing("two", sh("echo second"))], "--json");
    expect(told(ended).error.kind).toBe("interrupted");
    expect(ended.err).not.toContain("Do two");
  });

  it("in the last action of all changes nothing any more", async () => {
    expect(states(await at.plan([doing("one", stopping())], "--json"))).toEqual({ one: "done" });
  });

  it("of one run is not that of the next in the same process", async () => {
    expect((await at.plan([doing("one", stopping(), sh("echo second"))])).code).toBe(130);
    expect((await at.plan([doing("one", sh("echo second"))])).err).toContain("second\n");
  });
});

it("SIGTERM is as good as Ctrl-C", async () => {
  const ended = await at.plan([doing("one", sh(`kill -TERM ${process.pid}; sleep 60`))], "--json");
  expect(told(ended).error).toEqual(interrupted);
});
