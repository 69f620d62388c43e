import { checkVersion } from "../lib/repo/changelog.ts";
import { loadSeenLog } from "../lib/run/look_image.ts";
import { dirsOption } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "report",
  about: "Check that code and container are in sync; exits 1 if they are not.",
  options: dirsOption,
  needs: ["engine"],
  look: loadSeenLog,
  inDirs: () => import("../lib/container/in_dirs.ts"),
  steps: (facts, _options, lastLog) => checkVersion({ ...facts, lastLog }),
});
