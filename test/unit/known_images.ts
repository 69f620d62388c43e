import { engine, found, localImage } from "./factory.ts";
import { built, labels } from "./release_plans.ts";

/** Version 1.2.0 as a registry has it, or the engine, and what else the engine has. */
export const repository = "127.0.0.1:5001/cmamp";
export const inEcr = (given: Parameters<typeof found>[1]) => ({
  registries: { ecr: { "dev-1.2.0": found(built, given) } },
});
export const inEngine = (...images: ReturnType<typeof localImage>[]) => ({ engine: engine({ images }) });
export const local = (more: Parameters<typeof localImage>[1] = {}) =>
  localImage(`${repository}:local-gp-1.2.0`, { id: built, labels, ...more });
