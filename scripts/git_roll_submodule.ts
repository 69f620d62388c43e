import { rollSubmodules } from "../lib/repo/git_roll_submodule.ts";
import { lookForRolls } from "../lib/repo/look_roll.ts";
import { list } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "repo",
  about: "Point the repo at the newest commit of a submodule's main branch, in one commit of that alone.",
  options: {
    submodule: list("PATHS", "Submodules to roll, a commit each (default: the only one).", {
      positional: true,
      onlyTyped: true,
      parse: (value) => [value],
    }),
  },
  look: lookForRolls,
  examples: ["i git_roll_submodule amp --dry-run"],
  steps: rollSubmodules,
});
