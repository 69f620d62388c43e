import { dirname, join } from "node:path";
import type { Console } from "../doors/console.ts";
import { appendPrivate, privateFolder } from "../doors/files.ts";
import { loadProcess } from "../doors/processes.ts";
import type { Refs } from "../doors/refs.ts";
import type { RegistryClient } from "../doors/registry.ts";
import type { Facts, Owner } from "../model/facts.ts";
import type { Flip } from "../model/flip.ts";
import { type Repository, repositoryOf } from "../model/oci/address.ts";
import type { Place, Plan, Value } from "../model/plan.ts";
import { comfort } from "./comfort.ts";
import type { HeldRef } from "./held_ref.ts";
import type { Waiting } from "./waiting.ts";

/** `open` is a line of a check-list that nobody has confirmed yet: the rest of its step is not done. */
export type Outcome = "done" | "already" | "open";
/** What performers work with during one run. */
export type World = {
  readonly plan: Plan;
  readonly facts: Facts;
  readonly console: Console;
  readonly signal: AbortSignal;
  readonly owner: Owner;
  /** Tells this run's containers from all others. */
  readonly run: string;
  readonly logFile: string;
  readonly quiet: boolean;
  /** stdout is for one JSON text. */
  readonly json: boolean;
  readonly breakLock: boolean;
  readonly refs: () => Promise<Refs>;
  readonly registries: () => Promise<RegistryClient>;
  readonly state: RunState;
};
/** What a run has to tell at its end; the parts of one that is planned twice share it. */
export type Told = { text: string[]; data: unknown };
/** The little that grows during a run: what its steps made, the claim that is held, what there is to tell at the end. */
export type RunState = {
  /** Step -> what it made, the digest of an image; the last one is what the run was about. */
  readonly made: Map<string, string>;
  /** The step that runs, and when it began, in milliseconds. */
  step: { readonly id: string; readonly began: number };
  claim: HeldRef | null;
  readonly waiting: Waiting;
  /** Git tag -> the object that was made of it when it was tried. */
  readonly tried: Map<string, string>;
  tail: string[];
  text: string[];
  data: unknown;
  exitCode: number;
  /** A log or a cache could not be written, which was told. */
  withoutFiles: boolean;
  /** Tag -> the flip of it that somebody left behind and this run settled. */
  readonly settled: Map<string, Flip>;
};

/** The folder for Slipway's own files of a repo; made when first used, private to the user. */
export const slipwayFolder = (facts: Pick<Facts, "place">, ...names: readonly string[]): string =>
  privateFolder(join(facts.place.gitDir, "slipway", ...names));

/** The process that a container belongs to, as its label `dev.slipway.owner` says it. */
export const ownerLabel = ({ owner: { host, boot, pid, started, namespace } }: World): string =>
  [host, boot, pid, started, namespace].join("|");

/** The labels of a container that this run makes itself: so it is found and removed, also when this run is killed. */
export const ownLabels = (world: World): Readonly<Record<string, string>> => ({
  "dev.slipway.run": world.run,
  "dev.slipway.owner": ownerLabel(world),
});

/** A value of the plan as text: what the step that it names made, or what was known. */
export function knownValue(world: World, value: Value): string {
  if (typeof value === "string") return value;
  const known = world.state.made.get(value.from);
  if (known !== undefined) return known;
  throw new Error(`a step uses what ${value.from} makes before that is made`);
}

/** Keeps what the step that runs has made. */
export function made({ state }: World, value: string): void {
  state.made.delete(state.step.id);
  state.made.set(state.step.id, value);
}

/** The repository of a place of the plan, found by its registry's name. */
export function repositoryAt(world: Pick<World, "facts">, place: Place): Repository {
  const registry = world.facts.config.registries.find(({ name }) => name === place.registry);
  if (!registry) throw new Error(`the plan names registry ${place.registry}, which the config does not have`);
  return repositoryOf(registry, world.facts.config.imageName);
}

/** Shows output of a command and keeps it whole in the run's log. */
export function output(world: World, text: string): void {
  world.console.raw(text);
  comfort(world, () => {
    privateFolder(dirname(world.logFile));
    appendPrivate(world.logFile, text);
  });
  world.state.tail = [...world.state.tail, ...text.split("\n")].slice(-31);
}

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
