import { type Command, cmd } from "../kinds/command.ts";
import { writeFile } from "../kinds/write_file.ts";
import type { Adoption } from "../model/adoption.ts";
import type { Facts } from "../model/facts.ts";
import { type Action, type Step, step } from "../model/plan.ts";
import { initRunnableDir } from "./runnable_dir.ts";

/** Adds Slipway to a repo, where it is not there yet, and then the toolchain to a dir as `init_runnable_dir` does. */
export function adopt(facts: Facts, _options: object, seen: Adoption): Step[] {
  const title = seen.way === "submodule" ? "Add Slipway as a submodule" : "Add Slipway to package.json";
  const skip = seen.there === null ? null : `Slipway is in ${seen.there}`;
  const options = { name: seen.name, baseImage: seen.baseImage ?? undefined };
  const [add, ...more] = seen.way === "submodule" ? [submodule(seen)] : [install(seen), ...ignoreModules(facts, seen)];
  const toolchain = initRunnableDir(facts, options, seen, releaseLine(seen));
  const ignore = more.length > 0 ? [step("ignore_packages", "Have Git ignore what npm installs", more, { skip })] : [];
  return [step("add_slipway", title, [add], { skip }), ...toolchain.slice(0, -1), ...ignore, ...toolchain.slice(-1)];
}

/** The question before anything is changed; none where a person has just answered all of it. */
export function asksAdoption({ place }: Facts, _options: object, seen: Adoption): string | null {
  if (seen.answered) return null;
  const added = seen.there === null ? `Add Slipway as a ${seen.way} from ${seen.source}, and` : "Add";
  const base = seen.baseImage === null ? "" : ` on ${seen.baseImage}`;
  return `${added} the toolchain of the image ${seen.name}${base} to ${place.dir}?`;
}

/** With --force Git goes on from a submodule that an earlier run left half added (git-submodule(1)). */
const submodule = ({ source }: Adoption): Command => cmd`git submodule add --force -- ${source} helpers/slipway`;

const install = ({ source, hasPackageJson }: Adoption): Command =>
  cmd`npm install ${hasPackageJson ? [] : ["--prefix", "."]} --save-dev -- ${source}`;

/** Adds a line to .gitignore of the root, as it is then; none where it has it. */
function ignoreModules({ place }: Facts, { gitignore, template }: Adoption): readonly Action[] {
  const before = gitignore ?? (place.dir === "." ? template[".gitignore"]?.text : undefined) ?? "";
  if (/^\/?node_modules\/?\s*$/m.test(before)) return [];
  const whole = before === "" || before.endsWith("\n") ? before : `${before}\n`;
  return [writeFile({ path: ".gitignore", content: `${whole}node_modules/\n`, tells: ["node_modules/"] })];
}

/** How a release is typed then. */
function releaseLine({ way, there }: Adoption): string {
  const isPackage = there === null ? way === "package" : there === "package.json";
  if (isPackage) return "npx slipway docker_release_dev";
  const dir = there ?? "helpers/slipway";
  return `${dir}/thin_client/build, source ${dir}/thin_client/setenv.sh and i docker_release_dev`;
}
