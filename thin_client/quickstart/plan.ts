import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { announce } from "../../lib/kinds/announce.ts";
import { parseImageName } from "../../lib/names/image.ts";
import type { Facts } from "../../lib/plan/facts.ts";
import { type Group, group, step } from "../../lib/plan/plan.ts";
import { quote } from "../../lib/plan/render_plan.ts";
import { flag, text } from "../../lib/run/options.ts";
import { reportStopped } from "../engine/actions.ts";
import { pythonImage } from "../engine/base.ts";
import { run } from "../engine/command.ts";
import { defaultHolder } from "../engine/holders.ts";
import { enginePlace } from "../engine/lifecycle.ts";
import { type EngineLook, holdStep, loadStep, lookAtEngine, makeStep, startSteps, stopStep } from "../engine/plan.ts";
import { findProcess } from "../engine/processes.ts";
import { loopbackRegistries } from "../engine/registries.ts";
import {
  endTmux,
  forgetImages,
  forgetPushed,
  makeThinEnv,
  removeDir,
  sampleRepo,
  takeDir,
  tellTimes,
  typeWorkflow,
} from "./actions.ts";
import { assertOwnDir, defaultDir, findPlace, type Marker, type Place } from "./place.ts";

const first = "1.0.0";
const typed = { onlyTyped: true } as const;

export const quickstartOptions = {
  dir: text<string>(
    "DIR",
    "Where the sample repo and its bare Git remote go (default: below ~/.local/share/slipway).",
    {
      ...typed,
    },
  ),
  name: text<string>("NAME", "The name of the sample repo and of its image (default: sample).", {
    ...typed,
    parse: (value) => parseImageName(value, "--name"),
  }),
  down: flag("Remove all of it, and stop the private engine if nobody else uses it; caches stay.", typed),
} as const;

type QuickstartOptions = {
  readonly dir: string | undefined;
  readonly name: string | undefined;
  readonly down: boolean;
};

/** What there is of a quickstart, and of the engine for it. */
export type QuickstartLook = Place & {
  readonly known: Marker | null;
  readonly engine: EngineLook;
  /** Why the folder stays with `--down`; null where it is a quickstart's. */
  readonly stays: string | null;
  /** The sample is as it was made, or not made yet. */
  readonly isAtFirst: boolean;
  /** The default folder is meant. */
  readonly isUsual: boolean;
  /** Who uses the engine for it, and so no longer does with `--down`. */
  readonly users: readonly (number | null)[];
};

/** Looks at the folder, at the engine and at the sample. */
export async function lookAtQuickstart(
  { env }: Pick<Facts, "env">,
  { down, ...asked }: QuickstartOptions,
): Promise<QuickstartLook> {
  const at = findPlace(asked, env);
  const used = at.known?.holder;
  const holder = used !== undefined && findProcess(used) ? used : null;
  if (!down) assertOwnDir(at);
  const [engine, isAtFirst] = await Promise.all([
    down ? { at: enginePlace(env).at, own: false, starts: false, holder } : lookAtEngine({ env }, holder),
    down || looksUntouched(at),
  ]);
  const stays = existsSync(at.dir) ? `${at.dir} is no quickstart's and stays` : `${at.dir} is not there`;
  const users = used === undefined || used === defaultHolder() ? [null] : [used, null];
  const isUsual = at.dir === defaultDir(env);
  return { ...at, engine, stays: at.known ? null : stays, isAtFirst, isUsual, users };
}

/** Whether the repo is as it was made: nothing uncommitted, no newer entry, and the tag, if there is one, on this commit. */
async function looksUntouched(at: Place): Promise<boolean> {
  if (!existsSync(at.repo)) return true;
  const changelog = join(at.repo, "changelog.txt");
  const newest = existsSync(changelog) ? /^# .*-(\d+\.\d+\.\d+)\s*$/m.exec(readFileSync(changelog, "utf8"))?.[1] : null;
  const git = (...words: readonly string[]) => run(["git", "-C", at.repo, ...words]);
  const [status, tag, head] = await Promise.all([
    git("status", "--porcelain"),
    git("rev-parse", "--verify", "--quiet", `refs/tags/${at.name}-${first}^{commit}`),
    git("rev-parse", "HEAD"),
  ]);
  return newest === first && status.stdout === "" && (tag.code !== 0 || tag.stdout === head.stdout);
}

/** Brings up what is missing, releases the sample, and shows what to try next; or removes all of it. */
export const quickstart = ({ down }: QuickstartOptions, seen: QuickstartLook): Group["steps"] =>
  down ? remove(seen) : [...bringUp(seen), ...release(seen)];

/** Everything that the release needs, each part as soon as those that it stands on are there. */
function bringUp({ dir, name, engine }: QuickstartLook): Group["steps"] {
  const { at, holder } = engine;
  const stop = { onFailure: "stop" } as const;
  const base = [
    step("thin_env", "Make the thin env and link this clone to it", [makeThinEnv({})]),
    startSteps(engine, { registries: true, anyones: true }),
  ];
  const repo = [
    group("ground", "Make what the sample stands on", base, { atOnce: 2, ...stop }),
    step("sample_repo", `Make the sample repo ${name} with its own remote`, [sampleRepo({ dir, name })]),
  ];
  const all = [group("sample", "Make the sample", repo, stop), makeStep(at, pythonImage)];
  return [
    step("claim_dir", `Take ${dir} for the sample`, [takeDir({ dir, name, holder })]),
    holdStep(engine),
    group("bring_up", "Bring up what is missing", all, { atOnce: 2, ...stop }),
    loadStep(at, pythonImage),
  ];
}

/** The first release; where the repo has gone on since, the table of what is released. */
function release(seen: QuickstartLook): Group["steps"] {
  const { root, repo, isAtFirst } = seen;
  const words = isAtFirst ? ["docker_release_dev", "--version", first, "--yes"] : ["release_status"];
  const title = isAtFirst ? `Release ${first} to three registries` : `Show what is released since ${first}`;
  return [
    step("release", title, [typeWorkflow({ repo, program: join(root, "thin_client/bin/i"), words })]),
    step("times", "Show how long it took", [tellTimes({})]),
    step("next", "Show what to try next", [announce({ text: nextLines(seen) })]),
  ];
}

/** Removes what quickstart made and stops what it started; what others use or made stays. */
function remove({ dir, name, repo, engine, users, stays }: QuickstartLook): Group["steps"] {
  const addresses = loopbackRegistries.map(({ address }) => address);
  const skip = { skip: stays };
  return [
    step("end_sessions", "End the tmux sessions of the sample", [endTmux({ repo })], skip),
    step("forget_images", `Remove the containers and images of ${name}`, [forgetImages({ name })], skip),
    step(
      "forget_pushed",
      `Remove the images named ${name} from the registries`,
      [forgetPushed({ name, addresses })],
      skip,
    ),
    step("remove_dir", `Remove ${dir}`, [removeDir({ dir, name })], skip),
    stopStep(engine.at, users, false),
    step("report", "Show what is left", [
      reportStopped({
        stopped: "quickstart: nothing of it runs, and nothing is left but caches",
        used: "quickstart: removed",
      }),
    ]),
  ];
}

/** Without comments: a zsh that is typed into takes them for words. */
const nextLines = ({ root, repo, dir, isUsual }: QuickstartLook): string => `
Try next:
  source ${quote(join(root, "thin_client/setenv.sh"))}
  cd ${quote(repo)}
A shell in the dev container, and which digest is where:
  i docker_bash
  i release_status
A second version, and dev again what ${first} was:
  i changelog_add -m "Say hello" && git commit --all --message "Say hello" && git push && i docker_release_dev --yes
  i docker_rollback_dev --version ${first}
A session with the windows of the repo, and all workflows:
  i tmux --index 1
  i
All of this removed:
  (cd ${quote(root)} && npm run quickstart -- --down${isUsual ? "" : ` --dir ${quote(dir)}`})`;
