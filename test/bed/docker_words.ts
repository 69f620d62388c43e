import { insideFolder } from "../../lib/doors/package_use.ts";
import { command } from "../../lib/kinds/command.ts";
import { comparePackages } from "../../lib/packages/compare_packages.ts";
import { packageUse, packageUseArgv } from "../../lib/packages/package_use.ts";
import { type Action, type Plan, stepsOf, type Value } from "../../lib/plan/plan.ts";

/** What a plan does in the steps that are not skipped. */
export const actionsOf = (plan: Plan): readonly Action[] =>
  stepsOf(plan).flatMap((step) => (step.skip === null ? step.do : []));

/** The words that docker gets of an action of the plan, with the digest that the run told. */
export function dockerWords(action: Action, digest: string | null, root: string): readonly (readonly string[])[] {
  const shown = (word: Value): string => (typeof word === "string" ? word : (digest ?? "unknown"));
  if (comparePackages.is(action))
    return [action.before, action.after].map((image) => [
      ...["create", "--pull", "never", "--network", "none", "--entrypoint", "/none"],
      shown(image),
    ]);
  if (packageUse.is(action))
    return [packageUseArgv(action, { image: shown(action.image), root, inside: insideFolder }).slice(1)];
  if (!command.is(action)) return [];
  const [program, ...words] = action.argv.map(shown);
  return program === "docker" ? [words] : [];
}

/** The words without the labels that name the run, which no plan can know. */
export const unlabelled = (words: readonly string[]): readonly string[] =>
  words.filter((word, index) => {
    const ofRun = (text?: string) => /^dev\.slipway\.(run|owner)=/.test(text ?? "");
    return !ofRun(word) && !(word === "--label" && ofRun(words[index + 1]));
  });
