import { repositoryAt } from "../names/names.ts";
import { kind } from "../plan/kind.ts";
import type { Place } from "../plan/plan.ts";

/** Looks before anything changes whether each place takes an image from us. */
export type CheckPush = { readonly kind: "check_push"; readonly places: readonly Place[] };

export const checkPush = kind<CheckPush>("check_push", {
  always: true,
  looks: true,
  lines: ({ places }) => places.map((place) => `# open an upload in ${place.repository} and cancel it: may we push?`),
  run: async ({ places }, world) => {
    const client = await world.registries();
    await Promise.all(places.map((place) => client.assertCanPush(repositoryAt(world.facts, place))));
    return "done";
  },
});
