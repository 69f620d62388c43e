import type { BaseImage, GitFacts, Looked, Need, RegistryFacts } from "../model/facts.ts";
import { releaseTag, targetPlaces } from "../model/names.ts";
import { unasked } from "../model/registry.ts";
import { releasesOf, rolledBack } from "../model/releases.ts";
import { imageTag } from "../model/stage.ts";
import { compareVersions, highest, majorMinor, type Version } from "../model/version.ts";
import type { Request } from "./facts.ts";
import type { Base } from "./needs.ts";

/** Which dev version is below a prod version, and why it is that one. */
export type BaseChoice = Pick<BaseImage, "version" | "why">;

/** The dev version below a prod version: the one named, else the newest released one of its major.minor that was not rolled back. */
export function chooseBase(base: Base, log: Looked["log"], named: Version | undefined): BaseChoice | null {
  if (named) return { version: named, why: "the one of --dev-version" };
  if (!base.version) return null;
  const generation = majorMinor(base.version);
  const released = releasesOf(log, "dev").filter(({ version }) => majorMinor(version) === generation);
  const isOut = (version: Version) => rolledBack(log, "dev", version) !== undefined;
  const version = highest(released.map((one) => one.version).filter((one) => !isOut(one)));
  if (!version) return null;
  const passed = released.map((one) => one.version).filter((one) => compareVersions(one, version) > 0);
  const out = passed.length > 0 ? ` that was not rolled back, as ${passed.join(", ")} was` : "";
  return { version, why: `the newest dev ${generation}${out}` };
}

type Wanted = {
  readonly request: Request;
  readonly tags: readonly string[];
  readonly dev: BaseChoice | null;
  readonly git: Promise<GitFacts | undefined>;
};

/** What a prod image is built from includes the digest of its dev image, so the registries are asked first. */
export async function loadRegistriesAndInputs(base: Base, { request, tags, dev, git }: Wanted) {
  const wants = (need: Need) => request.needs.includes(need);
  const { offline } = request;
  const asked = wants("registries") ? loadRegistryFacts(base, tags, { offline, labels: wants("inputs") }) : undefined;
  if (!wants("inputs")) return { registries: await asked, inputs: undefined };
  const { readInputs } = await import("./inputs.ts");
  const isTagged = async () => base.version !== null && releaseTag(base, base.version) in ((await git)?.tags ?? {});
  const read = (below: BaseImage | null) =>
    readInputs(base, { buildArg: request.options.buildArg, base: below, isTagged });
  if (base.stage === "dev") {
    const [registries, inputs] = await Promise.all([asked, read(null)]);
    return { registries, inputs };
  }
  const registries = await asked;
  return { registries, inputs: await read(dev ? baseImage(base, registries ?? {}, dev) : null) };
}

/** The dev image of a version by the digest that the first registry which has it shows. */
function baseImage(base: Base, registries: RegistryFacts, choice: BaseChoice): BaseImage | null {
  for (const { registry, repository } of targetPlaces(base)) {
    const state = registries[registry]?.[imageTag("dev", "", choice.version)];
    if (state?.state === "found") return { ...choice, digest: state.digest, repository };
  }
  return null;
}

type Asking = { readonly offline: boolean; readonly labels?: boolean };

/** What tags are in every target; `labels` of versions cost a request more. */
export async function loadRegistryFacts(
  base: Base,
  tags: readonly string[],
  { offline, labels = false }: Asking,
): Promise<RegistryFacts> {
  if (offline) return unasked(base.targets, tags);
  const { lookAt } = await import("./registry_facts.ts");
  return lookAt(base.targets, base.config.imageName, { tags, env: base.env, labels });
}
