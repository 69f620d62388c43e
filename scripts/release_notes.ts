import { asksOverwrite } from "../lib/names/report.ts";
import { file, oneStage } from "../lib/release/report_options.ts";
import { releaseNotes } from "../lib/report/notes.ts";
import { pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "report",
  about: "Write release notes as Markdown: changelog, commits, digests by registry and pull size.",
  options: {
    ...pick("version"),
    stage: oneStage,
    output: file("Write the notes to FILE instead of stdout.", "value"),
  },
  needs: ["git", "log"],
  look: async (facts, options) => (await import("../lib/release/look_releases.ts")).lookForNotes(facts, options),
  examples: ["i release_notes --version 1.2.0 --output notes.md"],
  asks: (_facts, _options, seen) => asksOverwrite(seen),
  steps: releaseNotes,
});
