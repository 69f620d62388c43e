import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allowedInTree } from "../../lib/config/tests.ts";
import { loadCode } from "../../lib/doors/git.ts";
import { loadTree } from "../../lib/doors/tree.ts";
import { cmd } from "../../lib/kinds/command.ts";
import { type RecordEntry, record } from "../../lib/kinds/record.ts";
import type { LogEntry, Pass } from "../../lib/names/log.ts";
import { group, type Step } from "../../lib/plan/plan.ts";
import { putIndex } from "../../lib/release/put_index.ts";
import { settleMove } from "../../lib/release/settle_move.ts";
import { snapshot } from "../../lib/tests/snapshot.ts";
import { commitAll, git } from "../bed/git.ts";
import { commit, config, digest, git as gitFacts, logged } from "../unit/factory.ts";
import { type Acted, type Acting, refused, startActing } from "./acting.ts";
import { doing, writeTo } from "./ground.ts";
import { alive } from "./moving.ts";

let acting: Acting;
beforeAll(async () => {
  acting = await startActing();
});
afterAll(() => acting.end());

const release = (more = {}): LogEntry => ({
  ...{ type: "release", stage: "dev", version: "1.0.0", digest: digest("a"), commit: commit("a"), registries: ["r1"] },
  ...more,
});
const entering = (entry: LogEntry, more: Partial<RecordEntry> = {}): RecordEntry =>
  record({ image: "x", entry, ...more });
const image = { from: "1" } as const;

describe("an entry of the log", () => {
  it("is signed with who, when and where, and stands there once", async () => {
    const actor = acting.actor("once");
    const ended = await actor.act([entering(release()), entering(release()), entering(release({ version: "1.1.0" }))]);
    expect(ended.states).toEqual(["done", "already", "done"]);
    const signed = { by: "gp", host: ended.world.owner.host, at: "2025-01-03T10:00:00.000Z" };
    expect(actor.refs.entries).toEqual([
      { ...release(), ...signed },
      { ...release({ version: "1.1.0" }), ...signed },
    ]);
  });

  it("of a CI names its run", async () => {
    const actor = acting.actor("ci", { env: { GITHUB_RUN_ID: "77" } });
    await actor.act([entering(release()), entering(release())]);
    expect(actor.refs.entries).toMatchObject([{ ci: "77" }]);
  });

  it("stands there again where the plan says so", async () => {
    const actor = acting.actor("again");
    const ended = await actor.act([entering(release()), entering(release(), { again: true })]);
    expect([ended.states, actor.refs.entries.length]).toEqual([["done", "done"], 2]);
  });

  it("names the image that the plan made, by the key of its kind", async () => {
    const actor = acting.actor("made");
    const [registry] = acting.registries;
    const one = registry?.put("made", "local-a", {}) ?? "";
    const parts = [{ platform: "linux/amd64", digest: one, name: "local-a" }];
    const place = { registry: "r1", repository: `${registry?.address}/made` };
    const flip: LogEntry = {
      ...{ type: "flip", id: "1", tag: "dev", version: "1.0.0", to: image, from: {}, why: "release" },
      registries: ["r1"],
    };
    const index = putIndex({ tag: "dev-1.0.0", place, children: parts });
    const ended = await actor.act([index, entering(release({ digest: image }), { index: place }), entering(flip)]);
    expect(ended.error).toBeNull();
    const made = registry?.digestOf("made", "dev-1.0.0");
    expect(actor.refs.entries).toMatchObject([{ digest: made, children: { "linux/amd64": one } }, { to: made }]);
    expect(actor.refs.entries[1]).not.toHaveProperty("digest");
  });

  it("names the dev image below that the plan made too", async () => {
    const actor = acting.actor("below");
    const [registry] = acting.registries;
    const one = registry?.put("below", "local-a", {}) ?? "";
    const place = { registry: "r1", repository: `${registry?.address}/below` };
    const parts = [{ platform: "linux/amd64", digest: one, name: "local-a" }];
    const base = { version: "1.0.0", digest: image };
    const prod = entering(release({ stage: "prod", base }));
    const ended = await actor.act([putIndex({ tag: "dev-1.0.0", place, children: parts }), prod]);
    expect(ended.error).toBeNull();
    expect(actor.refs.entries).toMatchObject([
      { stage: "prod", base: { version: "1.0.0", digest: registry?.digestOf("below", "dev-1.0.0") } },
    ]);
  });

  it("has no children where the image is none of several platforms", async () => {
    const actor = acting.actor("single");
    const [place] = actor.places;
    const one = acting.registries[0]?.put("single", "dev-1.0.0") ?? "";
    const ended = await actor.act([entering(release({ digest: one }), place ? { index: place } : {})]);
    expect(ended.error).toBeNull();
    expect(actor.refs.entries).toMatchObject([{ digest: one, children: {} }]);
  });

  it("may name no image", async () => {
    const actor = acting.actor("none");
    const entry: LogEntry = { type: "confirm", stage: "dev", version: "1.0.0", digest: null, line: "Read" };
    expect((await actor.act([entering(entry), entering(entry)])).states).toEqual(["done", "already"]);
    expect(actor.refs.entries).toMatchObject([{ type: "confirm", digest: null }]);
  });

  it("is a fault of ours where no step made its image", async () => {
    const { error } = await acting.actor("early").act([entering(release({ digest: image }))]);
    expect(String(error)).toBe("Error: an entry is recorded before its image is known");
  });
});

describe("a pass", () => {
  const pass = (more: Partial<Pass> = {}): Pass => ({
    ...{ type: "pass", digest: digest("a"), version: "1.0.0", list: "fast", commit: commit("a"), tree: commit("b") },
    ...{ runner: "pytest", platform: "linux/amd64", ...more },
  });
  const tests = (entry: Pass, more: Partial<RecordEntry> = {}): Step =>
    doing("fast_tests", cmd`sh -c ${"echo ran"}`, entering(entry, more));

  it("that the log has is not tested for again", async () => {
    const actor = acting.actor("passed");
    actor.refs.entries.push(logged(pass()));
    const ended = await actor.act([tests(pass())]);
    expect(ended.states).toEqual(["already"]);
    expect(ended.shown).toBe("[1/1] Do fast_tests (already: the log has this pass)\n");
  });

  it("of another image, or one that is asked for again, is", async () => {
    const actor = acting.actor("passed");
    actor.refs.entries.push(logged(pass()));
    for (const step of [
      tests(pass({ digest: digest("b") })),
      tests(pass(), { again: true }),
      tests(pass({ digest: image as never })),
    ])
      expect((await actor.act([step])).shown).toContain("ran\n");
  });

  describe("of code in Git", () => {
    let repo = "";
    beforeAll(async () => {
      repo = join(acting.dir, "repo");
      writeTo(join(repo, "a.py"), "x\n");
      writeTo(join(repo, "data/known.py"), "x\n");
      await commitAll(repo, "Start");
    });
    const mounted = config({ tests: { mount: ["data"] } });
    const env = { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" };
    const placeOf = () => ({
      ...{ root: repo, dir: ".", owner: repo, gitDir: join(repo, ".git") },
      cwd: ".",
      gitMounts: [],
      gitPrograms: [],
    });
    /** Records a pass of the code as it is at first, while tests do this to it. */
    async function run(
      tests: () => unknown,
      settings = config(),
    ): Promise<{ readonly ended: Acted; readonly log: number }> {
      const place = placeOf();
      const code = await loadCode(place, env);
      const allowed = allowedInTree({ config: settings, place });
      const tree = await loadTree(repo, { commit: code.code, allowed }, env);
      const actor = acting.actor("coded", { place, env, git: gitFacts(code), tree, config: settings });
      await tests();
      return { ended: await actor.act([entering(pass(), { onTree: true })]), log: actor.refs.entries.length };
    }

    it("is recorded where it is the code that was tested", async () => {
      expect(await run(() => undefined)).toMatchObject({ ended: { states: ["done"] }, log: 1 });
    });

    it("is recorded where another commit of the same files was made meanwhile", async () => {
      const empty = ["commit", "--quiet", "--allow-empty", "--message", "Empty"] as const;
      expect(await run(() => git(repo, ...empty))).toMatchObject({ ended: { states: ["done"] }, log: 1 });
    });

    it("is refused where somebody wrote to the tree meanwhile, with the first files that differ", async () => {
      const { ended, log } = await run(() =>
        ["1", "2", "3", "4", "5", "6"].map((name) => writeTo(join(repo, name), "x")),
      );
      expect(refused(ended)).toMatchObject({
        what: 'try stopped at step "1": the code changed while its tests ran: 1, 2, 3, 4, 5',
        why: "A pass is recorded for a commit, so the mounted code must be that commit from start to end.",
        fix: expect.stringContaining("add --snapshot"),
      });
      expect(log).toBe(0);
      await commitAll(repo, "More");
    });

    it("is refused where a file was changed and put back meanwhile", async () => {
      const { ended, log } = await run(() => ["y\n", "x\n"].map((text) => writeTo(join(repo, "a.py"), text)));
      expect(refused(ended).what).toContain("the code changed while its tests ran, and was put back");
      expect(log).toBe(0);
    });

    describe("where tests.mount names a folder", () => {
      const write = (name: string, ...texts: readonly string[]) => {
        for (const text of texts) writeTo(join(repo, "data", name), text);
      };

      it.each<[string, () => void, string | null]>([
        ["is recorded whatever is written beside the commit's files there", () => write("big.bin", "x"), null],
        ["is refused where a file of the commit was put back there", () => write("known.py", "y\n", "x\n"), "put back"],
        ["is refused where a file of the commit is another there", () => write("known.py", "y\n"), ": data/known.py"],
      ])("%s", async (_what, tests, says) => {
        const { ended, log } = await run(tests, mounted);
        write("known.py", "x\n");
        if (says === null) expect(ended.states).toEqual(["done"]);
        else expect(refused(ended).what).toContain(says);
        expect(log).toBe(says === null ? 1 : 0);
      });

      it("is not begun on a snapshot where a file of the commit is another there, or gone", async () => {
        await git(repo, "update-index", "--assume-unchanged", "data/known.py");
        const place = placeOf();
        const { code } = await loadCode(place, env);
        const made = snapshot({ path: ".git/slipway/x", code: { commit: code, branch: null, mounted: [] } });
        const take = async () =>
          acting.actor("mounted", { place, env, config: mounted }).act([doing("snapshot", made)]);
        expect((await take()).states).toEqual(["done"]);
        write("known.py", "y\n");
        expect(refused(await take())).toMatchObject({
          what: expect.stringContaining(
            "data/known.py is not as its commit has it, and tests.mount of repo_config.yaml",
          ),
          fix: expect.stringContaining("git checkout HEAD -- data/known.py"),
        });
        rmSync(join(repo, "data/known.py"));
        expect(refused(await take()).what).toContain("data/known.py is not as its commit has it");
      });
    });
  });
});

describe("what a clone remembers of the runs that release", () => {
  const file = (name: string) => join(acting.dir, ".git", "slipway", "runs", "x", `dev-${name}.json`);
  const runs = (name: string): unknown[] => JSON.parse(readFileSync(file(name), "utf8"));

  it("is each step with its time, and where the run stopped", async () => {
    const actor = acting.actor("kept");
    const steps = [
      doing("build", cmd`true`),
      { ...doing("push", cmd`true`), skip: "no" },
      doing("log", entering(release({ version: "5.0.0" }))),
    ];
    await actor.act(steps);
    const wait = { ...doing("build", settleMove({})), title: "Wait" } as const;
    const move = {
      id: "left",
      image: "kept",
      tag: "dev",
      version: "1.0.0",
      why: "release",
      to: digest("a"),
      places: [],
    };
    actor.refs.put("refs/slipway/flip/kept", { ...move, owner: alive() });
    const ended = await actor.act([wait, ...steps.slice(1)]);
    expect(refused(ended).kind).toBe("claimed");
    const step = (id: string, state: string, seconds = 0) => ({ id, title: `Do ${id}`, state, seconds });
    expect(runs("5.0.0")).toEqual([
      {
        ...{ workflow: "try", stage: "dev", version: "5.0.0", started: "2025-01-03T10:00:00.000Z", ended: "done" },
        steps: [step("build", "done"), step("push", "skipped"), step("log", "done")],
      },
      {
        ...{ workflow: "try", stage: "dev", version: "5.0.0", started: "2025-01-03T10:00:00.000Z", ended: "stopped" },
        steps: [{ ...step("build", "failed", 60), title: "Wait" }],
      },
    ]);
  });

  it("is of two releases in one run each its own group, and how far that came", async () => {
    const part = (id: string, version: string, ...more: readonly Step[]) => {
      const steps = [...more, doing(`log_${id}`, entering(release({ version })))];
      return group(id, `Release ${version}`, steps, { onFailure: "stop" });
    };
    const actor = acting.actor("kept");
    await actor.act([part("one", "8.0.0"), part("two", "8.1.0", doing("fails", cmd`false`))]);
    expect([runs("8.0.0"), runs("8.1.0")]).toMatchObject([
      [{ ended: "done", steps: [{ id: "log_one", state: "done" }] }],
      [{ ended: "stopped", steps: [{ id: "fails", state: "failed" }] }],
    ]);
  });

  it("is nothing of a run that releases nothing, and the last twenty of a version", async () => {
    const actor = acting.actor("kept");
    await actor.act([entering({ type: "skip", digest: digest("a"), version: "7.0.0", list: "fast", why: "no" })]);
    expect(() => runs("7.0.0")).toThrow();
    writeTo(file("2.0.0"), JSON.stringify(Array.from({ length: 20 }, (_, at) => ({ version: `${at}`, steps: [] }))));
    await actor.act([entering(release({ version: "2.0.0" }))]);
    expect(runs("2.0.0")).toHaveLength(20);
    expect(runs("2.0.0")[0]).toEqual({ version: "1", steps: [] });
  });

  it("begins anew where it cannot be read, and costs no run where it cannot be written", async () => {
    const actor = acting.actor("kept");
    writeTo(file("3.0.0"), "no JSON");
    expect((await actor.act([entering(release({ version: "3.0.0" }))])).states).toEqual(["done"]);
    expect(runs("3.0.0")).toHaveLength(1);
    writeTo(`${file("4.0.0")}/folder`, "");
    expect((await actor.act([entering(release({ version: "4.0.0" }))])).states).toEqual(["done"]);
  });
});

describe("a pass of somebody whose passes do not count", () => {
  const pass: Pass = {
    ...{ type: "pass", digest: digest("a"), version: "1.0.0", list: "fast", commit: commit("a"), tree: commit("b") },
    ...{ runner: "pytest", platform: "linux/amd64" },
  };
  it.each<[readonly string[], readonly string[]]>([
    [[], ["already"]],
    [["ann"], ["already"]],
    [["bob", "CI"], ["done"]],
  ])("is none: release.passes_from is %j", async (passes_from, states) => {
    const actor = acting.actor("from", { config: config({ release: { passes_from } }) });
    actor.refs.entries.push(logged(pass));
    const step: Step = { ...doing("gate", cmd`true`, entering(pass)) };
    expect((await actor.act([step])).states).toEqual(states);
    expect(actor.refs.entries).toHaveLength(states[0] === "done" ? 2 : 1);
  });
});
