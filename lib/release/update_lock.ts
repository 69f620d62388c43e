import { join, relative } from "node:path";
import { type BuildOptions, buildLocal } from "../build/local.ts";
import { lockFiles, type PoetryMode, resolves } from "../formats/poetry.ts";
import { cmd } from "../kinds/command.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { assertClean } from "../tests/tests.ts";
import { assertPushed, type PushOptions } from "./release_rules.ts";

/**
 * `docker_release_* --update-poetry`: a local build that resolves anew, and a commit of exactly poetry.lock and
 * pip_list.txt; the release is then planned from that commit. Nothing where the lock is taken as it is.
 */
export function updateLock(
  facts: Facts<"engine" | "log" | "inputs">,
  options: Omit<BuildOptions, "buildArg"> & PushOptions & { readonly poetryMode?: PoetryMode | undefined },
): Step[] {
  if (!resolves(options.poetryMode)) return [];
  assertClean(facts);
  assertPushed(facts, options);
  const owner = relative(facts.place.root, facts.place.owner) || ".";
  const folder = join(relative(facts.place.owner, join(facts.place.root, facts.place.dir)), "devops/docker_build");
  const files = lockFiles.map((name) => `${folder}/${name}`);
  const add = { ...cmd`git add -- ${files}`, cwd: owner };
  const commit = {
    ...cmd`git commit --message ${`Update poetry.lock of ${facts.config.imageName}`} -- ${files}`,
    cwd: owner,
  };
  const unchanged = { why: "The lock is as it was.", fix: "Nothing to do", passes: true as const };
  return [
    ...buildLocal(facts, { ...options, buildArg: [] }),
    step("commit_lock", "Commit poetry.lock and pip_list.txt", [add, { ...commit, meaning: { "1": unchanged } }]),
  ];
}
