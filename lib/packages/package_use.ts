import { insideFolder, readPackageUse } from "../doors/package_use.ts";
import { requireOnHost } from "../formats/host_paths.ts";
import { kind, type Show } from "../plan/kind.ts";
import type { Value } from "../plan/plan.ts";
import { quote } from "../plan/render_plan.ts";
import type { Declared } from "../python/declared_packages.ts";
import { markers } from "../python/package_markers.ts";
import { renderUses, renderVerdicts } from "../python/package_report.ts";
import { judgePackages, type Seen, usesOf } from "../python/package_use.ts";
import { knownValue, type Outcome, ownLabels, type World } from "../run/world.ts";

/** Reads what an image's Python has installed and what the repo names, both read-only, and tells which package is used where. */
export type PackageUse = {
  readonly kind: "package_use";
  readonly image: Value;
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

/** Bad news, exit code 1, is a package that nobody uses, or a name used nowhere. */
export const packageUse = kind<PackageUse>("package_use", {
  reaps: () => true,
  leaves: true,
  lines: (action, show) => [renderUse(action, show)],
  run: readUse,
});

/** The image by a name that the engine knows, and where root and the folder of the program lie on this machine. */
type UsePlaces = { readonly image: string; readonly root: string; readonly inside: string };

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

function renderUse(action: PackageUse, show: Show): string {
  const places = { image: show(action.image), root: "$SLIPWAY_REPO_ROOT", inside: "$SLIPWAY_ROOT/lib/doors/inside" };
  const isMount = (word: string) => word.startsWith("type=bind,");
  // The folders are named by what the sourced environment exports.
  const words = packageUseArgv(action, places).map((word) => (isMount(word) ? `"${word}"` : quote(word)));
  return words.join(" ");
}

async function readUse(action: PackageUse, world: World): Promise<Outcome> {
  const { hostMounts, place } = world.facts;
  const image = knownValue(world, action.image);
  const [root, inside] = [requireOnHost(hostMounts, place.root), requireOnHost(hostMounts, insideFolder)];
  const [docker = "", run = "", ...words] = packageUseArgv(action, { image, root, inside });
  const labels = Object.entries(ownLabels(world)).flatMap(([name, value]) => ["--label", `${name}=${value}`]);
  const seen = await readPackageUse([docker, run, ...labels, ...words], {
    cwd: place.root,
    env: world.facts.env,
    image,
  });
  if (action.where === null) judge(action, seen, world);
  else tellUses(action.where, action, { seen, world });
  return "done";
}

function judge(action: PackageUse, seen: Seen, world: World): void {
  const verdicts = judgePackages(action, seen);
  world.state.text.push(renderVerdicts(verdicts, action, seen));
  world.state.data = { python: seen.python, packages: verdicts, unreadable: seen.broken };
  if (verdicts.some(({ state }) => state === "unused")) world.state.exitCode = 1;
}

function tellUses(name: string, action: PackageUse, { seen, world }: { seen: Seen; world: World }): void {
  const uses = usesOf(name, seen, action);
  world.state.text.push(renderUses(name, uses));
  world.state.data = { name, uses };
  if (uses.length === 0) world.state.exitCode = 1;
}
