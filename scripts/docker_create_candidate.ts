import { createCandidate } from "../lib/release/prod.ts";
import { pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "build, test",
  about: "Build this commit as prod-<user>-<hash> and push it, to try it before a release.",
  options: pick("version", "devVersion", "cache", "buildArg", "secret", "targetRegistries"),
  stage: "prod",
  needs: ["git", "engine", "registries", "log", "inputs"],
  versionFromChangelog: true,
  examples: ["i docker_create_candidate"],
  steps: createCandidate,
});
