import { asksKill, killContainers } from "../lib/container/around.ts";
import { flag, pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "use",
  about: "Stop and remove the last container you started from this image.",
  options: {
    ...pick("container"),
    all: flag("Stop all containers you started from this image; it asks first.", { short: "a" }),
    purge: flag("With --all: remove the data of the engine inside them too."),
  },
  look: async (facts, options) => (await import("../lib/container/look_containers.ts")).lookToKill(facts, options),
  examples: ["i docker_kill --all", "i docker_kill --container 3f2a91", "i docker_kill --all --purge"],
  asks: asksKill,
  steps: killContainers,
});
