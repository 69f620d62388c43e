import { type ListName, prodWays } from "../config/tests.ts";
import type { Run } from "../container/compose_file.ts";
import { shortHash, slipwayFile } from "../container/own_files.ts";
import { UserError } from "../errors.ts";
import { cmd } from "../kinds/command.ts";
import { writeFile } from "../kinds/write_file.ts";
import type { Chosen } from "../names/choose_image.ts";
import { engineRepository } from "../names/names.ts";
import { type Version, versionIn } from "../names/version.ts";
import type { BaseImage, Facts } from "../plan/facts.ts";
import { type Action, prefixed, type Value } from "../plan/plan.ts";
import { shown } from "../plan/render_plan.ts";

type Gate = {
  readonly list: ListName;
  readonly image: Chosen;
  readonly what: Value;
  readonly base: BaseImage | null;
};
/** A dev image as the engine can be asked for it, and its version. */
type Base = { readonly reference: Value; readonly version: Version };
type Way = Pick<Run, "image" | "what"> & Partial<Pick<Run, "before" | "after" | "socket" | "variables">>;

/** Refuses lists that do not say how they run for a prod image, before anything is built. */
export function assertProdWays(facts: Facts, lists: readonly ListName[]): void {
  const without = lists.find((list) => facts.config.tests[list].prod === null);
  if (!without) return;
  throw new UserError(`repo_config.yaml does not say how the ${without} tests run for a prod image`, {
    why: "A prod image has no code mounted and perhaps no test packages, so each gate says how it runs there.",
    fix: `Add tests: {${without}: {prod: in_image}}, or one of ${prodWays.slice(1).join(", ")}; or leave ${without} out of release: {gates: [...]}`,
  });
}

/** How one list runs for a prod image: which container is started, and what has to be made for it. */
export function prodWay(facts: Facts, gate: Gate): Way {
  const way = facts.config.tests[gate.list].prod ?? "in_image";
  if (way === "in_image") return { image: gate.image, what: gate.what };
  const dev = baseOf(gate);
  return way === "from_outside" ? fromOutside(gate, dev) : withDevPackages(facts, gate, dev);
}

/** The dev image with the code mounted; it starts the prod image itself, by the name it finds in SLIPWAY_IMAGE_UNDER_TEST. */
const fromOutside = ({ what }: Gate, { reference, version }: Base): Way => ({
  image: { reference: shown(reference), tag: "dev", stage: "dev", version, local: null },
  what: reference,
  socket: true,
  variables: { SLIPWAY_IMAGE_UNDER_TEST: what },
});

/** A throw-away image: the prod image, and beside it what the dev image keeps its packages in. */
function withDevPackages(facts: Facts, { image, what }: Gate, dev: Base): Way {
  const content = [
    "ARG UNDER_TEST",
    "ARG DEV_IMAGE",
    "FROM ${DEV_IMAGE} AS dev",
    // A name and not a digest: a digest is looked for in a registry, and this image was not pushed yet.
    "FROM ${UNDER_TEST}",
    ...facts.config.release.devPackages.map((path) => `COPY --from=dev ${path} ${path}`),
    "",
  ].join("\n");
  const folder = slipwayFile(facts, "with_dev_packages", shortHash(content));
  const name = `${engineRepository(facts)}:under-test-${image.tag}`;
  const made = `${name}-with-dev-packages`;
  const before: Action[] = [
    writeFile({ path: `${folder}/Dockerfile`, content }),
    cmd`docker tag ${what} ${name}`,
    cmd`docker buildx build --provenance=false --sbom=false --progress=plain --build-arg ${`UNDER_TEST=${name}`} --build-arg DEV_IMAGE=${dev.reference} --tag ${made} --load ${folder}`,
  ];
  return { image: { ...image, reference: made }, what: made, before, after: [cmd`docker image rm ${made} ${name}`] };
}

/** The dev image that a prod image says it stands on, as the engine can be asked for it. */
function baseOf({ image, base }: Gate): Base {
  const { "org.opencontainers.image.base.name": name = "", "org.opencontainers.image.base.digest": digest } =
    image.local?.labels ?? {};
  const end = name.lastIndexOf(":");
  const version = versionIn(name.slice(end));
  if (digest && version) return { reference: `${name.slice(0, end)}@${digest}`, version };
  if (base) return { reference: prefixed(`${base.repository}@`, base.digest), version: base.version };
  if (!image.local)
    throw new UserError(`${image.reference} is not in the engine`, {
      why: "This list of tests needs the dev image below it too, which the labels of the image name.",
      fix: `Pull it first: i docker_pull --stage prod${image.version ? ` --version ${image.version}` : ""}`,
    });
  throw new UserError(`${image.reference} does not say which dev image it is built on`, {
    why: "This list of tests needs the dev image too, and finds it by the label org.opencontainers.image.base.digest.",
    fix: "Build it with i docker_build_prod, which writes the label",
  });
}
