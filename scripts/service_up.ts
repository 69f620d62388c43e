import { lookAtServices } from "../lib/run/look_services.ts";
import { script } from "../lib/run/script.ts";
import { servicesStage } from "../lib/services/service_options.ts";
import { asksServiceUp, serviceUp } from "../lib/services/services.ts";

export default await script(import.meta.url, {
  subject: "use",
  about: "Start the services of the runnable dir, like its database, and wait until each answers.",
  options: { stage: servicesStage },
  look: lookAtServices,
  examples: ["i service_up", "i service_up --stage dev"],
  asks: asksServiceUp,
  steps: serviceUp,
});
