import { showBranchDiff } from "../lib/repo/git_branch_diff.ts";
import { lookForBranchDiff } from "../lib/repo/look_branch_diff.ts";
import { flag } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "report",
  about: "Show which files the branch's commits changed since it left main, in the super-repo and its submodules.",
  options: { patch: flag("Show the changes themselves.", { onlyTyped: true }) },
  look: lookForBranchDiff,
  examples: ["i git_branch_diff", "i git_branch_diff --patch"],
  steps: showBranchDiff,
});
