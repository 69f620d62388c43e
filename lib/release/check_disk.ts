import { freeBytes } from "../doors/files.ts";
import { UserError } from "../errors.ts";
import { kind } from "../plan/kind.ts";

/** Looks before anything changes whether there is room for an image. */
export type CheckDisk = { readonly kind: "check_disk" };

/** A build and its copies want room; 1 GiB is where engines start to fail in odd ways. */
const leastFree = 1 << 30;

export const checkDisk = kind<CheckDisk>("check_disk", {
  always: true,
  lines: () => ["docker system df"],
  run: async (_action, { facts }) => {
    const free = await freeBytes(facts.place.gitDir);
    if (free >= leastFree) return "done";
    throw new UserError(`only ${Math.round(free / 2 ** 20)} MiB are free on the disk of this repo`, {
      why: "A build that runs out of space fails halfway.",
      fix: "Free some space, e.g. docker buildx prune",
      kind: "disk",
    });
  },
});
