import { loadContainers } from "../lib/doors/containers.ts";
import { asksKill, killContainers } from "../lib/flows/around.ts";
import { flag, pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "use",
  about: "Stop and remove the last container you started from this image.",
  options: {
    ...pick("container"),
    all: flag("Stop all containers you started from this image; it asks first.", { short: "a" }),
  },
  look: loadContainers,
  examples: ["i docker_kill --all", "i docker_kill --container 3f2a91"],
  asks: asksKill,
  steps: killContainers,
});
