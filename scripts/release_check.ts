import { oneStage, whichList } from "../lib/release/report_options.ts";
import { releaseCheck } from "../lib/report/check_list.ts";
import { dirsOption, flag, pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "report",
  about: "Go through the pre- or post-release check-list of a version; exits 1 if a line is wrong.",
  options: {
    ...pick("version"),
    ...dirsOption,
    stage: oneStage,
    list: whichList,
    what: flag("Show which changed files need a new dev or prod image, and the next version, instead."),
  },
  needs: ["git", "engine", "log"],
  look: async (facts, options) =>
    options.what
      ? { changes: await (await import("../lib/report/look_what.ts")).lookForChanges(facts) }
      : { registries: await (await import("../lib/release/look_releases.ts")).lookAtReleases(facts, options) },
  inDirs: () => import("../lib/container/in_dirs.ts"),
  examples: ["i release_check --stage prod --list pre", "i release_check --what"],
  steps: releaseCheck,
});
