import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Action, Plan } from "../../lib/model/plan.ts";
import { ofAction, pointsOf, quietKinds, withoutTwins } from "../bed/crash_points.ts";
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
  if (action.kind === "snapshot" && action.code === null) return "removes what the next run makes anew";
  if (action.kind === "write_file" && action.path.includes(".git/")) return "is written anew by every run";
  if (action.kind === "copy_image" && action.to.length === 0) return "has nowhere to go";
  if (action.kind === "move_tag" && action.places.length === 0) return "moves nothing";
  if (action.kind === "record" || (action.kind === "git_ref" && waits(action))) return "waits for the next push";
  if (action.kind === "command" && action.argv[0] !== "docker") return "is a program that is not Slipway's";
  return null;
}

const waits = (action: Extract<Action, { kind: "git_ref" }>): boolean =>
  action.op === "push_tag" || (action.op === "claim" && action.digest !== undefined);

describe("the goldens", () => {
  it("hold plans of every kind of action", () => {
    const kinds = new Set(actions.map(({ action }) => action.kind));
    const effects = ["command", "copy_image", "put_index", "move_tag", "git_ref", "record", "write_file"].concat([
      "snapshot",
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
  const without = actions.filter(({ id, action }) => !harmless(action) && ofAction(id, action).length === 0);
  expect(without.map(({ typed, id, action }) => `${typed}: ${id}: ${action.kind}`)).toEqual([]);
});

describe("a point before a change", () => {
  const all = pointsOf(JSON.parse(readIn("test/goldens/local/docker_release_dev.json")) as Plan);
  const leftOut = (points: typeof all) => {
    const kept = withoutTwins(points, all);
    return points.filter((point) => !kept.includes(point)).map(({ when, name }) => `${when} ${name}`);
  };

  it("is left out where the one after the change before it is there, and that change was whole", () => {
    const names = ["tag_local_as_dev: docker tag"].concat(
      ["git_tag: ref", "push_dev: docker push", "copy_to_others: blob to r2", "flip_dev: intent"],
      ["flip_dev: dev in r1", "flip_dev: dev in r2", "flip_dev: dev in r3", "release_claim: ref"],
    );
    expect(leftOut(all)).toEqual(names.map((name) => `before ${name}`));
  });

  it("is there where the one before it is not", () => {
    expect(leftOut(all.filter(({ when }) => when !== "after"))).toEqual([]);
  });
});
