import { join } from "node:path";
import { pullOf } from "../container/ecr_login.ts";
import { pullIfMissing } from "../container/pull.ts";
import type { PackageFacts } from "../doors/pyproject.ts";
import { UserError } from "../errors.ts";
import { chooseImage, chooseLocal, shownImage } from "../names/choose_image.ts";
import { lacksImage } from "../names/engine.ts";
import { imageOfWord } from "../names/image_words.ts";
import type { Stage } from "../names/stage.ts";
import type { Version } from "../names/version.ts";
import type { Facts, ImageFacts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { declaredPackages } from "../python/declared_packages.ts";
import { comparePackages } from "./compare_packages.ts";
import { type PackageUse, packageUse } from "./package_use.ts";

/** What differs in packages between two images, neither of which is run; one that the engine lacks is pulled. */
export function compareImages(facts: Facts<"engine">, options: { readonly images: readonly string[] }): Step[] {
  const [a, b, ...more] = options.images;
  if (a === undefined || b === undefined || more.length > 0)
    throw new UserError(`${options.images.length} images were named, not two`, {
      why: "A comparison tells how one image's packages became another's.",
      fix: "Name the older one first: i compare_packages dev local",
    });
  const [before, after] = [toReference(facts, a), toReference(facts, b)];
  const pulls = [...new Set([before, after])].flatMap((reference, index) => pullIfLacking(facts, reference, index));
  const compare = comparePackages({ before, after, names: [a, b] });
  return [...pulls, step("compare", `Compare the packages of ${a} and ${b}`, [compare])];
}

export type UnusedOptions = {
  readonly stage: Stage;
  readonly version?: Version | undefined;
  readonly where?: string | undefined;
  readonly also: readonly string[];
};

/** Which packages of pyproject.toml nobody uses, read in the image of a stage: what is installed there tells its import names. */
export function findUnused(facts: ImageFacts, options: UnusedOptions, { pyproject, nested }: PackageFacts): Step[] {
  if (!pyproject && options.where === undefined) throw noPyproject(facts.place.dir);
  const image = chooseImage(facts, options.stage, options.version ?? null);
  const { dir, helpersRoot } = facts.place;
  const more = [...(helpersRoot ? [helpersRoot] : []), ...options.also];
  const use: PackageUse = packageUse({
    image: image.reference,
    user: `${facts.user.uid}:${facts.user.gid}`,
    dirs: [dir, ...more.filter((one) => dir !== "." && one !== dir)],
    without: nested,
    roots: [...new Set([".", "src", dir, join(dir, "src"), ...more])],
    started: Object.values(facts.config.tests).map(({ command }) => command?.join(" ") ?? "pytest"),
    declared: declaredPackages(pyproject?.value),
    allowed: facts.config.packages.allowUnused,
    where: options.where ?? null,
  });
  const title = use.where === null ? "Look who uses the packages" : `Look who uses ${use.where}`;
  return [...pullIfMissing(facts, image), step("package_use", `${title} in ${shownImage(image)}`, [use])];
}

const noPyproject = (dir: string): UserError =>
  new UserError(`there is no pyproject.toml in "${dir}"`, {
    why: "The packages of an image are asked for in devops/docker_build/pyproject.toml, or at the top of its dir.",
    fix: "Start from the template: i init_runnable_dir; or name another runnable dir: --dir DIR",
  });

const toReference = (facts: Facts<"engine">, word: string): string =>
  word === "local" ? chooseLocal(facts, null).reference : imageOfWord(facts, word);

function pullIfLacking(facts: Facts<"engine">, reference: string, index: number): Step[] {
  const skip = facts.engine.images.some((image) => image.reference === reference) ? "the engine has it" : null;
  if (skip === null && /:local-/.test(reference))
    throw lacksImage(facts.engine, reference, {
      why: "A local image is built on this machine and private to its user.",
      fix: "Build it: i docker_build_local --version X.Y.Z",
    });
  return [step(`pull_${index + 1}`, `Pull ${reference}`, pullOf(facts, reference), { skip })];
}
