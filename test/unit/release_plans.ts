import { imageLabels } from "../../lib/build/build.ts";
import type { Released } from "../../lib/names/log.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import type { Step } from "../../lib/plan/plan.ts";
import { type ReleaseOptions, release } from "../../lib/release/release.ts";
import {
  commit,
  config,
  digest,
  engine,
  facts,
  found,
  localImage,
  logged,
  releaseOptions,
  version,
} from "./factory.ts";

export const plan = (world: Partial<AllFacts> = {}, more: Partial<ReleaseOptions> = {}): Step[] =>
  release(facts(world), { ...releaseOptions, ...more });

export const image = { from: "build_local" } as const;
export const released: Released = {
  type: "release",
  stage: "dev",
  version: "1.2.0",
  digest: image,
  commit: commit("a"),
  registries: ["ecr", "dockerhub"],
};

export const labels = imageLabels(facts(), version("1.2.0"), "no_update");
export const built = digest("a");
export const local = "127.0.0.1:5001/cmamp:local-gp-1.2.0";
export const here: Partial<AllFacts> = { engine: engine({ images: [localImage(local, { id: built, labels })] }) };
export const pass = (list: string) =>
  logged({
    ...{ type: "pass", digest: built, version: "1.2.0", list, commit: commit("a"), tree: commit("b") },
    ...{ runner: list, platform: "linux/amd64" },
  });
export const inRegistries: Partial<AllFacts> = {
  registries: { ecr: { "dev-1.2.0": found(built, labels) }, dockerhub: { "dev-1.2.0": found(built, labels) } },
};
export const oneGate = {
  config: config({ release: { gates: ["fast"] }, tests: { fast: { command: ["fast"] } } }),
  log: [pass("fast")],
};
export const noGates = { config: config({ release: { gates: [] } }) };
