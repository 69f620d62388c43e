import { createHash } from "node:crypto";
import { join, relative } from "node:path";
import { type BuildContext, readContext } from "../doors/build_context.ts";
import { inspectImages } from "../doors/docker.ts";
import { lastChange, tagsWith } from "../doors/git.ts";
import { crlfFiles, type GitFiles, isBelow, readGitFiles, textOf } from "../doors/git_files.ts";
import { UserError } from "../errors.ts";
import { baseArgs, baseImages } from "../formats/dockerfile.ts";
import type { ReleaseStage } from "../names/stage.ts";
import type { BaseImage, BuildInputs, Facts, Place } from "../plan/facts.ts";
import { quote, shown } from "../plan/render_plan.ts";
import { encodeExact } from "../text/exact_text.ts";

type Base = Pick<Facts, "builder" | "config" | "env" | "place" | "stage">;
type Where = Pick<Base, "env" | "place" | "stage">;
type Given = {
  readonly buildArg: readonly string[] | undefined;
  readonly base: BaseImage | null;
  /** Whether the Git tag of the version is here. */
  readonly isTagged: () => Promise<boolean>;
};
const folder = "devops/docker_build";

/** What the image of the stage is built from: context, Dockerfile, build arguments, base digests. */
export async function readInputs(facts: Base, { buildArg = [], base, isTagged }: Given): Promise<BuildInputs> {
  const { config, place } = facts;
  if (config.imageOf !== null)
    throw new UserError(`"${place.dir}" has no image of its own: it uses that of "${config.imageOf}"`, {
      why: "An image is built and released in the dir that has its Dockerfile and its changelog.",
      fix: `Run it for that dir: add --dir ${quote(config.imageOf)}`,
    });
  const { dockerfile, dockerfileText, contextDir, ownIgnore, context } = await readFiles(facts);
  const buildArgs = { ...facts.config.release.buildArgs, ...givenArgs(buildArg) };
  const bases = await readBases(facts, baseImages(dockerfileText, { ...buildArgs, ...below(facts, base) }), base);
  const change = await lastChangeOf(facts, { entries: context.entries, isTagged });
  const hash = createHash("sha256");
  for (const part of [context.hash, dockerfileText, JSON.stringify(buildArgs)]) hash.update(encodeExact(`${part}\0`));
  const former = base && typeof base.digest === "string" ? hash.copy().update(encodeExact(`${base.digest}\0`)) : null;
  return {
    base,
    dockerfile: join(place.dir, dockerfile),
    dockerfileText,
    ignoreText: [ownIgnore, ...context.leftOut.map(ignoreLine)].join("\n"),
    context: contextDir,
    hash: hash.digest("hex"),
    ...(former ? { formerHash: former.digest("hex") } : {}),
    bases,
    entries: context.entries,
    large: context.sizes.filter(({ bytes }) => bytes > largeBytes),
    hasLinks: context.hasLinks,
    other: await otherFiles(facts, context),
    ...change,
  };
}

/** Reads the files that the image of the stage is built from. */
export async function readFiles(facts: Where) {
  const { place, stage } = facts;
  const dockerfile = join(folder, `${stage}.Dockerfile`);
  // A dev image holds the toolchain of its runnable dir, a prod image the code of the outermost repo (design.md, "From the documents").
  const contextDir = stage === "prod" ? "." : place.dir;
  const git = await readGitFiles(place, join(place.root, contextDir), facts.env);
  const dockerfileText = readDockerfile(facts, dockerfile, git);
  const ownIgnore = readIgnore(facts, git);
  const context = await readWithGit(facts, join(place.root, contextDir), { ignoreText: ownIgnore, git });
  return { dockerfile, dockerfileText, contextDir, ownIgnore, context };
}

/** What a candidate may have below one first path part of its context (design.md, "From the documents"). */
const largeBytes = 200 * 2 ** 20;

const below = ({ config }: Base, base: BaseImage | null): Record<string, string> =>
  base
    ? Object.fromEntries(Object.entries(baseArgs(base, config.imageName)).map(([name, value]) => [name, shown(value)]))
    : {};

/** What the engine builds on is what it has under the name; a builder of its own takes it from elsewhere. */
async function readBases({ place, env, builder }: Base, names: readonly string[], base: BaseImage | null) {
  const own = base ? [`${base.repository}@${shown(base.digest)}`, `${base.repository}:dev-${base.version}`] : [];
  const others = names.filter((name) => !own.includes(name));
  const images = builder ? [] : await inspectImages(others, place.root, env);
  return others.map((name) => ({
    name,
    content:
      name.match(/@(sha256:[0-9a-f]{64})$/)?.[1] ?? images.find(({ reference }) => reference === name)?.content ?? null,
  }));
}

type Change = Pick<Given, "isTagged"> & { readonly entries: readonly string[] };

/** The last commit that changed the inputs, and the Git tags of the owner that hold it. */
async function lastChangeOf({ place, stage, env }: Base, { entries, isTagged }: Change) {
  const paths = stage === "prod" ? entries : entries.map((entry) => ownerPath(place, entry));
  const change = await lastChange(stage === "prod" ? place.root : place.owner, paths, env);
  // Tags are the owner's: of a prod image of another repo around it, its own last commit tells which of them fit.
  if (!(await isTagged())) return { ...change, tagged: [] };
  const own = stage === "prod" && place.owner !== place.root ? await lastChange(place.owner, [], env) : change;
  return { ...change, tagged: await tagsWith(place, own.revision, env) };
}

/** A link may lead out of the context: then the whole of the outermost repo is asked. */
async function readWithGit({ place, stage, env }: Where, context: string, { ignoreText, git }: Read) {
  const own = join(place.root, place.dir);
  const beside = ["repo_config.yaml", join(folder, `${stage}.Dockerfile`), ...ignoreFiles(stage)].map((name) =>
    join(own, name),
  );
  const files = { root: place.root, ignoreText, beside };
  const first = readContext(context, { ...files, git });
  if (first.other.every(({ real }) => isBelow(context, real))) return first;
  return readContext(context, { ...files, git: await readGitFiles(place, place.root, env) });
}
type Read = { readonly ignoreText: string; readonly git: GitFiles };

/** The files of the context that are not the commit's, relative to `root`. */
async function otherFiles({ place, stage, env }: Base, { other }: BuildContext): Promise<string[]> {
  const repo = stage === "prod" ? place.root : place.owner;
  const candidates = other.filter(({ lineEnds, real }) => lineEnds && isBelow(repo, real)).map(({ real }) => real);
  const wanted = await crlfFiles(repo, candidates, env);
  return other
    .filter(({ real }) => !wanted.has(real))
    .map(({ real }) => relative(place.root, real))
    .sort();
}

/** A path of the context as a line of its ignore file, where blanks at the end do not count and a new line ends it. */
const ignoreLine = (path: string): string =>
  `/${path.replaceAll(/[\\*?[\]!]/g, "\\$&").replaceAll(/[\n\r^]|\s$/g, "?")}`;

/** `--build-arg NAME=VALUE` as a record. */
const givenArgs = (pairs: readonly string[]): Record<string, string> =>
  Object.fromEntries(pairs.map((pair) => [pair.split("=")[0] ?? "", pair.split("=").slice(1).join("=")]));

export const ignoreFiles = (stage: ReleaseStage): string[] =>
  [`${stage}.Dockerfile.dockerignore`, `dockerignore.${stage}`].map((name) => join(folder, name));

/** `dev.Dockerfile.dockerignore` as BuildKit names it, else `dockerignore.dev` as the original does, else nothing is ignored. */
function readIgnore({ place, stage }: Where, git: GitFiles): string {
  const texts = ignoreFiles(stage).map((name) => textOf(place.root, join(place.dir, name), git));
  return texts.find((text) => text !== null) ?? "";
}

/** A path of the runnable dir as the owner's repo names it. */
function ownerPath(place: Place, entry: string): string {
  const full = join(place.root, place.dir, entry);
  return full.slice(place.owner.length + 1);
}

/** Reads the Dockerfile of the runnable dir; throws naming it where it is not there. */
function readDockerfile({ place, stage }: Where, file: string, git: GitFiles): string {
  const text = textOf(place.root, join(place.dir, file), git);
  if (text !== null) return text;
  throw new UserError(`${join(place.dir, file)} is not there`, {
    why: `A ${stage} image is built from it.`,
    fix: "Start from the template: i init_runnable_dir",
  });
}
