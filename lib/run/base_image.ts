import type { BaseImage, Facts, Need, RegistryFacts } from "../model/facts.ts";
import { targetPlaces } from "../model/names.ts";
import { imageTag } from "../model/stage.ts";
import { highest, isVersion, majorMinor, type Version } from "../model/version.ts";
import type { Request } from "./facts.ts";
import type { Base } from "./needs.ts";

/** The dev version below a prod version: the one named, else the newest released one of its major.minor. */
export function baseVersion(base: Base, log: Facts["log"], { options }: Request): Version | null {
  const named = options["devVersion"] as Version | undefined;
  const generation = base.version ? majorMinor(base.version) : null;
  const released = log.flatMap((entry) =>
    entry.type === "release" && entry.stage === "dev" && isVersion(entry.version) ? [entry.version] : [],
  );
  return named ?? highest(released.filter((one) => majorMinor(one) === generation)) ?? null;
}

type Wanted = { readonly request: Request; readonly tags: readonly string[]; readonly dev: Version | null };

/** What a prod image is built from includes the digest of its dev image, so the registries are asked first. */
export async function loadRegistriesAndInputs(base: Base, { request, tags, dev }: Wanted) {
  const wants = (need: Need) => request.needs.includes(need);
  const asked = wants("registries") ? loadRegistryFacts(base, tags, request) : undefined;
  if (!wants("inputs")) return { registries: await asked, inputs: undefined };
  const { readInputs } = await import("./inputs.ts");
  const read = (below: BaseImage | null) => readInputs(base, { options: request.options, base: below });
  if (base.stage === "dev") {
    const [registries, inputs] = await Promise.all([asked, read(null)]);
    return { registries, inputs };
  }
  const registries = await asked;
  return { registries, inputs: await read(dev ? baseImage(base, registries ?? {}, dev) : null) };
}

/** The dev image of a version by the digest that the first registry which has it shows. */
function baseImage(base: Base, registries: RegistryFacts, version: Version): BaseImage | null {
  for (const { registry, repository } of targetPlaces(base)) {
    const state = registries[registry]?.[imageTag("dev", "", version)];
    if (state?.state === "found") return { version, digest: state.digest, repository };
  }
  return null;
}

async function loadRegistryFacts(base: Base, tags: readonly string[], request: Request): Promise<RegistryFacts> {
  if (request.offline)
    return Object.fromEntries(
      base.targets.map(({ name }) => [
        name,
        Object.fromEntries(tags.map((tag) => [tag, { state: "unknown", why: "--offline" }])),
      ]),
    ) as RegistryFacts;
  const { lookAt } = await import("./registry_facts.ts");
  return lookAt(base.targets, base.config.imageName, { tags, env: base.env, labels: request.needs.includes("inputs") });
}
