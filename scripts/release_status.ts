import { asksOverwrite } from "../lib/names/report.ts";
import { anyStage, every, file } from "../lib/release/report_options.ts";
import { releaseStatus } from "../lib/report/status.ts";
import { dirsOption, pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "report",
  about: "Show the digest behind each tag in each registry; exits 1 if they differ.",
  options: {
    ...pick("version", "targetRegistries"),
    ...dirsOption,
    stage: anyStage,
    html: file(
      "Also write an HTML page to FILE (default: among Slipway's own files): tags, history, layers, pull size, timeline.",
    ),
    watch: every("Refresh every SECONDS (10) until Ctrl-C; the exit code is that of the last refresh."),
  },
  needs: ["git", "log", "refs"],
  look: async (facts, options) => (await import("../lib/release/look_releases.ts")).lookForStatus(facts, options),
  asks: (_facts, _options, seen) => asksOverwrite(seen),
  every: ({ watch }) => watch,
  inDirs: () => import("../lib/container/in_dirs.ts"),
  examples: ["i release_status --html status.html", "i release_status --stage prod --watch 30"],
  steps: releaseStatus,
});
