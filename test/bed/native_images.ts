import { needs } from "./parts.ts";
import type { Ground } from "./tiny_repo.ts";
import { docker, workflowsIn } from "./workflow.ts";

const machines = { ada: "linux/amd64", bob: "linux/arm64" } as const;

type Version = { readonly repo: string; readonly image: string; readonly version: string };

/** Builds, tests and shares `local-ada-X.Y.Z` and `local-bob-X.Y.Z`, as two machines of different platforms would; gives platform -> digest. */
export async function shareNative(
  ground: Ground,
  { repo, image, version }: Version,
): Promise<Readonly<Record<string, string>>> {
  await needs("emulation", "foreign");
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
