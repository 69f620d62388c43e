import { runnerOf } from "../config/tests.ts";
import { runContainer, shellText } from "../container/compose_file.ts";
import { pullOf } from "../container/ecr_login.ts";
import { type Command, cmd } from "../kinds/command.ts";
import { record } from "../kinds/record.ts";
import type { Chosen } from "../names/choose_image.ts";
import { cleanedMeanwhile } from "../names/engine.ts";
import type { Pass } from "../names/log.ts";
import { builtImage } from "../names/names.ts";
import { platformWord, testedPlatform } from "../names/platform.ts";
import type { Version } from "../names/version.ts";
import type { Facts, PushFacts } from "../plan/facts.ts";
import type { Step, Value } from "../plan/plan.ts";
import { quote } from "../plan/render_plan.ts";
import { recordedPass, snapshotOf } from "./tests.ts";

export type Smoke = {
  readonly version: Version;
  readonly image: Value;
  readonly what: Value;
  readonly chosen: Chosen;
  readonly again: boolean;
};

/**
 * The gate of every platform that the engine only emulates: it starts and runs the smoke test. The pass is recorded for the
 * digest of the index and the platform, which together name one image of it.
 */
export const smokeTests = (facts: PushFacts, smoke: Smoke): Step[] =>
  facts.platforms
    .filter((platform) => platform !== testedPlatform(facts.platforms, facts.engine.platform))
    .map((platform) => smokeTest(facts, smoke, platform));

/** An image that comes from a registry comes for the engine's own platform, if nobody asks for another. */
function pullPlatform(facts: Facts, what: Value, platform: string): Command[] {
  const words = ["--quiet", "--platform", platform];
  if (typeof what === "string" && what.includes("@")) return pullOf(facts, what, words);
  return facts.builder ? [{ ...cmd`docker pull ${words} ${what}`, again: cleanedMeanwhile }] : [];
}

function smokeTest(facts: PushFacts, { version, image, what, chosen, again }: Smoke, platform: string): Step {
  const { command: words, entrypoint } = facts.config.smoke;
  // The words may name a file of the code.
  const isCode = chosen.stage !== "prod";
  const code = isCode ? snapshotOf(facts, { list: `smoke-${platformWord(platform)}`, image: chosen }) : null;
  const entry: Pass = {
    type: "pass",
    digest: image,
    version,
    list: "smoke",
    commit: isCode ? facts.git.commit : "",
    tree: isCode ? facts.git.tree : "",
    runner: runnerOf(words, entrypoint),
    platform,
  };
  const known = again ? undefined : recordedPass(facts, entry);
  const text = shellText(facts, `exec ${words.map(quote).join(" ")}`);
  const made = runContainer(facts, {
    id: `run_smoke_test_${platformWord(platform)}`,
    title: `Start ${builtImage(facts, version)} on ${platform} under emulation`,
    does: `the smoke test on ${platform}`,
    image: chosen,
    what,
    platform,
    asRoot: true,
    entrypoint,
    withoutEntrypoint: "set tests: {smoke: {entrypoint: false}} in repo_config.yaml",
    ...(code ? { code: code.make.path } : {}),
    argv: text.argv,
    mounts: text.mounts,
    before: [...pullPlatform(facts, what, platform), ...(code ? [code.make] : []), ...text.before],
    after: [
      ...(code ? [code.remove] : []),
      record({ image: facts.config.imageName, entry, ...(again ? { again: true } : {}) }),
    ],
  });
  return known ? { ...made, skip: `passed on ${known.at.slice(0, 16).replace("T", " ")} by ${known.by}` } : made;
}
