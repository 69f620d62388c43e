import { loadRepos, loadUntracked } from "../lib/doors/git_repos.ts";
import { asksClean, cleanRepos, keptBy } from "../lib/repo/git_clean.ts";
import { flag, list } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "repo",
  about: "Remove untracked files from the super-repo and its submodules, after showing them; keeps .env.",
  options: {
    exclude: list("PATTERNS", "Keep what these patterns name, as in .gitignore.", { onlyTyped: true }),
    ignored: flag("Remove ignored files too, such as caches and builds.", { onlyTyped: true }),
  },
  look: async ({ place, env }, options) => {
    const repos = await loadRepos(place.root, env);
    const wanted = { patterns: keptBy(options), ignored: options.ignored };
    return { repos, untracked: await loadUntracked(place.root, repos, wanted, env) };
  },
  examples: ["i git_clean --dry-run", "i git_clean --ignored --exclude node_modules"],
  asks: asksClean,
  steps: cleanRepos,
});
