import { unread } from "../config/registry.ts";
import { UserError } from "../errors.ts";
import { cmd } from "../kinds/command.ts";
import { repositoryOf } from "../names/address.ts";
import { type Chosen, chooseReleased } from "../names/choose_image.ts";
import { lacksImage } from "../names/engine.ts";
import { engineRepository, targetPlaces } from "../names/names.ts";
import { imageTag, type Stage } from "../names/stage.ts";
import type { Version } from "../names/version.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { pullOf } from "./ecr_login.ts";

/** Pulls the image of a stage from the first target registry, under the name the engine knows it by. */
export function pull(
  facts: Facts<"registries" | "lastLog">,
  options: { readonly stage: Stage; readonly version?: Version | undefined },
): Step[] {
  if (options.stage === "local")
    throw new UserError("a local image cannot be pulled", {
      why: "It is private to its user and machine.",
      fix: "Build it: i docker_build_local; or pull a released one: i docker_pull --stage dev",
    });
  const image = chooseReleased(facts, options.stage, options.version ?? null);
  assertLetsIn(facts);
  return [pullStep(facts, image)];
}

/** The engine reads the same logins: it would wait for a helper that hangs, or say less of one that is refused. */
function assertLetsIn({ targets, registries }: Facts<"registries">): void {
  const name = targets[0]?.name ?? "";
  for (const state of Object.values(registries[name] ?? {}))
    if (state.state === "unknown" && state.error?.reason === "denied") throw unread(name, state);
}

/** Pulls the image of the tools that several repos share, from the first target registry (design.md, "From the documents"). */
export function pullDevTools(
  facts: Facts,
  options: { readonly stage: Stage; readonly version?: Version | undefined },
): Step[] {
  const registry = facts.targets[0];
  if (!registry || options.stage === "local")
    throw new UserError(registry ? "a local image cannot be pulled" : "no registry is configured", {
      why: "The image of the shared tools is pulled from the first registry of container_registry_info.",
      fix: "Add one to repo_config.yaml, and type i docker_pull_dev_tools --stage prod",
    });
  const { reference } = repositoryOf(registry, facts.config.container.devTools);
  const from = `${reference}:${imageTag(options.stage, "", options.version)}`;
  return [step("docker_pull_dev_tools", `Pull ${from}`, pullOf(facts, from))];
}

/** The pull from the first target registry, under the name that the engine knows the image by. */
function pullStep(facts: Facts, image: Chosen): Step {
  if (facts.config.registries.length === 0) throw noRegistry(image);
  const from = `${targetPlaces(facts)[0]?.repository ?? engineRepository(facts)}:${image.tag}`;
  const rename = from === image.reference ? [] : [cmd`docker tag ${from} ${image.reference}`];
  const why = image.note ? ` (${image.note})` : "";
  return step("docker_pull", `Pull ${from}${why}`, [...pullOf(facts, from), ...rename]);
}

/** Pulls the image where the engine does not have it; local images are never pulled. */
export function pullIfMissing(facts: Facts<"engine">, image: Chosen): Step[] {
  if (image.stage === "local") return image.local ? [] : [missingLocal(facts, image)];
  if (image.local && facts.config.registries.length === 0) return [];
  return [{ ...pullStep(facts, image), skip: image.local ? "the engine has it" : null }];
}

/** Without a host in its name, an image is looked for in Docker Hub, where it is a stranger's. */
const noRegistry = ({ reference, tag }: Chosen): UserError =>
  new UserError(`there is no registry to pull ${reference} from`, {
    why: "Its name has no registry, and the name alone would be pulled from Docker Hub, where anybody may own it.",
    fix: `Add a registry to repo_config.yaml, container_registry_info; name it: --base-name HOST/${reference.slice(0, -tag.length - 1)}; or build an image: i docker_build_local, and use --stage local`,
  });

const missingLocal = (facts: Facts<"engine">, image: Chosen): never => {
  throw lacksImage(facts.engine, image.reference, {
    why: "A local image is built on this machine and private to its user.",
    fix: `Build it: i docker_build_local --version ${image.version}`,
  });
};
