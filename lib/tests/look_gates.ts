import { loadLeftOut } from "../doors/runnable_dirs.ts";
import type { Facts, Looked } from "../plan/facts.ts";
import { joinedServices } from "../run/look_services.ts";
import type { LintLook } from "./look_lint.ts";

/** What test lists have to know beside their facts. */
export async function lookForTests(
  facts: Facts,
  { skipSubmodules = false }: { readonly skipSubmodules?: boolean },
): Promise<Pick<Looked, "nested" | "services">> {
  const [nested, services] = await Promise.all([loadLeftOut(facts, { skipSubmodules }), joinedServices(facts)]);
  return { nested, services };
}

/** What the gates of a release have to know beside its facts; `lint` is null where no linter is a gate. */
export async function lookForGates(facts: Facts, options: { readonly offline: boolean }) {
  const [tests, lint] = await Promise.all([
    lookForTests(facts, {}),
    facts.config.release.lint ? lookForLinters(facts, options) : null,
  ]);
  return { ...tests, lint };
}

async function lookForLinters(facts: Facts, options: { readonly offline: boolean }): Promise<LintLook> {
  const { lookForLintGate } = await import("./look_lint.ts");
  return lookForLintGate(facts, options);
}
