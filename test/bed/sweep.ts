import type { Plan } from "../../lib/plan/plan.ts";
import { run } from "../../thin_client/engine/command.ts";
import { crash, type Kill, killName, sideBySide, table } from "./crash.ts";
import type { CrashGround, Spot, SpotOptions } from "./crash_ground.ts";
import { type Point, pointsOf } from "./crash_points.ts";
import { containersWith, engineNames } from "./engine_api.ts";
import { passesOf, runsOf } from "./final_state.ts";
import { git } from "./git.ts";
import { refsOf } from "./oracle.ts";
import { type Done, startWith, workflowsIn } from "./workflow.ts";

/** A workflow that is ended at each of its points: the line that is typed, and what it is typed in. */
export type Swept = SpotOptions & {
  readonly line: readonly [name: string, ...words: string[]];
  /** What every run of it gets beside the environment. */
  readonly env?: (spot: Spot) => Readonly<Record<string, string | undefined>>;
  /** What it leaves beside refs, tags, log and containers. */
  readonly also?: (spot: Spot, on: CrashGround) => Promise<unknown>;
  /** It looks, and leaves all as it was. */
  readonly leavesNothing?: true;
  /** What somebody types who is told that they have to look, instead of the line again; null where it was not said. */
  readonly told?: (spot: Spot, again: Done) => readonly string[] | null;
};
/** One end of one run; `elsewhere`: it is typed again in another clone, where the engine does not have the image. */
export type Job = { readonly point: Point; readonly kill: Kill; readonly elsewhere?: true };
/** A moment of a run, as a part of the time that an undisturbed one takes, and what ends its process group then. */
export type Moment = { readonly part: number; readonly signal: "KILL" | "HUP" };

type Ends = { readonly seconds: number; readonly wrong: readonly string[] };
type Row = Job & Ends;
type MomentRow = Moment & Ends;

/** Ends a workflow at points, types it again and compares what is there then with an undisturbed run. */
export type Sweep = {
  readonly points: readonly Point[];
  /** All that was not as it has to be, a line each; prints a table. */
  readonly sweep: (jobs: readonly Job[]) => Promise<readonly string[]>;
  /** As `sweep`, for moments. */
  readonly atMoments: (moments: readonly Moment[]) => Promise<readonly string[]>;
};

/** How many runs at once. */
const width = 3;

/** Plans the workflow to know its points, and runs it undisturbed to know its end. */
export async function makeSweep(on: CrashGround, swept: Swept): Promise<Sweep> {
  const spot = await on.spot(swept);
  const i = workflowsIn(spot.repo, envOf(swept, spot));
  const [name, ...words] = swept.line;
  // In front: behind the name of a tool they would be the tool's words.
  const planned = await i(name, "--dry-run", "--json", ...words);
  const signs = await signsOf(spot);
  const text = signs.reduce(
    (one, [sign, value]) => one.replaceAll(new RegExp(`${value}(?![0-9a-f])`, "g"), sign),
    planned.stdout,
  );
  const plan = JSON.parse(text) as Plan;
  const before = await stateOf(on, swept, spot);
  const start = performance.now();
  const done = await i(...swept.line, "--yes");
  const took = performance.now() - start;
  if (done.code !== 0) throw new Error(done.stderr);
  const undisturbed = await stateOf(on, swept, spot);
  const isSame = differences(before, undisturbed).length === 0;
  if (isSame !== (swept.leavesNothing === true))
    throw new Error(`an undisturbed run leaves ${JSON.stringify(undisturbed)}`);
  const all: All = { on, swept, undisturbed, took, isHeld: (await namesOf(on, spot)).length > 0 };
  return {
    points: pointsOf(plan),
    sweep: async (jobs) => tell(await sideBySide(jobs, width, (job) => endAndAgain(all, job))),
    atMoments: async (moments) => tellMoments(await sideBySide(moments, width, (moment) => endAtMoment(all, moment))),
  };
}

type All = {
  readonly on: CrashGround;
  readonly swept: Swept;
  readonly undisturbed: unknown;
  /** How long the undisturbed run took, in milliseconds. */
  readonly took: number;
  /** An undisturbed run leaves the image in the engine. */
  readonly isHeld: boolean;
};

const envOf = ({ env }: Swept, spot: Spot) => ({ env: { ...process.env, ...env?.(spot) } });

async function stateOf(on: CrashGround, { also }: Swept, spot: Spot): Promise<unknown> {
  const [left, more] = await Promise.all([on.stateOf(spot), also?.(spot, on)]);
  const text = JSON.stringify({ left, more: more ?? null }).replaceAll(spot.image, "IMAGE");
  return JSON.parse(text);
}

/** What stands in a plan for the image of a spot and, in the tags of a candidate and of a branch, for the first digits of its commit. */
async function signsOf({ repo, image }: Spot) {
  const commit = await git(repo, "rev-parse", "HEAD");
  return [
    ["@image@", image],
    ...[12, 9].map((count) => [`@commit${count}@`, commit.slice(0, count)] as const),
  ] as const;
}

/** A point of the plan, said of this spot. */
async function pointFor(point: Point, spot: Spot): Promise<Point> {
  const { watch } = point;
  const signs = await signsOf(spot);
  const said = (text: string) => signs.reduce((one, [sign, value]) => one.replaceAll(sign, value), text);
  if ("words" in watch) return { ...point, watch: { ...watch, words: said(watch.words) } };
  return watch.by === "request" ? { ...point, watch: { ...watch, path: new RegExp(said(watch.path.source)) } } : point;
}

/** Ends a run at a point, looks at what it left, types it again, and tells all that is not as it has to be. */
async function endAndAgain(all: All, job: Job): Promise<Row> {
  const { on, swept } = all;
  const { point, kill, elsewhere } = job;
  const start = Date.now();
  const at = await on.spot(swept);
  const before = await passesOf(at.repo, at.image);
  const set = { ...at, ...on, kill, point: await pointFor(point, at), env: swept.env?.(at) ?? {} };
  const ended = await crash(set, ...swept.line, "--yes");
  const wrong = ended.hit ? [] : [`the point was not reached: it ended with ${ended.code}`];
  if (ended.late) wrong.push("the program had ended before it");
  if (kill.signal === "KILL" && ended.signal !== "SIGKILL") wrong.push(`it was not killed: ${ended.code}`);
  if (kill.signal !== "KILL") wrong.push(...(await leftBy(at, ended.code)));
  wrong.push(...(await typeAgain(all, at, { before, elsewhere: elsewhere === true })));
  return { ...job, wrong, seconds: (Date.now() - start) / 1000 };
}

type Left = { readonly before: readonly string[]; readonly elsewhere: boolean };

/** Types the line again, looks at what is there then, and tells all that is not as it has to be. */
async function typeAgain(all: All, at: Spot, { before, elsewhere }: Left): Promise<readonly string[]> {
  const { on, swept, undisturbed } = all;
  const wrong: string[] = [];
  const passed = (await passesOf(at.repo, at.image)).slice(before.length);
  const from = elsewhere ? await otherPlace(all, at) : at.repo;
  const i = workflowsIn(from, envOf(swept, at));
  let again = await i(...swept.line, "--yes");
  const instead = again.code === 0 ? null : swept.told?.(at, again);
  if (instead) again = await i(swept.line[0], ...instead);
  if (again.code !== 0)
    wrong.push(`again: ${again.code} ${again.stderr.split("\n").filter((line) => /error|why/.test(line))}`);
  for (const list of swept.built ? [] : (swept.gates ?? ["fast"])) {
    const runs = runsOf(list, at.repo, ...(elsewhere ? [from] : []));
    if (passed.includes(list) ? runs !== 1 : runs < 1 || runs > 2) wrong.push(`the ${list} tests ran ${runs} times`);
  }
  wrong.push(...differences(undisturbed, await stateOf(on, swept, at)));
  return wrong;
}

/** Ends a run at a moment, wherever it is then, types it again, and tells all that is not as it has to be. */
async function endAtMoment(all: All, moment: Moment): Promise<MomentRow> {
  const start = Date.now();
  const at = await endOneAt(all, moment);
  const wrong = await typeAgain(all, at, { before: at.before, elsewhere: false });
  const halves = (await filesBelow(at.repo)).filter((path) => path.includes(".slipway-new-"));
  return {
    ...moment,
    wrong: [...wrong, ...halves.map((path) => `left ${path}`)],
    seconds: (Date.now() - start) / 1000,
  };
}

/**
 * Starts runs until one has not ended before its moment, which is sent its signal there: how long a run takes is known from
 * another one, which may have had less of the machine. Gives the place of the one that was ended.
 */
async function endOneAt({ on, swept, took }: All, { part, signal }: Moment): Promise<Spot & Pick<Left, "before">> {
  let expected = took;
  for (let tries = 0; tries < 10; tries++) {
    const at = await on.spot(swept);
    const before = await passesOf(at.repo, at.image);
    const began = performance.now();
    const run = startWith(at.repo, envOf(swept, at).env, [...swept.line, "--yes"]);
    const comes = new Promise<true>((resolve) => setTimeout(() => resolve(true), expected * part));
    const inTime = await Promise.race([run.ended.then(() => false), comes]);
    if (inTime && (await run.kill(`SIG${signal}`)) !== 0) return { ...at, before };
    expected = 0.9 * Math.min(expected, performance.now() - began);
  }
  throw new Error(`ten runs of ${swept.line.join(" ")} had ended before ${expected * part} ms`);
}

/** The files of a work tree that Git does not know, ignored ones too. */
const filesBelow = async (repo: string): Promise<readonly string[]> =>
  (await git(repo, "ls-files", "--others")).split("\n");

/** What an orderly way out may not leave: a claim, an intent, a container, or another exit code than 130. */
async function leftBy({ repo, image }: Spot, code: number | null): Promise<string[]> {
  const refs = (await refsOf(`${repo}.git`)).filter((line) => /slipway\/(claim|flip)/.test(line));
  const containers = await containersWith(`dev.slipway.image=${image}`);
  return [
    ...(code === 130 ? [] : [`it ended with ${code}`]),
    ...refs.map((line) => `left ${line.split(" ")[0]}`),
    ...(containers.length === 0 ? [] : ["left a container"]),
  ];
}

/** The names that the engine has for the image of a spot. */
async function namesOf({ proxies }: CrashGround, { image }: Spot): Promise<readonly string[]> {
  const addresses = Object.values(proxies).map(({ address }) => address);
  return (await Promise.all(addresses.map((address) => engineNames(`${address}/${image}`)))).flat();
}

/** Another clone, with an engine that does not have the image, whether it had it or the workflow needs none. */
async function otherPlace({ on, isHeld }: All, spot: Spot): Promise<string> {
  const named = await namesOf(on, spot);
  if (isHeld !== named.length > 0) throw new Error(`the engine holds ${named.length} names of the image`);
  if (isHeld) await run(["docker", "rmi", "--force", ...named]);
  const left = await Promise.all(named.map((name) => run(["docker", "image", "inspect", name])));
  if (left.some(({ code }) => code === 0)) throw new Error(`the engine still has one of ${named}`);
  return on.ground.clone(spot.repo, `${spot.image}-clone`);
}

/** The lines of two states that only one of them has. */
function differences(wanted: unknown, found: unknown): string[] {
  const [one = [], other = []] = [wanted, found].map((state) => JSON.stringify(state, null, 1).split("\n"));
  const only = (sign: string, here: readonly string[], there: readonly string[]) =>
    here.filter((line) => !there.includes(line)).map((line) => `${sign} ${line.trim()}`);
  const lines = [...only("lacks", one, other), ...only("has", other, one)];
  return lines.length > 0 || one.length === other.length ? lines : [`${other.length} lines, not ${one.length}`];
}

function tell(rows: readonly Row[]): readonly string[] {
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

function tellMoments(rows: readonly MomentRow[]): readonly string[] {
  const name = ({ part, signal }: Moment) => `${(part * 100).toFixed(1)} %, ${signal}`;
  const lines = rows.map((row) => [name(row), row.wrong.join("; ") || "same", row.seconds.toFixed(1)]);
  process.stdout.write(`${table([["moment", "result", "seconds"], ...lines])}\n`);
  return rows.flatMap((row) => row.wrong.map((one) => `${name(row)}: ${one}`));
}
