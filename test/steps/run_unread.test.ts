import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { announce } from "../../lib/kinds/announce.ts";
import { cmd } from "../../lib/kinds/command.ts";
import { doing, type Ground, type Place, startGround, type Workflow } from "./ground.ts";

let ground: Ground;
let at: Place;
beforeAll(async () => {
  ground = await startGround({ inGit: false });
  at = ground.place("unread");
});
afterAll(() => ground.end());

const failure = (code: string) => Object.assign(new Error(`write ${code}`), { code });
/** Writes on; what was written before cannot reach anybody. */
const losing = (stream: NodeJS.WriteStream, code: string, more = {}): Workflow => ({
  ...{ about: "Write.", options: {}, ...more },
  steps: () => {
    // Each write fails, and it is told once.
    for (let write = 0; write < 2; write += 1) stream.emit("error", failure(code));
    return [doing("one", cmd`sh -c ${"echo went on"}`), doing("tell", announce({ text: "done" }))];
  },
});

describe("a run whose output cannot be written", () => {
  it.each([
    ["a full disk", "stdout", "ENOSPC", "stdout could not be written: write ENOSPC\n"],
    ["a reader that has seen enough", "stdout", "EPIPE", ""],
    ["a terminal that was closed", "stderr", "EIO", ""],
  ] as const)("goes on to its end: %s", async (_case, stream, code, said) => {
    const ended = await at.run(["write", losing(process[stream], code)]);
    expect([ended.code, ended.out]).toEqual([0, "done\n"]);
    expect(ended.err).toContain("went on\n");
    expect(ended.err.match(/^stdout could.*\n/gm)?.join("") ?? "").toBe(said);
  });

  it("is not looked at again and again", async () => {
    const ended = await at.run(["write", losing(process.stdout, "EPIPE", { every: () => 10 })]);
    expect(ended.code).toBe(0);
    expect(ended.out.match(/^done$/gm)).toHaveLength(1);
  });
});
