import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { dataHome } from "../../lib/doors/engine.ts";
import { readText, writePrivate } from "../../lib/doors/files.ts";
import { UserError } from "../../lib/errors.ts";
import { parseImageName } from "../../lib/names/image.ts";

/** What the caller said about the place. */
export type Asked = { readonly dir: string | undefined; readonly name: string | undefined };

/** Where everything of one quickstart lies. */
export type Place = {
  /** The Slipway clone. */
  readonly root: string;
  readonly dir: string;
  /** Says that the folder is a quickstart's; without it nothing is ever removed. */
  readonly marker: string;
  /** The image's name, and the repo's. */
  readonly name: string;
  readonly repo: string;
  readonly remote: string;
  /** Where repo and remote are made before they get their names. */
  readonly unfinished: string;
};

/** What the marker holds: `holder` is the process that counts as the engine's user until `--down`. */
export type Marker = { readonly name: string; readonly holder?: number };

type Env = Readonly<Record<string, string | undefined>>;

/** The folder used when none is named. */
export const defaultDir = (env: Env): string => join(dataHome(env), "slipway", "quickstart");

/** The place the options mean; a name given once holds until `--down`. */
export function findPlace(asked: Asked, env: Env): Place & { readonly known: Marker | null } {
  const dir = resolve(asked.dir ?? defaultDir(env));
  const known = readMarker(markerIn(dir));
  const name = parseImageName(asked.name ?? known?.name ?? "sample", "--name");
  if (known && known.name !== name)
    throw new UserError(`${dir} holds the quickstart of "${known.name}"`, {
      why: "A folder holds one sample repo.",
      fix: `Give --dir another folder, or remove this one first: npm run quickstart -- --down --dir ${dir}`,
      kind: "usage",
    });
  return { ...placeIn(dir, name), known };
}

const markerIn = (dir: string): string => join(dir, ".slipway_quickstart");

/** What lies where in the folder of a quickstart. */
export function placeIn(dir: string, name: string): Place {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  const repo = join(dir, name);
  return { root, dir, marker: markerIn(dir), name, repo, remote: `${repo}.git`, unfinished: join(dir, "unfinished") };
}

/** Refuses a folder that holds anything else. */
export function assertOwnDir(at: Pick<Place, "dir" | "marker">): void {
  if (existsSync(at.marker) || !existsSync(at.dir) || readdirSync(at.dir).length === 0) return;
  throw new UserError(`${at.dir} is not empty`, {
    why: "`--down` removes the whole folder, so it holds nothing but the quickstart.",
    fix: `Give a folder of its own: npm run quickstart -- --dir ${join(at.dir, "quickstart")}`,
    kind: "usage",
  });
}

/** Makes the folder a quickstart's, with the process that uses the engine for it; false where it was that already. */
export function claimDir(at: Pick<Place, "dir" | "marker" | "name">, holder: number): boolean {
  assertOwnDir(at);
  const text = `${JSON.stringify({ name: at.name, holder } satisfies Marker)}\n`;
  if (readText(at.marker) === text) return false;
  mkdirSync(at.dir, { recursive: true });
  writePrivate(at.marker, text);
  return true;
}

function readMarker(file: string): Marker | null {
  if (!existsSync(file)) return null;
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Marker;
  } catch {
    return { name: "sample" };
  }
}
