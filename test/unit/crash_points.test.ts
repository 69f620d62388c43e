import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Action, Plan } from "../../lib/model/plan.ts";
import { ofAction, quietKinds } from "../bed/crash_points.ts";
import { readIn, root } from "./source.ts";

type Golden = Partial<Plan> & { readonly typed: string };

/** Every action that a plan of the goldens would do, with the line that was typed. */
const actions = readdirSync(join(root, "test/goldens"), { recursive: true })
  .map(String)
  .filter((path) => path.endsWith(".json"))
  .map((path) => JSON.parse(readIn(`test/goldens/${path}`)) as Golden)
  .flatMap(({ typed, steps = [] }) =>
    steps.flatMap((step) => (step.skip === null ? step.do.map((action) => ({ typed, id: step.id, action })) : [])),
  );

/** Why an action can be ended nowhere, null where it can. */
function harmless(action: Action): string | null {
  if (quietKinds.has(action.kind)) return "looks, asks or says";
  if (action.kind === "check" && action.what !== "push") return "looks";
  if (action.kind === "write_file" && action.path.includes(".git/")) return "is written anew by every run";
  if (action.kind === "copy_image" && action.to.length === 0) return "has nowhere to go";
  if (action.kind === "move_tag" && action.places.length === 0) return "moves nothing";
  if (action.kind === "command" && action.argv[0] !== "docker") return "is a program that is not Slipway's";
  return null;
}

describe("the goldens", () => {
  it("hold plans of every kind of action", () => {
    const kinds = new Set(actions.map(({ action }) => action.kind));
    const effects = ["command", "copy_image", "put_index", "move_tag", "git_ref", "record", "write_file"].concat([
      "post_message",
      "ecs_revision",
      "ecs_service",
      "compare_packages",
      "package_use",
      "check",
    ]);
    expect([...kinds].filter((kind) => !quietKinds.has(kind)).sort()).toEqual(effects.sort());
  });
});

it("every action of every plan that changes something has points where it is ended", () => {
  const without = actions.filter(({ id, action }) => !harmless(action) && ofAction(id, action, () => 1).length === 0);
  expect(without.map(({ typed, id, action }) => `${typed}: ${id}: ${action.kind}`)).toEqual([]);
});
