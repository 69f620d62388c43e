import { releaseHistory } from "../lib/report/status.ts";
import { flag } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "report",
  about: "Show who released, rolled back and skipped what, and when.",
  options: {
    all: flag("Show test passes and confirmed check-list lines too."),
    flaky: flag("Show how often each test list was flaky: failed, and then passed on the same."),
    passes: flag("Show test passes too, and whose they are."),
  },
  needs: ["git", "log"],
  steps: releaseHistory,
});
