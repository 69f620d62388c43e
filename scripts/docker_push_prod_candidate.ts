import { pushCandidate } from "../lib/release/prod.ts";
import { pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "release",
  about: "Push the candidate of this commit, built by docker_build_prod --candidate, to every registry.",
  options: pick("targetRegistries"),
  stage: "prod",
  needs: ["git", "engine", "registries"],
  examples: ["i docker_push_prod_candidate"],
  steps: pushCandidate,
});
