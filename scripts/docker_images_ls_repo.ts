import { listImages } from "../lib/container/engine_images.ts";
import { flag } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "use",
  about: "List this repo's images in the engine, by registry.",
  options: { all: flag("List the other images at the same addresses too.", { short: "a" }) },
  look: async (facts) => (await import("../lib/container/look_containers.ts")).lookAtContainersAndImages(facts),
  examples: ["i docker_images_ls_repo --all"],
  steps: listImages,
});
