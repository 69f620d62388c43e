import { describe, expect, it } from "vitest";
import type { AllFacts } from "../../lib/plan/facts.ts";
import { updateLock } from "../../lib/release/update_lock.ts";
import { facts, git, ids, lines, refusal, stepOf } from "./factory.ts";

type Options = Parameters<typeof updateLock>[1];
const plan = (more: Partial<AllFacts> = {}, options: Partial<Options> = {}) =>
  updateLock(facts(more), { cache: true, poetryMode: "update", ...options });
const place = (more: object) => ({ place: { ...facts().place, ...more } });

describe("a release with --update-poetry", () => {
  it.each<[Options["poetryMode"], readonly string[]]>([
    [undefined, []],
    ["no_update", []],
    ["update", ["build_local", "bring_lock_back", "commit_lock"]],
    ["refresh", ["build_local", "bring_lock_back", "commit_lock"]],
  ])("in mode %s has before it the steps %j", (poetryMode, wanted) => {
    expect(ids(plan({}, { poetryMode }))).toEqual(wanted);
  });

  it("builds in that mode, with the cache where it may", () => {
    expect(lines([stepOf(plan({}, { poetryMode: "refresh" }), "build_local")]).join(" ")).toContain(
      "POETRY_MODE=update",
    );
    expect(lines([stepOf(plan({}, { cache: false }), "build_local")]).join(" ")).toContain(" --no-cache ");
  });

  it.each<[string, Partial<AllFacts>, string, string]>([
    ["the root", {}, ".", "devops/docker_build"],
    ["a dir of the repo", place({ dir: "sub" }), ".", "sub/devops/docker_build"],
    ["a submodule", place({ dir: "amp/sub", owner: "/repo/amp" }), "amp", "sub/devops/docker_build"],
    [
      "a submodule that is a runnable dir itself",
      place({ dir: "amp", owner: "/repo/amp" }),
      "amp",
      "devops/docker_build",
    ],
  ])("commits exactly the two files of %s, in the repo that owns it", (_what, more, cwd, folder) => {
    const files = [`${folder}/poetry.lock`, `${folder}/pip_list.txt`];
    const step = stepOf(plan(more), "commit_lock");
    expect([step.title, step.do]).toEqual([
      "Commit poetry.lock and pip_list.txt",
      [
        { kind: "command", argv: ["git", "add", "--", ...files], env: {}, cwd },
        {
          kind: "command",
          argv: ["git", "commit", "--message", "Update poetry.lock of cmamp", "--", ...files],
          env: {},
          cwd,
          meaning: { "1": { why: "The lock is as it was.", fix: "Nothing to do", passes: true } },
        },
      ],
    ]);
  });

  it("is refused from a dirty tree, and asks nothing of one where the lock is taken as it is", () => {
    const dirty = { git: git({ dirty: ["a.py"] }) };
    expect(refusal(() => plan(dirty)).message).toBe("the code is not committed: a.py");
    expect(plan(dirty, { poetryMode: "no_update" })).toEqual([]);
  });
});
