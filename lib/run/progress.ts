import { join } from "node:path";
import { readText, writePrivate } from "../doors/files.ts";
import type { Facts } from "../plan/facts.ts";
import { comfort } from "./comfort.ts";
import { slipwayFolder, type World } from "./world.ts";

type Times = Readonly<Record<string, number>>;
type Where = Pick<Facts, "place">;
const file = (workflow: string): string => `times.${workflow}.json`;

/** How many seconds each step of a workflow took last time; a cache, empty where it cannot be read. */
export function readTimes(facts: Where, workflow: string): Times {
  try {
    return JSON.parse(readText(join(facts.place.gitDir, "slipway", file(workflow))) ?? "{}") as Times;
  } catch {
    return {};
  }
}

export function saveTime(world: World, id: string, took: number): void {
  comfort(world, () => {
    const { facts, plan } = world;
    const times = { ...readTimes(facts, plan.workflow), [id]: Math.round(took * 10) / 10 };
    writePrivate(join(slipwayFolder(facts), file(plan.workflow)), JSON.stringify(times));
  });
}
