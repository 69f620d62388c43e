import { appendPrivate } from "../doors/files.ts";
import { kindOf } from "../plan/kind.ts";
import { stepsOf } from "../plan/plan.ts";
import { withShortDigests } from "../text/units.ts";
import { fenced } from "../text/visible.ts";
import { comfort } from "./comfort.ts";
import { knownValue, resultsOf, type World } from "./world.ts";

/** The digest that the run was about: what it made last, else what it read back last. */
function resultDigest(world: World): string | null {
  const last = [...world.state.made.values()].at(-1);
  if (last !== undefined) return last;
  const values = stepsOf(world.plan).flatMap((step) => step.do.map((action) => kindOf(action).digest?.(action)));
  const read = values.findLast((value) => value !== undefined);
  return read === undefined ? null : knownValue(world, read);
}

/** What nobody should overlook is red, and what is well has a green word. */
const painted = (world: World, text: string): string =>
  text
    .replaceAll(/^(NOT TESTED|NOT PUSHED|PATCHED|WRONG |MISSING |LOST |.* (?:DRIFT|GONE|SKIPPED:) ).*$/gm, (line) =>
      world.console.colour("red", line),
    )
    .replaceAll(/^ok(?= {2})/gm, (word) => world.console.colour("green", word));

type How = { readonly json: boolean; readonly wide: boolean; readonly bare: boolean };

/** Tells what a run did: text for a person, JSON for a machine, outputs and a summary for GitHub Actions. */
export function tellResult(world: World, { json, wide, bare }: How): void {
  const { workflow, image, version } = world.plan;
  const digest = resultDigest(world);
  const text = world.state.text.join("\n");
  const result = world.state.data ?? null;
  const whole = { workflow, image, version, digest, steps: resultsOf(world), result };
  if (json) world.console.result(JSON.stringify(bare ? result : whole, null, 2));
  else if (text !== "" && world.console.isRead)
    world.console.result(painted(world, wide ? text : withShortDigests(text)));
  else if (text !== "") world.console.result(text);
  const { GITHUB_OUTPUT: outputs, GITHUB_STEP_SUMMARY: summary } = world.facts.env;
  // What is done is done: a run that cannot tell GitHub of it has not failed.
  if (outputs && digest) comfort(world, () => appendPrivate(outputs, `digest=${digest}\nversion=${version ?? ""}\n`));
  if (summary && text !== "") comfort(world, () => appendPrivate(summary, `### ${workflow}\n\n${fenced(text)}\n`));
}
