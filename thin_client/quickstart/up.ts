import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ensureMadeArchive, pythonImage } from "../engine/base.ts";
import { allOf, run } from "../engine/command.ts";
import { defaultHolder } from "../engine/holders.ts";
import { layout } from "../engine/layout.ts";
import { findProcess } from "../engine/processes.ts";
import { engineStatus, engineUp } from "../engine.ts";
import { makeEnv } from "../env/make.ts";
import { places } from "../env/places.ts";
import { type Clock, startClock } from "./clock.ts";
import { type Asked, claimDir, defaultDir, findPlace, type Place } from "./place.ts";
import { allAnswer } from "./registries.ts";
import { makeSample } from "./sample.ts";
import { endOnSignal, say, shown } from "./shown.ts";

const first = "1.0.0";

type Env = NodeJS.ProcessEnv;

/** Brings up what is missing, releases the sample, and tells what to try next. */
export async function up(asked: Asked, env: Env): Promise<void> {
  const clock = startClock();
  const at = findPlace(asked, env);
  const known = at.known?.holder;
  const holder = known !== undefined && findProcess(known) ? known : defaultHolder();
  claimDir(at, holder);
  const listening = endOnSignal();
  await bringUp(at, { env, holder, clock });
  listening.end();
  await clock.time("release", release(at));
  process.stdout.write(nextLines(at, at.dir === defaultDir(env) ? "" : ` --dir ${at.dir}`));
  for (const line of clock.lines()) say(line);
}

type Bringing = { readonly env: Env; readonly holder: number; readonly clock: Clock };

/** Everything that the release needs, each part as soon as those that it stands on are there. */
async function bringUp(at: Place, { env, holder, clock }: Bringing): Promise<void> {
  const engineSays = (line: string) => say(`engine: ${line}`);
  const common = { env, holder, yes: true, say: engineSays };
  const { images } = await engineStatus({ env });
  const hasImage = images.includes(pythonImage);
  const thinEnv = clock.time("thin env", makeThinEnv(env));
  const engine = clock.time("engine and registries", bringEngine(common));
  const archive = hasImage
    ? undefined
    : clock.time("base image", ensureMadeArchive(layout(env), pythonImage, engineSays));
  const image = allOf([engine, archive]).then(async () => {
    if (!hasImage) await clock.time("base image into the engine", engineUp({ ...common, images: [pythonImage] }));
  });
  const sample = allOf([thinEnv, engine]).then(() => clock.time("sample repo", makeSample(at)));
  await allOf([thinEnv, engine, archive, image, sample]);
}

/** Registries that answer are used, whoever started them. */
const bringEngine = async (common: Parameters<typeof engineUp>[0]) =>
  engineUp({ ...common, registries: !(await allAnswer()) });

const makeThinEnv = (env: Env): Promise<boolean> =>
  makeEnv(places(env), { say: (line) => say(`thin env: ${line}`), mayReplace: async () => false });

/** The first release; where the repo has gone on since, the table of what is released. */
async function release(at: Place): Promise<void> {
  const words = (await isAtFirst(at)) ? ["docker_release_dev", "--version", first, "--yes"] : ["release_status"];
  if (words.length === 1) say(`${at.repo} has gone on since ${first}`);
  await shown([i(at), ...words], { cwd: at.repo, line: `i ${words.join(" ")}` });
}

/** Whether the repo is as it was made: nothing uncommitted, no newer entry, and the tag, if there is one, on this commit. */
async function isAtFirst(at: Place): Promise<boolean> {
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

const i = (at: Place): string => join(at.root, "thin_client", "bin", "i");

/** Without comments: a zsh that is typed into takes them for words. */
const nextLines = (at: Place, where: string): string => `
Try next:
  source ${at.root}/thin_client/setenv.sh
  cd ${at.repo}
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
  (cd ${at.root} && npm run quickstart -- --down${where})
`;
