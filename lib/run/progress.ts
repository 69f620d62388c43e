import { join } from "node:path";
import { readText, writePrivate } from "../doors/files.ts";
import { comfort } from "./comfort.ts";
import { slipwayFolder, type World } from "./world.ts";

type Times = Readonly<Record<string, number>>;
const file = (world: World): string => join(slipwayFolder(world.facts), `times.${world.plan.workflow}.json`);

/** How many seconds each step took last time; a cache, empty where it cannot be read. */
export function readTimes(world: World): Times {
  try {
    return JSON.parse(readText(file(world)) ?? "{}") as Times;
  } catch {
    return {};
  }
}

export function saveTime(world: World, id: string, took: number): void {
  comfort(world, () => {
    writePrivate(file(world), JSON.stringify({ ...readTimes(world), [id]: Math.round(took * 10) / 10 }));
  });
}
