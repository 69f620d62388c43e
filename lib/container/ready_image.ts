import { runWorkflow } from "../kinds/run_workflow.ts";
import type { Chosen } from "../names/choose_image.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { pullIfMissing } from "./pull.ts";

/** Has the engine have an image that is used: pulls it where it is lacking, or builds it where the dir releases none. */
export function readyImage(facts: Facts<"engine">, image: Chosen): Step[] {
  const { config, place } = facts;
  if (!config.release.none) return pullIfMissing(facts, image);
  const dir = config.imageOf ?? place.dir;
  // The lock is as it was committed: who only uses an image resolves nothing anew.
  const words = ["--version", image.version ?? "", "--poetry-mode", "no_update"];
  const build = runWorkflow({ workflow: "docker_build_local", dir, words });
  return [step("docker_build_local", `Build ${image.reference}, as the dir releases none`, [build])];
}
