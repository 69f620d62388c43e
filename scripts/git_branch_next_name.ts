import { parseBranch } from "../lib/names/dev_version.ts";
import { showNextName } from "../lib/repo/git_repos.ts";
import { lookForNextName } from "../lib/repo/look_branch_names.ts";
import { text } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "repo",
  about: "Show the next free name for a branch, as fix_2 after fix_1.",
  options: {
    branch: text<string>("NAME", "Branch to name the next one after (default: the one checked out).", {
      parse: parseBranch,
      onlyTyped: true,
    }),
  },
  needs: ["git"],
  look: lookForNextName,
  examples: ["i git_branch_next_name --branch fix"],
  steps: showNextName,
});
