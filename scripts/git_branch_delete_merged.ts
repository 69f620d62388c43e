import { asksDelete, deleteMerged, fetchForDelete } from "../lib/repo/git_branch_delete_merged.ts";
import { lookForMerged } from "../lib/repo/look_merged.ts";
import { flag, list } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "repo",
  about: "Delete the branches that main has, after showing them; never main, nor one that is checked out.",
  options: {
    remote: flag("Delete merged branches on the remote too.", { onlyTyped: true }),
    exclude: list("NAMES", "Keep these branches.", { onlyTyped: true }),
  },
  look: lookForMerged,
  before: { steps: fetchForDelete },
  examples: ["i git_branch_delete_merged --dry-run", "i git_branch_delete_merged --remote --exclude develop"],
  asks: asksDelete,
  steps: deleteMerged,
});
