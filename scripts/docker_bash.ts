import { bash } from "../lib/flows/use.ts";
import { pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "use",
  about: "Open a shell in the container of a stage, the repo mounted on /app.",
  options: pick("stage", "version", "asRoot", "entrypoint"),
  needs: ["git", "image"],
  examples: ["i docker_bash --stage local --version 1.2.0"],
  steps: bash,
});
