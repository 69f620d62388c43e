import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { pythonImage } from "../engine/base.ts";
import { must, run } from "../engine/command.ts";
import { loopbackRegistries } from "../engine/registries.ts";
import type { Place } from "./place.ts";
import { holding } from "./registries.ts";

/** The words of the workflow that gives the sample its toolchain. */
export const toolchainWords = (name: string): readonly string[] => [
  ...["init_runnable_dir", "--name", name, "--base-image", pythonImage, "--yes"],
];

/**
 * Makes the sample repo and its bare remote under other names first: half a repo never has the name. Gives whether it was
 * made; `addToolchain` makes a repo a runnable dir.
 */
export async function makeSample(at: Place, addToolchain: (repo: string) => Promise<void>): Promise<boolean> {
  if (existsSync(at.repo)) return false;
  await assertFreeName(at);
  for (const left of [at.unfinished, at.remote]) rmSync(left, { recursive: true, force: true });
  const repo = join(at.unfinished, "repo");
  const remote = join(at.unfinished, "remote");
  mkdirSync(repo, { recursive: true });
  const git = (...words: readonly string[]) => must(["git", "-C", repo, ...words]);
  await git("init", "--quiet", "--initial-branch=main");
  await nameAuthor(repo);
  await addToolchain(repo);
  setAddresses(join(repo, "repo_config.yaml"));
  await git("add", "--all");
  await git("-c", "commit.gpgsign=false", "commit", "--quiet", "--message", `Start ${at.name}`);
  await git("init", "--quiet", "--bare", "--initial-branch=main", remote);
  await git("remote", "add", "origin", remote);
  await git("push", "--quiet", "--set-upstream", "origin", "main");
  await git("remote", "set-url", "origin", at.remote);
  renameSync(remote, at.remote);
  renameSync(repo, at.repo);
  rmSync(at.unfinished, { recursive: true, force: true });
  return true;
}

/** Another repo's images must not pass for this one's. */
async function assertFreeName(at: Place): Promise<void> {
  const [taken] = await holding(at.name);
  if (taken === undefined) return;
  throw new UserError(`the registries hold images named "${at.name}" already`, {
    why: `${taken} was pushed from a repo that is not ${at.repo}, and a released version is never overwritten.`,
    fix: `Take another name: npm run quickstart -- --dir ${at.dir}-2 --name ${at.name}-2`,
    kind: "refused",
  });
}

/** Git refuses commits of nobody, and here they are to be tried. */
async function nameAuthor(repo: string): Promise<void> {
  const settings = { "user.name": "Quickstart", "user.email": "quickstart@localhost" };
  for (const [key, value] of Object.entries(settings))
    if ((await run(["git", "-C", repo, "config", key])).code !== 0)
      await must(["git", "-C", repo, "config", key, value]);
}

/** The template names one registry of your account; the sample has the three of this machine. */
function setAddresses(file: string): void {
  const rows = loopbackRegistries.map(({ name, address }) => `  ${name}: ${address}`).join("\n");
  writeFileSync(file, readFileSync(file, "utf8").replace(/^ {2}ghcr: .*$/m, rows));
}
