import { checkChangelog } from "../lib/repo/changelog.ts";
import { dirsOption } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "repo",
  about: "Check format, order, dates and versions of changelog.txt.",
  options: dirsOption,
  inDirs: () => import("../lib/container/in_dirs.ts"),
  steps: checkChangelog,
});
