import { listContainers } from "../lib/container/around.ts";
import { loadContainers } from "../lib/doors/containers.ts";
import { flag } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "use",
  about: "List the containers you started from this image.",
  options: { all: flag("Include everyone's containers, of every image.", { short: "a" }) },
  look: loadContainers,
  examples: ["i docker_ps --all", "i docker_ps --json"],
  steps: listContainers,
});
