import { declaredArgs } from "../model/dockerfile.ts";
import type { BuildInputs, Facts } from "../model/facts.ts";
import { engineImage, requireVersion } from "../model/names.ts";
import { type Action, type Command, cmd, type Step, step, type Word } from "../model/plan.ts";
import type { PoetryMode } from "../model/poetry.ts";
import type { Version } from "../model/version.ts";
import { shortHash, slipwayFile } from "./own_files.ts";

export type BuildOptions = {
  readonly cache: boolean;
  readonly poetryMode?: PoetryMode | undefined;
  readonly buildArg: readonly string[];
};

/** The labels that are the truth about an image (OCI image spec, "Annotations"), and `dev.slipway.inputs`. */
export const imageLabels = (facts: Facts, version: Version, poetryMode: PoetryMode): Record<string, string> => ({
  "dev.slipway.inputs": inputsLabel(facts.inputs, poetryMode, facts.engine.platform),
  "org.opencontainers.image.created": new Date(facts.inputs.time * 1000).toISOString().replace(".000Z", "Z"),
  "org.opencontainers.image.revision": facts.inputs.revision,
  "org.opencontainers.image.source": facts.config.source,
  "org.opencontainers.image.version": version,
});

/** What makes two builds the same: the inputs, the platforms and the poetry mode. */
export const inputsLabel = (inputs: BuildInputs, poetryMode: PoetryMode, platform: string): string =>
  shortHash(`${inputs.hash} ${platform} ${poetryMode}`);

/** Builds the image of the runnable dir's dev.Dockerfile as `local-<user>-X.Y.Z`; update and refresh bring lock and package list back. */
export function buildLocal(facts: Facts, options: BuildOptions): Step[] {
  const version = requireVersion(facts);
  const mode = options.poetryMode ?? defaultMode(facts);
  return [...buildImage(facts, { version, mode, options }), ...(mode === "no_update" ? [] : [bringLockBack(facts)])];
}

/** `update`, as in the documents, where the Dockerfile knows poetry modes; an image without poetry has no lock to resolve. */
const defaultMode = (facts: Facts): PoetryMode =>
  declaredArgs(facts.inputs.dockerfileText).includes("POETRY_MODE") ? "update" : "no_update";

export type Build = { readonly version: Version; readonly mode: PoetryMode; readonly options: BuildOptions };

/** The build itself: Dockerfile and ignore file copied out of the tree, links staged with their contents, every timestamp the commit's. */
export function buildImage(facts: Facts, build: Build): Step[] {
  const { inputs } = facts;
  const folder = slipwayFile(facts, "build", inputs.hash.slice(0, 12));
  const dockerfile = `${folder}/dev.Dockerfile`;
  const context = inputs.hasLinks ? `${folder}/context` : inputs.context;
  const files: Action[] = [
    { kind: "write_file", path: dockerfile, content: inputs.dockerfileText },
    { kind: "write_file", path: `${dockerfile}.dockerignore`, content: inputs.ignoreText },
  ];
  const reference = engineImage(facts, "local", build.version);
  const line = buildLine(facts, { build, dockerfile, context, reference, metadata: `${folder}/metadata.json` });
  return [
    step("build_local", `Build ${reference}`, [...files, ...stageLinks(facts, context), line], { yields: "image" }),
  ];
}

type Line = {
  readonly build: Build;
  readonly dockerfile: string;
  readonly context: string;
  readonly reference: string;
  readonly metadata: string;
};

function buildLine(facts: Facts, { build, dockerfile, context, reference, metadata }: Line): Command {
  const declared = declaredArgs(facts.inputs.dockerfileText);
  const resolves = build.mode !== "no_update";
  const args = { ...defaultArgs(facts, build), ...facts.config.release.buildArgs };
  const given = Object.entries(args)
    .filter(([name]) => declared.includes(name))
    .map(([name, value]) => `${name}=${value}`);
  // A Dockerfile without RESOLVE_NONCE would take the resolver's last answer from the cache.
  const fresh = !build.options.cache || (resolves && !declared.includes("RESOLVE_NONCE"));
  const words = (flag: string, values: readonly string[]) => values.flatMap((value) => [flag, value]);
  const labels = Object.entries(imageLabels(facts, build.version, build.mode)).map(
    ([name, value]) => `${name}=${value}`,
  );
  const line = cmd`docker buildx build --provenance=false --sbom=false --progress=plain ${fresh && "--no-cache"} --file ${dockerfile} ${words("--build-arg", [`SOURCE_DATE_EPOCH=${facts.inputs.time}`, ...given, ...build.options.buildArg])} ${words("--label", labels)} --tag ${reference} --metadata-file ${metadata} --load ${context}`;
  return { ...line, digestFile: metadata };
}

/** The original's four build arguments and the template's; each passed only where the Dockerfile declares it. */
const defaultArgs = (facts: Facts, build: Build): Record<string, string> => ({
  AM_CONTAINER_VERSION: build.version,
  INSTALL_DIND: "False",
  POETRY_MODE: build.mode === "refresh" && !facts.inputs.dockerfileText.includes("refresh") ? "update" : build.mode,
  CLEAN_UP_INSTALLATION: "True",
  ...(build.mode === "no_update" ? {} : { RESOLVE_NONCE: facts.nonce }),
});

/** Copies the context's entries with links followed, as `tar -h` would send them. */
function stageLinks(facts: Facts, context: string): Action[] {
  if (!facts.inputs.hasLinks) return [];
  const from = (entry: string) => (facts.inputs.context === "." ? entry : `${facts.inputs.context}/${entry}`);
  return [cmd`mkdir -p ${context}`, cmd`cp -R -L -p ${facts.inputs.entries.map(from)} ${`${context}/`}`];
}

/** Copies poetry.lock and pip_list.txt out of the image, byte for byte, into the runnable dir. */
function bringLockBack(facts: Facts): Step {
  const folder = facts.place.dir === "." ? "devops/docker_build" : `${facts.place.dir}/devops/docker_build`;
  const image: Word = { digest: "@image" };
  const text = "cp /install/poetry.lock.out /out/poetry.lock && cp /install/pip_list.txt /out/pip_list.txt";
  const mount = `type=bind,source=${facts.place.root}/${folder},target=/out`;
  const { uid, gid } = facts.user;
  const line = cmd`docker run --rm --pull never --network none --user ${`${uid}:${gid}`} --entrypoint sh --mount ${mount} ${image} -c ${text}`;
  return step("bring_lock_back", `Bring poetry.lock and pip_list.txt back to ${folder}`, [line]);
}
