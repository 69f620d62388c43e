import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Command, cmd } from "../../lib/kinds/command.ts";
import { localEvidence } from "../bed/evidence.ts";
import { doing, type Ground, type Place, startGround, told } from "./ground.ts";

let ground: Ground;
let at: Place;
beforeAll(async () => {
  ground = await startGround({ inGit: false });
  at = ground.place("evidence");
});
afterAll(() => ground.end());

const reports = ".git/slipway/reports/cmamp";
const full = (path: string) => join(ground.repo, reports, path);
beforeEach(() => {
  rmSync(full(""), { recursive: true, force: true });
  mkdirSync(full(""), { recursive: true });
});

const list = (text: string, more: Partial<Command> = {}): Command => ({
  ...cmd`sh -c ${`cd ${full("")}; ${text}`}`,
  does: "the fast tests",
  evidence: {
    dir: "web",
    list: "fast",
    image: null,
    code: { commit: "c".repeat(40), tree: "d".repeat(40) },
    files: { "junit.xml": `${reports}/fast.xml`, "coverage.data": `${reports}/fast.coverage` },
    to: `${reports}/evidence/fast`,
  },
  ...more,
});
const run = async (text: string, more: Partial<Command> = {}) =>
  told(await at.plan([doing("run", list(text, more))], "--json"));
const left = () => localEvidence(ground.repo, "cmamp", "fast");

describe("evidence of a run on this machine", () => {
  it.each([0, 3])("that ends with %d is kept, in place of that of the run before", async (code) => {
    await run("echo before");
    await run(`echo printed; echo said >&2; echo '<testsuites/>' >fast.xml; echo data >fast.coverage; exit ${code}`);
    const kept = await left();
    expect(kept).toMatchObject({ dir: "web", list: "fast", exitCode: code, ran: true, commit: "c".repeat(40) });
    expect(kept?.files["output.log"]?.split("\n").sort()).toEqual(["", "printed", "said"]);
    expect(kept?.files).toMatchObject({ "junit.xml": "<testsuites/>\n", "coverage.data": "data\n" });
    expect(readdirSync(full("evidence"))).toEqual(["fast"]);
  });

  it("says how often it failed before it passed", async () => {
    await run("[ -e once ] || { touch once; exit 1; }", { retries: 2 });
    expect(await left()).toMatchObject({ exitCode: 0, failedRuns: 1 });
  });

  it("has no report that an earlier run left", async () => {
    writeFileSync(full("fast.xml"), "<old/>");
    utimesSync(full("fast.xml"), 1, 1);
    await run("true");
    expect(Object.keys((await left())?.files ?? {})).toEqual(["output.log"]);
  });

  it("takes no file that is a link, which may lead to what the tests could not read", async () => {
    writeFileSync(join(ground.repo, "private"), "secret");
    await run(`ln -s ${join(ground.repo, "private")} fast.xml`);
    expect(Object.keys((await left())?.files ?? {})).toEqual(["output.log"]);
  });

  it("is not written through a link, and nothing behind one is removed", async () => {
    const other = join(ground.repo, "..", `other.${process.pid}`);
    mkdirSync(join(other, "fast"), { recursive: true });
    writeFileSync(join(other, "fast", "mine"), "mine");
    symlinkSync(other, full("evidence"));
    const { error } = await run("true");
    expect(error?.what).toContain("is a link that leads out of the repo");
    expect([existsSync(join(other, "fast", "mine")), readdirSync(other)]).toEqual([true, ["fast"]]);
    rmSync(other, { recursive: true });
  });
});
