import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { notice, outliveReaders, outputColumns, printLine, tellError } from "../doors/console.ts";
import { loadEnvironment, ownEnvironment } from "../doors/environment.ts";
import { putBack, realPath } from "../doors/files.ts";
import { forgetInterrupts, interrupted, interruption, listenForInterrupts } from "../doors/interrupt.ts";
import { dropEnvFiles, typedWords } from "../doors/words.ts";
import { UserError } from "../errors.ts";
import { dotEnvNotes } from "../formats/dotenv.ts";
import { withoutPassword } from "../git/git_remote.ts";
import { foreignNotes } from "../names/caller_variables.ts";
import type { ReleaseStage } from "../names/stage.ts";
import type { Facts, Given, Need } from "../plan/facts.ts";
import type { Plan, Step } from "../plan/plan.ts";
import { assertSound, reachesOf, stepsOf, usesRefs } from "../plan/plan.ts";
import { renderPlan } from "../plan/render_plan.ts";
import { systemRefusal } from "../text/system_errors.ts";
import { type Known, type Planned, planDespite } from "./despite.ts";
import { type Asked, loadFacts } from "./facts.ts";
import { type dirsOption, type OptionSet, universal, universalBeside, type Values } from "./options.ts";
import { cutAtWords, parseOptions } from "./parse_options.ts";
import type { Told } from "./world.ts";

/** A workflow: a sentence, its options, and the pure function from what was seen and the options to steps. */
export type Script<O extends OptionSet, S = unknown, N extends Need = Need> = {
  readonly about: string;
  /** What it is about, as `i` lists it; a repo's own workflow may have any, or none. */
  readonly subject?: string;
  readonly options: O;
  /** What the flow reads of the world beside config, changelog and user. */
  readonly needs?: readonly N[];
  /** The stage that the workflow releases or moves, dev where it is both; without it that of `--stage`, else dev. */
  readonly stage?: ReleaseStage | "both";
  /** Without a version the stage's newest changelog entry is meant. */
  readonly versionFromChangelog?: true;
  /**
   * Where it starts; without it in a runnable dir. `new`: where no config is yet. `none`: it belongs to no repo, runs anywhere,
   * reads no `.env`, and what it remembers lies with the user's own data.
   */
  readonly place?: "new" | "none";
  /** With `--json` it prints what its report holds, and nothing around it. */
  readonly bareJson?: true;
  /** What plans it in the many dirs of `--dirs`, where that makes sense; it is loaded where that is typed. */
  readonly inDirs?: () => Promise<{ readonly inDirs: (of: InDirs) => Plan["steps"] }>;
  /** The first word that is no option, and all after it, are the words of another program: `i docker ps --all`. */
  readonly passesWords?: true;
  readonly examples?: readonly string[];
  /** A question before anything changes, or null. A version that was not typed is asked about anyway. */
  readonly asks?: (facts: Facts<Given[N]>, options: Values<O>, seen: S) => string | null;
  /** What has to be done before the rest can be planned; its plan runs first, then everything is planned afresh. */
  readonly before?: {
    readonly steps: (facts: Facts<Given[N]>, options: Values<O>, seen: S) => Step[];
    /** Files that are put back as they are now, null where there is none, when this or what follows it fails. */
    readonly putsBack?: (facts: Facts<Given[N]>, seen: S) => Readonly<Record<string, string | null>>;
    /** A question before that, or null. */
    readonly asks?: (facts: Facts<Given[N]>, options: Values<O>, seen: S) => string | null;
  };
  /** Seconds after which everything is looked at again, until somebody ends it; undefined for once. */
  readonly every?: (options: Values<O>) => number | undefined;
  /** A question of its own to the world, which changes nothing: `steps` gets the answer. */
  readonly look?: (
    facts: Facts<Given[N]>,
    options: Values<O> & { readonly offline: boolean; readonly words: readonly string[] },
  ) => Promise<S>;
  readonly steps: (
    facts: Facts<Given[N]>,
    options: Values<O> & { readonly words: readonly string[] },
    seen: S,
  ) => Plan["steps"];
};
/** A workflow in many dirs, relative to the outermost Git root, with what it is told in each. */
export type InDirs = {
  readonly workflow: string;
  readonly dirs: readonly string[];
  readonly words: readonly string[];
};
type Common = Values<typeof universal>;

/** Defines a script, and runs it when its file is the one that was started. */
export async function script<const O extends OptionSet, S = undefined, N extends Need = never>(
  url: string,
  spec: Script<O, S, N>,
): Promise<Script<O, S, N>> {
  const file = fileURLToPath(url);
  if (process.argv[1] && realPath(process.argv[1]) === realPath(file)) {
    dropEnvFiles();
    process.exitCode = await runScript(basename(file, ".ts"), spec as Script<OptionSet>, typedWords());
  }
  return spec;
}

/** Runs a script with the words that were typed; gives its exit code, and never throws. */
export async function runScript(name: string, own: Script<OptionSet>, argv: readonly string[]): Promise<number> {
  const all = { ...universalBeside(own.options), ...own.options };
  const typed = own.passesWords ? cutAtWords(all, argv) : argv;
  outliveReaders();
  forgetInterrupts();
  const stopListening = listenForInterrupts();
  const wantsJson = typed.slice(0, [...typed, "--"].indexOf("--")).includes("--json");
  try {
    const environment =
      own.place === "none" ? ownEnvironment(process.env) : await loadEnvironment(process.cwd(), process.env);
    const { env, dotEnv } = environment;
    const { values, origins, words } = parseOptions(all, typed, env);
    const common = { ...values, ...ownMeanings(own.options) } as Common;
    if (common.help) return await printHelp(name, own, typed.includes("--help"));
    const spec = (await (await inManyDirs(own, values))?.({ name, spec: own, all, argv: typed, values })) ?? own;
    const options = { ...values, words } as Values<OptionSet> & { words: readonly string[] };
    const asked = values["stage"] === "prod" ? "prod" : "dev";
    let isTold = common.quiet;
    const look = async (): Promise<Known> => {
      const { stage = asked } = spec;
      const facts = await loadFacts({
        needs: spec.needs ?? [],
        ...(stage === "both" ? { stage: "dev", also: "prod" } : { stage }),
        versionFromChangelog: spec.versionFromChangelog === true,
        place: spec.place,
        options: options as Asked,
        dir: common.dir ?? process.cwd(),
        offline: common.offline,
        env,
        dotEnv: dotEnv.values,
      });
      const out = dotEnv.out.filter((variable) => variable !== facts.config.notify.slack);
      const notes = [...(environment.isTold ? [] : dotEnvNotes({ ...dotEnv, out })), ...foreignNotes(env)];
      if (!isTold) for (const line of notes) notice(`slipway: ${line}`);
      isTold = true;
      const seen = await spec.look?.(facts, { ...options, offline: common.offline });
      // What was cut off while it looked may say anything.
      if (interruption().aborted) throw interrupted();
      return { facts, seen };
    };
    return await planAndRun(name, spec, { look, options, common, origins });
  } catch (error) {
    const isTold = error instanceof UserError && error.kind === "interrupted";
    return report(interruption().aborted && !isTold ? interrupted() : error, wantsJson);
  } finally {
    stopListening();
  }
}

/** What makes a workflow one of many dirs, where `--dirs` asks for it. */
async function inManyDirs({ inDirs }: Script<OptionSet>, values: Readonly<Record<string, unknown>>) {
  const { dirs = [] } = values as Partial<Values<typeof dirsOption>>;
  return inDirs && dirs.length > 0 ? (await import("./many_dirs.ts")).manyDirs : undefined;
}

async function printHelp(name: string, spec: Script<OptionSet>, isWhole: boolean): Promise<number> {
  const { renderHelp, renderShortHelp } = await import("./help.ts");
  const { about, options, examples = [] } = spec;
  const render = isWhole ? renderHelp : renderShortHelp;
  printLine(render({ name, about, options, universal: universalBeside(options), examples }, outputColumns()));
  return 0;
}

/** A universal option that the script uses for something of its own is not given as such: `--from USER`. */
const ownMeanings = (own: OptionSet): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(universal).flatMap(([name, { fallback }]) => (name in own ? [[name, fallback]] : [])),
  );

type Turn = {
  readonly look: () => Promise<Known>;
  readonly options: Values<OptionSet> & { readonly words: readonly string[] };
  readonly common: Common;
  readonly origins: Readonly<Record<string, string>>;
  /** What a first part told, which is shown at the end. */
  readonly told?: Told;
};

/** Plans and prints, or plans and runs; what has to come first is run first and the rest planned from the new facts. */
async function planAndRun(
  name: string,
  spec: Script<OptionSet>,
  { look, options, common, origins, told = { text: [], data: undefined } }: Turn,
): Promise<number> {
  const seconds = common.dryRun ? undefined : spec.every?.(options);
  if (seconds !== undefined) return again(name, spec, { seconds, turn: { look, options, common, origins } });
  const planned = common.dryRun ? planDespite : planStrictly;
  const early = await look();
  const before = spec.before
    ? planned(early, ({ facts, seen }) => spec.before?.steps(facts, options, seen) ?? [])
    : null;
  const first = before?.steps ?? [];
  const known = before ?? early;
  const { facts, seen, steps, refused } =
    before && first.length > 0
      ? before
      : planned(known, ({ facts, seen }) => spec.steps(facts, options, seen), before?.refused);
  assertSound(steps);
  const asked = common.dryRun && reachesOf({ steps }).size > 0 ? await import("./consent.ts") : null;
  const untrusted = (await asked?.refusedFor({ steps }, facts)) ?? [];
  const plan = makePlan(name, facts, { steps, refused: [...refused, ...untrusted] });
  if (first.length === 0 && !common.quiet)
    for (const section of facts.config.leftAlone) notice(`${section} is no section of Slipway, and is left alone`);
  if (common.dryRun)
    return printPlan(plan, { json: common.json, isShort: common.quiet, origins, facts, goesOn: first.length > 0 });
  const { runPlan } = await import("./run_plan.ts");
  const breakLock = (options as Record<string, unknown>)["breakLock"] === true;
  const bareJson = spec.bareJson === true;
  if (first.length === 0)
    return runPlan(plan, facts, {
      common,
      breakLock,
      bareJson,
      question: spec.asks?.(facts, options, seen) ?? null,
      told,
    });
  const kept = spec.before?.putsBack?.(facts, seen) ?? {};
  try {
    const question = spec.before?.asks?.(facts, options, seen) ?? null;
    const code = await runPlan(plan, facts, { common, breakLock, bareJson, question, goesOn: true, told });
    const { before: _, ...rest } = spec;
    return code === 0 ? await planAndRun(name, rest, { look, options, common, origins, told }) : code;
  } catch (error) {
    for (const [path, text] of Object.entries(kept)) putBack(facts.place.root, path, text);
    throw error;
  }
}

/** Plans and runs every so many seconds, each time from what the world is then. */
async function again(
  name: string,
  spec: Script<OptionSet>,
  { seconds, turn }: { seconds: number; turn: Turn },
): Promise<number> {
  const { watch } = await import("./watch.ts");
  const { json } = turn.common;
  const look = async () => {
    const looked = await turn.look();
    return () => planAndRun(name, { ...spec, every: () => undefined }, { ...turn, look: async () => looked });
  };
  return watch({ seconds, json, look, report: (error) => report(error, json) });
}

const planStrictly: typeof planDespite = (known, plan) => ({ ...known, steps: plan(known), refused: [] });

const makePlan = (workflow: string, facts: Facts, { steps, refused }: Pick<Planned, "steps" | "refused">): Plan => ({
  slipway: 2,
  workflow,
  dir: facts.place.dir,
  image: facts.config.imageName,
  version: facts.version,
  ...remoteIn(facts, steps),
  ...(refused.length > 0 ? { refused } : {}),
  steps,
});

/** The remote of a plan that has to do with its refs. */
function remoteIn(facts: Facts, steps: Plan["steps"]): Pick<Plan, "remote"> {
  if (!stepsOf({ steps }).some(usesRefs) || !facts.git.remote) return {};
  return { remote: withoutPassword(facts.git.remote.pushTo) };
}

type Printing = {
  readonly json: boolean;
  readonly isShort: boolean;
  readonly origins: Readonly<Record<string, string>>;
  readonly facts: Facts;
  /** More is planned when this plan is done. */
  readonly goesOn: boolean;
};

function printPlan(plan: Plan, { json, isShort, origins, facts, goesOn }: Printing): number {
  const from = Object.entries(origins).map(([name, place]) => `# ${name} comes from ${place}`);
  const version =
    facts.versionFrom === "changelog" ? [`# version ${facts.version} is the newest entry of changelog.txt`] : [];
  const refusals = (plan.refused ?? []).flatMap(({ what, fix }) => [`# would be refused: ${what}`, `#   fix: ${fix}`]);
  const more = goesOn ? ["# the rest is planned when this is done"] : [];
  printLine(
    json
      ? JSON.stringify(plan, null, 2)
      : [...from, ...version, ...refusals, renderPlan(plan, isShort), ...more].join("\n"),
  );
  return 0;
}

/** Prints an error and gives its exit code; anything that is not a UserError is our bug and keeps its stack. */
export function report(thrown: unknown, json: boolean): number {
  const error = systemRefusal(thrown) ?? thrown;
  if (error instanceof UserError) return tellError(error, json);
  notice((error instanceof Error && error.stack) || String(error));
  const known = {
    why: "This is a bug in Slipway.",
    fix: "Report it with the lines above",
    exitCode: 70,
    kind: "bug",
    steps: undefined,
  };
  return tellError({ message: String(error), ...known }, json);
}
