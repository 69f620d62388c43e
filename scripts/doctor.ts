import { loadEmulations } from "../lib/doors/emulation.ts";
import { ownFolder } from "../lib/doors/own_source.ts";
import { hasApt, loadPrograms } from "../lib/doors/programs.ts";
import { asksFixes, doctor, fixes } from "../lib/machine/doctor.ts";
import { flag } from "../lib/run/options.ts";
import { lookAtAccess } from "../lib/run/registry_facts.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "report",
  about: "Check everything a release needs and print the command that fixes what is missing.",
  options: {
    fix: flag("Fix first what Slipway can: programs, an engine, a shallow history; shows the lines and asks."),
  },
  needs: ["git", "refs", "engine", "registries"],
  look: async ({ place, config, env }) => {
    const [programs, apt, access, { emulations }] = await Promise.all([
      loadPrograms(place.root, env),
      hasApt(place.root, env),
      lookAtAccess(config, env),
      loadEmulations(place.root, env),
    ]);
    return { programs, apt, access, emulations, slipway: ownFolder() };
  },
  before: { steps: fixes, asks: asksFixes },
  examples: ["i doctor", "i doctor --fix"],
  steps: doctor,
});
