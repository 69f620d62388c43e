import { insideFolder, readPackageUse } from "../../doors/package_use.ts";
import { type PackageUse, packageUseArgv } from "../../model/package_actions.ts";
import { renderUses, renderVerdicts } from "../../model/package_report.ts";
import { judgePackages, type Seen, usesOf } from "../../model/package_use.ts";
import { digestText, type Outcome, ownLabels, type World } from "../world.ts";

/** Reads image and code, and tells who uses what: bad news, exit code 1, is a package that nobody uses, or a name used nowhere. */
export async function packageUse(action: PackageUse, world: World): Promise<Outcome> {
  const { root } = world.facts.place;
  const image = digestText(world, action.image);
  const [docker = "", run = "", ...words] = packageUseArgv(action, { image, root, inside: insideFolder });
  const labels = Object.entries(ownLabels(world)).flatMap(([name, value]) => ["--label", `${name}=${value}`]);
  const seen = await readPackageUse([docker, run, ...labels, ...words], { cwd: root, env: world.facts.env, image });
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
