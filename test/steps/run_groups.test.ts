import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { announce } from "../../lib/kinds/announce.ts";
import { cmd, command } from "../../lib/kinds/command.ts";
import { type Group, group, type Step } from "../../lib/plan/plan.ts";
import { hostileTexts } from "../bed/hostile_texts.ts";
import { doing, type Ground, type Place, startGround, states, told } from "./ground.ts";

let ground: Ground;
let at: Place;
beforeAll(async () => {
  ground = await startGround({ inGit: false });
  at = ground.place("groups");
});
afterAll(() => ground.end());

const sh = (id: string, text: string): Step => doing(id, cmd`sh -c ${text}`);
const many = (steps: Group["steps"], how: Partial<Pick<Group, "atOnce" | "room" | "onFailure">> = {}): Group =>
  group("many", "Do many", steps, { onFailure: "go_on", ...how });
const numbers = Array.from({ length: 20 }, (_, number) => number);
const called = (number: number): string => `n${number}`;
const lines = (text: string): string[] => text.trimEnd().split("\n");
/** Says its number, waits until so many others have said theirs, and says it again. */
const meets = (number: number, others: number): Step => {
  const folder = join(ground.dir, "met");
  const wait = `while [ "$(ls ${folder} | wc -l)" -lt ${others} ]; do sleep 0.01; done`;
  return sh(called(number), `echo ${number}; mkdir -p ${folder}; touch ${folder}/${number}; ${wait}; echo ${number}`);
};

describe("a group", () => {
  it("does its steps in order, under a line of its own", async () => {
    const steps = [many([sh("a", "echo 1"), sh("b", "echo 2")]), sh("c", "echo 3")];
    const ended = await at.plan(steps);
    expect([ended.code, lines(ended.err)]).toEqual([
      0,
      [
        ...["many: Do many, all of them, also after a failure", "  [1/3] Do a", "1", "  [2/3] Do b", "2"],
        ...["[3/3] Do c", "3"],
      ],
    ]);
  });

  it("does so many at once, and shows the output of each whole, when it ends", async () => {
    const ended = await at.plan([
      many(
        [0, 1, 2, 3].map((number) => meets(number, 4)),
        { atOnce: 4 },
      ),
    ]);
    rmSync(join(ground.dir, "met"), { recursive: true });
    expect(ended.code).toBe(0);
    const starts = [0, 1, 2, 3].map((n) => `  [${n + 1}/4] Do n${n}`);
    expect(lines(ended.err).slice(0, 5)).toEqual([
      "many: Do many, 4 at once, all of them, also after a failure",
      ...starts,
    ]);
    const rest = lines(ended.err).slice(5);
    const blocks = [0, 3, 6, 9].map((first) => rest.slice(first, first + 3));
    expect(blocks.sort()).toEqual(starts.map((start, n) => [`${start}: done`, `${n}`, `${n}`]));
  });

  it("does no more at once than it says", async () => {
    const file = join(ground.dir, "at_once");
    const counts = `echo + >>${file}; echo $(($(grep -c + ${file}) - $(grep -c - ${file}))); sleep 0.05; echo - >>${file}`;
    const { err } = await at.plan([
      many(
        numbers.slice(0, 7).map((n) => sh(called(n), counts)),
        { atOnce: 2 },
      ),
    ]);
    const seen = lines(err).filter((line) => /^\d+$/.test(line));
    expect([seen.length, Math.max(...seen.map(Number))]).toEqual([7, 2]);
  });

  it("does at once what fits into its room, one too large for it alone, and none of them twice", async () => {
    const file = join(ground.dir, "in_room");
    const counts = (id: string) =>
      `echo + >>${file}; echo ${id} $(($(grep -c + ${file}) - $(grep -c - ${file}))); sleep 0.1; echo - >>${file}`;
    const small = ["a", "b", "c", "d"];
    const takes = {
      ...Object.fromEntries(small.map((id) => [id, { cpus: 1, memory: 1 }])),
      all: { cpus: 9, memory: 3 },
    };
    const room = { has: { cpus: 2, memory: 3 }, takes };
    const steps = ["a", "all", "b", "c", "d"].map((id) => sh(id, counts(id)));
    const { code, err } = await at.plan([many(steps, { atOnce: 5, room })]);
    const seen = lines(err).flatMap((line) => (/^\w+ \d+$/.test(line) ? [line.split(" ")] : []));
    const most = (id: string) => Number(seen.find(([name]) => name === id)?.[1]);
    expect([code, seen.map(([id]) => id).sort()]).toEqual([0, [...small, "all"].sort()]);
    expect([Math.max(...small.map(most)), most("all")]).toEqual([2, 1]);
  });

  it("of twenty with a failure has twenty results where it goes on, and the verdict of the worst", async () => {
    const steps = numbers.map((n) => sh(called(n), `echo out ${n}; exit ${{ 4: 3, 11: 9 }[n] ?? 0}`));
    rmSync(join(ground.repo, ".git", "slipway", "logs"), { recursive: true, force: true });
    const ended = await at.plan([many(steps, { atOnce: 4 }), sh("after", "echo no")], "--json");
    const all = told(ended).steps;
    expect([ended.code, all.length]).toEqual([9, 20]);
    expect(all.filter(({ state }) => state === "failed").map(({ id }) => id)).toEqual(["n4", "n11"]);
    expect(told(ended).error).toMatchObject({ kind: "steps", what: "2 of 20 steps failed" });
    expect(told(ended).error.why).toContain("step \"n4\" of try failed: `sh -c 'echo out 4; exit 3'` exited with 3");
    const [, , , , four] = all as readonly { readonly log?: string; readonly error?: object }[];
    expect(four?.error).toMatchObject({ kind: "command", exitCode: 3 });
    expect(readFileSync(four?.log ?? "", "utf8")).toBe("out 4\n");
  });

  it("keeps the output of each in a log of its own", async () => {
    const logs = join(ground.repo, ".git", "slipway", "logs");
    rmSync(logs, { recursive: true, force: true });
    await at.plan([many([sh("a", "echo 1"), sh("b", "echo 2; echo 3")], { atOnce: 2 })]);
    const kept = readdirSync(logs).sort();
    expect(kept.map((name) => name.replace(/^try\.[^.]+\.\d+/, ""))).toEqual([".a.log", ".b.log"]);
    expect(kept.map((name) => readFileSync(join(logs, name), "utf8"))).toEqual(["1\n", "2\n3\n"]);
  });

  it.each([undefined, 4])(
    "stops at the first failure where it is to, %s at once: others are ended, none begins",
    async (atOnce) => {
      const mark = join(ground.dir, "stopped");
      // Side by side the last of them has begun when the failure comes.
      const begun = atOnce ? `while ! [ -e ${mark}.z ]; do sleep 0.02; done; ` : "";
      const steps = [
        sh("ok", "true"),
        sh("bad", `${begun}exit 7`),
        ...["x", "y", "z"].map((id) => sh(id, `touch ${mark}.${id}; sleep 60; touch ${mark}`)),
      ];
      const ended = await at.plan([many(steps, { onFailure: "stop", ...(atOnce ? { atOnce } : {}) })], "--json");
      expect(ended.code).toBe(7);
      const beside = atOnce ? { x: "stopped", y: "stopped", z: "stopped" } : {};
      expect(states(ended)).toEqual({ ok: "done", bad: "failed", ...beside });
      expect(told(ended).error.what).toContain('try stopped at step "bad"');
      expect(existsSync(mark)).toBe(false);
    },
  );

  it("within a group is one part of it, and its failure is that of the part", async () => {
    const inner = (id: string, ...steps: readonly Step[]) => group(id, `Do ${id}`, steps, { onFailure: "stop" });
    const parts = [
      inner("left", sh("l1", "exit 4"), sh("l2", "true")),
      inner("right", sh("r1", "true"), sh("r2", "true")),
    ];
    const ended = await at.plan([many(parts, { atOnce: 2 })], "--json");
    expect([ended.code, states(ended)]).toEqual([4, { l1: "failed", r1: "done", r2: "done" }]);
  });

  it("starts where --from says: at a step of it, or at its first", async () => {
    const steps = [sh("a", "true"), many([sh("b", "true"), sh("c", "true")])];
    const left = steps.map((one) => ("do" in one ? { ...one, skip: "no" } : one));
    expect(states(await at.plan(left, "--json", "--from", "many"))).toEqual({ a: "skipped", b: "done", c: "done" });
    const ended = await at.plan(left, "--json", "--from", "c");
    expect(told(ended).error.what).toBe("--from c would leave out b, which is not done");
  });

  it("in which a person talks to a program beside others is a fault of ours", async () => {
    const talk = doing("talk", command({ ...cmd`true`, interactive: true }));
    const ended = await at.plan([many([talk, sh("a", "true")], { atOnce: 2 })], "--json");
    expect([ended.code, told(ended).error.kind]).toEqual([70, "bug"]);
  });

  it.each<[string, readonly (Step | Group)[], string]>([
    ["none of its steps at once", [many([sh("a", "true")], { atOnce: 0 })], '"many" does 0 steps at once'],
    ["no whole number of steps at once", [many([sh("a", "true")], { atOnce: 1.5 })], '"many" does 1.5 steps at once'],
    ["a step called as another", [sh("a", "true"), many([sh("a", "true")])], 'two steps of this plan are called "a"'],
    ["a step called as its group", [many([sh("many", "true")])], 'two steps of this plan are called "many"'],
    ["a step whose name leads elsewhere", [sh("../a", "true")], '"../a" is no name of a step'],
  ])("with %s is refused before anything is done, also in a dry run", async (_what, steps, what) => {
    const file = sh("first", "touch done");
    for (const words of [["--json"], ["--json", "--dry-run"]]) {
      const ended = await at.plan([file, ...steps], ...words);
      expect([ended.code, told(ended).error.what]).toEqual([2, what]);
    }
    expect(existsSync(join(ground.repo, "done"))).toBe(false);
  });

  it("is printed with its steps below it, numbered through the plan", async () => {
    const { out } = await at.plan(
      [sh("a", "true"), many([sh("b", "true")], { atOnce: "cores", onFailure: "stop" })],
      "--dry-run",
    );
    expect(lines(out)).toEqual([
      ...["try:", " 1. a: Do a", "      > sh -c true"],
      "    many: Do many, as many at once as there are cores",
      ...[" 2.   b: Do b", "        > sh -c true"],
    ]);
  });
});

describe("in GitHub Actions", () => {
  it("the output of steps at once is a group each, none within another", async () => {
    Object.assign(ground.env, { GITHUB_ACTIONS: "true", CI: "true" });
    const { err } = await at.plan([
      many(
        [0, 1, 2].map((number) => meets(number, 3)),
        { atOnce: 3 },
      ),
    ]);
    Object.assign(ground.env, { GITHUB_ACTIONS: undefined, CI: undefined });
    rmSync(join(ground.dir, "met"), { recursive: true });
    const marks = lines(err).filter((line) => /^::(group|endgroup)::/.test(line));
    expect(marks.map((line) => line.slice(0, 10))).toEqual(
      Array(3)
        .fill(["::group::[", "::endgroup"])
        .flat()
        .map((m) => m.slice(0, 10)),
    );
  });

  it.each(hostileTexts)("%j is no command to GitHub Actions, as title or as output", async (text) => {
    const file = at.write("hostile.txt", `a${text}\n${text}\n`);
    Object.assign(ground.env, { GITHUB_ACTIONS: "true", CI: "true" });
    const { code, err } = await at.plan([{ ...doing("one", cmd`cat ${file}`), title: `b${text}` }]);
    Object.assign(ground.env, { GITHUB_ACTIONS: undefined, CI: undefined });
    const lines = err.split("\n");
    const stops = lines.findIndex((line) => line.startsWith("::stop-commands::"));
    const goes = lines.indexOf(`::${lines[stops]?.split("::").at(-1)}::`);
    expect([code, stops > 0, goes > stops]).toEqual([0, true, true]);
    const read = [...lines.slice(0, stops), ...lines.slice(goes)];
    const commands = read.filter((line) =>
      /^\s*::(?!group::|stop-commands::|endgroup::|[0-9a-f-]{36}::$)|##\w*\[/.test(line),
    );
    expect(commands).toEqual([]);
    expect(read.filter((line) => line.startsWith("::group::")).length).toBe(1);
  });
});

describe("a report beside others", () => {
  it("tells at the end of the run, in the order of ending", async () => {
    const tell = doing("tell", announce({ text: "Told" }));
    expect(await at.plan([many([tell], { atOnce: 2 })])).toMatchObject({ code: 0, out: "Told\n" });
  });
});
