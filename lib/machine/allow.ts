import { type Allowed, withAllowed } from "../config/trust.ts";
import { keepAllowed, loadAllowed } from "../doors/trust.ts";
import { kind } from "../plan/kind.ts";

/** Keeps a person's yes to what a repo asks for, by its path and content; to nothing takes all of it back. */
export type Allow = { readonly kind: "allow"; readonly asks: readonly Allowed[] };

export const allow = kind<Allow>("allow", {
  lines: ({ asks }) =>
    asks.length === 0 ? ["# forget what was allowed"] : asks.map(({ id, hash }) => `# allow ${id}, as ${hash}`),
  run: async ({ asks }, { facts: { place, env } }) => {
    const before = loadAllowed(place.root, env);
    const after = asks.length === 0 ? [] : withAllowed(before, asks);
    if (JSON.stringify(before) === JSON.stringify(after)) return "already";
    keepAllowed(place.root, env, after);
    return "done";
  },
});
