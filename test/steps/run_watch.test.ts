import { afterAll, beforeAll, expect, it } from "vitest";
import { UserError } from "../../lib/errors.ts";
import { announce } from "../../lib/kinds/announce.ts";
import { doing, type Ground, type Place, startGround, type Workflow } from "./ground.ts";

let ground: Ground;
let at: Place;
beforeAll(async () => {
  ground = await startGround({ inGit: false });
  at = ground.place("watched");
});
afterAll(() => ground.end());

const note = (words: string, more = {}) => announce({ text: words, ...more });
const said = (words: string) => [doing("tell", note(words))];
/** Each turn plans the next of these, and Ctrl-C comes where there is none left. */
const watching = (...turns: readonly (() => ReturnType<typeof said>)[]): Workflow => {
  const left = [...turns];
  return {
    ...{ about: "Watch.", options: {}, every: () => 10 },
    steps: () => {
      const next = left.shift();
      if (!next) process.emit("SIGINT", "SIGINT");
      return next ? next() : said("never");
    },
  };
};
const bad = () => [doing("tell", note("bad", { exitCode: 1 }))];
const listeners = () => process.listenerCount("SIGINT") + process.listenerCount("SIGTERM");

it("tells each look with its time, until Ctrl-C, and ends with the last one's exit code", async () => {
  const before = listeners();
  const { code, out } = await at.run(["watch", watching(() => said("good"), bad)]);
  const heading = (time: string) => `--- 2025-01-03 10:00:${time} UTC`;
  expect(out.split("\n")).toEqual([heading("00"), "good", heading("10"), "bad", heading("20"), ""]);
  expect(code).toBe(1);
  expect(listeners()).toBe(before);
});

it("takes the screen anew on a terminal, and tells machines one JSON after the other", async () => {
  const { out } = await ground.person([], () => at.run(["watch", watching(() => said("good"))]));
  expect(out.split("\n").slice(0, 3)).toEqual([
    "\u001b[H\u001b[2J2025-01-03 10:00:20 UTC, every 10 s, Ctrl-C ends it",
    "",
    "good",
  ]);
  const json = await at.run(["watch", watching(() => said("good"), bad)], "--json");
  expect(json.out.match(/"workflow": "watch"/g)).toHaveLength(2);
  expect(json.out).not.toContain("---");
});

it("goes on after a failed look, and ends at a fault of ours", async () => {
  const failing = (error: Error) => () => {
    throw error;
  };
  const known = failing(new UserError("it is away", { why: "W.", fix: "F" }));
  const ended = await at.run(["watch", watching(known, () => said("good"))]);
  expect(ended).toMatchObject({ code: 0, err: "error: it is away\n  why: W.\n  fix: F\n" });
  expect((await at.run(["watch", watching(known)])).code).toBe(2);
  expect((await at.run(["watch", watching(failing(new Error("a bug")), () => said("good"))])).code).toBe(70);
});

it("ends with 130 where Ctrl-C comes before anything was seen", async () => {
  expect((await at.run(["watch", watching()])).code).toBe(130);
});

it("looks once with --dry-run", async () => {
  expect((await at.run(["watch", watching(() => said("good"))], "--dry-run")).out).toBe(
    "watch:\n 1. tell: Do tell\n      > # good\n",
  );
});
