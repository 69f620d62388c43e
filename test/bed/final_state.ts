import { readFileSync } from "node:fs";
import { join } from "node:path";
import { git } from "./git.ts";
import { logOf, refsOf } from "./oracle.ts";
import { docker } from "./workflow.ts";

const types = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
].join(", ");

/** Every tag of an image in one registry with its digest, asked without Slipway's own client. */
export async function tagsAt(address: string, image: string): Promise<Readonly<Record<string, string>>> {
  const listed = await fetch(`http://${address}/v2/${image}/tags/list`);
  const { tags } = (await listed.json()) as { tags?: readonly string[] | null };
  const rows = (tags ?? []).map(async (tag) => {
    const { headers } = await fetch(`http://${address}/v2/${image}/manifests/${tag}`, {
      method: "HEAD",
      headers: { accept: types },
    });
    return [tag, headers.get("docker-content-digest") ?? "none"] as const;
  });
  return Object.fromEntries((await Promise.all(rows)).sort());
}

/** How often the test lists ran, by what they wrote themselves, in a repo and its clones. */
export const runsOf = (...repos: readonly string[]): number =>
  repos.reduce((sum, repo) => {
    try {
      return sum + readFileSync(join(repo, "runs.txt"), "utf8").trim().split("\n").length;
    } catch {
      return sum;
    }
  }, 0);

/** Whether the log has a pass already. */
export const hasPass = async (repo: string, image: string): Promise<boolean> =>
  (await logOf(`${repo}.git`, image).catch(() => [])).some(({ type }) => type === "pass");

type Where = { readonly repo: string; readonly image: string; readonly addresses: readonly string[] };

/** All that a release leaves behind, with what differs from image to image named by its role: two releases can be compared. */
export async function finalState({ repo, image, addresses }: Where): Promise<unknown> {
  const commit = await git(repo, "rev-parse", "HEAD");
  const tags = await Promise.all(addresses.map((address) => tagsAt(address, image)));
  const digest = tags[0]?.["dev-1.0.0"] ?? "no digest";
  const log = await logOf(`${repo}.git`, image).catch(() => []);
  const entries = log.map(({ at, by, host, ...entry }) =>
    JSON.stringify({ ...entry, ...("id" in entry && { id: "" }), ...("tree" in entry && { tree: "" }) }),
  );
  const refs = (await refsOf(`${repo}.git`)).map((line) => line.split(" ")[0] ?? "");
  const tagged = await git(`${repo}.git`, "rev-parse", `refs/tags/${image}-1.0.0^{commit}`).catch(() => "none");
  const containers = await docker("ps", "--all", "--quiet", "--filter", `label=dev.slipway.image=${image}`);
  const text = JSON.stringify({ tags, refs, tagged, log: entries.sort(), containers }, null, 1);
  return JSON.parse(
    [
      [digest, "DIGEST"],
      [commit, "COMMIT"],
      [image, "IMAGE"],
    ].reduce((one, [value = "", role = ""]) => one.replaceAll(value, role), text),
  );
}
