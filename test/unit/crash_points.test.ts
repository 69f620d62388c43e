import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { command } from "../../lib/kinds/command.ts";
import { record } from "../../lib/kinds/record.ts";
import { writeFile } from "../../lib/kinds/write_file.ts";
import { type Action, type Plan, stepsOf } from "../../lib/plan/plan.ts";
import { copyImage } from "../../lib/release/copy_image.ts";
import { pushTag } from "../../lib/release/git_tag.ts";
import { moveTag } from "../../lib/release/move_tag.ts";
import { snapshot } from "../../lib/tests/snapshot.ts";
import { ofAction, ofThinClient, pointsOf, quietKinds, withoutTwins } from "../bed/crash_points.ts";
import { readIn, root } from "./source.ts";

type Golden = Partial<Plan> & { readonly typed: string };

/** Every action that a plan of the goldens would do, with the line that was typed. */
const actions = readdirSync(join(root, "test/goldens"), { recursive: true })
  .map(String)
  .filter((path) => path.endsWith(".json"))
  .map((path) => JSON.parse(readIn(`test/goldens/${path}`)) as Golden)
  .flatMap(({ typed, steps = [] }) =>
    stepsOf({ steps }).flatMap((step) =>
      step.skip === null ? step.do.map((action) => ({ typed, id: step.id, action })) : [],
    ),
  );

/** Why an action can be ended nowhere, null where it can. */
function harmless(action: Action): string | null {
  if (quietKinds.has(action.kind)) return "looks, asks or says";
  if (ofThinClient.has(action.kind)) return "belongs to no repo, and is ended in tests of its own";
  if (snapshot.is(action) && action.code === null) return "removes what the next run makes anew";
  if (writeFile.is(action) && action.path.includes(".git/")) return "is written anew by every run";
  if (copyImage.is(action) && action.to.length === 0) return "has nowhere to go";
  if (moveTag.is(action) && action.places.length === 0) return "moves nothing";
  if (record.is(action) || pushTag.is(action)) return "waits for the next push";
  if (command.is(action) && action.argv[0] !== "docker") return "is a program that is not Slipway's";
  return null;
}

describe("the goldens", () => {
  it("hold plans of every kind of action", () => {
    const kinds = new Set(actions.map(({ action }) => action.kind));
    const effects = ["command", "copy_image", "put_index", "move_tag", "record", "write_file", "snapshot"].concat(
      ["claim", "release_claim", "try_tag", "git_tag", "push_tag", "check_push", "post_message"],
      [
        "ecs_revision",
        "ecs_service",
        "compare_packages",
        "package_use",
        "upload_package",
        "remove_images",
        "run_git",
        "sync_file",
      ],
    );
    const ofRepos = (kind: string) => !quietKinds.has(kind) && !ofThinClient.has(kind);
    expect([...kinds].filter(ofRepos).sort()).toEqual(effects.sort());
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
    const names = ["claim: upload opened in r1", "tag_local_as_dev: docker tag"].concat(
      ["git_tag: ref", "push_dev: docker push", "copy_to_others: blob to r2", "flip_dev: intent"],
      ["flip_dev: dev in r1", "flip_dev: dev in r2", "flip_dev: dev in r3", "release_claim: ref"],
    );
    expect(leftOut(all)).toEqual(names.map((name) => `before ${name}`));
  });

  it("is there where the one before it is not", () => {
    expect(leftOut(all.filter(({ when }) => when !== "after"))).toEqual([]);
  });
});
