import { lookAtServices } from "../lib/run/look_services.ts";
import { script } from "../lib/run/script.ts";
import { servicePs } from "../lib/services/services.ts";

export default await script(import.meta.url, {
  subject: "use",
  about: "List the services of the runnable dir with their state, ports and stage.",
  options: {},
  look: (facts) => lookAtServices(facts, {}),
  examples: ["i service_ps --json"],
  steps: servicePs,
});
