import { describeCommit } from "../lib/doors/git_describe.ts";
import { tellDevVersion } from "../lib/release/branch.ts";
import { flag } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "release",
  about: "Show the version of this commit: its release's, or the next one with the commits since, like 1.2.4.dev5.",
  options: {
    local: flag("Add the commit to the version, as in 1.2.4.dev5+g0a1b2c3d4e5f."),
    dirty: flag("Accept a tree with uncommitted changes, and mark the version.", { onlyTyped: true }),
  },
  needs: ["git"],
  look: ({ place, git: { commit }, config, env }) =>
    describeCommit(place, { commit, image: config.imageName, before: false }, env),
  examples: ["i release_dev_version --local"],
  steps: tellDevVersion,
});
