import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { setClock } from "../../lib/doors/clock.ts";
import { withoutLines, writeAbove } from "../../lib/doors/live.ts";
import { type Begun, live, plain } from "../../lib/doors/progress.ts";
import { visible } from "../../lib/text/visible.ts";
import { hostileTexts } from "../bed/hostile_texts.ts";
import { type TestClock, testClock } from "./test_clock.ts";

/** What a terminal of so many columns shows after what was written; it knows what live lines use, and fails at a line that is wider. */
function screenOf(written: string, columns: number): string[] {
  const lines = [""];
  let [row, column] = [0, 0];
  for (const [part, back, clear] of written.matchAll(/\n|\p{Cc}\[(\d+)F|(\p{Cc}\[K)|\P{Cc}/gu)) {
    const line = lines[row] ?? "";
    if (part === "\n" || back !== undefined) {
      row = back === undefined ? row + 1 : row - Number(back);
      column = 0;
      lines[row] ??= "";
    } else if (clear) lines[row] = line.slice(0, column);
    else {
      lines[row] = line.slice(0, column) + part + line.slice(column + part.length);
      column += part.length;
    }
    if (column > columns) throw new Error(`wider than ${columns} columns: ${lines[row]}`);
  }
  return lines.join("\n").trimEnd().split("\n");
}

const { stderr } = process;
const before = { write: stderr.write, columns: stderr.columns, rows: stderr.rows };
let written: string[] = [];
let clock: TestClock;
beforeEach(() => {
  written = [];
  clock = testClock("2025-01-03T10:00:00Z");
  setClock(clock);
  const write = (text: string | Uint8Array) => written.push(String(text)) > 0;
  Object.assign(stderr, { write, columns: 40, rows: 12 });
});
afterEach(() => {
  Object.assign(stderr, before);
  setClock();
});

const paper = {
  say: (line: string) => writeAbove(`${line}\n`),
  raw: writeAbove,
  colour: (_style: string, text: string) => text,
};
const begun = (number: number, more: Partial<Begun> = {}): Begun => ({
  ...{ label: `[${number}/9]`, title: `Do step ${number}`, last: null, apart: false, isAsked: false },
  ...more,
});
const shown = (): string[] => screenOf(written.join(""), 40);
const ended = { state: "done", seconds: 3, tail: [] } as const;

describe("a step in a terminal", () => {
  it("is one line with its time, and the last line of its output below it", () => {
    const view = live(paper)(begun(1));
    clock.advance(100);
    expect(shown()).toEqual(["[1/9] Do step 1  0 s"]);
    view.output("one\ntwo\n");
    clock.advance(3000);
    expect(shown()).toEqual(["[1/9] Do step 1  3 s", "      two"]);
    view.end(ended);
    expect(shown()).toEqual(["[1/9] Do step 1  done in 3 s"]);
  });

  it("that ends at once is never a line that changes", () => {
    live(paper)(begun(1)).end({ ...ended, seconds: 0 });
    expect(written).toEqual(["[1/9] Do step 1  done\n"]);
  });

  it("tells what it took last time, where the line has room for it", () => {
    const face = live(paper);
    const views = [face(begun(1, { last: 3, apart: true })), face(begun(2, { last: 75, apart: true }))];
    clock.advance(1000);
    expect(shown()).toEqual(["[1/9] Do step 1  1 s, 3 s last time", "[2/9] Do step 2  1 s"]);
    for (const view of views) view.end(ended);
  });

  it("writes nothing while nothing changes, and of one line no other", () => {
    const face = live(paper);
    const [one, two] = [face(begun(1, { apart: true })), face(begun(2, { apart: true }))];
    one.output("x\n");
    two.output("y\n");
    clock.advance(1000);
    written = [];
    one.output("x\n");
    clock.advance(100);
    expect(written).toEqual([]);
    two.output("z\n");
    clock.advance(100);
    expect(written).toEqual(["\u001b[4F\n\n\n      z\u001b[K\n"]);
    for (const view of [one, two]) view.end(ended);
  });

  it("is drawn at most ten times a second, however much it prints", () => {
    const view = live(paper)(begun(1));
    for (let line = 0; line < 1000; line += 1) {
      view.output(`line ${line}\n`);
      clock.advance(1);
    }
    expect(written.length).toBeLessThanOrEqual(11);
    view.end(ended);
  });

  it("that failed is followed by the last thirty lines of its output", () => {
    const tail = Array.from({ length: 31 }, (_, line) => `line ${line}`);
    live(paper)(begun(1)).end({ state: "failed", seconds: 2, tail });
    expect(shown()).toEqual(["[1/9] Do step 1  failed in 2 s", ...tail.slice(1)]);
  });

  it("whose output was asked for shows it as it comes", () => {
    const view = live(paper)(begun(1, { isAsked: true }));
    view.output("one\n");
    clock.advance(5000);
    expect(shown()).toEqual(["[1/9] Do step 1", "one"]);
    view.end(ended);
  });

  it("whose output was asked for shows it whole when it ends, where others run beside it", () => {
    const face = live(paper);
    const [one, two] = [face(begun(1, { isAsked: true, apart: true })), face(begun(2, { apart: true }))];
    one.output("one\ntwo");
    clock.advance(1000);
    one.end(ended);
    clock.advance(100);
    expect(shown()).toEqual(["[1/9] Do step 1  done in 3 s", "one", "two", "[2/9] Do step 2  1 s"]);
    two.end(ended);
  });

  it("shows of what a program prints nothing that steers", () => {
    const view = live(paper)(begun(1));
    view.output("\u001b[2J\u001b]0;title\u0007\u202eevil\n");
    clock.advance(1000);
    expect(shown()[1]).toBe("       [2J ]0;title  evil");
    view.end(ended);
  });

  it("is folded between words when it stays", () => {
    live(paper)(begun(1, { title: "Build the image cmamp of the stage dev anew" })).end(ended);
    expect(shown()).toEqual(["[1/9] Build the image cmamp of the", "      stage dev anew  done in 3 s"]);
  });
});

const allowed = /\p{Cc}\[\d+F|\p{Cc}\[K/gu;

describe("forty hostile texts", () => {
  it("are as many", () => expect(hostileTexts.length).toBeGreaterThanOrEqual(40));

  it.each(hostileTexts)("%j moves nothing in a terminal, as title or as output", (text) => {
    const own = { ...paper, say: (line: string) => writeAbove(`${visible(line)}\n`) };
    const view = live(own)(begun(1, { title: visible(`a ${text} b`) }));
    view.output(`a ${text} b\n`);
    clock.advance(1000);
    view.end(ended);
    expect(written.join("").replaceAll(allowed, "")).not.toMatch(
      /[^\P{Cc}\n]|\p{Bidi_C}|[\u200b\u2028\u2029\u2060\ufeff]/u,
    );
  });
});

describe("more steps at once than a terminal has lines", () => {
  it("are their names alone, and how many there are", () => {
    const face = live(paper);
    const views = Array.from({ length: 15 }, (_, at) => face(begun(at, { apart: true })));
    for (const view of views) view.output("x\n");
    clock.advance(1000);
    expect(shown()).toEqual([
      ...Array.from({ length: 9 }, (_, at) => `[${at}/9] Do step ${at}  1 s`),
      "      and 6 more",
    ]);
    for (const view of views) view.end(ended);
    expect(shown().length).toBe(15);
  });
});

describe("what is said beside them", () => {
  it("stands above them, and a question has the end of the terminal for itself", async () => {
    const view = live(paper)(begun(1));
    clock.advance(1000);
    paper.say("a notice");
    expect(shown()).toEqual(["a notice", "[1/9] Do step 1  1 s"]);
    await withoutLines(async () => {
      expect(shown()).toEqual(["a notice"]);
      clock.advance(2000);
      expect(shown()).toEqual(["a notice"]);
    });
    expect(shown()).toEqual(["a notice", "[1/9] Do step 1  3 s"]);
    view.end(ended);
  });

  it("is not broken by a terminal that becomes narrower", () => {
    const view = live(paper)(begun(1, { title: "Do it in a line of forty columns" }));
    clock.advance(1000);
    Object.assign(stderr, { columns: 20 });
    written = [];
    view.end(ended);
    expect(written[0]).toBe("\u001b[2F\u001b[K\n\u001b[K\n\u001b[2F");
  });
});

describe("a step without a terminal", () => {
  it("is one line, and its output", () => {
    const view = plain(paper)(begun(1, { last: 3 }));
    view.output("one\n");
    clock.advance(5000);
    view.end(ended);
    expect(written).toEqual(["[1/9] Do step 1 (took 3 s last time)\n", "one\n", "      Done in 3 s\n"]);
  });
});
