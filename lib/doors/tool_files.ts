import { join } from "node:path";
import { UserError } from "../errors.ts";
import type { Place } from "../plan/facts.ts";
import { filesIn, readRepoText } from "./files.ts";

const folder = "devops/tools";
const ending = ".Dockerfile";

/** The text of a tool's Dockerfile in the runnable dir. */
export function readTool(
  { root, dir }: Place,
  name: string | undefined,
): { readonly name: string; readonly text: string } {
  const at = join(dir, folder);
  const known = filesIn(join(root, at)).flatMap((file) =>
    file.endsWith(ending) ? [file.slice(0, -ending.length)] : [],
  );
  const fix =
    known.length > 0
      ? `Name one of ${known.filter(isName).join(", ")}: i tools_run NAME -- --version`
      : `Write ${join(at, `prettier${ending}`)}, and type i tools_run prettier -- --version`;
  const why = `A tool is a Dockerfile in ${at}, whose file name is its own.`;
  if (name === undefined) throw new UserError("no tool was named", { why, fix });
  if (!isName(name)) throw new UserError(`${JSON.stringify(name)} is not the name of a tool`, { why, fix });
  const text = readRepoText(root, join(at, `${name}${ending}`));
  if (text === null) throw new UserError(`there is no tool ${name}`, { why, fix });
  return { name, text };
}

/** Part of the name of an image (Distribution's grammar). */
const isName = (name: string): boolean => /^[a-z0-9]+([._-][a-z0-9]+)*$/.test(name) && name.length < 64;
