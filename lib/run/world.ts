import { dirname, join } from "node:path";
import type { Console } from "../doors/console.ts";
import { appendPrivate, privateFolder } from "../doors/files.ts";
import { loadProcess } from "../doors/processes.ts";
import type { Refs } from "../doors/refs.ts";
import type { Flip } from "../names/flip.ts";
import type { RegistryClient } from "../oci/registry.ts";
import type { Facts, Owner } from "../plan/facts.ts";
import { type Plan, type Refusal, stepsOf, type Value } from "../plan/plan.ts";
import { comfort } from "./comfort.ts";
import type { HeldRef } from "./held_ref.ts";
import { nothingWaits, type Waiting } from "./waiting.ts";

/** `open` is a line of a check-list that nobody has confirmed yet: the rest of its step is not done. */
export type Outcome = "done" | "already" | "open";
/** What performers work with during one run. */
export type World = {
  readonly plan: Plan;
  readonly facts: Facts;
  readonly console: Console;
  readonly signal: AbortSignal;
  readonly owner: Owner;
  /** The step that runs; several may at once, each in a world of its own. */
  readonly step: StepRun;
  readonly quiet: boolean;
  /** stdout is for one JSON text. */
  readonly json: boolean;
  readonly breakLock: boolean;
  readonly refs: () => Promise<Refs>;
  readonly registries: () => Promise<RegistryClient>;
  readonly state: RunState;
};
/** What belongs to one step alone while it runs. */
export type StepRun = {
  readonly id: string;
  /** When it began, in milliseconds. */
  readonly began: number;
  /** Tells its containers from all others. */
  readonly run: string;
  /** Where its output is whole. */
  readonly logFile: string;
  /** The last lines of its output. */
  tail: string[];
  /** How often its command failed before it passed. */
  failedRuns?: number;
  show: (text: string) => void;
};
/** How a step ended; `stopped` is one that was ended because another failed. */
export type StepResult = {
  readonly id: string;
  readonly state: Outcome | "skipped" | "failed" | "stopped";
  readonly seconds: number;
  /** How often it failed before it passed: it is flaky. */
  readonly failedRuns?: number;
  /** Why it failed, and where its output is, where that is a file of its own. */
  readonly error?: Refusal & { readonly exitCode: number };
  readonly log?: string;
};
/** What a run has to tell at its end; the parts of one that is planned twice share it. */
export type Told = { text: string[]; data: unknown };
/** The little that grows during a run: what its steps made, the claim that is held, what there is to tell at the end. */
export type RunState = {
  /** Step -> what it made, the digest of an image; the last one is what the run was about. */
  readonly made: Map<string, string>;
  /** Step -> how it ended. */
  readonly results: Map<string, StepResult>;
  claim: HeldRef | null;
  readonly waiting: Waiting;
  /** Git tag -> the object that was made of it when it was tried. */
  readonly tried: Map<string, string>;
  text: string[];
  data: unknown;
  exitCode: number;
  /** A log or a cache could not be written, which was told. */
  withoutFiles: boolean;
  /** Logs that hold something. */
  readonly logs: Set<string>;
  /** Tag -> the flip of it that somebody left behind and this run settled. */
  readonly settled: Map<string, Flip>;
  /** Registry and tag -> the digest that it served right after the last thing that this run wrote. */
  readonly readBack: Map<string, string | null>;
};

/** What a run starts with. */
export const startState = (told: Told = { text: [], data: undefined }): RunState => ({
  made: new Map(),
  results: new Map(),
  claim: null,
  waiting: nothingWaits(),
  tried: new Map(),
  text: [...told.text],
  data: told.data,
  exitCode: 0,
  withoutFiles: false,
  logs: new Set(),
  settled: new Map(),
  readBack: new Map(),
});

/** The folder for Slipway's own files of a repo; made when first used, private to the user. */
export const slipwayFolder = (facts: Pick<Facts, "place">, ...names: readonly string[]): string =>
  privateFolder(join(facts.place.gitDir, "slipway", ...names));

/** The process that a container belongs to, as its label `dev.slipway.owner` says it. */
export const ownerLabel = ({ owner: { host, boot, pid, started, namespace } }: World): string =>
  [host, boot, pid, started, namespace].join("|");

/** The labels of a container that this run makes itself: so it is found and removed, also when this run is killed. */
export const ownLabels = (world: World): Readonly<Record<string, string>> => ({
  "dev.slipway.run": world.step.run,
  "dev.slipway.owner": ownerLabel(world),
});

/** The same for a program: compose reads the labels of its container from them, and what this run leaves is told by them. */
export const ownVariables = (world: World): Readonly<Record<string, string>> => ({
  SLIPWAY_RUN: world.step.run,
  SLIPWAY_OWNER: ownerLabel(world),
});

/** A value of the plan as text: what the step that it names made, or what was known. */
export function knownValue(world: World, value: Value): string {
  if (typeof value === "string") return value;
  const known = world.state.made.get(value.from);
  if (known !== undefined) return (value.prefix ?? "") + known;
  throw new Error(`a step uses what ${value.from} makes before that is made`);
}

/** Keeps what the step that runs has made. */
export function made({ state, step }: World, value: string): void {
  state.made.delete(step.id);
  state.made.set(step.id, value);
}

/** Shows output of a command and keeps it whole in the step's log. */
export function output(world: World, text: string): void {
  const { step, state } = world;
  step.show(text);
  comfort(world, () => {
    privateFolder(dirname(step.logFile));
    appendPrivate(step.logFile, text);
    state.logs.add(step.logFile);
  });
  step.tail = `${step.tail.join("\n")}${text}`.split("\n").slice(-31);
}

/** How the steps ended that did, in the plan's order. */
export const resultsOf = ({ plan, state }: World): StepResult[] =>
  stepsOf(plan).flatMap(({ id }) => state.results.get(id) ?? []);

/** Advice with the log behind it, where the step, or the run before it, printed something. */
export const withLog = (fix: string, { step, state }: World): string =>
  state.logs.has(step.logFile) ? `${fix}\n  log: ${step.logFile}` : fix;

/** Who runs this, as claims and flips hold it. */
export function thisOwner(facts: Facts, commit: string, at: number): Owner {
  return {
    nonce: crypto.randomUUID(),
    user: facts.user.name,
    ...loadProcess(),
    commit,
    run: facts.env["GITHUB_RUN_ID"] ?? "",
    attempt: facts.env["GITHUB_RUN_ATTEMPT"] ?? "",
    at: Math.floor(at / 1000),
  };
}
