import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { SignedEntry } from "../../lib/names/log.ts";
import { containersOf, containersWith, engineTags } from "./engine_api.ts";
import { git } from "./git.ts";
import { logOf, refsOf } from "./oracle.ts";

const types = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
].join(", ");

/** Every tag of an image in one registry with its digest, asked without Slipway's own client. */
export async function tagsAt(address: string, image: string): Promise<Readonly<Record<string, string>>> {
  const listed = await fetch(`http://${address}/v2/${image}/tags/list`);
  if (![200, 404].includes(listed.status)) throw new Error(`${address} answered ${listed.status} about ${image}`);
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

/** The test lists that ran in a clone, by what they wrote themselves into the folders of reports. */
export function ranIn(repo: string): readonly string[] {
  const folder = join(repo, ".git", "slipway", "reports");
  const files = (existsSync(folder) ? readdirSync(folder) : []).map((image) => join(folder, image, "runs.txt"));
  return files.filter((file) => existsSync(file)).flatMap((file) => readFileSync(file, "utf8").trim().split("\n"));
}

/** How often a test list ran in a repo and its clones. */
export const runsOf = (list: string, ...repos: readonly string[]): number =>
  repos.flatMap(ranIn).filter((line) => line === list).length;

/** The log of an image, empty where its remote has none yet. */
async function logSoFar(repo: string, image: string): Promise<readonly SignedEntry[]> {
  const refs = await refsOf(`${repo}.git`);
  return refs.some((line) => line.startsWith(`refs/slipway/log/${image} `)) ? logOf(`${repo}.git`, image) : [];
}

/** Which lists have a pass in the log already. */
export const passesOf = async (repo: string, image: string): Promise<readonly string[]> =>
  (await logSoFar(repo, image)).flatMap((entry) => (entry.type === "pass" ? [entry.list] : []));

type Where = {
  readonly repo: string;
  readonly image: string;
  /** Of the registries themselves. */
  readonly addresses: readonly string[];
  /** What the engine calls them. */
  readonly named: readonly string[];
};

/** All that a workflow leaves behind, with what differs from image to image named by its role: two runs can be compared. */
export async function finalState({ repo, image, addresses, named }: Where): Promise<unknown> {
  const commit = await git(repo, "rev-parse", "HEAD");
  const tags = await Promise.all(addresses.map((address) => tagsAt(address, image)));
  const log = await logSoFar(repo, image);
  const entries = log.map(({ at, by, host, ...entry }) =>
    JSON.stringify({ ...entry, ...("id" in entry && { id: "" }), ...("tree" in entry && { tree: "" }) }),
  );
  const labelled = await containersWith(`dev.slipway.image=${image}`);
  const containers = new Set([...labelled, ...(await containersOf(`${named[0]}/${image}`))]).size;
  const underTest = (await engineTags(`${named[0]}/${image}`, "under-test-*")).length;
  const state = { tags, refs: await refsWithCommits(`${repo}.git`), log: entries.sort(), containers, underTest };
  const versions = Object.entries(tags[0] ?? {}).filter(([tag]) => tag.includes("-"));
  const children = log.flatMap((entry) => (entry.type === "release" ? Object.entries(entry.children ?? {}) : []));
  const roles = [
    ...children.map(([platform, digest]) => [digest, `DIGEST for ${platform}`]),
    ...versions.map(([tag, digest]) => [digest, `DIGEST of ${tag}`]),
    [commit, "COMMIT"],
    // Another than that, where the remote's main was merged.
    [(await git(repo, "for-each-ref", "--format=%(objectname)", "refs/remotes/origin/main")) || commit, "MAIN"],
    // The tag of a branch's commit and a candidate's have so much of it.
    ...[12, 9].map((count) => [commit.slice(0, count), `COMMIT${count}`]),
    [image, "IMAGE"],
  ];
  const text = roles.reduce(
    (one, [value = "", role = ""]) => one.replaceAll(value, role),
    JSON.stringify(state, null, 1),
  );
  return JSON.parse(text);
}

/** The refs of a repo; of tags and branches also the commit, behind an annotated tag too. */
async function refsWithCommits(repo: string): Promise<readonly string[]> {
  const format = "%(refname) %(if)%(*objectname)%(then)%(*objectname)%(else)%(objectname)%(end)";
  const lines = (await git(repo, "for-each-ref", `--format=${format}`)).split("\n");
  return lines.map((line) => (/^refs\/(tags|heads)\//.test(line) ? line : (line.split(" ")[0] ?? "")));
}
