import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setClock } from "../../lib/doors/clock.ts";
import { plain } from "../../lib/doors/progress.ts";
import { UserError } from "../../lib/errors.ts";
import { registryClient } from "../../lib/oci/registry.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import type { Action, Group, Plan, Step } from "../../lib/plan/plan.ts";
import { execute } from "../../lib/run/execute.ts";
import { resultsOf, startState, thisOwner, type World } from "../../lib/run/world.ts";
import { config, facts } from "../unit/factory.ts";
import { type DockerProgram, dockerProgram } from "./docker_program.ts";
import { doing } from "./ground.ts";
import { type MemoryRefs, memoryRefs } from "./memory_refs.ts";
import { type OciServer, startOciServer } from "./oci_server.ts";
import { withOwnEnv } from "./own_env.ts";
import { type TestClock, testClock } from "./test_clock.ts";

/** Registries in this process, called r1, r2, ..., and a clock for the steps of plans. */
export type Acting = {
  readonly dir: string;
  readonly registries: readonly OciServer[];
  readonly clock: TestClock;
  readonly docker: DockerProgram;
  /** Somebody who works on an image of its own. */
  readonly actor: (image: string, more?: Partial<AllFacts> & { readonly kind?: "ecr" }) => Actor;
  readonly end: () => Promise<void>;
};
export type Actor = {
  readonly image: string;
  readonly refs: MemoryRefs;
  readonly facts: AllFacts;
  /** Where the image is in each registry. */
  readonly places: readonly { readonly registry: string; readonly repository: string }[];
  /** The text of a file below the repo. */
  readonly read: (path: string) => string;
  /** Does one action after the other, each in a step called by its place: `1`, `2`, ... */
  readonly act: (actions: readonly (Action | Step | Group)[], more?: Partial<World>) => Promise<Acted>;
};
/** What came of it: how each step ended, or the error that ended it; and what was shown meanwhile. */
export type Acted = {
  readonly states: readonly string[];
  readonly error: unknown;
  readonly shown: string;
  readonly world: World;
};

/** Whom a registry of kind ecr asks at AWS. */
const account = { region: "eu-north-1", profile: "team" };

/** Starts one. */
export async function startActing(count = 1): Promise<Acting> {
  const dir = mkdtempSync(join(tmpdir(), "slipway-acting-"));
  const registries = await Promise.all(Array.from({ length: count }, () => startOciServer()));
  const docker = dockerProgram(dir);
  const clock = testClock("2025-01-03T10:00:00Z");
  const addresses = registries.map(({ address }, at) => [`r${at + 1}`, address] as const);
  return {
    ...{ dir, registries, clock, docker },
    actor: (image, { kind = "oci", ...more } = {}) => {
      const sections = { docker_info: { docker_image_name: image } };
      const rows = addresses.map(([name, address]) => [name, { address, kind, ...(kind === "ecr" ? account : {}) }]);
      const settings = config({ ...sections, container_registry_info: Object.fromEntries(rows) });
      const place = {
        root: dir,
        dir: ".",
        owner: dir,
        gitDir: join(dir, ".git"),
        cwd: ".",
        gitMounts: [],
        gitPrograms: [],
      };
      const env = { HOME: dir, PATH: `${docker.bin}:${process.env["PATH"]}`, ...more.env };
      const known = facts({ config: settings, place, ...more, env });
      const refs = memoryRefs(image);
      const places = addresses.map(([registry, address]) => ({ registry, repository: `${address}/${image}` }));
      const steps = (actions: readonly (Action | Step | Group)[]) =>
        actions.map((one, index) => ("kind" in one ? doing(`${index + 1}`, one) : one));
      const act: Actor["act"] = (actions, more = {}) => acted(newWorld(known, refs, steps(actions)), more, clock);
      return { image, refs, places, act, facts: known, read: (path) => readFileSync(join(place.root, path), "utf8") };
    },
    end: async () => {
      await Promise.all(registries.map(({ stop }) => stop()));
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function acted(world: World, more: Partial<World>, clock: TestClock): Promise<Acted> {
  const texts: string[] = [];
  const say = (text: string) => void texts.push(text);
  const paper = { say: (text: string) => say(`${text}\n`), raw: say, colour: world.console.colour };
  const console = { ...world.console, progress: paper.say, raw: say, begin: plain(paper) };
  setClock(clock);
  try {
    const own: World = { ...world, step: { ...world.step, show: say }, console, ...more };
    // The SDK of AWS gets its settings by the process's variables.
    const done = await withOwnEnv(process.env, () => execute(own)).then(
      () => ({ states: resultsOf(own).map(({ state }) => state), error: null }),
      (error: unknown) => ({ states: [], error }),
    );
    return { ...done, shown: texts.join(""), world: own };
  } finally {
    setClock();
  }
}

function newWorld(known: AllFacts, refs: MemoryRefs, steps: readonly (Step | Group)[]): World {
  const plan: Plan = { slipway: 2, workflow: "try", dir: ".", image: known.config.imageName, version: null, steps };
  const { signal } = new AbortController();
  const client = registryClient({ env: known.env, signal });
  const owner = thisOwner(known, known.git.commit, Date.parse("2025-01-03T10:00:00Z"));
  return {
    ...{ plan, facts: known, signal, owner },
    step: { id: "", began: 0, run: "run-1", logFile: join(known.place.root, "log"), tail: [], show: () => undefined },
    console: {
      ...{
        result: () => undefined,
        progress: () => undefined,
        raw: () => undefined,
        begin: () => ({ output: () => undefined, end: () => undefined }),
        terminal: false,
        isRead: false,
        canAsk: false,
      },
      ...{ colour: (_style, text) => text, confirm: async () => true, ask: async () => false },
    },
    ...{ quiet: false, json: false, breakLock: false },
    refs: async () => refs,
    registries: async () => client,
    state: startState(),
  };
}

/** The three parts of an error, its kind and exit code; fails where there was none, or one of ours. */
export function refused({ error }: Acted) {
  if (!(error instanceof UserError)) throw error ?? new Error("nothing was refused");
  const { message, why, fix, kind, exitCode } = error;
  return { what: message, why, fix, kind, exitCode };
}
