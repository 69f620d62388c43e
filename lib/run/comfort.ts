import { systemRefusal } from "../text/system_errors.ts";
import type { World } from "./world.ts";

/**
 * Does what is only comfort: a log, a cache, a summary. Where the system refuses it, the run goes on without and says so in
 * one line, once (design.md, "Five ideas": deleting local files loses comfort, never correctness).
 */
export function comfort(world: Pick<World, "console" | "state">, work: () => void): void {
  try {
    work();
  } catch (error) {
    const refusal = systemRefusal(error);
    if (!refusal) throw error;
    if (!world.state.withoutFiles) world.console.progress(`going on without it: ${refusal.message}`);
    world.state.withoutFiles = true;
  }
}
