import { join } from "node:path";
import { readText, remove, writeForAll } from "../doors/files.ts";
import { UserError } from "../errors.ts";
import type { Command } from "../kinds/command.ts";
import { oneLine, sentence } from "../text/visible.ts";
import { slipwayFolder, type World } from "./world.ts";

/** The file in which a container's command writes how it ended; its mount is named in the compose file. */
export type Receipt = {
  readonly env: Readonly<Record<string, string>>;
  /** The exit code of the command, null where nothing ran it to its end. */
  readonly code: () => number | null;
  /** Why the engine inside did not come up; null where it did, or none was wanted. */
  readonly noEngine: () => string | null;
  readonly drop: () => void;
};

/** A new one, which holds a nonce that nobody knew before; `onHost` is its folder where the engine's machine has other paths. */
export function makeReceipt(world: World, onHost?: string): Receipt {
  const nonce = crypto.randomUUID();
  const folder = slipwayFolder(world.facts, "receipts");
  const path = join(folder, nonce);
  // Whoever the image's user is has to write it; the folder is closed to all others of this machine.
  writeForAll(path, `${nonce}\n`);
  return {
    env: { SLIPWAY_RECEIPT: join(onHost ?? folder, nonce) },
    code: () => {
      const [, code] = new RegExp(`^${nonce} (\\d{1,3})\n$`).exec(readText(path) ?? "") ?? [];
      return code === undefined ? null : Number(code);
    },
    noEngine: () => new RegExp(`^${nonce} engine (.+)`).exec(readText(path) ?? "")?.[1]?.slice(0, 500) ?? null,
    drop: () => remove(path),
  };
}

/** The exit code that counts: the container's where that is a failure, else the command's own, which an entrypoint may hide. */
export function provenExit(action: Command, receipt: Receipt, code: number, passes: (code: number) => boolean): number {
  const own = receipt.code();
  if (own !== null) return passes(code) ? own : code;
  const noEngine = receipt.noEngine();
  if (noEngine !== null)
    throw new UserError("the engine inside the container did not come up", {
      why: sentence(oneLine(noEngine, 500)),
      fix: "Fix what it names, e.g. by docker.io, iptables and sudo in the image; or work without it: container: {dind: false} in repo_config.yaml",
      exitCode: 125,
      kind: "command",
    });
  // Ended by a signal, or by the engine: that is told by its own words.
  if (code > 125) return code;
  throw new UserError(`the image's entrypoint ended with ${code}, and did not run the command`, {
    why: "An image whose ENTRYPOINT takes its words for something else ends as if they had passed, so only the receipt that the command leaves counts.",
    fix: `Let the entrypoint end in exec "$@"; or start it without the entrypoint: ${action.receipt?.without}`,
    exitCode: code || 125,
    kind: "command",
  });
}
