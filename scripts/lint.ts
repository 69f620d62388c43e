import { dirsOption, flag, list } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";
import { lint } from "../lib/tests/lint.ts";
import { lookForLint } from "../lib/tests/look_lint.ts";

export default await script(import.meta.url, {
  subject: "build, test",
  about:
    "Run the linters of repo_config.yaml in their container, on what changed since the commit; exits 1 if one finds fault.",
  options: {
    files: list("PATHS", "Lint these files, and what Git does not ignore in these folders.", {
      short: "f",
      positional: true,
      onlyTyped: true,
      parse: (value) => [value],
    }),
    branch: flag("Lint what changed since the branch left main."),
    all: flag("Lint all files of the runnable dir that Git does not ignore."),
    ...dirsOption,
    check: flag("Change nothing, and tell what a linter would change.", { aliases: ["only-check"] }),
  },
  needs: ["git"],
  look: lookForLint,
  inDirs: () => import("../lib/container/in_dirs.ts"),
  examples: ["i lint", "i lint --branch --check", "i lint README.md src"],
  steps: lint,
});
