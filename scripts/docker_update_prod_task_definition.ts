import { asksUpdate, updateTaskDefinition } from "../lib/flows/deploy.ts";
import { deploymentOptions } from "../lib/run/deployment_options.ts";
import { pick, text } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  about: "Bring a released prod image by digest to its service of ECS, and back where it does not become healthy.",
  options: {
    ...pick("version", "targetRegistries"),
    ...deploymentOptions,
    container: text<string>("NAME", "Change this container where none runs an image of the repository."),
  },
  stage: "prod",
  versionFromChangelog: true,
  needs: ["git", "log", "registries", "deployment"],
  examples: [
    "i docker_update_prod_task_definition --version 1.2.0 --cluster main",
    "i docker_update_prod_task_definition --environment preprod --timeout 1200 --dry-run",
    "i docker_update_prod_task_definition --environment test --task-definition cmamp-test-ada",
  ],
  asks: asksUpdate,
  steps: updateTaskDefinition,
});
