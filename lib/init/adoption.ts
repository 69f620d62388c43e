import type { Adoption } from "../config/adoption.ts";
import type { OldConfig } from "../config/config_of_the_original.ts";
import { announce } from "../kinds/announce.ts";
import { type Command, cmd } from "../kinds/command.ts";
import { writeFile } from "../kinds/write_file.ts";
import type { Facts } from "../plan/facts.ts";
import { type Action, type Step, step } from "../plan/plan.ts";
import { dayOf } from "../text/units.ts";
import { newFiles } from "./new_dir_files.ts";
import { asksNewDirs, type ExtraOptions, editorsLine, initRunnableDir } from "./runnable_dir.ts";

/** Adds Slipway to a repo, where it is not there yet, and then the toolchain to a dir as `init_runnable_dir` does. */
export function adopt(facts: Facts, options: ExtraOptions, seen: Adoption): Step[] {
  if (seen.old !== null) return adoptOld(facts, options, seen, seen.old);
  const title = seen.way === "submodule" ? "Add Slipway as a submodule" : "Add Slipway to package.json";
  const skip = seen.there === null ? null : `Slipway is in ${seen.there}`;
  const [add, ...more] = seen.way === "submodule" ? [submodule(seen)] : [install(seen), ...ignoreModules(facts, seen)];
  const brings = seen.there !== null ? [] : seen.way === "submodule" ? submoduleFiles : packageFiles;
  const toolchain = initRunnableDir(facts, seen, {
    ...options,
    slipway: placeOf(seen),
    release: releaseLine(seen),
    brings,
  });
  const ignore = more.length > 0 ? [step("ignore_packages", "Have Git ignore what npm installs", more, { skip })] : [];
  return [step("add_slipway", title, [add], { skip }), ...toolchain.slice(0, -1), ...ignore, ...toolchain.slice(-1)];
}

/** repo_config.yaml with the names and registries of the Python toolchain, and nothing else. */
function adoptOld({ now }: Facts, options: ExtraOptions, adoption: Adoption, old: OldConfig): Step[] {
  const { dir, seen, choice } = adoption;
  const path = dir === "." ? "repo_config.yaml" : `${dir}/repo_config.yaml`;
  const isThere = seen.existing.includes("repo_config.yaml");
  const template = newFiles(seen, choice, dayOf(now)).find((file) => file.path === "repo_config.yaml")?.content ?? "";
  const editors = editorsLine(adoption, { ...options, slipway: placeOf(adoption) });
  const content = `${editors === null ? "" : `${editors}\n`}${template}`
    .replace(/^( {2}repo_name: ).*/m, (_line, key: string) => `${key}${old.repoName}`)
    .replace(
      /^( {2}invalid_words:).*/m,
      (_line, key: string) => `${key} ${JSON.stringify(old.invalidWords.join(","))}`,
    );
  const next = `Next: check repo_config.yaml, git add ${path} && git commit, then i doctor`;
  const text = [isThere ? `kept ${path}, which was there` : `added ${path}`, next].join("\n");
  return [
    step("write_config", `Write ${path} from repo_config.py`, [writeFile({ path, content })], {
      skip: isThere ? `${path} is there` : null,
    }),
    step("tell", "Show what to do next", [
      announce({ text, data: { added: isThere ? [] : [path], kept: isThere ? [path] : [] } }),
    ]),
  ];
}

const submoduleDir = "helpers/slipway";
const submoduleFiles = [".gitmodules", submoduleDir];
const packageFiles = ["package.json", "package-lock.json"];

/** The question before anything is changed. */
export function asksAdoption(facts: Facts, options: ExtraOptions, seen: Adoption): string | null {
  if (seen.old !== null) return null;
  const added = seen.there === null ? [`Slipway as a ${seen.way} from ${seen.source}`] : [];
  return [...added, asksNewDirs(facts, [seen], { ...options, slipway: placeOf(seen) })].join("\n");
}

/** With --force Git goes on from a submodule that an earlier run left half added (git-submodule(1)). */
const submodule = ({ source }: Adoption): Command => cmd`git submodule add --force -- ${source} ${submoduleDir}`;

const install = ({ source, hasPackageJson }: Adoption): Command =>
  cmd`npm install ${hasPackageJson ? [] : ["--prefix", "."]} --save-dev -- ${source}`;

/** Adds a line to .gitignore of the root, as it is then; none where it has it. */
function ignoreModules(facts: Facts, { gitignore, ...chosen }: Adoption): readonly Action[] {
  const made = newFiles(chosen.seen, chosen.choice, dayOf(facts.now)).find(({ path }) => path === ".gitignore");
  const before = gitignore ?? (facts.place.dir === "." ? made?.content : undefined) ?? "";
  if (/^\/?node_modules\/?\s*$/m.test(before)) return [];
  const whole = before === "" || before.endsWith("\n") ? before : `${before}\n`;
  return [writeFile({ path: ".gitignore", content: `${whole}node_modules/\n`, tells: ["node_modules/"] })];
}

/** Where Slipway lies in the repo then. */
function placeOf({ way, there }: Pick<Adoption, "way" | "there">): string {
  const isPackage = there === null ? way === "package" : there === "package.json";
  return isPackage ? "node_modules/slipway" : (there ?? submoduleDir);
}

/** How a release is typed then. */
function releaseLine({ way, there }: Adoption): string {
  const isPackage = there === null ? way === "package" : there === "package.json";
  if (isPackage) return "npx slipway docker_release_dev";
  const dir = placeOf({ way, there });
  return `${dir}/thin_client/build, source ${dir}/thin_client/setenv.sh and i docker_release_dev`;
}
