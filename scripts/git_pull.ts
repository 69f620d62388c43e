import { loadRepos } from "../lib/doors/git_repos.ts";
import { pullRepos } from "../lib/repo/git_pull.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "repo",
  about: "Pull the super-repo and its submodules; fast-forwards only, and keeps what is not committed.",
  options: {},
  look: ({ place, env }) => loadRepos(place.root, env),
  examples: ["i git_pull --dry-run"],
  steps: pullRepos,
});
