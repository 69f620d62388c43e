import type { ListedImage } from "../doors/containers.ts";
import { UserError } from "../errors.ts";
import { announce } from "../kinds/announce.ts";
import { cmd } from "../kinds/command.ts";
import { repositoryOf } from "../names/address.ts";
import { chooseLocal } from "../names/choose_image.ts";
import { type EngineContainer, shortId } from "../names/engine_container.ts";
import { engineRepository } from "../names/names.ts";
import { imageTag, type Stage } from "../names/stage.ts";
import type { Version } from "../names/version.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { renderTable } from "../text/table.ts";
import type { InEngine } from "./look_containers.ts";

type Shown = ListedImage & { readonly registry: string; readonly containers: readonly string[] };

/** Every registry's repository of an image, by the name that the engine knows it by; the bare name where a repo has none. */
function repositories(facts: Facts): readonly { readonly registry: string; readonly repository: string }[] {
  const { registries, imageName } = facts.config;
  if (registries.length === 0) return [{ registry: "-", repository: engineRepository(facts) }];
  return registries.map((registry) => ({
    registry: registry.name,
    repository: repositoryOf(registry, imageName).reference,
  }));
}

const users = (seen: InEngine, image: ListedImage): readonly EngineContainer[] =>
  seen.containers.filter(
    (one) => one.imageId === image.id || one.image === `${image.repository}:${image.tag}` || one.image === image.id,
  );

/** The repo's images in the engine, per registry; with `all` the other images below the same addresses too. */
export function listImages(facts: Facts, { all }: { readonly all: boolean }, seen: InEngine): Step[] {
  const rows = repositories(facts).flatMap(({ registry, repository }): Shown[] => {
    const below = repository.slice(0, repository.lastIndexOf("/") + 1);
    return seen.images
      .filter((image) => image.repository === repository || (all && below !== "" && image.repository.startsWith(below)))
      .map((image) => ({ registry, ...image, containers: users(seen, image).map(({ name }) => name) }));
  });
  const sorted = [...rows].sort((a, b) => keyOf(a).localeCompare(keyOf(b), "en", { numeric: true }));
  const head = ["REGISTRY", "IMAGE", "DIGEST", "CREATED", "SIZE", "IN USE"];
  const text =
    sorted.length === 0
      ? `the engine has no image of ${facts.config.imageName}; pull one: i docker_pull`
      : renderTable(head, sorted.map(cells));
  return [step("report", "List the engine's images", [announce({ text, data: sorted })])];
}

const keyOf = (image: Shown): string => `${image.registry} ${image.repository} ${image.tag}`;
const cells = (image: Shown): string[] => [
  image.registry,
  `${image.repository}:${image.tag}`,
  shortId(image.id),
  image.created.slice(0, 16),
  image.size,
  image.containers.length > 0 ? String(image.containers.length) : "-",
];

type Remove = { readonly stage: Stage; readonly version?: Version | undefined };

/** Takes the tags of a stage and version off the engine, in every registry's repository; the registries keep theirs. */
export function removeImage(facts: Facts<"engine">, options: Remove, seen: InEngine): Step[] {
  const { tag, found } = toRemove(facts, options, seen);
  if (found.length === 0) {
    const text = `the engine has no ${facts.config.imageName}:${tag}`;
    return [step("report", "Report that there is nothing to remove", [announce({ text, data: [] })])];
  }
  const references = found.map((image) => `${image.repository}:${image.tag}`);
  return [
    step("docker_remove", `Remove ${references.join(", ")} from the engine`, [
      cmd`docker image rm ${references}`,
      announce({ text: references.map((one) => `removed ${one}`).join("\n"), data: references }),
    ]),
  ];
}

/** Removing asks: what only this engine has is gone then. */
export const asksRemove = (facts: Facts<"engine">, options: Remove, seen: InEngine): string | null => {
  const { found } = toRemove(facts, options, seen);
  if (found.length === 0) return null;
  return `Remove from the engine: ${found.map((image) => `${image.repository}:${image.tag}`).join(", ")}?`;
};

function toRemove(facts: Facts<"engine">, { stage, version }: Remove, seen: InEngine) {
  const tag = stage === "local" ? chooseLocal(facts, version ?? null).tag : imageTag(stage, "", version);
  const names = repositories(facts).map(({ repository }) => repository);
  const found = seen.images.filter((image) => image.tag === tag && names.includes(image.repository));
  const inUse = found.flatMap((image) => users(seen, image));
  if (inUse.length === 0) return { tag, found };
  throw new UserError(
    `${tag} is used by ${[...new Set(inUse.map(({ id, name }) => `${shortId(id)} ${name}`))].join(", ")}`,
    {
      why: "The image of a container, running or ended, is not taken from under it.",
      fix: "Leave the containers, or end your own: i docker_kill --all",
    },
  );
}
