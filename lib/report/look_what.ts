import { join, posix, relative } from "node:path";
import { type Config, parseConfig } from "../config/config.ts";
import { exists } from "../doors/files.ts";
import { fileAt, gitIn } from "../doors/git.ts";
import { configFile } from "../doors/place.ts";
import { configSourceOf } from "../doors/settings.ts";
import { UserError } from "../errors.ts";
import { parseIgnoreFile } from "../formats/dockerignore.ts";
import { releaseInUse } from "../names/releases.ts";
import type { ReleaseStage } from "../names/stage.ts";
import type { Facts } from "../plan/facts.ts";
import { ignoreFiles, readFiles } from "../run/inputs.ts";
import type { StageChange } from "./what_changed.ts";

/** What changed since the images that are in use: of each stage that has a Dockerfile. */
export async function lookForChanges(facts: Facts<"log">): Promise<readonly StageChange[]> {
  const { place } = facts;
  const stages = (["dev", "prod"] as const).filter((stage) =>
    exists(join(place.root, place.dir, `devops/docker_build/${stage}.Dockerfile`)),
  );
  return Promise.all(stages.map((stage) => changeOf(facts, stage)));
}

async function changeOf(facts: Facts<"log">, stage: ReleaseStage): Promise<StageChange> {
  const { place, env, log } = facts;
  const { dockerfile, dockerfileText, contextDir, ownIgnore, context } = await readFiles({ place, env, stage });
  const since = releaseInUse(log, stage) ?? null;
  const textAt = async (path: string) => (since ? fileAt(place, { commit: since.commit, path }, env) : null);
  const [changed, files, dockerfileBefore, configBefore, ...ignoresBefore] = await Promise.all([
    since ? changedSince(facts, since.commit) : [],
    listed(facts, contextDir),
    ...[dockerfile, configFile, ...ignoreFiles(stage)].map(textAt),
  ]);
  const rules = parseIgnoreFile(ownIgnore);
  const before = parseIgnoreFile(ignoresBefore.find((text) => text !== null) ?? "");
  const at = (path: string) => posix.join(place.dir, path);
  return {
    ...{ stage, since, changed, contextDir, rules, entries: context.entries },
    dockerfile: { paths: [at(dockerfile)], isOther: dockerfileBefore !== dockerfileText },
    ignoreFiles: {
      paths: ignoreFiles(stage).map(at),
      isOther: files.some((path) => rules.ignores(path) !== before.ignores(path)),
    },
    config: { paths: [at(configFile)], isOther: await isOtherBuild(facts, configBefore ?? "") },
    read: new Set([...context.read].map((path) => relative(place.root, path))),
  };
}

/** Files that differ from a commit, committed or not; Git's ignored ones are in no image. */
async function changedSince({ place, env }: Facts, commit: string): Promise<StageChange["changed"]> {
  const git = gitIn(place.owner, env);
  const diff = ["diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", commit];
  const texts = await Promise.all([git(diff), git(["ls-files", "--others", "--exclude-standard", "-z"])]).catch(
    (error: unknown) => {
      if (!(error instanceof UserError)) throw error;
      throw new UserError(`this clone does not have the commit ${commit.slice(0, 12)} of the last release`, {
        why: "What changed since is read from the history.",
        fix: "git fetch --tags; of a shallow clone: git fetch --unshallow",
        kind: "git",
      });
    },
  );
  const prefix = relative(place.root, place.owner);
  return texts
    .flatMap((text) => text.split("\0"))
    .filter((path) => path !== "")
    .map((path) => ({ path: posix.join(prefix, path), isGone: !exists(join(place.owner, path)) }));
}

async function listed({ place, env }: Facts, contextDir: string): Promise<readonly string[]> {
  const words = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  return (await gitIn(join(place.root, contextDir), env)(words)).split("\0").filter((path) => path !== "");
}

/** Whether the config of the last release had other settings that get into an image. */
async function isOtherBuild({ config }: Facts, text: string): Promise<boolean> {
  try {
    const before = parseConfig(await configSourceOf(configFile, text));
    return JSON.stringify(builtWith(before)) !== JSON.stringify(builtWith(config));
  } catch (error) {
    if (error instanceof UserError) return true;
    throw error;
  }
}

const builtWith = ({ imageName, source, release, registries }: Config) => [
  ...[imageName, source, release.buildArgs, release.platforms],
  // A prod image names the repository of the dev image that it stands on.
  registries[0]?.address,
];
