import { releaseBranch } from "../lib/release/branch.ts";
import { branch, commit, lookForBranch, prefix } from "../lib/release/look_branch.ts";
import { pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "release",
  about: "Build, test and push the image of this commit of a branch, and point the branch's tag at it.",
  options: {
    branch,
    commit,
    prefix,
    ...pick("cache", "buildArg", "secret", "skipTests", "targetRegistries", "multiArch", "builder", "breakLock"),
  },
  needs: ["git", "engine", "log", "inputs"],
  look: lookForBranch,
  examples: ["i release_branch --branch feature/doodad", "i release_branch --multi-arch linux/arm/v7 --prefix rpi"],
  steps: releaseBranch,
});
