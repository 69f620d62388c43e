import { loadMains } from "../lib/doors/git_main.ts";
import { loadRepos } from "../lib/doors/git_repos.ts";
import { mergeable, mergeMain } from "../lib/repo/git_merge_master.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "repo",
  about: "Merge the remote's main branch into the branch of the super-repo and of each submodule.",
  options: {},
  look: async ({ place: { root }, env }, { offline }) => {
    const repos = await loadRepos(root, env);
    return { repos, mains: await loadMains(mergeable(repos), { root, offline, env }), offline };
  },
  examples: ["i git_merge_master --dry-run"],
  steps: mergeMain,
});
