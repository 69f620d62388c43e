import { loadRepos } from "../lib/doors/git_repos.ts";
import { showStatus } from "../lib/repo/git_repos.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "report",
  about: "Show branch, commits ahead and behind, changes and moved pointers of the super-repo and its submodules.",
  options: {},
  look: ({ place, env }) => loadRepos(place.root, env),
  examples: ["i git_status --json"],
  steps: showStatus,
});
