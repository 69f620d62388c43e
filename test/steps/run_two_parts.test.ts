import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../../lib/errors.ts";
import { announce } from "../../lib/kinds/announce.ts";
import { cmd } from "../../lib/kinds/command.ts";
import { doing, type Ground, type Place, startGround, told, type Workflow } from "./ground.ts";

let ground: Ground;
let at: Place;
beforeAll(async () => {
  ground = await startGround();
  at = ground.place("scripts");
});
afterAll(() => ground.end());

const note = (words: string, more = {}) => announce({ text: words, ...more });

describe("a workflow of two parts", () => {
  const two = (more: Partial<Workflow> = {}): Workflow => ({
    ...{ about: "Two.", options: {} },
    before: { steps: () => [doing("first", note("first", { data: 1 }))] },
    steps: () => [doing("second", note("second"))],
    ...more,
  });

  it("runs the first, plans the rest then, and tells of both at the end", async () => {
    let planned = 0;
    const steps = () => {
      planned += 1;
      return [doing("second", note("second"))];
    };
    expect(await at.run(["two", two({ steps })])).toMatchObject({ code: 0, out: "first\nsecond\n" });
    expect(planned).toBe(1);
    expect(told(await at.run(["two", two()], "--json"))).toMatchObject({ result: 1, steps: [{ id: "second" }] });
  });

  it("says in its plan that more follows, and runs the second alone where the first has nothing to do", async () => {
    expect((await at.run(["two", two()], "--dry-run")).out).toBe(
      "two:\n 1. first: Do first\n      > # first\n# the rest is planned when this is done\n",
    );
    const none = two({ before: { steps: () => [] } });
    expect((await at.run(["two", none], "--dry-run")).out).toBe("two:\n 1. second: Do second\n      > # second\n");
    expect((await at.run(["two", none])).out).toBe("second\n");
  });

  it("ends with the first where that is bad news, and puts files back where either fails", async () => {
    const bad = two({ before: { steps: () => [doing("first", note("bad", { exitCode: 3 }))] } });
    expect(await at.run(["two", bad])).toMatchObject({ code: 3, out: "" });
    at.write("kept.txt", "before\n");
    mkdirSync(join(at.dir, "sub"), { recursive: true });
    const failing = two({
      before: {
        steps: () => [doing("write", cmd`sh -c ${"echo now > scripts/kept.txt; echo new > scripts/sub/new.txt"}`)],
        putsBack: () => ({ "scripts/kept.txt": "before\n", "scripts/sub/new.txt": null }),
      },
      steps: () => {
        throw new UserError("second failed", { why: "W.", fix: "F" });
      },
    });
    expect(await at.run(["two", failing])).toMatchObject({ code: 2 });
    expect(at.read("kept.txt")).toBe("before\n");
    expect(() => at.read("sub/new.txt")).toThrow();
  });
});
