import { releaseCheck } from "../lib/flows/check_list.ts";
import { dirsOption, flag, pick } from "../lib/run/options.ts";
import { oneStage, whichList } from "../lib/run/report_options.ts";
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
      ? { changes: await (await import("../lib/run/look_what.ts")).lookForChanges(facts) }
      : { registries: await (await import("../lib/run/look_releases.ts")).lookAtReleases(facts, options) },
  inDirs: () => import("../lib/flows/in_dirs.ts"),
  examples: ["i release_check --stage prod --list pre", "i release_check --what"],
  steps: releaseCheck,
});
