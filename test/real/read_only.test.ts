import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { must } from "../../thin_client/engine/command.ts";
import { type Ground, makeGround } from "../bed/tiny_repo.ts";
import { workflowsIn } from "../bed/workflow.ts";

let ground: Ground;
let tree = "";
beforeAll(async () => {
  ground = await makeGround(1);
  const repo = await ground.repo("readonly");
  tree = join(ground.dir, "tree");
  mkdirSync(tree);
  await must(["mount", "--bind", repo, tree]);
  await must(["mount", "-o", "remount,bind,ro", tree]);
});
afterAll(async () => {
  await must(["umount", tree]);
  await ground.end();
});

describe.each(["bun", "tsx"] as const)("in a tree that is mounted read-only, under %s,", (runtime) => {
  const i = (name: string, ...words: readonly string[]) => workflowsIn(tree, { runtime })(name, ...words);

  it("what only looks says once that it keeps nothing, and tells all", async () => {
    const { code, stdout, stderr } = await i("changelog_check");
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: "changelog.txt: 1 entries, newest 1.0.0, all well\n",
      stderr: `going on without it: "${tree}/.git/slipway" cannot be made: it is on a disk that is mounted read-only\n`,
    });
  });

  it.each([
    ["changelog_add", ["--message", "More"], "changelog.txt", "opened"],
    ["init_runnable_dir", ["--dir", "inner", "--name", "inner"], "inner", "made"],
  ])("%s is refused in words, with the path and the line to type", async (name, words, path, verb) => {
    const { code, stderr } = await i(name, ...words);
    expect(code).toBe(1);
    expect(stderr).toContain(`"${tree}/${path}" cannot be ${verb}: it is on a disk that is mounted read-only\n`);
    expect(stderr).toContain(`findmnt --target ${tree}\n`);
    expect(stderr).not.toMatch(/\n\s+at \S+/);
  });
});
