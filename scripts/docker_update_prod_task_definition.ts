import { asksUpdate, updateTaskDefinition } from "../lib/deploy/deploy.ts";
import { deploymentOptions, loadDeployment } from "../lib/deploy/look_deployment.ts";
import { parseCandidate } from "../lib/names/stage.ts";
import { pick, text } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "release",
  about:
    "Deploy a released prod image or a candidate to its ECS service by digest, and roll back if it does not become healthy.",
  options: {
    ...pick("version", "targetRegistries"),
    ...deploymentOptions,
    candidate: text<string>("TAG", "Deploy this candidate instead, to preprod or test.", { parse: parseCandidate }),
    container: text<string>("NAME", "Change this container where none runs an image of the repository."),
  },
  stage: "prod",
  versionFromChangelog: true,
  needs: ["git", "log", "registries"],
  look: loadDeployment,
  examples: [
    "i docker_update_prod_task_definition --version 1.2.0 --cluster main",
    "i docker_update_prod_task_definition --environment preprod --candidate prod-ada-0a1b2c3d4",
    "i docker_update_prod_task_definition --environment test --task-definition cmamp-test-ada --timeout 1200 --dry-run",
  ],
  asks: asksUpdate,
  steps: updateTaskDefinition,
});
