import { argsWithDefault, declaredArgs } from "../formats/dockerfile.ts";
import { requireOnHost } from "../formats/host_paths.ts";
import type { PoetryMode } from "../formats/poetry.ts";
import { cmd } from "../kinds/command.ts";
import { engineImage, requireVersion } from "../names/names.ts";
import type { Version } from "../names/version.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step, type Value } from "../plan/plan.ts";
import { type Build, buildStep, imageLabels } from "./build.ts";
import { tellBuilt } from "./tell_built.ts";

export type BuildOptions = {
  readonly cache: boolean;
  readonly poetryMode?: PoetryMode | undefined;
  readonly buildArg: readonly string[];
  readonly secret?: readonly string[];
};

/** Builds the image of the runnable dir's dev.Dockerfile as `local-<user>-X.Y.Z`; update and refresh bring lock and package list back. */
export function buildLocal(facts: Facts<"engine" | "inputs">, options: BuildOptions): Step[] {
  const version = requireVersion(facts);
  const mode = options.poetryMode ?? defaultMode(facts);
  return [
    buildStep(facts, localBuild(facts, { version, mode, options })),
    ...(mode === "no_update" ? [] : [bringLockBack(facts, "build_local")]),
  ];
}

/** docker_build_local: builds, and tells what there is now and what to type next. */
export function buildLocalAndTell(facts: Facts<"engine" | "inputs">, options: BuildOptions): Step[] {
  const version = requireVersion(facts);
  const words = `--stage local --version ${version}`;
  const next = [`Try it with: i docker_bash ${words}`, `Test it with: i run_fast_tests ${words}`];
  const resolves = (options.poetryMode ?? defaultMode(facts)) !== "no_update";
  const told = tellBuilt({
    reference: engineImage(facts, "local", version),
    digest: { from: "build_local" },
    packages: resolves ? `${lockFolder(facts)}/pip_list.txt` : null,
    next: facts.builder ? [] : next,
  });
  return [...buildLocal(facts, options), step("tell", "Report what was built", [told])];
}

/** Where lock and package list lie, relative to the outermost Git root. */
const lockFolder = ({ place }: Facts): string =>
  place.dir === "." ? "devops/docker_build" : `${place.dir}/devops/docker_build`;

/** `update`, as in the documents, where the Dockerfile knows poetry modes; an image without poetry has no lock to resolve. */
const defaultMode = (facts: Facts<"inputs">): PoetryMode =>
  declaredArgs(facts.inputs.dockerfileText).includes("POETRY_MODE") ? "update" : "no_update";

export type LocalBuild = { readonly version: Version; readonly mode: PoetryMode; readonly options: BuildOptions };
type NamedBuild = Omit<LocalBuild, "version"> & { readonly version: string; readonly reference: string };

/** The build of `local-<user>-X.Y.Z` from dev.Dockerfile. */
export const localBuild = (facts: Facts<"engine" | "inputs">, build: LocalBuild): Build =>
  devBuild(facts, { ...build, reference: engineImage(facts, "local", build.version) });

/** The build of dev.Dockerfile under any name. */
export function devBuild(facts: Facts<"engine" | "inputs">, build: NamedBuild): Build {
  const { version, reference, mode, options } = build;
  const resolves = mode !== "no_update";
  // A Dockerfile without RESOLVE_NONCE would take the resolver's last answer from the cache.
  const isFresh = resolves && !declaredArgs(facts.inputs.dockerfileText).includes("RESOLVE_NONCE");
  return {
    id: "build_local",
    reference,
    args: { ...buildArgs(facts, version, mode), ...facts.config.release.buildArgs },
    typedArgs: options.buildArg,
    secrets: options.secret ?? [],
    labels: imageLabels(facts, version, mode),
    cache: options.cache && !isFresh,
    images: {},
    ...(cannotRefresh(facts, mode) ? { note: "the Dockerfile knows no refresh: every package is updated" } : {}),
  };
}

/** A Dockerfile in the original's way knows only update and no_update. */
const cannotRefresh = ({ inputs }: Facts<"inputs">, mode: PoetryMode): boolean =>
  mode === "refresh" && !inputs.dockerfileText.includes("refresh");

/** The original's four build arguments and the template's. A Dockerfile that says what it installs itself is heeded. */
function buildArgs(facts: Facts<"inputs">, version: string, mode: PoetryMode): Record<string, string> {
  const own = argsWithDefault(facts.inputs.dockerfileText);
  return {
    AM_CONTAINER_VERSION: version,
    ...(own.includes("INSTALL_DIND") ? {} : { INSTALL_DIND: "False" }),
    POETRY_MODE: cannotRefresh(facts, mode) ? "update" : mode,
    ...(own.includes("CLEAN_UP_INSTALLATION") ? {} : { CLEAN_UP_INSTALLATION: "True" }),
    ...(mode === "no_update" ? {} : { RESOLVE_NONCE: String(Math.floor(facts.now / 1000)) }),
  };
}

/**
 * Copies poetry.lock and pip_list.txt out of the image, byte for byte, into the runnable dir: beside them first, with the mode
 * and owner that they have, and moved when both are whole. The name beside is one that `writeText` takes away, too. `build` is
 * the step that makes the image.
 */
export function bringLockBack(facts: Facts, build: string): Step {
  const folder = lockFolder(facts);
  const image: Value = { from: build };
  const text = [
    'beside() { to=$(readlink -f "/out/$1") && new=$to.slipway-new-0; }',
    'bring() { beside "$2" && rm -f "$new" && { [ ! -f "$to" ] || cp -p "$to" "$new"; } && cat "/install/$1" >"$new"; }',
    "bring poetry.lock.out poetry.lock && bring pip_list.txt pip_list.txt || exit",
    'for file in poetry.lock pip_list.txt; do beside "$file" && mv -f "$new" "$to" || exit; done',
  ].join("\n");
  const source = requireOnHost(facts.hostMounts, `${facts.place.root}/${folder}`);
  const mount = `type=bind,source=${source},target=/out`;
  const { uid, gid } = facts.user;
  const line = cmd`docker run --rm --pull never --network none --user ${`${uid}:${gid}`} --entrypoint sh --mount ${mount} ${image} -c ${text}`;
  return step("bring_lock_back", `Bring poetry.lock and pip_list.txt back to ${folder}`, [line]);
}
