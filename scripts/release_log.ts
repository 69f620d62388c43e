import { asksRepair, releaseLog } from "../lib/release/log.ts";
import { flag } from "../lib/run/options.ts";
import { loadSurvey } from "../lib/run/ref_facts.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "report",
  about: "Check that the release log is complete, and rebuild it if it is not.",
  options: {
    repair: flag("Restore lost entries from this clone's memory, Git tags and registries; nothing is dropped.", {
      onlyTyped: true,
    }),
  },
  needs: ["git"],
  look: (facts, { offline }) => loadSurvey({ base: facts, git: facts.git, offline }),
  examples: ["i release_log --repair"],
  asks: asksRepair,
  steps: releaseLog,
});
