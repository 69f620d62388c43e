import { loadNested } from "../doors/runnable_dirs.ts";
import type { Facts } from "../model/facts.ts";
import type { LintLook } from "./look_lint.ts";

/** What the gates of a release have to know beside its facts; `lint` is null where no linter is a gate. */
export async function lookForGates(facts: Facts, options: { readonly offline: boolean }) {
  const [nested, lint] = await Promise.all([
    loadNested(facts),
    facts.config.release.lint ? lookForLinters(facts, options) : null,
  ]);
  return { nested, lint };
}

async function lookForLinters(facts: Facts, options: { readonly offline: boolean }): Promise<LintLook> {
  const { lookForLintGate } = await import("./look_lint.ts");
  return lookForLintGate(facts, options);
}
