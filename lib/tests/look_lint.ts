import { configReader } from "../config/config_reader.ts";
import { isOfOthers, type LintSettings, parseLint } from "../config/lint.ts";
import { loadRepoFiles, type RepoFiles, type WhichFiles } from "../doors/repo_files.ts";
import { loadConfigSource } from "../doors/settings.ts";
import { UserError } from "../errors.ts";
import { repositoryOf } from "../names/address.ts";
import type { Facts, Looked } from "../plan/facts.ts";
import { loadEngineFacts } from "../run/engine_facts.ts";
import { type ImageLook, lookForImage } from "../run/look_image.ts";

export type LintOptions = {
  readonly files: readonly string[];
  readonly words?: readonly string[];
  readonly all: boolean;
  readonly branch: boolean;
  readonly check: boolean;
};

/** The linters, the files that are meant, and what the engine has of the linters' image. */
export type LintLook = RepoFiles & {
  readonly settings: LintSettings;
  readonly engine: Looked["engine"];
  /** A reference is `ofOthers` that is neither the dir's own image nor that of the tools that repos share. */
  readonly image: { readonly look: ImageLook } | { readonly reference: string; readonly ofOthers: boolean };
};

/** Reads `lint:` of the config, lists the files, and looks for the image. */
export async function lookForLint(
  facts: Facts,
  options: LintOptions & { readonly offline: boolean },
): Promise<LintLook> {
  const settings = parseLint(configReader(await loadConfigSource(facts.place)));
  const [files, image] = await Promise.all([
    loadRepoFiles(facts.place, whichFiles(options), facts.env),
    lookForLinters(facts, settings, options.offline),
  ]);
  return { ...files, settings, ...image };
}

/** The same for the gate of a release: all files, and no image of the version that is to be released. */
export const lookForLintGate = (facts: Facts, { offline }: { readonly offline: boolean }): Promise<LintLook> =>
  lookForLint({ ...facts, version: null }, { files: [], all: true, branch: false, check: true, offline });

type Linters = Pick<LintLook, "image" | "engine">;

async function lookForLinters(facts: Facts, { image }: LintSettings, offline: boolean): Promise<Linters> {
  if (image && "stage" in image) {
    const stage = image.stage === "prod" ? "prod" : "dev";
    const look = await lookForImage({ ...facts, stage }, { ...image, offline });
    return { image: { look }, engine: look.engine };
  }
  const reference = image?.reference ?? sharedTools(facts);
  const engine = await loadEngineFacts(facts, { tags: [], words: [reference], own: false });
  return { image: { reference, ofOthers: isOfOthers(facts.config, reference) }, engine };
}

/** The prod image of the tools that several repos share, which `docker_pull_dev_tools` pulls. */
function sharedTools({ targets, config }: Facts): string {
  const [registry] = targets;
  if (registry) return `${repositoryOf(registry, config.container.devTools).reference}:prod`;
  throw new UserError("no registry is configured for the image of the shared tools", {
    why: "The linters run in an image, and container.dev_tools is looked for in the first registry.",
    fix: "Name another image in repo_config.yaml: lint: {image: dev}",
  });
}

function whichFiles({ files, words = [], all, branch }: LintOptions): WhichFiles {
  const named = [...files, ...words];
  const ways = [...(all ? ["--all"] : []), ...(branch ? ["--branch"] : []), ...(named.length > 0 ? ["files"] : [])];
  if (ways.length > 1)
    throw new UserError(`${ways.join(" and ")} do not go together`, {
      why: "One of them says which files are meant.",
      fix: "Pass one: i lint --all; i lint --branch; i lint README.md src; or nothing for what changed since the commit",
    });
  return all ? "all" : branch ? "branch" : named.length > 0 ? named : "changed";
}
