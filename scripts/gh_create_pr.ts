import { createPr } from "../lib/repo/github.ts";
import { branchOption, postOptions, titleOption } from "../lib/repo/github_options.ts";
import { lookForPr } from "../lib/repo/look_github.ts";
import { flag, list } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "repo",
  about: "Push this branch and open a draft pull request of it on GitHub, unless it has one.",
  options: {
    title: titleOption("Title of the pull request (default: the branch's name)."),
    ...postOptions,
    base: branchOption("base", "Branch to merge it into (default: GitHub's main branch of the repo)."),
    draft: flag("Open it for review at once.", { fallback: true }),
    reviewers: list("LOGINS", "Ask these people for a review, comma-separated.", { short: "e" }),
  },
  needs: ["git"],
  look: lookForPr,
  examples: ["i gh_create_pr", 'i gh_create_pr --title "Add a doodad" --no-draft --reviewers ada'],
  steps: createPr,
});
