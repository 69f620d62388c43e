import { existsSync, readFileSync, rmSync } from "node:fs";
import { type Kind, kind } from "../../lib/plan/kind.ts";
import type { Action } from "../../lib/plan/plan.ts";
import { quote } from "../../lib/plan/render_plan.ts";
import { commandEnv } from "../../lib/run/facts.ts";
import { output, resultsOf, type World } from "../../lib/run/world.ts";
import { endedBy } from "../engine/command.ts";
import { defaultHolder } from "../engine/holders.ts";
import { findProcess } from "../engine/processes.ts";
import { cloneState } from "../env/clone.ts";
import { makeEnv } from "../env/make.ts";
import { places } from "../env/places.ts";
import { claimDir, placeIn } from "./place.ts";
import { forgetImage } from "./registries.ts";
import { endSessions, forgetInEngine } from "./remove.ts";
import { makeSample, toolchainWords } from "./sample.ts";
import { stopped, typeInSample } from "./typed.ts";

/** How something is done: its programs end with the run, an interrupt says what it leaves, and false is that all was there. */
export const done =
  <A extends Action>(work: (action: A, world: World) => boolean | Promise<boolean>): Kind<A>["run"] =>
  async (action, world) => {
    try {
      return (await endedBy(world.signal, async () => work(action, world))) ? "done" : "already";
    } catch (error) {
      throw world.signal.aborted ? stopped() : error;
    }
  };

const words = (...parts: readonly string[]): string => parts.map(quote).join(" ");

/** A folder that is a quickstart's, so that `--down` may remove it; `holder` is the process that uses the engine till then, null the session. */
export type ClaimDir = {
  readonly kind: "claim_dir";
  readonly dir: string;
  readonly name: string;
  readonly holder: number | null;
};
export const takeDir = kind<ClaimDir>("claim_dir", {
  lines: ({ dir, name, holder }) => [
    words("mkdir", "-p", dir),
    `echo ${quote(JSON.stringify({ name, ...(holder === null ? {} : { holder }) }))} >${quote(placeIn(dir, name).marker)}`,
  ],
  run: done(({ dir, name, holder }) => claimDir(placeIn(dir, name), holder ?? defaultHolder())),
});

/** The thin env of the clone that runs. */
export type MakeThinEnv = { readonly kind: "make_thin_env" };
export const makeThinEnv = kind<MakeThinEnv>("make_thin_env", {
  lines: () => ["thin_client/build --quiet"],
  run: done(async (_action, world) => {
    const at = places(process.env);
    const before = cloneState(at);
    const say = (line: string) => output(world, `${line}\n`);
    const isBuilt = await makeEnv(at, { say, mayReplace: async () => false });
    return isBuilt || cloneState(at) !== before;
  }),
});

/** The sample repo with its own bare Git remote. */
export type MakeSample = { readonly kind: "make_sample"; readonly dir: string; readonly name: string };
export const sampleRepo = kind<MakeSample>("make_sample", {
  lines: ({ dir, name }) => {
    const { repo, remote } = placeIn(dir, name);
    const git = (...rest: readonly string[]) => words("git", "-C", repo, ...rest);
    return [
      words("git", "init", "--initial-branch=main", repo),
      `(cd ${quote(repo)} && ${words("i", ...toolchainWords(name))})`,
      `${git("add", "--all")} && ${git("commit", "--message", `Start ${name}`)}`,
      words("git", "init", "--bare", "--initial-branch=main", remote),
      `${git("remote", "add", "origin", remote)} && ${git("push", "--set-upstream", "origin", "main")}`,
    ];
  },
  run: done(({ dir, name }, world) => {
    const at = placeIn(dir, name);
    return makeSample(at, (repo) =>
      typeInSample({ repo, program: programOf(at.root), words: toolchainWords(name), isShown: false }, world),
    );
  }),
});

const programOf = (root: string): string => `${root}/thin_client/bin/i`;

/** A workflow in the sample, which has the terminal for itself, and prints its own result. */
export type TypeWorkflow = {
  readonly kind: "type_workflow";
  readonly repo: string;
  /** The file that runs workflows. */
  readonly program: string;
  readonly words: readonly string[];
};
export const typeWorkflow = kind<TypeWorkflow>("type_workflow", {
  tells: true,
  lines: ({ repo, words: typed }) => [`(cd ${quote(repo)} && ${words("i", ...typed)})`],
  run: done(async ({ repo, program, words: typed }, world) => {
    await typeInSample({ repo, program, words: typed, isShown: true }, world);
    return true;
  }),
});

/** How long the run took, and each of its steps. */
export type TellTimes = { readonly kind: "tell_times" };
export const tellTimes = kind<TellTimes>("tell_times", {
  tells: true,
  lines: () => ["# how long each step took"],
  run: async (_action, world) => {
    const age = ageOfProcess();
    const rows = resultsOf(world).filter(({ state }) => state === "done");
    world.console.progress(`quickstart: done in ${age.toFixed(1)} s`);
    for (const { id, seconds } of rows)
      world.console.progress(`  ${id.padEnd(28)} ${seconds.toFixed(1).padStart(5)} s`);
    return "done";
  },
});

/** Seconds since the process was started; the kernel counts hundredths since it came up (proc(5), "starttime"). */
function ageOfProcess(): number {
  const own = findProcess(process.pid);
  if (own === undefined) return process.uptime();
  return Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) - Number(own.started) / 100;
}

/** The end of the tmux sessions that were started in the sample. */
export type EndSessions = { readonly kind: "end_sessions"; readonly repo: string };
export const endTmux = kind<EndSessions>("end_sessions", {
  lines: ({ repo }) => [`# tmux kill-session, for each that was started in ${repo}`],
  run: done(({ repo }) => endSessions(repo)),
});

/** The containers and images of a name in the engine. */
export type ForgetImages = { readonly kind: "forget_images"; readonly name: string };
export const forgetImages = kind<ForgetImages>("forget_images", {
  lines: ({ name }) => [
    `docker ps --all --quiet --filter ${quote(`label=dev.slipway.image=${name}`)} | xargs -r docker rm --force --volumes`,
    `docker image ls --quiet ${quote(`*/${name}`)} | xargs -r docker image rm --force`,
  ],
  run: done(({ name }) => forgetInEngine(name, commandEnv(process.env))),
});

/** The images of a name in the registries on loopback addresses. */
export type ForgetPushed = {
  readonly kind: "forget_pushed";
  readonly name: string;
  readonly addresses: readonly string[];
};
export const forgetPushed = kind<ForgetPushed>("forget_pushed", {
  lines: ({ name, addresses }) =>
    addresses.map((address) => `curl --request DELETE http://${address}/v2/${name}/manifests/DIGEST # of each tag`),
  run: done(({ name }) => forgetImage(name)),
});

/** A quickstart's folder, with sample and remote. */
export type RemoveDir = { readonly kind: "remove_dir"; readonly dir: string; readonly name: string };
export const removeDir = kind<RemoveDir>("remove_dir", {
  lines: ({ dir }) => [words("rm", "-rf", dir)],
  run: done(({ dir, name }) => {
    if (!existsSync(placeIn(dir, name).marker)) return false;
    rmSync(dir, { recursive: true, force: true });
    return true;
  }),
});
