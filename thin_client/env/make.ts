import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { cloneState, linkClone, markClone } from "./clone.ts";
import { commandNames, commandsDir, makeCommands } from "./commands.ts";
import type { Places } from "./places.ts";
import { buildShared, hasShared } from "./shared.ts";

/** Who hears what is done, and who says whether a node_modules that does not fit may go. */
type Making = {
  readonly say: (line: string) => void;
  readonly mayReplace: (modules: string) => Promise<boolean>;
};

/** Makes what is not there yet of the thin env, and links the clone to it; true when the shared env was built now. */
export async function makeEnv(at: Places, { say, mayReplace }: Making): Promise<boolean> {
  const build = !hasShared(at);
  if (build) {
    say(`installing the thin env in ${at.env}`);
    await buildShared(at);
  }
  const state = cloneState(at);
  const modules = join(at.root, "node_modules");
  if (state === "unfit" && !(await mayReplace(modules)))
    throw new UserError(`${modules} does not fit package-lock.json`, {
      why: "npm installed it, and it may hold packages that you added; it is not deleted unasked.",
      fix: "`npm ci` renews it; `thin_client/build --yes` replaces it by links to the thin env.",
    });
  if (state === "installed") markClone(at);
  else if (state !== "linked") linkClone(at);
  const names = commandNames(at.root);
  makeCommands(commandsDir(at, names), names);
  return build;
}
