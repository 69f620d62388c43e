import { loadRepoFiles, type RepoFiles, type WhichFiles } from "../doors/repo_files.ts";
import { loadConfigSource } from "../doors/settings.ts";
import { configReader } from "../model/config_reader.ts";
import { UserError } from "../model/errors.ts";
import type { Facts, Looked } from "../model/facts.ts";
import { type LintSettings, parseLint } from "../model/lint.ts";
import { repositoryOf } from "../model/oci/address.ts";
import { loadEngineFacts } from "./engine_facts.ts";
import { type ImageLook, lookForImage } from "./look_image.ts";

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
  readonly image: { readonly look: ImageLook } | { readonly reference: string; readonly engine: Looked["engine"] };
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
  return { ...files, settings, image };
}

async function lookForLinters(facts: Facts, { image }: LintSettings, offline: boolean): Promise<LintLook["image"]> {
  if (image && "stage" in image) return { look: await lookForImage(facts, { ...image, offline }) };
  const reference = image?.reference ?? sharedTools(facts);
  return { reference, engine: await loadEngineFacts(facts, { tags: [], words: [reference], own: false }) };
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
