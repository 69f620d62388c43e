import { loadEmulations } from "../lib/doors/emulation.ts";
import { loadPrograms } from "../lib/doors/programs.ts";
import { doctor } from "../lib/flows/doctor.ts";
import { flag } from "../lib/run/options.ts";
import { lookAtAccess } from "../lib/run/registry_facts.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "report",
  about: "Check everything a release needs and print the command that fixes what is missing.",
  options: { fix: flag("Install what apt-get can install.") },
  needs: ["git", "refs", "engine", "registries"],
  look: async ({ place, config, env }) => {
    const [programs, access, { emulations }] = await Promise.all([
      loadPrograms(place.root, env),
      lookAtAccess(config, env),
      loadEmulations(place.root, env),
    ]);
    return { programs, access, emulations };
  },
  asks: (_facts, options) => (options.fix ? "Install what is missing with apt-get?" : null),
  steps: doctor,
});
