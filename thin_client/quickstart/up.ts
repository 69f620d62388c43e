import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../engine/command.ts";
import { defaultHolder } from "../engine/holders.ts";
import { findProcess } from "../engine/processes.ts";
import { type Asked, claimDir, defaultDir, findPlace, type Place } from "./place.ts";
import { allAnswer } from "./registries.ts";
import { makeSample } from "./sample.ts";
import { say, shown } from "./shown.ts";

const first = "1.0.0";

type Env = Readonly<Record<string, string | undefined>>;

/** Brings up what is missing, releases the sample, and tells what to try next. */
export async function up(asked: Asked, env: Env): Promise<void> {
  const start = Date.now();
  const at = findPlace(asked, env);
  const known = at.known?.holder;
  const holder = known !== undefined && findProcess(known) ? known : defaultHolder();
  claimDir(at, holder);
  say("quickstart 2 of 4: engine, registries and base image");
  await bringUp(at, holder);
  say("quickstart 3 of 4: sample repo");
  await makeSample(at);
  say("quickstart 4 of 4: release");
  await release(at);
  process.stdout.write(nextLines(at, at.dir === defaultDir(env) ? "" : ` --dir ${at.dir}`));
  say(`quickstart: done in ${Math.round((Date.now() - start) / 1000)} s`);
}

/** Registries that answer are used, whoever started them; what else is missing, engine.ts brings. */
async function bringUp(at: Place, holder: number): Promise<void> {
  const words = ["up", "--yes", ...((await allAnswer()) ? [] : ["--registries"]), "--base"];
  await shown([i(at), "engine", ...words, "--holder", String(holder)], {
    cwd: at.root,
    line: `i engine ${words.join(" ")}`,
    silent: true,
  });
}

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
