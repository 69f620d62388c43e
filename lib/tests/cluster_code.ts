import type { On } from "../config/cluster.ts";
import type { Repository } from "../names/address.ts";
import { kind } from "../plan/kind.ts";
import { quote } from "../plan/render_plan.ts";

/** Brings the code of a commit, and what runs test lists, as layers into the repositories of images. */
export type ClusterCode = {
  readonly kind: "cluster_code";
  readonly on: On;
  readonly commit: string;
  readonly branch: string | null;
  readonly to: readonly Repository[];
};

export const clusterCode = kind<ClusterCode>("cluster_code", {
  always: true,
  lines: ({ commit, branch, to }) => [
    "git clone --no-checkout . app",
    `git -C app checkout ${branch ? `-B ${quote(branch)}` : "--detach"} ${commit}   # and its submodules`,
    ...to.map(({ reference }) => `# app as a layer to ${reference}, which a registry has once`),
  ],
  run: async (action, world) => (await import("./run_cluster_code.ts")).pushCode(action, world),
});
