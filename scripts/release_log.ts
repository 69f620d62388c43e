import { asksRepair, releaseLog } from "../lib/flows/log.ts";
import { flag } from "../lib/run/options.ts";
import { loadSurvey } from "../lib/run/ref_facts.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "report",
  about: "Tell whether the log of releases is whole, and put it together again where it is not.",
  options: {
    repair: flag("Add what the log lost from this clone's memory, Git tags and registries; nothing in it is dropped.", {
      onlyTyped: true,
    }),
  },
  needs: ["git"],
  look: (facts, { offline }) => loadSurvey({ base: facts, git: facts.git, offline }),
  examples: ["i release_log --repair"],
  asks: asksRepair,
  steps: releaseLog,
});
