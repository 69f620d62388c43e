import { lookAtServices } from "../lib/run/look_services.ts";
import { flag } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";
import { asksServiceDown, serviceDown } from "../lib/services/services.ts";

export default await script(import.meta.url, {
  subject: "use",
  about: "Stop and remove the services that service_up started, and their network; their volumes stay.",
  options: { volumes: flag("Remove the volumes of the services too; it asks first.", { onlyTyped: true }) },
  look: (facts) => lookAtServices(facts, {}),
  examples: ["i service_down", "i service_down --volumes"],
  asks: asksServiceDown,
  steps: serviceDown,
});
