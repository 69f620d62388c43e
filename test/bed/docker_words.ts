import { insideFolder } from "../../lib/doors/package_use.ts";
import { packageUseArgv } from "../../lib/model/package_actions.ts";
import type { Action, Digest, Plan } from "../../lib/model/plan.ts";

/** What a plan does in the steps that are not skipped. */
export const actionsOf = (plan: Plan): readonly Action[] =>
  plan.steps.flatMap((step) => (step.skip === null ? step.do : []));

/** The words that docker gets of an action of the plan, with the digest that the run told. */
export function dockerWords(action: Action, digest: string | null, root: string): readonly (readonly string[])[] {
  const shown = (word: Digest): string => (typeof word === "string" ? word : (digest ?? "unknown"));
  if (action.kind === "compare_packages")
    return [action.before, action.after].map((image) => [
      ...["create", "--pull", "never", "--network", "none", "--entrypoint", "/none"],
      shown(image),
    ]);
  if (action.kind === "package_use")
    return [packageUseArgv(action, { image: shown(action.image), root, inside: insideFolder }).slice(1)];
  if (action.kind !== "command") return [];
  const [program, ...words] = action.argv.map(shown);
  return program === "docker" ? [words] : [];
}

/** The words without the labels that name the run, which no plan can know. */
export const unlabelled = (words: readonly string[]): readonly string[] =>
  words.filter((word, index) => {
    const ofRun = (text?: string) => /^dev\.slipway\.(run|owner)=/.test(text ?? "");
    return !ofRun(word) && !(word === "--label" && ofRun(words[index + 1]));
  });
