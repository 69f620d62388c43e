import { asksKill, killContainers } from "../lib/flows/around.ts";
import { container } from "../lib/run/around_options.ts";
import { flag } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "use",
  about: "End and remove the last container that you started of this image.",
  options: {
    container,
    all: flag("End all that you started of this image; it asks first.", { short: "a" }),
  },
  needs: ["containers"],
  examples: ["i docker_kill --all", "i docker_kill --container 3f2a91"],
  asks: asksKill,
  steps: killContainers,
});
