import { releaseHistory } from "../lib/flows/status.ts";
import { flag } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "report",
  about: "Tell who released, rolled back and skipped what, and when.",
  options: {
    all: flag("Tell the passes of test lists and what is confirmed too."),
    passes: flag("Tell the passes of test lists too, and whose they are."),
  },
  needs: ["git", "log"],
  steps: releaseHistory,
});
