import { UserError } from "../lib/errors.ts";
import { parseBranch } from "../lib/names/dev_version.ts";
import { createBranch } from "../lib/repo/git_create_branch.ts";
import { lookForNewBranch } from "../lib/repo/look_new_branch.ts";
import { text } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

function parseIssue(typed: string): number {
  if (/^#?[1-9]\d{0,8}$/.test(typed)) return Number(typed.replace("#", ""));
  throw new UserError(`${JSON.stringify(typed)} is not the number of an issue`, {
    why: "GitHub numbers issues from 1.",
    fix: "Write it like --issue 45",
  });
}

export default await script(import.meta.url, {
  subject: "repo",
  about: "Create a branch named after an issue's title, and push it.",
  options: {
    issue: text<number>("N", "Issue to name the branch after; gh reads its title.", {
      parse: parseIssue,
      short: "i",
      onlyTyped: true,
    }),
    title: text<string>("TITLE", "Title to name the branch after.", { onlyTyped: true }),
    branch: text<string>("NAME", "Name of the branch.", { parse: parseBranch, onlyTyped: true }),
  },
  needs: ["git"],
  look: lookForNewBranch,
  examples: ["i git_create_branch --issue 45", 'i git_create_branch --title "Add a doodad"'],
  steps: createBranch,
});
