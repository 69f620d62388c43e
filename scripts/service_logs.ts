import { lookAtServices } from "../lib/run/look_services.ts";
import { flag } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";
import { serviceNames, tail } from "../lib/services/service_options.ts";
import { serviceLogs } from "../lib/services/services.ts";

export default await script(import.meta.url, {
  subject: "use",
  about: "Show the logs of the services of the runnable dir, and follow them until Ctrl-C.",
  options: {
    services: serviceNames,
    follow: flag("Show what is there and end.", { fallback: true }),
    tail,
  },
  look: (facts) => lookAtServices(facts, {}),
  examples: ["i service_logs postgres", "i service_logs --no-follow --tail 20"],
  steps: serviceLogs,
});
