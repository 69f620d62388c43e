import { declaredArgs } from "../model/dockerfile.ts";
import { UserError } from "../model/errors.ts";
import type { BuildInputs, Facts } from "../model/facts.ts";
import { type Action, type Command, cmd, type Step, step } from "../model/plan.ts";
import { ecrLogin } from "./ecr.ts";
import { shortHash, slipwayFile } from "./own_files.ts";

/** One build of one image: its name in the engine, and what it gets beside its context. */
export type Build = {
  readonly id: string;
  readonly reference: string;
  /** Build arguments; each is passed only where the Dockerfile declares it. */
  readonly args: Readonly<Record<string, string>>;
  /** `NAME=VALUE` as typed by a person: passed as they are. */
  readonly typedArgs: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly cache: boolean;
  /** Names that a FROM of the Dockerfile may use -> the image that is meant, e.g. `docker-image://ghcr.io/acme/app@sha256:...`. */
  readonly images: Readonly<Record<string, string>>;
};

/** The labels that are the truth about an image (OCI image spec, "Annotations"), and `dev.slipway.inputs`. */
export const imageLabels = (facts: Facts, version: string, mode: string): Record<string, string> => ({
  "dev.slipway.inputs": inputsLabel(facts.inputs, mode, facts.platforms.join(",") || facts.engine.platform),
  "org.opencontainers.image.created": new Date(facts.inputs.time * 1000).toISOString().replace(".000Z", "Z"),
  "org.opencontainers.image.revision": facts.inputs.revision,
  "org.opencontainers.image.source": facts.config.source,
  "org.opencontainers.image.version": version,
  ...(facts.inputs.base
    ? {
        "org.opencontainers.image.base.digest": facts.inputs.base.digest,
        "org.opencontainers.image.base.name": `${facts.inputs.base.repository}:dev-${facts.inputs.base.version}`,
      }
    : {}),
});

/** What makes two builds the same: the inputs, the platforms and the poetry mode. */
export const inputsLabel = (inputs: BuildInputs, mode: string, platform: string): string =>
  shortHash(`${inputs.hash} ${platform} ${mode}`);

/** The build itself: Dockerfile and ignore file copied out of the tree, links staged with their contents, every timestamp the commit's. */
export function buildStep(facts: Facts, build: Build): Step {
  assertCanHold(facts);
  const { inputs } = facts;
  const folder = slipwayFile(facts, "build", shortHash(`${inputs.dockerfile} ${inputs.hash}`));
  const dockerfile = `${folder}/${inputs.dockerfile.split("/").at(-1)}`;
  const context = inputs.hasLinks ? `${folder}/context` : inputs.context;
  const files: Action[] = [
    { kind: "write_file", path: dockerfile, content: inputs.dockerfileText },
    { kind: "write_file", path: `${dockerfile}.dockerignore`, content: inputs.ignoreText },
  ];
  const line = buildLine(facts, build, { dockerfile, context, metadata: `${folder}/metadata.json` });
  // A builder pushes what it built, to the first registry.
  const login = facts.builder ? ecrLogin(facts, facts.config.registries[0]?.name ?? "") : [];
  return step(build.id, `Build ${build.reference}`, [...files, ...stageLinks(facts, context), ...login, line], {
    yields: "image",
  });
}

/** The classic image store has one platform an image (Docker's documentation, "containerd image store"). */
function assertCanHold({ engine, platforms, builder }: Facts): void {
  if (engine.store !== "classic" || platforms.length < 2 || builder) return;
  throw new UserError(`this engine cannot hold an image of ${platforms.join(" and ")}`, {
    why: "Its classic image store keeps one platform of an image.",
    fix: "Turn the containerd image store on in the engine's settings, or name a builder that pushes: --builder NAME",
    kind: "engine",
  });
}

type Paths = { readonly dockerfile: string; readonly context: string; readonly metadata: string };

/** The engine gives a new name to one of two builds that end at once; the other is built, and has only to be named. */
const namedMeanwhile = 'ERROR: failed to solve: image "[^"]+": already exists';

function buildLine(facts: Facts, build: Build, { dockerfile, context, metadata }: Paths): Command {
  const declared = declaredArgs(facts.inputs.dockerfileText);
  const words = (flag: string, values: readonly string[]) => values.flatMap((value) => [flag, value]);
  const pairs = (values: Readonly<Record<string, string>>) =>
    Object.entries(values).map(([name, value]) => `${name}=${value}`);
  const args = Object.entries(build.args).filter(([name]) => declared.includes(name));
  const given = [`SOURCE_DATE_EPOCH=${facts.inputs.time}`, ...pairs(Object.fromEntries(args)), ...build.typedArgs];
  const line = cmd`docker buildx build --provenance=false --sbom=false --progress=plain ${facts.builder && ["--builder", facts.builder]} ${facts.platforms.length > 0 && ["--platform", facts.platforms.join(",")]} ${!build.cache && "--no-cache"} --file ${dockerfile} ${words("--build-arg", given)} ${words("--build-context", pairs(build.images))} ${words("--label", pairs(build.labels))} --tag ${build.reference} --metadata-file ${metadata} ${facts.builder ? "--push" : "--load"} ${context}`;
  return { ...line, digestFile: metadata, again: namedMeanwhile, ...(facts.builder ? { elsewhere: true } : {}) };
}

/** Copies the context's entries with links followed, as `tar -h` would send them. */
function stageLinks(facts: Facts, context: string): Action[] {
  if (!facts.inputs.hasLinks) return [];
  const from = (entry: string) => (facts.inputs.context === "." ? entry : `${facts.inputs.context}/${entry}`);
  return [cmd`mkdir -p ${context}`, cmd`cp -R -L -p ${facts.inputs.entries.map(from)} ${`${context}/`}`];
}
