import { bash } from "../lib/container/work_in.ts";
import { lookForImage } from "../lib/run/look_image.ts";
import { pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "use",
  about: "Open a shell in the container of a stage, with the repo mounted on /app.",
  options: pick("stage", "version", "baseName", "asRoot", "entrypoint"),
  look: lookForImage,
  examples: ["i docker_bash --stage local --version 1.2.0"],
  steps: (facts, options, seen) => bash({ ...facts, ...seen }, options),
});
