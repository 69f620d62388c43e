import { clientWords, type On, platformConstraint } from "../config/cluster.ts";
import type { ListName } from "../config/tests.ts";
import type { Command } from "../kinds/command.ts";
import type { Repository } from "../names/address.ts";
import { kind } from "../plan/kind.ts";
import { quote } from "../plan/render_plan.ts";

/** One test list of a dir as a service of a swarm: in the image of a digest, on a commit's code, with its evidence brought back. */
export type ClusterTest = {
  readonly kind: "cluster_test";
  readonly on: On;
  readonly list: ListName;
  readonly dir: string;
  readonly repo: Repository;
  /** The digest that is tested; null where no registry has the image, and why. */
  readonly image: string | null;
  readonly missing: string;
  readonly platform: string;
  readonly code: { readonly commit: string; readonly tree: string };
  /** What runs inside: the words behind the image's entrypoint, and the variables beside its own. */
  readonly runner: string;
  readonly script: string;
  readonly entrypoint: boolean;
  readonly cwd: string;
  readonly user: string | null;
  readonly environment: Readonly<Record<string, string>>;
  /** Variables of the caller, by name. */
  readonly passed: readonly string[];
  readonly cpus: number;
  readonly memory: number;
  readonly constraints: readonly string[];
  readonly network: string | null;
  /** Seconds from its start to its evidence. */
  readonly deadline: number;
  readonly retries: number;
  /** Where its files go, relative to the outermost Git root. */
  readonly files: { readonly junit: string; readonly coverage: string | null; readonly log: string | null };
  readonly does: string;
  readonly reason: string;
  readonly meaning: NonNullable<Command["meaning"]>;
};

/** The words of `docker service create`, without what each run has of its own. */
const serviceWords = (action: ClusterTest): readonly string[] => [
  ...["service", "create", "--detach", "--no-resolve-image", "--with-registry-auth"],
  ...["--restart-condition", "on-failure", "--restart-delay", "1s"],
  ...["--reserve-cpu", String(action.cpus), "--limit-cpu", String(action.cpus)],
  ...(action.memory > 0 ? ["--reserve-memory", String(action.memory), "--limit-memory", String(action.memory)] : []),
  ...[platformConstraint(action.platform), ...action.constraints].flatMap((one) => ["--constraint", one]),
  ...(action.network === null ? [] : ["--network", action.network]),
  ...action.passed.flatMap((name) => ["--env", name]),
];

export const clusterTest = kind<ClusterTest>("cluster_test", {
  lines: (action) => {
    const { on, repo, image, list, dir, files, missing } = action;
    if (image === null) return [`# ${missing}`];
    return [
      `# ${repo.reference}@${image} with the code of ${action.code.commit.slice(0, 12)} as one layer more, pushed by its digest`,
      [...clientWords(on), ...serviceWords(action), "--name", "SERVICE", `${repo.reference}@DIGEST`]
        .map(quote)
        .join(" "),
      `# waits for the evidence of ${dir} ${list} in ${repo.reference}:evidence-..., and takes ${[files.junit, files.coverage, files.log].filter((file) => file !== null).join(", ")} out of it by digest`,
      [...clientWords(on), "service", "rm", "SERVICE"].map(quote).join(" "),
    ];
  },
  run: async (action, world) =>
    (await import("./run_cluster_test.ts")).runOnCluster(action, serviceWords(action), world),
});
