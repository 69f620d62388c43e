import { releaseStatus } from "../lib/flows/status.ts";
import { asksOverwrite } from "../lib/model/report.ts";
import { pick } from "../lib/run/options.ts";
import { anyStage, every, file } from "../lib/run/report_options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "report",
  about: "Tell which digest every tag has in every registry; exit code 1 when they differ.",
  options: {
    ...pick("version", "targetRegistries"),
    stage: anyStage,
    html: file("Write a page to FILE too, or among Slipway's own files: tags, history, layers, pull size, timeline."),
    watch: every("Look again every SECONDS (10) until Ctrl-C; the exit code is then that of the last look."),
  },
  needs: ["git", "log", "refs"],
  look: async (facts, options) => (await import("../lib/run/look_releases.ts")).lookForStatus(facts, options),
  asks: (_facts, _options, seen) => asksOverwrite(seen),
  every: ({ watch }) => watch,
  examples: ["i release_status --html status.html", "i release_status --stage prod --watch 30"],
  steps: releaseStatus,
});
