import { fileURLToPath } from "node:url";
import { UserError } from "../errors.ts";
import { type Seen, seenShape } from "../python/package_use.ts";
import { fits, isNode, jsonOf, misfit } from "../text/shape.ts";
import { type Captured, capture } from "./shell.ts";

/** The folder of the program that runs inside an image, on this machine. */
export const insideFolder = fileURLToPath(new URL("./inside", import.meta.url));

/** Runs the argv that starts the program in a container, and reads the JSON that it prints; throws where the image has no fitting Python. */
export async function readPackageUse(
  argv: readonly string[],
  at: { readonly cwd: string; readonly env: Readonly<Record<string, string | undefined>>; readonly image: string },
): Promise<Seen> {
  const done = await capture(argv, at);
  if (done.code !== 0) throw unread(done, at.image);
  const seen = jsonOf(done.stdout);
  if (fits(seen, seenShape)) return seen;
  const bad = isNode(seen) ? `its ${misfit(seen, seenShape)} is wrong` : "it is none";
  throw new UserError(`${at.image} does not tell what its code uses`, {
    why: `What its python3 prints is read as JSON of a fixed shape, and ${bad}: something of the image stands between.`,
    fix: `See what it prints first: docker run --rm ${at.image} python3 -c 'print(1)'`,
    kind: "command",
  });
}

function unread({ code, stderr }: Captured, image: string): UserError {
  const last = stderr.trim().split("\n").at(-1) || `It ended with ${code}.`;
  if (code === 127 || /executable file not found/.test(stderr))
    return new UserError(`the image ${image} has no python3`, {
      why: "Python's own parser reads the imports, and the installed packages tell what they are imported by.",
      fix: "Name an image with Python: --stage dev, or --stage local",
      exitCode: 127,
      kind: "command",
    });
  return new UserError(`the code could not be read in ${image}`, {
    why: last,
    fix: "Fix what it names, then run the same command again",
    exitCode: code,
    kind: "command",
  });
}
