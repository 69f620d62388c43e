import { fitsIn, type Room } from "../config/limits.ts";
import type { Group } from "../plan/plan.ts";

/** Lets steps in as they fit beside those that run. */
export type Doorkeeper = {
  /** The place of the first that fits, -1 where none does now. */
  readonly first: (ids: readonly string[]) => number;
  readonly enter: (id: string) => void;
  readonly leave: (id: string) => void;
  /** Until somebody leaves. */
  readonly change: () => Promise<void>;
};

/** The doorkeeper of a group; where its room is not limited all fit. What fits nowhere comes in alone. */
export function doorkeeperOf({ room }: Pick<Group, "room">): Doorkeeper {
  let free = room?.has ?? { cpus: 0, memory: 0 };
  let waiting: (() => void)[] = [];
  let inside = 0;
  const takes = (id: string): Room => room?.takes[id] ?? { cpus: 0, memory: 0 };
  const give = (id: string, sign: 1 | -1) => {
    const { cpus, memory } = takes(id);
    free = { cpus: free.cpus + sign * cpus, memory: free.memory + sign * memory };
  };
  return {
    first: (ids) => ids.findIndex((id) => inside === 0 || fitsIn(free, takes(id))),
    enter: (id) => {
      inside += 1;
      give(id, -1);
    },
    leave: (id) => {
      inside -= 1;
      give(id, 1);
      const all = waiting;
      waiting = [];
      for (const wake of all) wake();
    },
    change: () => new Promise((resolve) => waiting.push(resolve)),
  };
}
