import { createHash } from "node:crypto";
import { join } from "node:path";
import { readContext } from "../doors/build_context.ts";
import { inspectImages } from "../doors/docker.ts";
import { readText } from "../doors/files.ts";
import { lastChange, tagsWith } from "../doors/git.ts";
import { baseImages } from "../model/dockerfile.ts";
import { UserError } from "../model/errors.ts";
import type { BuildInputs, Facts, Place } from "../model/facts.ts";

type Base = Pick<Facts, "config" | "env">;
const folder = "devops/docker_build";

/** What the dev image of a runnable dir is built from: context, Dockerfile, build arguments, base digests, poetry mode. */
export async function readInputs(
  place: Place,
  base: Base,
  options: Readonly<Record<string, unknown>>,
): Promise<BuildInputs> {
  const dockerfile = join(folder, "dev.Dockerfile");
  const dockerfileText = readIn(place, dockerfile, "A dev image is built from it.");
  const ignoreText = readIgnore(place);
  const context = await readContext(join(place.root, place.dir), ignoreText);
  const buildArgs = { ...base.config.release.buildArgs, ...givenArgs(options) };
  const bases = baseImages(dockerfileText, buildArgs);
  const known = await inspectImages(bases, place.root, base.env);
  const change = await lastChange(
    place,
    context.entries.map((entry) => ownerPath(place, entry)),
    base.env,
  );
  const hash = createHash("sha256");
  for (const part of [
    context.hash,
    dockerfileText,
    JSON.stringify(buildArgs),
    ...bases.map((name) => `${name}@${known.find(({ reference }) => reference === name)?.content ?? ""}`),
  ])
    hash.update(`${part}\0`);
  return {
    dockerfile: join(place.dir, dockerfile),
    dockerfileText,
    ignoreText,
    context: place.dir,
    hash: hash.digest("hex"),
    entries: context.entries,
    hasLinks: context.hasLinks,
    ...change,
    tagged: await tagsWith(place, change.revision, base.env),
  };
}

/** `--build-arg NAME=VALUE` as a record. */
export const givenArgs = (options: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(
    ((options["buildArg"] as readonly string[] | undefined) ?? []).map((pair) => [
      pair.split("=")[0] ?? "",
      pair.split("=").slice(1).join("="),
    ]),
  );

/** `dev.Dockerfile.dockerignore` as BuildKit names it, else `dockerignore.dev` as the original does, else nothing is ignored. */
function readIgnore(place: Place): string {
  const texts = ["dev.Dockerfile.dockerignore", "dockerignore.dev"].map((name) =>
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
