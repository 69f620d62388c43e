import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { thinClientNames, workflowNames } from "../bed/fitting.ts";
import { kept, pathOf, printedToday } from "../bed/goldens/goldens.ts";
import { rowsOf } from "../bed/goldens/rows.ts";
import { makeWorlds, type Worlds, worldNames } from "../bed/goldens/worlds.ts";

const paths = worldNames.flatMap((world) => rowsOf(world).map((row) => pathOf(world, row)));
let worlds: Worlds;
let today: ReadonlyMap<string, string>;
const goldens = kept();

beforeAll(async () => {
  worlds = await makeWorlds();
  today = await printedToday(worlds);
});
afterAll(() => worlds.end());

describe("the goldens", () => {
  it.each(worldNames)("hold every workflow in the world %s", (world) => {
    const workflows = rowsOf(world).map(({ workflow }) => workflow);
    const others = world === "fresh" ? thinClientNames : [];
    expect([...new Set(workflows)].sort()).toEqual([...workflowNames, ...others].sort());
  });

  it("are one for each line that is typed", () => {
    expect([...goldens.keys()].sort()).toEqual(paths.toSorted());
  });

  it.each(paths)("%s is what its line prints", (path) => {
    expect(today.get(path), "if it should be so: npm run goldens").toBe(goldens.get(path));
  });
});
