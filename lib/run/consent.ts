import { join, posix, relative } from "node:path";
import { configReader } from "../config/config_reader.ts";
import { isOfOthers, parseLint } from "../config/lint.ts";
import { beyondDefault } from "../config/service_compose.ts";
import {
  type Ask,
  ask,
  configAsks,
  lintAsks,
  openAsks,
  serviceAsks,
  type Trust,
  untrusted,
  variableAsks,
  withAllowed,
} from "../config/trust.ts";
import { openConsole } from "../doors/console.ts";
import { dotEnvBeyond } from "../doors/environment.ts";
import { exists, filesIn, isFolder } from "../doors/files.ts";
import { loadProgramAsks, loadTagAsks } from "../doors/git_settings.ts";
import { configFile, rootAbove, slipwayRoot } from "../doors/place.ts";
import { loadConfigSource } from "../doors/settings.ts";
import {
  composeContent,
  contentBelow,
  isWorktreeOf,
  keepAllowed,
  loadAllowed,
  moduleFiles,
  textOf,
} from "../doors/trust.ts";
import { UserError } from "../errors.ts";
import type { Facts } from "../plan/facts.ts";
import { type Plan, type Refusal, reachesOf } from "../plan/plan.ts";

type Env = Readonly<Record<string, string | undefined>>;
type Asking = Pick<Facts, "config" | "place" | "env" | "user">;

/** All that a repo asks for from where one stands, and what was allowed of it (design.md, "Consent"). */
export async function loadTrust(facts: Asking): Promise<Trust> {
  const { place, env } = facts;
  const { root } = place;
  const [programs, tag, values] = await Promise.all([
    loadProgramAsks(root, env),
    loadTagAsks(place, env),
    dotEnvBeyond(root, env),
  ]);
  const scripts = ownScripts(facts).map((path) => scriptAsk(root, path));
  const [lint, services] = await Promise.all([askedByLint(facts), askedByServices(facts)]);
  const asks = [
    ...scripts,
    ...askedByConfig(facts),
    ...lint,
    ...services,
    ...tag,
    ...programs,
    ...variableAsks(values),
  ];
  const allowed = loadAllowed(root, env);
  return { asks, allowed, open: openAsks(asks, allowed, env) };
}

/** What repo_config.yaml asks for, and a `.git` that leads to the Git dir of another repo. */
function askedByConfig({ config, place: { root, owner, dir, gitMounts } }: Asking): readonly Ask[] {
  const at = (path: string) => posix.join(dir, path);
  const contentOf = (path: string) =>
    /\.ya?ml$/.test(path) ? composeContent(root, at(path)) : contentBelow(root, at(path));
  const strange = gitMounts.filter((mount) => ![root, owner].some((folder) => isWorktreeOf(mount, folder)));
  return [
    ...strange.map((mount) => ask("container", `git dir ${mount}`, `containers get the Git dir ${mount}`)),
    ...configAsks({ config, dir, textOf: (path) => textOf(root, at(path)), contentOf }),
  ];
}

/** The image of the linters, where it is of others. */
async function askedByLint({ config, place }: Asking): Promise<readonly Ask[]> {
  const { image } = parseLint(configReader(await loadConfigSource(place)));
  if (!image || "stage" in image || !isOfOthers(config, image.reference)) return [];
  return lintAsks(place.dir, image.reference);
}

/** What the compose file of services gives them beyond the default. */
async function askedByServices({ place, user }: Asking): Promise<readonly Ask[]> {
  const { servicesOfDir } = await import("./look_services.ts");
  const services = await servicesOfDir({ place, user });
  if (services === null) return [];
  const { path, file } = services;
  return serviceAsks(path, beyondDefault(file), composeContent(place.root, path));
}

/** The workflows of a repo's own that `i` finds: in `scripts` of the runnable dir and of what lies above it. */
function ownScripts({ place: { root, dir, cwd } }: Asking): string[] {
  const below = cwd.startsWith(dir) ? cwd : dir;
  const folders = below.split("/").map((_, index, parts) => parts.slice(0, index + 1).join("/"));
  return [...new Set([".", ...folders])]
    .filter((folder) => [".git", configFile].some((name) => exists(join(root, folder, name))))
    .filter((folder) => relative(slipwayRoot, join(root, folder)) !== "")
    .map((folder) => posix.join(folder, "scripts"))
    .flatMap((folder) => filesIn(join(root, folder)).map((name) => posix.join(folder, name)))
    .filter((path) => /^\w+\.ts$/.test(posix.basename(path)) && !isFolder(join(root, path)));
}

function scriptAsk(root: string, path: string): Ask {
  const files = [...moduleFiles(root, path)];
  const more =
    files.length > 1
      ? `, with ${files
          .slice(1)
          .map(([name]) => name)
          .join(", ")}`
      : "";
  return ask(
    "script",
    `script ${path}`,
    `the workflow ${path}${more} runs on this machine as you`,
    JSON.stringify(files),
  );
}

/** What nobody allowed of what a plan makes use of. */
async function openFor(plan: Pick<Plan, "steps">, facts: Asking): Promise<readonly Ask[]> {
  const used = reachesOf(plan);
  const tag = used.has("tag") ? await loadTagAsks(facts.place, facts.env) : [];
  const lint = used.has("lint") ? await askedByLint(facts) : [];
  const services = used.has("service") ? await askedByServices(facts) : [];
  const asks = [...askedByConfig(facts), ...lint, ...services, ...tag].filter(({ reach }) => used.has(reach));
  return asks.length === 0 ? [] : openAsks(asks, loadAllowed(facts.place.root, facts.env), facts.env);
}

/** What would refuse a plan, where it is only printed. */
export async function refusedFor(plan: Pick<Plan, "steps">, facts: Asking): Promise<readonly Refusal[]> {
  const open = await openFor(plan, facts);
  if (open.length === 0) return [];
  const { kind, message: what, why, fix } = untrusted(open);
  return [{ kind, what, why, fix }];
}

/** Runs a plan only with a person's yes to what it makes use of. */
export const consent = async (plan: Pick<Plan, "steps">, facts: Asking): Promise<void> =>
  askPerson(await openFor(plan, facts), facts.place.root, facts.env);

/** The same for a workflow of a repo's own, before its file is run. */
export async function consentToScript(file: string, env: Env): Promise<void> {
  const root = rootAbove(posix.dirname(file));
  if (root === undefined) return;
  const asks = [scriptAsk(root, relative(root, file))];
  await askPerson(openAsks(asks, loadAllowed(root, env), env), root, env);
}

/** Shows what is asked for and keeps a yes; without a terminal it is refused. */
async function askPerson(open: readonly Ask[], root: string, env: Env): Promise<void> {
  if (open.length === 0) return;
  // --yes answers what the workflow asks; this is asked by the repo.
  const console = openConsole({ yes: false, quiet: false, verbose: false, env });
  if (!console.canAsk) throw untrusted(open);
  console.progress(`${root} asks for more than the defaults:`);
  for (const { text } of open) console.progress(`  - ${text}`);
  if (!(await console.ask("Allow it, until its content changes?")))
    throw new UserError("not allowed", {
      why: "Nothing was changed.",
      fix: "Review it first: i trust --show",
      kind: "declined",
    });
  keepAllowed(root, env, withAllowed(loadAllowed(root, env), open));
}
