import { join } from "node:path";
import { readText } from "../doors/files.ts";
import { tryGit } from "../doors/git.ts";
import { capture } from "../doors/shell.ts";
import { kind } from "../plan/kind.ts";
import type { Value } from "../plan/plan.ts";
import { quote } from "../plan/render_plan.ts";
import { countChanges, packageChanges, renderChanges } from "../python/package_diff.ts";
import { pipListPackages } from "../python/packages.ts";
import { knownValue, type Outcome, type World } from "../run/world.ts";
import { bytes } from "../text/units.ts";

/** Tells what was built: its name, digest and size in the engine, and which packages it has that the last commit had not. */
export type TellBuilt = {
  readonly kind: "tell_built";
  readonly reference: string;
  readonly digest: Value;
  /** Its list of packages as it was brought back, relative to the outermost Git root; null where there is none. */
  readonly packages: string | null;
  /** Lines to type next. */
  readonly next: readonly string[];
};

export const tellBuilt = kind<TellBuilt>("tell_built", {
  tells: true,
  waits: true,
  lines: ({ digest, packages, next }, show) => [
    `docker image inspect --format '{{.Size}}' ${show(digest)}`,
    ...(packages ? [`git diff HEAD -- ${quote(packages)}`] : []),
    ...next.map((line) => `# ${line}`),
  ],
  run: tell,
});

async function tell(action: TellBuilt, world: World): Promise<Outcome> {
  const digest = knownValue(world, action.digest);
  const [size, changed] = await Promise.all([sizeOf(digest, world), changesIn(action.packages, world)]);
  const what = [`${action.reference} is built: ${digest}`, ...(size === null ? [] : [bytes(size)])].join(", ");
  world.state.text.push([what, ...changed, ...action.next].join("\n"));
  return "done";
}

/** Bytes that the engine counts for it; null where only a builder has it. */
async function sizeOf(digest: string, { facts }: World): Promise<number | null> {
  const argv = ["docker", "image", "inspect", "--format", "{{.Size}}", digest];
  const { code, stdout } = await capture(argv, { cwd: facts.place.root, env: facts.env });
  const size = Number(stdout.trim());
  return code === 0 && size > 0 ? size : null;
}

/** The most changes that are told one by one. */
const most = 12;

async function changesIn(path: string | null, { facts }: World): Promise<string[]> {
  if (path === null) return [];
  const { root } = facts.place;
  const before = await tryGit(root, facts.env, ["show", `HEAD:${path}`]);
  const changes = packageChanges(pipListPackages(before.stdout), pipListPackages(readText(join(root, path)) ?? ""));
  if (changes.length <= most) return [renderChanges(changes, ["packages of the last commit", "built"])];
  return [`packages of the last commit -> built: ${countChanges(changes)}; see git diff HEAD -- ${path}`];
}
