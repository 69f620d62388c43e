import { join } from "node:path";
import { type Adoption, parseWay, type Source, type Way } from "../config/adoption.ts";
import { type OldConfig, readOldConfig } from "../config/config_of_the_original.ts";
import type { ChosenDir } from "../config/new_dir.ts";
import { exists, readRepoText } from "../doors/files.ts";
import { tryGit } from "../doors/git.ts";
import { loadOwnSource } from "../doors/own_source.ts";
import { withQuestions } from "../doors/questions.ts";
import { ownDir } from "../doors/runnable_dirs.ts";
import type { Facts } from "../plan/facts.ts";
import { jsonOf, textAt } from "../text/shape.ts";
import { answers, choiceFrom, faultOf, lookAtNewDir, mayAsk, type NewDirOptions } from "./look_new_dir.ts";

/** What may be typed instead of answered; a person is asked for the rest. */
export type AdoptionOptions = NewDirOptions & {
  readonly as?: Way | undefined;
  readonly source?: string | undefined;
  /** Write repo_config.yaml from what the Python toolchain left, and nothing else. */
  readonly adopt?: boolean;
};

type Where = Pick<Facts, "place" | "env">;

/** What `init` has to know of a repo; where a person is there to answer, what they say, with defaults from what is there. */
export async function lookAtAdoption(facts: Where, options: AdoptionOptions): Promise<Adoption> {
  const { place } = facts;
  const [seen, own] = await Promise.all([lookAtNewDir(facts), loadOwnSource(facts.env)]);
  const manifest = readRepoText(place.root, "package.json");
  const there = whereSlipwayIs(facts, manifest);
  const found = { there, hasPackageJson: manifest !== null, gitignore: readRepoText(place.root, ".gitignore") };
  const old = options.adopt === true ? await loadOldConfig(facts) : null;
  const way = options.as ?? (manifest === null ? "submodule" : "package");
  const open = { way, dir: place.dir, seen, choice: choiceFrom(place, seen, withOld(options, old)) };
  const chosen = old === null && mayAsk(facts, options) ? await askFor(open, options, there) : open;
  const source = options.source ?? sourceFor(own, chosen.way);
  return { ...found, ...chosen, old, source };
}

type Open = ChosenDir & Pick<Adoption, "way">;

const askFor = (open: Open, options: AdoptionOptions, there: string | null): Promise<Open> =>
  withQuestions(async (ask) => {
    const asksWay = options.as === undefined && there === null;
    const text = `Add Slipway as a submodule (in ${submoduleDir}), or as a package (in package.json)?`;
    const way = asksWay ? parseWay(await ask({ text, fallback: open.way, fault: faultOf(parseWay) })) : open.way;
    return { ...open, way, choice: await answers(ask, open, { options, where: "" }) };
  });

/** What is typed, else what the Python toolchain had. */
const withOld = (options: AdoptionOptions, old: OldConfig | null): AdoptionOptions =>
  old === null
    ? options
    : {
        ...options,
        name: options.name ?? old.imageName,
        account: options.account ?? old.account ?? undefined,
        registries: options.registries?.length ? options.registries : old.registries,
      };

const oldScripts = ["--", "tasks.py", "*setenv*.sh", ".github/workflows/*.yml"];

/** Names and registries from `repo_config.py` and from the scripts that set the registry's variable: read, never run. */
async function loadOldConfig({ place, env }: Where): Promise<OldConfig> {
  const listed = await tryGit(place.root, env, ["ls-files", "-z", ...oldScripts]);
  const paths = listed.stdout.split("\0").filter((path) => path !== "");
  return readOldConfig({
    repoConfig: readRepoText(place.root, join(place.dir, "repo_config.py")),
    others: paths.map((path) => readRepoText(place.root, path) ?? ""),
  });
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
