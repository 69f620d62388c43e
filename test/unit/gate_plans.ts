import { command } from "../../lib/kinds/command.ts";
import { writeFile } from "../../lib/kinds/write_file.ts";
import type { Pass } from "../../lib/names/log.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import type { Step, Value } from "../../lib/plan/plan.ts";
import { type GateOptions, gates } from "../../lib/tests/gates.ts";
import { commit, config, digest, facts, logged, releaseOptions, version } from "./factory.ts";

export const image = digest("a");
export const reference = "127.0.0.1:5001/cmamp:local-gp-1.2.0";
export const dev = "127.0.0.1:5001/cmamp:dev-1.2.0";
export const settings = (release: object = {}, more: object = {}) =>
  config({
    release: { gates: ["fast", "qa"], ...release },
    tests: { fast: { command: ["fast"] }, qa: { command: ["qa"] }, ...more },
  });
export const plan = (more: Partial<AllFacts> = {}, options: Partial<GateOptions> = {}, tested: Value = image): Step[] =>
  gates(facts({ config: settings(), ...more }), {
    version: version("1.2.0"),
    image: tested,
    what: tested,
    options: { ...releaseOptions, ...options },
  });
export const key: Omit<Pass, "list" | "runner"> = {
  ...{ type: "pass", digest: image, version: "1.2.0", commit: commit("a"), tree: commit("b"), platform: "linux/amd64" },
};
export const pass = (list: string, more: Partial<Pass> = {}) => logged({ ...key, list, runner: list, ...more });
export const script = (step: Step): string =>
  step.do.flatMap((one) => (writeFile.is(one) && one.path.includes("/cmd/") ? [one.content] : []))[0] ?? "";
export const compose = (step: Step): string =>
  step.do.flatMap((one) => (writeFile.is(one) && one.path.endsWith(".yml") ? [one.content] : []))[0] ?? "";
/** Where in the container -> what of this machine is there. */
export const mountsOf = (step: Step): Record<string, string> => {
  const { services } = JSON.parse(compose(step)) as {
    services: { app: { volumes: ({ source: string; target: string } | string)[] } };
  };
  return Object.fromEntries(
    services.app.volumes.flatMap((one) => (typeof one === "string" ? [] : [[one.target, one.source]])),
  );
};
export const startOf = (step: Step) => step.do.flatMap((one) => (command.is(one) && one.container ? [one] : []))[0];
