import { createHash } from "node:crypto";
import { join } from "node:path";
import { readContext } from "../doors/build_context.ts";
import { inspectImages } from "../doors/docker.ts";
import { readText } from "../doors/files.ts";
import { lastChange, tagsWith, untracked } from "../doors/git.ts";
import { baseImages } from "../model/dockerfile.ts";
import { UserError } from "../model/errors.ts";
import type { BaseImage, BuildInputs, Facts, LocalImage, Place } from "../model/facts.ts";
import type { ReleaseStage } from "../model/stage.ts";

type Base = Pick<Facts, "config" | "env" | "place" | "stage">;
type Given = { readonly options: Readonly<Record<string, unknown>>; readonly base: BaseImage | null };
const folder = "devops/docker_build";

/** What the image of the stage is built from: context, Dockerfile, build arguments, base digests. */
export async function readInputs(facts: Base, { options, base }: Given): Promise<BuildInputs> {
  const { place, stage, env } = facts;
  const dockerfile = join(folder, `${stage}.Dockerfile`);
  const dockerfileText = readIn(place, dockerfile, `A ${stage} image is built from it.`);
  const ignoreText = [readIgnore(place, stage), ...(stage === "prod" ? await notInGit(place, env) : [])].join("\n");
  // A dev image holds the toolchain of its runnable dir, a prod image the code of the outermost repo (original.md, 1.3).
  const contextDir = stage === "prod" ? "." : place.dir;
  const context = await readContext(join(place.root, contextDir), ignoreText);
  const buildArgs = { ...facts.config.release.buildArgs, ...givenArgs(options) };
  const bases = base ? [] : await inspectImages(baseImages(dockerfileText, buildArgs), place.root, env);
  const change = await lastChangeOf(facts, context.entries);
  const hash = createHash("sha256");
  const below = base
    ? [base.digest]
    : baseImages(dockerfileText, buildArgs).map((name) => `${name}@${contentOf(bases, name)}`);
  for (const part of [context.hash, dockerfileText, JSON.stringify(buildArgs), ...below]) hash.update(`${part}\0`);
  return {
    base,
    dockerfile: join(place.dir, dockerfile),
    dockerfileText,
    ignoreText,
    context: contextDir,
    hash: hash.digest("hex"),
    entries: context.entries,
    large: context.sizes.filter(({ bytes }) => bytes > largeBytes),
    hasLinks: context.hasLinks,
    ...change,
  };
}

/** What a candidate may have below one first path part of its context (original.md, 1.3: 200M). */
const largeBytes = 200 * 2 ** 20;

const contentOf = (images: readonly LocalImage[], name: string): string =>
  images.find(({ reference }) => reference === name)?.content ?? "";

/** The last commit that changed the inputs, and the Git tags of the owner that hold it. */
async function lastChangeOf({ place, stage, env }: Base, entries: readonly string[]) {
  const paths = stage === "prod" ? entries : entries.map((entry) => ownerPath(place, entry));
  const change = await lastChange(stage === "prod" ? place.root : place.owner, paths, env);
  // Tags are the owner's: of a prod image of another repo around it, its own last commit tells which of them fit.
  const own = stage === "prod" && place.owner !== place.root ? await lastChange(place.owner, [], env) : change;
  return { ...change, tagged: await tagsWith(place, own.revision, env) };
}

/** What Git does not know is no part of a prod image: another clone of the commit would not have it. */
const notInGit = async (place: Place, env: Base["env"]): Promise<string[]> => [
  ".git",
  "**/.git",
  ...(await untracked(place, env)).map((path) => `/${path.replaceAll(/[\\*?[\]!]/g, "\\$&").replace(/\/$/, "")}`),
];

/** `--build-arg NAME=VALUE` as a record. */
export const givenArgs = (options: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(
    ((options["buildArg"] as readonly string[] | undefined) ?? []).map((pair) => [
      pair.split("=")[0] ?? "",
      pair.split("=").slice(1).join("="),
    ]),
  );

/** `dev.Dockerfile.dockerignore` as BuildKit names it, else `dockerignore.dev` as the original does, else nothing is ignored. */
function readIgnore(place: Place, stage: ReleaseStage): string {
  const texts = [`${stage}.Dockerfile.dockerignore`, `dockerignore.${stage}`].map((name) =>
    readText(join(place.root, place.dir, folder, name)),
  );
  return texts.find((text) => text !== null) ?? "";
}

/** A path of the runnable dir as the owner's repo names it. */
function ownerPath(place: Place, entry: string): string {
  const full = join(place.root, place.dir, entry);
  return full.slice(place.owner.length + 1);
}

/** Reads a file of the runnable dir; throws naming it where it is not there. */
function readIn(place: Place, file: string, why: string): string {
  const text = readText(join(place.root, place.dir, file));
  if (text !== null) return text;
  throw new UserError(`${join(place.dir, file)} is not there`, {
    why,
    fix: "Start from the template: i init_runnable_dir",
  });
}
