import { kind } from "../model/kind.ts";
import type { Value } from "../model/plan.ts";
import { knownValue } from "../run/world.ts";

/** Tells the person something: text on stdout, the same as data with `--json`; an exit code where it is bad news. */
export type Announce = {
  readonly kind: "announce";
  /** `<digest>` in it stands for `digest`. */
  readonly text: string;
  readonly digest?: Value;
  readonly data?: unknown;
  readonly exitCode?: number;
};

const placeholder = "<digest>";

export const announce = kind<Announce>("announce", {
  tells: true,
  waits: true,
  lines: ({ text, digest }, show) =>
    text.split("\n").map((line) => `# ${digest ? line.replaceAll(placeholder, show(digest)) : line}`),
  run: async ({ text, digest, data, exitCode }, world) => {
    const { state } = world;
    if (text !== "") state.text.push(digest ? text.replaceAll(placeholder, knownValue(world, digest)) : text);
    if (data !== undefined) state.data = data;
    if (exitCode) state.exitCode = exitCode;
    return "done";
  },
});
