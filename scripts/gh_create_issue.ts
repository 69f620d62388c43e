import { createIssue } from "../lib/repo/github.ts";
import { postOptions, titleOption } from "../lib/repo/github_options.ts";
import { lookForIssue } from "../lib/repo/look_github.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "repo",
  about: "Create an issue on GitHub, unless one of yours that is open has its title.",
  options: { title: titleOption("Title of the issue."), ...postOptions },
  needs: ["git"],
  look: lookForIssue,
  examples: [
    'i gh_create_issue --title "Add a doodad" --labels bug --assignees @me',
    "i gh_create_issue --title 'It fails' --body-file report.md",
  ],
  steps: createIssue,
});
