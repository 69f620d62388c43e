import type { Ground } from "./tiny_repo.ts";
import { docker, workflowsIn } from "./workflow.ts";

const machines = { one: "linux/amd64", two: "linux/arm64" } as const;

type Version = { readonly repo: string; readonly image: string; readonly version: string };

/** Builds, tests and shares `local-one-X.Y.Z` and `local-two-X.Y.Z`, as machines of two platforms would; gives platform -> digest. */
export async function shareNative(
  ground: Ground,
  { repo, image, version }: Version,
): Promise<Readonly<Record<string, string>>> {
  const digests: Record<string, string> = {};
  for (const [machine, platform] of Object.entries(machines)) {
    const words = ["--version", version, "--platform", platform, "--no-push-to-repo", "--json"];
    const made = await workflowsIn(repo)("docker_release_dev", ...words);
    if (made.code !== 0 || made.digest === null) throw new Error(made.stderr);
    digests[platform] = made.digest;
    const shared = `${ground.addresses["r1"]}/${image}:local-${machine}-${version}`;
    await docker("tag", made.digest, shared);
    await docker("push", "--quiet", shared);
  }
  return digests;
}
