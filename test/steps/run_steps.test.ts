import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { announce } from "../../lib/kinds/announce.ts";
import { byHand } from "../../lib/kinds/by_hand.ts";
import { cmd, command } from "../../lib/kinds/command.ts";
import { verifyDigest } from "../../lib/kinds/verify_digest.ts";
import { writeFile } from "../../lib/kinds/write_file.ts";
import type { Step } from "../../lib/plan/plan.ts";
import { checkDisk } from "../../lib/release/check_disk.ts";
import { digest } from "../unit/factory.ts";
import { doing, type Ground, startGround, states, told, type Workflow, writeTo } from "./ground.ts";

let ground: Ground;
beforeAll(async () => {
  ground = await startGround({ inGit: false });
});
afterAll(() => ground.end());

const note = (text: string, more = {}) => announce({ text, ...more });
const file = (path: string, content = "x\n") => writeFile({ path, content });
const ask = (text: string) => byHand({ text });

describe("progress", () => {
  it("names each step with its place in the plan, and why one is left out", async () => {
    const steps = [
      doing("one", file("steps/a.txt")),
      { ...doing("two", file("steps/b.txt")), skip: "it is there" },
      { ...doing("three", cmd`false`), skip: "--skip-tests" },
    ];
    const { code, out, err } = await ground.place("steps").plan(steps);
    expect({ code, out, err }).toEqual({
      code: 0,
      out: "",
      err: "[1/3] Do one\n[2/3] Do two (skipped: it is there)\n[3/3] Do three (skipped: --skip-tests)\n",
    });
  });

  it("shows on a terminal in red what an option left out", async () => {
    const steps = [
      { ...doing("one", cmd`false`), skip: "it is there" },
      { ...doing("two", cmd`false`), skip: "--skip-tests" },
    ];
    const { err } = await ground.person([], () => ground.place("steps").plan(steps));
    expect(err).toBe(
      "\u001b[2m[1/2]\u001b[0m Do one\u001b[2m (skipped: it is there)\u001b[0m\n" +
        "\u001b[2m[2/2]\u001b[0m Do two\u001b[31m (skipped: --skip-tests)\u001b[0m\n",
    );
  });

  it("is silent about a step that only tells, and with --quiet", async () => {
    const at = ground.place("steps");
    expect(await at.plan([doing("tell", note("Hello"))])).toEqual({ code: 0, out: "Hello\n", err: "" });
    expect(await at.plan([doing("one", file("steps/a.txt"))], "--quiet")).toEqual({ code: 0, out: "", err: "" });
  });

  it("says nothing of what is left out where a person talks to a program", async () => {
    const talk = doing("talk", command({ ...cmd`true`, interactive: true }));
    const { err } = await ground.place("steps").plan([{ ...doing("pull", cmd`true`), skip: "it is there" }, talk]);
    expect(err).toBe("[2/2] Do talk\n");
  });

  it("tells what a step took last time where that is two seconds or more", async () => {
    const at = ground.place("steps");
    const times = join(ground.repo, ".git", "slipway", "times.try.json");
    writeTo(times, JSON.stringify({ one: 2, two: 1.9, other: 7 }));
    const steps = [doing("one", file("steps/c.txt")), doing("two", file("steps/d.txt"))];
    expect((await at.plan(steps)).err).toBe("[1/2] Do one (took 2 s last time)\n[2/2] Do two\n");
    expect(JSON.parse(readFileSync(times, "utf8"))).toEqual({ one: 0, two: 0, other: 7 });
    writeTo(times, "no JSON");
    expect((await at.plan(steps)).err).toBe("[1/2] Do one\n[2/2] Do two\n");
  });
});

describe("a step", () => {
  it("is done, or already done where each of its actions was", async () => {
    const at = ground.place("states");
    const [one, two] = [file("states/one.txt"), file("states/two.txt")];
    const first = [doing("new", one), doing("nothing")];
    expect(states(await at.plan(first, "--json"))).toEqual({ new: "done", nothing: "done" });
    const second = [doing("same", one), doing("both", one, two), { ...doing("out", two), skip: "no" }];
    expect(states(await at.plan(second, "--json"))).toEqual({ same: "already", both: "done", out: "skipped" });
    expect(at.read("two.txt")).toBe("x\n");
  });

  it("writes a file with the mode that the plan names", async () => {
    const at = ground.place("states");
    await at.plan([doing("one", writeFile({ ...file("states/private/key"), mode: "0600" }))]);
    expect(readdirSync(join(at.dir, "private"))).toEqual(["key"]);
  });

  it("stays open, its rest undone, where only a person could confirm it", async () => {
    const at = ground.place("open");
    const steps = [doing("by_hand", ask("Is it good?"), file("open/no.txt")), doing("next", file("open/yes.txt"))];
    const ended = await at.plan(steps, "--json", "--yes");
    expect(states(ended)).toEqual({ by_hand: "open", next: "done" });
    expect(readdirSync(at.dir).sort()).toEqual(["changelog.txt", "repo_config.yaml", "yes.txt"]);
    expect((await at.plan(steps)).out).toBe("open     Is it good?\n");
    const withYes = await ground.person(["y"], () => at.plan(steps, "--yes"));
    expect(withYes).toMatchObject({ out: "open     Is it good?\n", err: expect.not.stringContaining("y/N") });
  });

  it("goes on where a person confirms it", async () => {
    const at = ground.place("asked");
    const steps = [doing("one", ask("Is it good?"), file("asked/one.txt")), doing("two", ask("Is it bad?"))];
    const { out } = await ground.person(["y", "n"], () => at.plan(steps));
    expect(out).toBe("\u001b[32mok\u001b[0m       Is it good?, confirmed\nopen     Is it bad?\n");
    expect(at.read("one.txt")).toBe("x\n");
  });
});

describe("the result", () => {
  it("is all that was told, as text, and the exit code of bad news", async () => {
    const steps = [doing("one", note("First")), doing("two", note(""), note("Second", { exitCode: 3 }))];
    expect(await ground.place("told").plan(steps)).toEqual({ code: 3, out: "First\nSecond\n", err: "" });
  });

  it("is for machines the plan's names, each step and what was told as data", async () => {
    const steps = [doing("one", note("First", { data: { rows: [1] } }))];
    const ended = await ground.place("told").plan(steps, "--json");
    expect(JSON.parse(ended.out)).toEqual({
      ...{ workflow: "try", image: "told", version: null, digest: null },
      steps: [{ id: "one", state: "done", seconds: 0 }],
      result: { rows: [1] },
    });
    expect(told(await ground.place("told").plan([doing("one", note("First"))], "--json")).result).toBeNull();
  });

  it("names the digest that was read back, and tells it to GitHub Actions", async () => {
    const at = ground.place("outputs");
    const image = ground.registries[0]?.put("outputs", "dev-1.0.0") ?? "";
    const place = { registry: "r1", repository: `${ground.registries[0]?.address}/outputs` };
    const steps = [
      doing("verify", verifyDigest({ tag: "dev-1.0.0", digest: image, places: [place] })),
      doing("tell", note("It is <digest>", { digest: image })),
    ];
    const [outputs, summary] = [at.write("outputs", ""), at.write("summary", "# Before\n")];
    Object.assign(ground.env, { GITHUB_OUTPUT: outputs, GITHUB_STEP_SUMMARY: summary });
    const ended = await at.plan(steps, "--json");
    await at.plan([doing("tell", note(""))]);
    Object.assign(ground.env, { GITHUB_OUTPUT: undefined, GITHUB_STEP_SUMMARY: undefined });
    expect(told(ended).digest).toBe(image);
    expect(at.read("outputs")).toBe(`digest=${image}\nversion=\n`);
    expect(at.read("summary")).toBe(`# Before\n### try\n\n\`\`\`\nIt is ${image}\n\`\`\`\n`);
  });

  it("has in red what nobody should overlook, and green before what is well", async () => {
    const text =
      "all good\nNOT TESTED at all\nr1 DRIFT dev\nPATCHED by ann\nWRONG line\nnot PATCHED\nMISSING git\nqa SKIPPED: why\nok      bash\nokay  x";
    const { out } = await ground.person([], () => ground.place("told").plan([doing("tell", note(text))]));
    const red = (line: string) => `\u001b[31m${line}\u001b[0m`;
    const lines = [red("NOT TESTED at all"), red("r1 DRIFT dev"), red("PATCHED by ann"), red("WRONG line")];
    const last = [red("MISSING git"), red("qa SKIPPED: why"), "\u001b[32mok\u001b[0m      bash", "okay  x"];
    expect(out).toBe(`${["all good", ...lines, "not PATCHED", ...last].join("\n")}\n`);
  });

  it("has digests of twelve digits where a person reads it, whole with --wide, and for a pipe neither that nor colour", async () => {
    const image = digest("a");
    const steps = () => [doing("tell", note(`dev is ${image}\nWRONG ${image}`))];
    const toPipe = async () => void Object.assign(process.stdout, { isTTY: false });
    const shown = (...words: readonly string[]) =>
      ground.person([], () => ground.place("told").plan(steps(), ...words));
    expect((await shown()).out).toBe("dev is aaaaaaaaaaaa\n\u001b[31mWRONG aaaaaaaaaaaa\u001b[0m\n");
    expect((await shown("--wide")).out).toBe(`dev is ${image}\n\u001b[31mWRONG ${image}\u001b[0m\n`);
    const piped: Workflow = { about: "Try.", options: {}, look: toPipe, steps };
    const { out } = await ground.person([], () => ground.place("told").run(["try", piped]));
    expect(out).toBe(`dev is ${image}\nWRONG ${image}\n`);
  });

  it("is a fault of ours, with its stack, where a step uses an image that no step made", async () => {
    const steps = [doing("tell", note("It is <digest>", { digest: { from: "build" } }))];
    const ended = await ground.place("told").plan(steps, "--json");
    expect(ended.code).toBe(70);
    expect(ended.err).toMatch(/^Error: a step uses what build makes before that is made\n +at /);
    expect(told(ended).error).toEqual({
      ...{ kind: "bug", what: "Error: a step uses what build makes before that is made" },
      ...{ why: "This is a bug in Slipway.", fix: "Report it with the lines above" },
    });
  });
});

describe("in GitHub Actions", () => {
  const inActions = async (steps: readonly Step[], ...words: readonly string[]) => {
    Object.assign(ground.env, { GITHUB_ACTIONS: "true", CI: "true" });
    const ended = await ground.place("actions").plan(steps, ...words);
    Object.assign(ground.env, { GITHUB_ACTIONS: undefined, CI: undefined });
    return ended.err.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "TOKEN").split("\n");
  };

  it("the output of a step is a group, in which no line is a command", async () => {
    const says = cmd`sh -c ${"echo '::set-env name=X::y'; printf 'no end'"}`;
    const title = "100% of\n::error::it";
    const steps = [doing("quiet", cmd`true`), { ...doing("loud", says), title }, doing("last", cmd`echo last`)];
    expect(await inActions(steps)).toEqual([
      ...["[1/3] Do quiet", "[2/3] 100% of", "\\u003a:error::it"],
      ...["::group::[2/3] 100%25 of%0A::error::it", "::stop-commands::TOKEN", "::set-env name=X::y", "no end"],
      ...["::TOKEN::", "::endgroup::", "[3/3] Do last"],
      ...["::group::[3/3] Do last", "::stop-commands::TOKEN", "last", "::TOKEN::", "::endgroup::", ""],
    ]);
  });

  it("a failure ends the group, and is told below its last lines and as an annotation", async () => {
    const says = cmd`sh -c ${"printf '\\033[31m::warning::red\\033[0m\\n'; exit 3"}`;
    const said = await inActions([doing("bad", says)]);
    expect(said.slice(0, 6)).toEqual([
      ...["[1/1] Do bad", "::group::[1/1] Do bad", "::stop-commands::TOKEN", "\u001b[31m::warning::red\u001b[0m"],
      ...["::TOKEN::", "::endgroup::"],
    ]);
    expect(said[6]).toBe("\\u003a:warning::red");
    expect(said.find((line) => line.startsWith("error:"))).toContain('stopped at step "bad"');
    expect(said.at(-2)).toMatch(/^::error title=Slipway::try stopped at step "bad": `sh -c .*` exited with 3$/);
  });

  it("--quiet shows no group", async () => {
    expect(await inActions([doing("one", cmd`echo one`)], "--quiet")).toEqual([""]);
  });
});

describe("--from", () => {
  const steps = [
    doing("look", checkDisk({})),
    doing("files", file("from/a.txt")),
    doing("run", cmd`true`),
    doing("last", file("from/b.txt")),
  ];

  it("looks and writes files again, which is done at once, and leaves nothing out that is not done", async () => {
    const at = ground.place("from");
    const ended = await at.plan(steps, "--json", "--from", "run");
    expect(states(ended)).toEqual({ look: "done", files: "done", run: "done", last: "done" });
    expect(states(await at.plan(steps, "--json", "--from", "run"))).toMatchObject({ files: "already" });
  });

  it.each([
    ["last", "--from last would leave out run, which is not done", "Use --from run, or no --from"],
    ["lasst", '"lasst" is not a step of this plan', "Did you mean --from last?"],
  ])("%s is refused", async (from, what, fix) => {
    const ended = await ground.place("from").plan(steps, "--json", "--from", from);
    expect(ended.code).toBe(2);
    expect(told(ended).error).toMatchObject({ what, fix: expect.stringContaining(fix) });
  });

  it("names the steps of the plan where it is none", async () => {
    const ended = await ground.place("from").plan(steps, "--json", "--from", "lasst");
    expect(told(ended).error.why).toBe("Its steps are look, files, run, last.");
  });

  it("passes a step that is left out anyway", async () => {
    const left = [{ ...doing("run", cmd`false`), skip: "no" }, doing("last", file("from/b.txt"))];
    const ended = await ground.place("from").plan(left, "--from", "last");
    expect(ended).toMatchObject({ code: 0, err: "[1/2] Do run (skipped: no)\n[2/2] Do last\n" });
  });
});

describe("where the system refuses a file", () => {
  it("a run goes on without its logs and caches, and says so once", async () => {
    const at = ground.place("without");
    const slipway = join(ground.repo, ".git", "slipway");
    rmSync(slipway, { recursive: true, force: true });
    writeFileSync(slipway, "no folder");
    const lines = [doing("one", cmd`echo one`), doing("two", cmd`echo two`, file("without/a.txt"))];
    const { code, err } = await at.plan(lines);
    rmSync(slipway);
    expect({ code, err }).toEqual({
      code: 0,
      err: `[1/2] Do one\none\ngoing on without it: "${slipway}/logs" cannot be made: a part of its path is no folder\n[2/2] Do two\ntwo\n`,
    });
    expect(at.read("a.txt")).toBe("x\n");
  });

  it("a run that is done is not failed by what GitHub Actions cannot be told", async () => {
    Object.assign(ground.env, { GITHUB_STEP_SUMMARY: "/dev/full" });
    const { code, out, err } = await ground.place("without").plan([doing("tell", note("Done"))]);
    Object.assign(ground.env, { GITHUB_STEP_SUMMARY: undefined });
    const why = 'going on without it: "/dev/full" cannot be written: no space is left on its disk\n';
    expect({ code, out, err }).toEqual({ code: 0, out: "Done\n", err: why });
  });

  it("a step that needs it is stopped in words: the step, the path and the line to type, and no stack", async () => {
    const at = ground.place("needed");
    at.write("plain", "no folder");
    const { code, err } = await at.plan([doing("one", file("needed/plain/a.txt"))]);
    const path = join(at.dir, "plain");
    expect({ code, err }).toEqual({
      code: 1,
      err: [
        "[1/1] Do one",
        `error: try stopped at step "one": "${path}/a.txt" cannot be read: a part of its path is no folder`,
        "  why: Something unexpected is at that path.",
        `  fix: Look at it: ls -ld ${path}/a.txt`,
        "",
      ].join("\n"),
    });
  });
});
