import type { Declared } from "./declared_packages.ts";
import { markers } from "./package_markers.ts";
import type { Digest } from "./plan.ts";

/** Reads the packages of two images, none of which is run, and tells what differs; `data` is the list of changes. */
export type ComparePackages = {
  readonly kind: "compare_packages";
  readonly before: Digest;
  readonly after: Digest;
  /** What a person calls them. */
  readonly names: readonly [string, string];
};

/** Reads what an image's Python has installed and what the repo names, both read-only, and tells which package is used where. */
export type PackageUse = {
  readonly kind: "package_use";
  readonly image: Digest;
  /** Who reads, as `uid:gid`: the caller, who may read the repo. */
  readonly user: string;
  /** Relative to the outermost root: folders to read, those in them to leave out, and those that Python imports from. */
  readonly dirs: readonly string[];
  readonly without: readonly string[];
  readonly roots: readonly string[];
  /** Commands that Slipway runs in the container. */
  readonly started: readonly string[];
  readonly declared: readonly Declared[];
  /** Package -> why it stays although nothing names it. */
  readonly allowed: Readonly<Record<string, string>>;
  /** Tell every place that uses this one, and judge nothing. */
  readonly where: string | null;
};

/** The image by a name that the engine knows, and where root and the folder of the program lie on this machine. */
export type UsePlaces = { readonly image: string; readonly root: string; readonly inside: string };

/** The container that reads: no network, nothing to write, the repo and the program mounted read-only. */
export function packageUseArgv(action: PackageUse, at: UsePlaces): string[] {
  const asked = { root: "/app", dirs: action.dirs, without: action.without, markers: Object.keys(markers) };
  const mount = (source: string, target: string) => ["--mount", `type=bind,source=${source},target=${target},readonly`];
  return [
    ...[
      "docker",
      "run",
      "--rm",
      "--pull",
      "never",
      "--network",
      "none",
      "--read-only",
      "--user",
      action.user,
      "--entrypoint",
      "python3",
    ],
    // Where it is set in the image, Python does not find the program's own files.
    ...["--env", "PYTHONSAFEPATH="],
    ...mount(at.root, "/app"),
    ...mount(at.inside, "/slipway"),
    ...["--workdir", "/", at.image, "-B", "/slipway/package_use.py", JSON.stringify(asked)],
  ];
}
