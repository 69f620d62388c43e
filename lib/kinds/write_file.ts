import { relative, resolve } from "node:path";
import { insideRepo, readText, writeText } from "../doors/files.ts";
import { kind } from "../plan/kind.ts";

export type WriteFile = {
  readonly kind: "write_file";
  /** Relative to the outermost Git root, or absolute. */
  readonly path: string;
  readonly content: string;
  readonly mode?: "0600" | "0700" | "0755";
  /** What of it who reads the plan has to see. */
  readonly tells?: readonly string[];
};

export const writeFile = kind<WriteFile>("write_file", {
  always: "alone",
  lines: ({ path, content, tells = [] }) => [
    `# write ${path}, ${content.split("\n").length - 1} lines`,
    ...tells.map((line) => `#   ${line}`),
  ],
  run: async (action, { facts }) => {
    const { root, gitDir } = facts.place;
    const path = relative(root, resolve(root, action.path));
    if (readText(insideRepo([root, gitDir], path)) === action.content) return "already";
    const mode = action.mode ? Number.parseInt(action.mode, 8) : undefined;
    writeText([root, gitDir], path, action.content, mode);
    return "done";
  },
});
