import { basename, join } from "node:path";
import { openConsole } from "../doors/console.ts";
import { exists, readRepoText } from "../doors/files.ts";
import { loadOwnSource } from "../doors/own_source.ts";
import { withQuestions } from "../doors/questions.ts";
import { ownDir } from "../doors/runnable_dirs.ts";
import { type Adoption, baseFrom, nameFrom, parseWay, type Source, type Way } from "../model/adoption.ts";
import { UserError } from "../model/errors.ts";
import type { Facts } from "../model/facts.ts";
import { parseImageName, parseReference } from "../model/image.ts";
import { jsonOf, textAt } from "../model/shape.ts";
import { lookAtNewDir } from "./new_dir.ts";

/** What may be typed instead of answered; a person is asked for the rest. */
export type AdoptionOptions = {
  readonly as?: Way | undefined;
  readonly source?: string | undefined;
  readonly name?: string | undefined;
  readonly baseImage?: string | undefined;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
};

type Where = Pick<Facts, "place" | "env">;

/** What `init` has to know of a repo; where a person is there to answer, what they say, with defaults from what is there. */
export async function lookAtAdoption(facts: Where, options: AdoptionOptions): Promise<Adoption> {
  const [newDir, own] = await Promise.all([lookAtNewDir(facts), loadOwnSource(facts.env)]);
  const { place } = facts;
  const manifest = readRepoText(place.root, "package.json");
  const found = {
    ...newDir,
    there: whereSlipwayIs(facts, manifest),
    hasPackageJson: manifest !== null,
    gitignore: readRepoText(place.root, ".gitignore"),
  };
  const open = defaultsOf(facts, options, { manifest, remote: newDir.codeAt });
  const yes = options.yes === true || options.dryRun === true || options.json === true;
  const { canAsk } = openConsole({ yes, quiet: false, verbose: false, env: facts.env });
  const chosen = canAsk ? await answers(open, options, found.there) : open;
  const source = options.source ?? sourceFor(own, chosen.way);
  return { ...found, ...chosen, source, answered: chosen !== open };
}

const sourceFor = (own: Source, way: Way): string => (way === "submodule" ? own.git : own.npm);

/** How the repo has Slipway already: as a submodule, or as a package that package.json names. */
export function whereSlipwayIs({ place }: Where, manifest: string | null): string | null {
  const own = ownDir(place);
  if (own !== null && !own.includes("node_modules")) return own;
  const value = jsonOf(manifest ?? "");
  const isPackage = ["dependencies", "devDependencies"].some((list) => textAt(value, list, "slipway"));
  if (isPackage) return "package.json";
  return exists(join(place.root, submoduleDir, "thin_client")) ? submoduleDir : null;
}

const submoduleDir = "helpers/slipway";

type Open = Pick<Adoption, "way" | "name" | "baseImage">;
type Around = { readonly manifest: string | null; readonly remote: string | null };

/** What is typed, else what the repo itself suggests. */
function defaultsOf({ place }: Where, options: AdoptionOptions, { manifest, remote }: Around): Open {
  const at = (file: string) => readRepoText(place.root, join(place.dir, file));
  const config = /^\s*docker_image_name:\s*["']?([\w.-]+)/m.exec(at("repo_config.yaml") ?? "")?.[1];
  const packageName = place.dir === "." ? (textAt(jsonOf(manifest ?? ""), "name") ?? null) : null;
  const folder = basename(join(place.root, place.dir));
  return {
    way: options.as ?? (manifest === null ? "submodule" : "package"),
    name: options.name ?? config ?? nameFrom({ packageName, remote: place.dir === "." ? remote : null, folder }),
    baseImage: options.baseImage ?? baseFrom(at("Dockerfile") ?? ""),
  };
}

const templateBase = "debian:bookworm-slim";

/** Asks for what was not typed; gives what it was given where nothing was open. */
async function answers(open: Open, options: AdoptionOptions, there: string | null): Promise<Open> {
  const asksWay = options.as === undefined && there === null;
  if (!asksWay && options.name !== undefined && options.baseImage !== undefined) return open;
  return withQuestions(async (ask) => {
    const text = `Add Slipway as a submodule (in ${submoduleDir}), or as a package (in package.json)?`;
    const way = asksWay ? parseWay(await ask({ text, fallback: open.way, fault: faultOf(parseWay) })) : open.way;
    const named = {
      text: "The image's name, unique in the repo?",
      fallback: open.name,
      fault: faultOf(parseImageName),
    };
    const name = options.name ?? (await ask(named));
    const base = { text: "What does the dev image start from?", fallback: open.baseImage ?? templateBase };
    const baseImage = options.baseImage ?? (await ask({ ...base, fault: faultOf(parseReference) }));
    return { way, name, baseImage: baseImage === templateBase ? null : baseImage };
  });
}

/** What a parser would refuse, in a line. */
const faultOf =
  (parse: (text: string) => unknown) =>
  (text: string): string | null => {
    try {
      parse(text);
      return null;
    } catch (error) {
      if (error instanceof UserError) return `${error.message}: ${error.why}`;
      throw error;
    }
  };
