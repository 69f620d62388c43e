import { asksSync, syncCommonFiles } from "../lib/repo/common_files.ts";
import { lookForCommonFiles } from "../lib/repo/look_common_files.ts";
import { flag, list, text } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "repo",
  about: "Copy or link the files that repos share from the repo that lists them, after showing what differs.",
  options: {
    repos: list("REPOS", "Compare these clones, as paths (default with --source: this repo).", {
      positional: true,
      onlyTyped: true,
      parse: (value) => [value],
    }),
    source: text<string>("DIR", "Repo whose repo_config.yaml lists them (default: this one).", { onlyTyped: true }),
    check: flag("Change nothing; exits 1 if anything differs.", { onlyTyped: true }),
    diff: flag("Show the lines that differ too."),
    back: flag("Copy what one repo changed back to the source.", { onlyTyped: true }),
    copies: flag("Make copies of what the list has linked too.", { onlyTyped: true }),
    delete: flag("Remove files of listed folders that the source lacks, where a commit has them.", { onlyTyped: true }),
    keep: flag("Keep what no commit has beside the new file, as NAME.kept.HASH.", { onlyTyped: true }),
  },
  look: lookForCommonFiles,
  examples: [
    "i sync_common_files ../amp ../cmamp --check --diff",
    "i sync_common_files --source helpers_root",
    "i sync_common_files ../amp --back --dry-run",
  ],
  asks: asksSync,
  steps: syncCommonFiles,
});
