import { poetryIn } from "../lib/container/programs.ts";
import { lookForImage } from "../lib/run/look_image.ts";
import { pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "use",
  about: "Run poetry in the local or dev container on the pyproject.toml and poetry.lock of devops/docker_build.",
  options: pick("stage", "version", "asRoot", "entrypoint"),
  look: lookForImage,
  passesWords: true,
  examples: ["i poetry show --tree", "i poetry --stage local lock --no-update", "i poetry -- --version"],
  steps: (facts, options, seen) => poetryIn({ ...facts, ...seen }, options),
});
