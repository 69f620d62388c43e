import { asksRemove, removeImage } from "../lib/container/engine_images.ts";
import { pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "use",
  about: "Remove the image of a stage from the engine; it asks first, and the registries keep theirs.",
  options: pick("stage", "version"),
  needs: ["engine"],
  look: async (facts) => (await import("../lib/container/look_containers.ts")).lookAtContainersAndImages(facts),
  examples: ["i docker_remove --stage local --version 1.2.0", "i docker_remove -s dev"],
  asks: asksRemove,
  steps: removeImage,
});
