import { posix } from "node:path";
import { ecrLogin } from "../container/ecr_login.ts";
import { shortHash, slipwayFile } from "../container/own_files.ts";
import { UserError } from "../errors.ts";
import { declaredArgs, withoutSyntax } from "../formats/dockerfile.ts";
import { lockFiles } from "../formats/poetry.ts";
import { sourceAt } from "../git/git_remote.ts";
import { type Command, cmd, command } from "../kinds/command.ts";
import { writeFile } from "../kinds/write_file.ts";
import { cleanedMeanwhile } from "../names/engine.ts";
import { contextLabel } from "../names/patched.ts";
import type { BuildInputs, Facts } from "../plan/facts.ts";
import { type Action, prefixed, type Step, step, type Value } from "../plan/plan.ts";
import { quote, shown } from "../plan/render_plan.ts";
import { someOf } from "../text/units.ts";

/** One build of one image: its name in the engine, and what it gets beside its context. */
export type Build = {
  readonly id: string;
  readonly reference: string;
  /** Build arguments; each is passed only where the Dockerfile declares it. */
  readonly args: Readonly<Record<string, Value>>;
  /** `NAME=VALUE` as typed by a person: passed as they are. */
  readonly typedArgs: readonly string[];
  /** Variables whose values the build gets as secrets, beside those of the config. */
  readonly secrets: readonly string[];
  readonly labels: Readonly<Record<string, Value>>;
  readonly cache: boolean;
  /** Names that a FROM of the Dockerfile may use -> the image that is meant, e.g. `docker-image://ghcr.io/acme/app@sha256:...`. */
  readonly images: Readonly<Record<string, Value>>;
  /** What is done otherwise than it was asked for. */
  readonly note?: string;
};

/** The labels that are the truth about an image (OCI image spec, "Annotations"), and `dev.slipway.inputs`. */
export const imageLabels = (
  facts: Facts<"engine" | "inputs">,
  version: string,
  mode: string,
): Record<string, string> => ({
  [basesLabel]: basesOf(facts.inputs),
  [inputsName]: inputsLabel(facts.inputs, mode, platformsOf(facts)),
  "org.opencontainers.image.created": new Date(facts.inputs.time * 1000).toISOString().replace(".000Z", "Z"),
  "org.opencontainers.image.revision": facts.inputs.revision,
  ...sourceLabel(facts),
  "org.opencontainers.image.version": version,
  ...contextLabels(facts, mode),
  ...(facts.inputs.base
    ? {
        [baseDigestLabel]: shown(facts.inputs.base.digest),
        "org.opencontainers.image.base.name": `${facts.inputs.base.repository}:dev-${facts.inputs.base.version}`,
      }
    : {}),
});

/** The dev image below a prod image, as the label that a build gives it. */
export const baseDigestLabel = "org.opencontainers.image.base.digest";

/** Where the code is, by the config or else by Git; no label where neither knows. */
function sourceLabel({ config, git }: Facts): Record<string, string> {
  const source = config.source ?? (git.remote && sourceAt(git.remote.address));
  return source ? { "org.opencontainers.image.source": source } : {};
}

/** What the images that an image is built on were when it was built. */
const basesLabel = "dev.slipway.bases";

const basesOf = ({ bases }: BuildInputs): string =>
  bases.some(({ content }) => content === null)
    ? "unknown"
    : shortHash(bases.map(({ name, content }) => `${name}@${content}`).join("\n"));

type Labels = Readonly<Record<string, string>>;

/**
 * Whether an image comes from the same commit and files, and of prod from the same dev image. One that is released stays what it is,
 * whatever its other bases have become. `former` is what Slipway 0.1 wrote of the inputs, with that dev image in it.
 */
export const isOfSameSource = (theirs: Labels, labels: Labels, former?: string): boolean =>
  theirs["org.opencontainers.image.revision"] === labels["org.opencontainers.image.revision"] &&
  ((former !== undefined && theirs[inputsName] === former) ||
    (theirs[inputsName] === labels[inputsName] &&
      (labels[baseDigestLabel] === undefined || theirs[baseDigestLabel] === labels[baseDigestLabel])));

/** Whether an image is what would be built now: on the same bases too, and only where all are known. */
export const isSameBuild = (theirs: Labels, labels: Labels, former?: string): boolean =>
  isOfSameSource(theirs, labels, former) &&
  [basesLabel, contextLabel].every((name) => theirs[name] === labels[name]) &&
  labels[basesLabel] !== "unknown";

/** Says what of the context is not the commit's; the files that a build with poetry brings back are what it made. */
function contextLabels({ inputs }: Facts<"inputs">, mode: string): Record<string, string> {
  const made =
    mode === "update" || mode === "refresh"
      ? lockFiles.map((name) => posix.join(posix.dirname(inputs.dockerfile), name))
      : [];
  const other = inputs.other.filter((path) => !made.includes(path));
  return other.length === 0 ? {} : { [contextLabel]: `with files that are not the commit's: ${someOf(other)}` };
}

/** Refuses to build what is released from other files than its commit has. */
export function assertContext({ inputs, stage }: Facts<"inputs">): void {
  const [first] = inputs.other;
  if (first === undefined) return;
  const path = quote(first);
  throw new UserError(`the files of the image are not those of the commit: ${someOf(inputs.other)}`, {
    why: "An image is built from what its commit has, so that any clone builds the same; these files are new, kept from Git's eyes (assume-unchanged, skip-worktree, sparse checkout), changed by a checkout (line ends, filters) or lie behind a link.",
    fix: `Commit them, name them in ${posix.dirname(inputs.dockerfile)}/dockerignore.${stage}, or take the commit's: git update-index --no-assume-unchanged ${path}; git update-index --no-skip-worktree ${path}; git checkout HEAD -- ${path}`,
    kind: "dirty",
  });
}

/** What makes two builds the same: the inputs, the platforms and the poetry mode. */
export const inputsLabel = (inputs: BuildInputs, mode: string, platform: string): string =>
  shortHash(`${inputs.hash} ${platform} ${mode}`);

const inputsName = "dev.slipway.inputs";
const platformsOf = ({ platforms, engine }: Facts<"engine">): string => platforms.join(",") || engine.platform;

/** The same as Slipway 0.1 wrote it on a prod image; undefined where that is the same. */
export const formerInputs = (facts: Facts<"engine" | "inputs">, mode: string): string | undefined => {
  const { formerHash: hash } = facts.inputs;
  return hash === undefined ? undefined : inputsLabel({ ...facts.inputs, hash }, mode, platformsOf(facts));
};

/** The build itself: Dockerfile and ignore file copied out of the tree, links staged with their contents, every timestamp the commit's. */
export function buildStep(facts: Facts<"engine" | "inputs">, build: Build): Step {
  assertCanHold(facts);
  const { inputs } = facts;
  const folder = slipwayFile(facts, "build", shortHash(`${inputs.dockerfile} ${inputs.hash}`));
  const dockerfile = `${folder}/${inputs.dockerfile.split("/").at(-1)}`;
  const context = inputs.hasLinks ? `${folder}/context` : inputs.context;
  const files: Action[] = [
    writeFile({ path: dockerfile, content: withoutSyntax(inputs.dockerfileText) }),
    writeFile({ path: `${dockerfile}.dockerignore`, content: inputs.ignoreText }),
  ];
  const line = buildLine(facts, build, { dockerfile, context, metadata: `${folder}/metadata.json` });
  // A builder pushes what it built, to the first registry.
  const login = facts.builder ? ecrLogin(facts, facts.config.registries[0]?.name ?? "") : [];
  const actions = [...files, ...stageLinks(facts, context), ...builderThere(facts), ...login, line];
  const title = `Build ${build.reference}${build.note ? ` (${build.note})` : ""}`;
  return step(build.id, title, actions);
}

/** The builder that is named, before anything is sent to it. */
function builderThere({ builder }: Facts): Action[] {
  if (builder === null) return [];
  const fix = "See what there is: docker buildx ls; and pass one: --builder NAME";
  const none = { why: `docker buildx has no builder ${builder} that it could reach.`, fix };
  return [command({ ...cmd`docker buildx inspect ${builder}`, meaning: { "1": none } })];
}

/** The classic image store has one platform an image (Docker's documentation, "containerd image store"). */
function assertCanHold({ engine, platforms, builder }: Facts<"engine">): void {
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

/** What a build says when others were quicker: the same line does once they are through. */
export const meanwhile = `${namedMeanwhile}|${cleanedMeanwhile}`;

function buildLine(facts: Facts<"inputs">, build: Build, { dockerfile, context, metadata }: Paths): Command {
  const declared = declaredArgs(facts.inputs.dockerfileText);
  const words = (flag: string, values: readonly Value[]) => values.flatMap((value) => [flag, value]);
  const pairs = (values: Readonly<Record<string, Value>>) =>
    Object.entries(values).map(([name, value]) => prefixed(`${name}=`, value));
  const args = Object.entries(build.args).filter(([name]) => declared.includes(name));
  const given = [`SOURCE_DATE_EPOCH=${facts.inputs.time}`, ...pairs(Object.fromEntries(args)), ...build.typedArgs];
  // BuildKit reads each from the variable of its name; none becomes part of the image.
  const secrets = [...new Set([...facts.config.release.secrets, ...build.secrets])].map(
    (name) => `id=${name},env=${name}`,
  );
  const line = cmd`docker buildx build --provenance=false --sbom=false --progress=plain ${facts.builder && ["--builder", facts.builder]} ${facts.platforms.length > 0 && ["--platform", facts.platforms.join(",")]} ${!build.cache && "--no-cache"} --file ${dockerfile} ${words("--build-arg", given)} ${words("--secret", secrets)} ${words("--build-context", pairs(build.images))} ${words("--label", pairs(build.labels))} --tag ${build.reference} --metadata-file ${metadata} ${facts.builder ? "--push" : "--load"} ${context}`;
  return {
    ...line,
    digestFile: metadata,
    again: meanwhile,
    ...(facts.builder ? { elsewhere: true } : {}),
  };
}

/** Copies the context's entries with links followed, as `tar -h` would send them. */
function stageLinks(facts: Facts<"inputs">, context: string): Action[] {
  if (!facts.inputs.hasLinks) return [];
  const from = (entry: string) => (facts.inputs.context === "." ? entry : `${facts.inputs.context}/${entry}`);
  return [cmd`mkdir -p ${context}`, cmd`cp -R -L -p ${facts.inputs.entries.map(from)} ${`${context}/`}`];
}
