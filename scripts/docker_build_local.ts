import { buildLocalAndTell } from "../lib/build/local.ts";
import { dirsOption, pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "build, test",
  about: "Build the image of the runnable dir as local-<user>-X.Y.Z, and copy poetry.lock back.",
  options: {
    ...pick("version", "poetryMode", "cache", "buildArg", "secret", "multiArch", "builder"),
    ...dirsOption,
  },
  needs: ["git", "engine", "inputs"],
  versionFromChangelog: true,
  inDirs: () => import("../lib/container/in_dirs.ts"),
  examples: ["i docker_build_local --version 1.2.0 --poetry-mode no_update"],
  steps: buildLocalAndTell,
});
