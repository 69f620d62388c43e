import { join } from "node:path";
import { makeSnapshot, removeSnapshot } from "../doors/snapshot.ts";
import { changedBelow } from "../doors/tree.ts";
import { UserError } from "../errors.ts";
import { kind } from "../plan/kind.ts";
import { quote } from "../plan/render_plan.ts";

/** Writes a commit of the outermost repo, with its submodules, to a folder of Slipway's own; or removes that folder. */
export type Snapshot = {
  readonly kind: "snapshot";
  /** Relative to the outermost Git root. */
  readonly path: string;
  /** Null to remove it. */
  readonly code: {
    readonly commit: string;
    readonly branch: string | null;
    /** What the config mounts out of it, relative to it. */
    readonly mounted: readonly string[];
  } | null;
};

export const snapshot = kind<Snapshot>("snapshot", {
  // It is made anew by every run, for a gate that sees it.
  always: true,
  lines: ({ path, code }) =>
    code
      ? [
          `git clone --no-checkout . ${quote(path)}`,
          `git -C ${quote(path)} checkout ${code.branch ? `-B ${quote(code.branch)}` : "--detach"} ${code.commit}   # and its submodules`,
        ]
      : [`rm -rf ${quote(path)}`],
  run: async ({ path, code }, { facts: { place, env, config, git } }) => {
    if (!code) removeSnapshot(join(place.root, path));
    else {
      const paths = config.testMounts.map((mount) => join(place.dir, mount));
      const [changed] = await changedBelow(place.root, { commit: code.commit, paths }, env);
      if (changed !== undefined) throw otherThanCommit(changed);
      await makeSnapshot(place.root, path, place.owner === place.root ? { ...code, origin: git.origin } : code, env);
    }
    return "done";
  },
});

function otherThanCommit(file: string): UserError {
  const path = quote(file);
  return new UserError(
    `${file} is not as its commit has it, and tests.mount of repo_config.yaml takes it from the tree`,
    {
      why: "A pass is recorded for a commit; what is mounted beside it is what Git does not know.",
      fix: `Commit it, have tests.mount name only paths without files of the commit, or take the commit's: git update-index --no-assume-unchanged ${path}; git update-index --no-skip-worktree ${path}; git checkout HEAD -- ${path}`,
      kind: "dirty",
    },
  );
}
