import { expect } from "vitest";
import { loadProcess } from "../../lib/doors/processes.ts";
import type { ReleaseStage } from "../../lib/names/stage.ts";
import { compareVersions, parseVersion } from "../../lib/names/version.ts";
import type { Owner } from "../../lib/plan/facts.ts";
import type { Plan } from "../../lib/plan/plan.ts";
import { must } from "../../thin_client/engine/command.ts";
import { holdAt, table } from "./crash.ts";
import type { CrashGround } from "./crash_ground.ts";
import { type Point, pointsOf } from "./crash_points.ts";
import { tagsAt } from "./final_state.ts";
import { git } from "./git.ts";
import { handImage, pushByHand, repositoryAt } from "./hand_image.ts";
import { logOf, refsOf } from "./oracle.ts";
import { releaseByHand, tagByHand } from "./released.ts";
import { change, changelog, type Ground } from "./tiny_repo.ts";
import type { Moment } from "./trap_proxy.ts";
import { type Done, workflowsIn } from "./workflow.ts";

/** A remote with two clones, whose versions are in all registries already: what is left to do is what can be raced for. */
export type Track = { readonly image: string; readonly remote: string; readonly clones: readonly [string, string] };

/** Makes it; each version has an image of its own. */
export async function makeTrack(ground: Ground, image: string, versions: readonly string[]): Promise<Track> {
  const repo = await ground.repo(image, { gates: [], registries: ground.addresses });
  for (const version of versions) await git(repo, "tag", "--annotate", `${image}-${version}`, "--message", version);
  await git(repo, "push", "--quiet", "--tags", "origin");
  const pushed = versions.flatMap((version) =>
    Object.values(ground.addresses).map((address) =>
      pushByHand(repositoryAt(address, image), imageOf(image, version), { tag: `dev-${version}` }),
    ),
  );
  await Promise.all(pushed);
  const clones = [await ground.clone(repo, `${image}-a`), await ground.clone(repo, `${image}-b`)] as const;
  return { image, remote: `${repo}.git`, clones };
}

type ProdVersions = {
  /** Released as dev and as prod before; the last of them is prod. */
  readonly released?: readonly string[];
  /** Released as dev; their prod images are in the registries. */
  readonly prod: readonly string[];
  /** Their dev images are in the registries; higher than all others. */
  readonly dev?: readonly string[];
};

/** The same for prod: each version stands on a released dev of its own number. */
export async function makeProdTrack(ground: Ground, image: string, versions: ProdVersions): Promise<Track> {
  const { released = [], prod, dev = [] } = versions;
  const repo = await ground.repo(image, { gates: [], registries: ground.addresses });
  await change(repo, { "changelog.txt": changelog(image, ...[...released, ...prod].reverse()) });
  const devs = [...released, ...prod].map(
    (version) => ({ stage: "dev", version, image: imageOf(image, version) }) as const,
  );
  const prods = released.map((version) => ({ stage: "prod", version, image: prodImageOf(image, version) }) as const);
  await releaseByHand(ground, repo, [...devs, ...prods]);
  await tagByHand(repo, [...devs, ...prods, ...dev.map((version) => ({ stage: "dev", version }) as const)]);
  const pushed = Object.values(ground.addresses).map(async (address) => {
    const to = repositoryAt(address, image);
    for (const version of prod) await pushByHand(to, prodImageOf(image, version), { tag: `prod-${version}` });
    for (const version of dev) await pushByHand(to, imageOf(image, version), { tag: `dev-${version}` });
  });
  await Promise.all(pushed);
  const clones = [await ground.clone(repo, `${image}-a`), await ground.clone(repo, `${image}-b`)] as const;
  return { image, remote: `${repo}.git`, clones };
}

export const prodImageOf = (image: string, version: string) => imageOf(`${image} prod`, version);
export const imageOf = (image: string, version: string) => handImage(`${image} ${version}`, [100, 1000]);
export const digestOf = (image: string, version: string): string => imageOf(image, version).digest;

/** Puts an object behind a ref of the remote, as a run that is no more, or lives elsewhere, would have left it. */
export async function leave({ clones, remote }: Track, ref: string, value: unknown): Promise<void> {
  const [repo] = clones;
  const object = (
    await must(["git", "-C", repo, "hash-object", "-w", "--stdin"], { input: JSON.stringify(value) })
  ).trim();
  await git(repo, "push", "--quiet", "--force", remote, `${object}:${ref}`);
}

/** Who holds something: a dead process of this machine unless told otherwise. */
export const ownerOf = (commit: string, more: Partial<Owner> = {}): Owner => ({
  nonce: crypto.randomUUID(),
  user: "root",
  ...loadProcess(),
  pid: 999_999_999,
  started: "1",
  commit,
  run: "",
  attempt: "",
  at: Math.floor(Date.now() / 1000),
  ...more,
});

type Moved = { readonly version: string; readonly to: string; readonly id: string };

/** The moves of dev (or prod), oldest first, as the log has them; throws where one goes down and is no rollback. */
export async function movesOf({ remote, image }: Track, stage: ReleaseStage = "dev"): Promise<readonly Moved[]> {
  const log = await logOf(remote, image);
  const flips = log.flatMap((entry) => (entry.type === "flip" && entry.tag === stage ? [entry] : []));
  for (const [index, flip] of flips.entries()) {
    const before = flips[index - 1];
    const goesDown = before && compareVersions(parseVersion(flip.version), parseVersion(before.version)) < 0;
    if (goesDown && flip.why !== "rollback") throw new Error(`${stage} went from ${before.version} to ${flip.version}`);
  }
  return flips.map(({ id, to, version }) => ({ id, version, to: String(to) }));
}

/** What dev (or prod) is in every registry. */
export const stageAt = (ground: Ground, image: string, stage: ReleaseStage): Promise<(string | undefined)[]> =>
  Promise.all(Object.values(ground.addresses).map(async (address) => (await tagsAt(address, image))[stage]));
export const devAt = (ground: Ground, image: string) => stageAt(ground, image, "dev");

/** Points dev (or prod) at a version that is in the registries already: from the claim to the record, and nothing slow. */
export const publishing = (clone: string, version: string, stage: ReleaseStage = "dev"): Typed => ({
  clone,
  line: [`docker_push_${stage}`, "--version", version, "--yes"],
});
export const rollingBack = (clone: string, version: string, stage: ReleaseStage = "dev"): Typed => ({
  clone,
  line: [`docker_rollback_${stage}`, "--version", version, "--yes"],
});
const runs = ({ clone, line }: Typed, ...more: readonly string[]) => workflowsIn(clone)(...line, ...more);
export const publish = (clone: string, version: string, ...more: readonly string[]) =>
  runs(publishing(clone, version), ...more);
export const rollBack = (clone: string, version: string, stage: ReleaseStage = "dev") =>
  runs(rollingBack(clone, version, stage));

/** What one run came to, in a few words: of an error its first two lines. */
export const told = ({ code, stderr }: Done): string => {
  const [what = "", why = ""] = stderr.split("\n").filter((line) => /^error:|^ +why:/.test(line));
  return code === 0 ? "0" : `${code} ${what.replace(/^error: .*?": /, "").slice(0, 50)} | ${why.trim().slice(5, 90)}`;
};
/** Prints the table of a race. */
export const print = (title: string, rows: readonly (readonly string[])[]) =>
  process.stdout.write(`${table([[title, "first", "second", "at the end"], ...rows])}\n`);

/** A line that somebody types in a clone. */
export type Typed = { readonly clone: string; readonly line: readonly [name: string, ...words: string[]] };
/** Where the first of two is held, by the moment and the name of the point, and whether the second has to wait for it there. */
export type Meeting = readonly [when: Moment, point: string, waits?: "waits"];

/** The registries of a ground as its repos have them: behind proxies that can hold a request. */
export const behindProxies = (on: CrashGround): Ground => ({ ...on.ground, addresses: on.addresses });

/**
 * Two at once, at one certain moment: the first is held at a point, the second runs then, to its end; or, where it has to
 * wait for the first, until it has looked for the first's end in vain, and the first goes on. Throws where the first does
 * not come to the point, or the second does not wait.
 */
export async function meet(
  on: CrashGround,
  { image }: Pick<Track, "image">,
  { first, second, at: [when, name, waits] }: { first: Typed; second: Typed; at: Meeting },
): Promise<readonly [Done, Done]> {
  const set = { image, bin: on.bin, proxies: on.proxies };
  const held = await holdAt({ ...set, repo: first.clone, point: await pointOf(first, when, name) }, ...first.line);
  if (waits === undefined) {
    const done = await workflowsIn(second.clone)(...second.line);
    held.letGo();
    return [await held.ended, done];
  }
  // It looks while it plans, finds the move, waits, and looks again.
  const point = { name: "looks again", when: "before", watch: { by: "git", words: " ls-remote ", nth: 3 } } as const;
  const waiting = await holdAt({ ...set, repo: second.clone, point }, ...second.line);
  held.letGo();
  const one = await held.ended;
  waiting.letGo();
  return [one, await waiting.ended];
}

async function pointOf({ clone, line: [name, ...words] }: Typed, when: Moment, point: string): Promise<Point> {
  const planned = await workflowsIn(clone)(name, ...words, "--dry-run", "--json");
  if (planned.code !== 0) throw new Error(planned.stderr);
  const points = pointsOf(JSON.parse(planned.stdout) as Plan);
  const found = points.find((one) => one.when === when && one.name === point);
  if (found) return found;
  throw new Error(`no ${when} ${point} in: ${points.map((one) => `${one.when} ${one.name}`).join(", ")}`);
}

/** Who lost ended with 2 and was told who was there: a name and a machine, with a process or what they did. */
export function assertTold(runs: readonly Done[]): number {
  const lost = runs.filter(({ code }) => code !== 0);
  for (const { code, stderr } of lost) {
    expect(code, stderr).toBe(2);
    expect(stderr).toMatch(/root on \S+ (\(process \d+\)|moved it to \d)/);
  }
  expect(lost.length, runs.map(told).join("\n")).toBeLessThan(runs.length);
  return lost.length;
}

/** Nothing is held any more, and dev (or prod) is the last move's digest in every registry. */
export async function assertSettled(ground: Ground, track: Track, stage: ReleaseStage = "dev"): Promise<string> {
  const held = (await refsOf(track.remote)).filter((line) => /slipway\/(claim|flip)/.test(line));
  expect(held).toEqual([]);
  const last = (await movesOf(track, stage)).at(-1);
  if (!last) throw new Error(`${stage} of ${track.image} never moved`);
  expect(await stageAt(ground, track.image, stage)).toEqual([last.to, last.to]);
  return last.version;
}
