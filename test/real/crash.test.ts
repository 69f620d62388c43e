import { userInfo } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Plan } from "../../lib/model/plan.ts";
import { run } from "../../thin_client/engine/command.ts";
import { crash, type Kill, killName, makeShims, sideBySide, table, watchRefs } from "../bed/crash.ts";
import { type Point, pointsOf } from "../bed/crash_points.ts";
import { finalState, hasPass, runsOf } from "../bed/final_state.ts";
import { refsOf } from "../bed/oracle.ts";
import { type Ground, makeGround } from "../bed/tiny_repo.ts";
import { startTrapProxy, type TrapProxy } from "../bed/trap_proxy.ts";
import { docker, dropImages, workflowsIn } from "../bed/workflow.ts";

const release = ["docker_release_dev", "--version", "1.0.0"] as const;
const width = 3;
let ground: Ground;
let bin = "";
let proxies: Readonly<Record<string, TrapProxy>> = {};
let points: readonly Point[] = [];
let undisturbed: unknown;
let made = 0;

/** A repo whose registries lie behind the proxies, with an image of its own. */
async function newRepo(): Promise<{ readonly repo: string; readonly image: string }> {
  made += 1;
  const image = `crash${made}x`;
  const registries = Object.fromEntries(Object.entries(proxies).map(([name, { address }]) => [name, address]));
  const repo = await ground.repo(image, { registries });
  watchRefs(repo);
  return { repo, image };
}

const stateOf = (at: { readonly repo: string; readonly image: string }) =>
  finalState({ ...at, addresses: Object.values(ground.addresses) });

beforeAll(async () => {
  ground = await makeGround(2);
  bin = await makeShims(ground.dir);
  const started = Object.entries(ground.addresses).map(async ([name, it]) => [name, await startTrapProxy(it)] as const);
  proxies = Object.fromEntries(await Promise.all(started));
  const { repo, image } = await newRepo();
  const planned = await workflowsIn(repo)(...release, "--dry-run", "--json");
  const plan = JSON.parse(planned.stdout) as Plan;
  points = pointsOf(JSON.parse(JSON.stringify(plan).replaceAll(image, "IMAGE")) as Plan);
  const done = await workflowsIn(repo)(...release);
  if (done.code !== 0) throw new Error(done.stderr);
  undisturbed = await stateOf({ repo, image });
});
afterAll(async () => {
  await dropImages(Object.values(proxies).map(({ address }) => address));
  await Promise.all(Object.values(proxies).map(({ stop }) => stop()));
  await ground.end();
});

type Job = { readonly point: Point; readonly kill: Kill; readonly elsewhere?: true };
type Row = Job & { readonly seconds: number; readonly wrong: readonly string[] };

/** A point of the plan, said of this image. */
function pointFor(point: Point, image: string): Point {
  const { watch } = point;
  return watch.by === "request"
    ? point
    : { ...point, watch: { ...watch, words: watch.words.replaceAll("IMAGE", image) } };
}

/** Ends a release at a point, looks at what it left, types it again, and tells all that is not as it has to be. */
async function endAndAgain({ point, kill, elsewhere }: Job): Promise<Row> {
  const start = Date.now();
  const at = await newRepo();
  const ended = await crash({ ...at, bin, proxies, kill, point: pointFor(point, at.image) }, ...release);
  const wrong = ended.hit ? [] : [`the point was not reached: it ended with ${ended.code}`];
  if (kill.signal !== "KILL") wrong.push(...(await leftBy(at, ended.code)));
  const passed = await hasPass(at.repo, at.image);
  const from = elsewhere ? await otherPlace(at) : at.repo;
  const again = await workflowsIn(from)(...release);
  if (again.code !== 0)
    wrong.push(`again: ${again.code} ${again.stderr.split("\n").filter((line) => /error|why/.test(line))}`);
  const runs = runsOf(at.repo, ...(elsewhere ? [from] : []));
  if (passed ? runs !== 1 : runs < 1 || runs > 2) wrong.push(`the tests ran ${runs} times`);
  wrong.push(...differences(undisturbed, await stateOf(at)));
  return { point, kill, ...(elsewhere ? { elsewhere } : {}), wrong, seconds: (Date.now() - start) / 1000 };
}

/** What an orderly way out may not leave: a claim, an intent, a container, or another exit code than 130. */
async function leftBy({ repo, image }: { repo: string; image: string }, code: number | null): Promise<string[]> {
  const refs = (await refsOf(`${repo}.git`)).filter((line) => /slipway\/(claim|flip)/.test(line));
  const containers = await docker("ps", "--all", "--quiet", "--filter", `label=dev.slipway.image=${image}`);
  return [
    ...(code === 130 ? [] : [`it ended with ${code}`]),
    ...refs.map((line) => `left ${line.split(" ")[0]}`),
    ...(containers === "" ? [] : ["left a container"]),
  ];
}

/** Another clone, with an engine that does not have the image. */
async function otherPlace({ repo, image }: { repo: string; image: string }): Promise<string> {
  const tags = [`local-${userInfo().username}-1.0.0`, "dev-1.0.0", "dev"];
  const names = Object.values(proxies).flatMap(({ address }) => tags.map((tag) => `${address}/${image}:${tag}`));
  await run(["docker", "rmi", "--force", ...names]);
  const left = await Promise.all(names.map((name) => run(["docker", "image", "inspect", name])));
  expect(left.filter(({ code }) => code === 0)).toEqual([]);
  return ground.clone(repo, `${image}-clone`);
}

/** The lines of two states that only one of them has. */
function differences(wanted: unknown, found: unknown): string[] {
  const [one = [], other = []] = [wanted, found].map((state) => JSON.stringify(state, null, 1).split("\n"));
  const only = (sign: string, here: readonly string[], there: readonly string[]) =>
    here.filter((line) => !there.includes(line)).map((line) => `${sign} ${line.trim()}`);
  const lines = [...only("lacks", one, other), ...only("has", other, one)];
  return lines.length > 0 || one.length === other.length ? lines : [`${other.length} lines, not ${one.length}`];
}

async function sweep(jobs: readonly Job[]): Promise<readonly string[]> {
  const rows = await sideBySide(jobs, width, endAndAgain);
  const lines = rows.map(({ point, kill, elsewhere, wrong, seconds }) => [
    `${point.when} ${point.name}`,
    killName(kill),
    wrong.length > 0 ? wrong.join("; ") : elsewhere ? "same, from another clone and engine" : "same",
    seconds.toFixed(1),
  ]);
  process.stdout.write(`${table([["point", "kill", "result", "seconds"], ...lines])}\n`);
  return rows.flatMap(({ point, kill, wrong }) =>
    wrong.map((one) => `${point.when} ${point.name}, ${killName(kill)}: ${one}`),
  );
}

const whom = ["alone", "group"] as const;

describe("a release that is killed", () => {
  it("has points before, inside and after every kind of change", () => {
    const [ends, names] = [new Set(points.map(({ when }) => when)), points.map(({ name }) => name).join("\n")];
    expect([...ends].sort()).toEqual(["after", "before", "inside"]);
    for (const part of ["claim: ref", "docker buildx", "docker compose", "run_fast_tests: log", "git_tag: ref"])
      expect(names).toContain(part);
    for (const part of ["blob sent by the engine", "blob to r2", "push_git_tag: ref", "flip_dev: dev in r2"])
      expect(names).toContain(part);
    expect(points.length).toBeGreaterThan(50);
  });

  it.each(whom)(
    "with SIGKILL to it %s ends the second time as an undisturbed one, wherever it was",
    async (one) => {
      const wrong = await sweep(points.map((point) => ({ point, kill: { signal: "KILL", whom: one } })));
      expect(wrong).toEqual([]);
    },
    600_000,
  );

  it("is finished from another clone by an engine that does not have its image", async () => {
    const chosen =
      /note_digest: ref|run_fast_tests: log|git_tag: ref|manifest to r2|flip_dev: dev in r2|record_release/;
    const jobs = points.filter(({ name, when }) => chosen.test(name) && when === "inside");
    const wrong = await sweep(
      jobs.map((point) => ({ point, kill: { signal: "KILL", whom: "group" }, elsewhere: true })),
    );
    expect({ jobs: jobs.length > 4, wrong }).toEqual({ jobs: true, wrong: [] });
  }, 600_000);
});

describe("a release that is interrupted", () => {
  const chosen =
    /^(claim: ref|build_local|run_fast|git_tag|push_dev: docker push|copy_to_others: blob|flip_dev: (intent$|dev in))/;
  it.each([
    { signal: "INT", whom: "group" },
    { signal: "TERM", whom: "alone" },
  ] as const)(
    "by $signal ends with 130, leaves no claim, intent and container, and is finished the second time",
    async (kill) => {
      const jobs = points.filter(({ name, when }) => chosen.test(name) && when === "inside");
      const wrong = await sweep(jobs.map((point) => ({ point, kill })));
      expect({ jobs: jobs.length > 8, wrong }).toEqual({ jobs: true, wrong: [] });
    },
    600_000,
  );
});
