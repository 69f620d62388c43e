import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { outliveReaders, tellError } from "../lib/doors/console.ts";
import { UserError } from "../lib/errors.ts";
import { systemRefusal } from "../lib/text/system_errors.ts";
import { askYes, canAsk } from "./env/ask.ts";
import { cloneState } from "./env/clone.ts";
import { commandNames, commandsDir } from "./env/commands.ts";
import { type Hooks, offerHooks, setHooks } from "./env/hooks.ts";
import { makeEnv } from "./env/make.ts";
import { type BuildOptions, help, parseBuildOptions } from "./env/options.ts";
import { type Places, places } from "./env/places.ts";
import { type Report, renderReport } from "./env/report.ts";
import { hasShared } from "./env/shared.ts";
import { aptPackages, findTools, onPath } from "./env/tools.ts";

// subject: "thin client", about: "Build the thin env, link this clone to it, and check the tools."
// This file and all it imports need no package: it is what installs them.

async function main(args: readonly string[]): Promise<void> {
  outliveReaders();
  const options = parseBuildOptions(args);
  if (options.help) return void process.stdout.write(help);
  const at = places(process.env);
  const mayReplace = async (modules: string) =>
    options.yes ||
    (canAsk() && (await askYes(`${modules} does not fit the lock file. Replace it by links to the thin env?`)));
  const say = (line: string) => void (options.quiet || process.stderr.write(`slipway: ${line}\n`));
  const built = !options.check && (await makeEnv(at, { say, mayReplace }));
  const found = await report(at, options, built, await hooksFor(at, options, say));
  if (options.json) return void process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
  if (!options.quiet) process.stdout.write(renderReport(found, process.cwd()));
}

async function hooksFor(at: Places, options: BuildOptions, say: (line: string) => void): Promise<Hooks | undefined> {
  const cwd = process.cwd();
  const mayKeep = async (question: string) => options.yes || (canAsk() && (await askYes(question)));
  if (options.hooks || options["no-hooks"])
    return setHooks(at.root, { wanted: options.hooks, check: options.check, cwd, mayKeep });
  // A CI commits what its workflow says, and nobody looks at its refusals.
  if (options.check || process.env["CI"]) return undefined;
  const mayInstall = async (question: string) => options.yes || (canAsk() ? await askYes(question) : null);
  return offerHooks(at.root, { cwd, say, mayKeep, mayInstall });
}

async function report(at: Places, options: BuildOptions, built: boolean, hooks: Hooks | undefined): Promise<Report> {
  const bun = join(at.root, "node_modules", ".bin", "bun");
  let tools = await findTools(at.tools, bun, !options.check);
  const packages = aptPackages(tools);
  if (!options.check && packages.length > 0 && (await install(packages, options)))
    tools = await findTools(at.tools, bun, true);
  const names = commandNames(at.root);
  const state = cloneState(at);
  if (options.check && (!hasShared(at) || (state !== "linked" && state !== "installed"))) process.exitCode = 2;
  return {
    slipway: 1,
    root: at.root,
    env: { dir: at.env, state: built ? "built" : hasShared(at) ? "there" : "missing" },
    clone: state,
    commands: { dir: commandsDir(at, names), names },
    ...(hooks ? { hooks } : {}),
    tools,
    source: join(at.root, "thin_client", "setenv.sh"),
  };
}

/** Installs with apt where the person agrees; without a terminal the table tells the lines. */
async function install(packages: readonly string[], options: BuildOptions): Promise<boolean> {
  if (!onPath("apt-get")) return false;
  if (!options.yes && !(canAsk() && (await askYes(`Install ${packages.join(", ")} with apt?`)))) return false;
  const sudo = process.getuid?.() === 0 ? [] : ["sudo"];
  const apt = (words: readonly string[]): boolean => {
    const [program = "apt-get", ...rest] = [...sudo, "apt-get", ...words];
    return spawnSync(program, rest, { stdio: ["inherit", 2, 2] }).status === 0;
  };
  const add = ["install", "-y", "-q", "--no-install-recommends", ...packages];
  if (apt(add) || (apt(["update", "-q"]) && apt(add))) return true;
  process.stderr.write("slipway: apt could not install them; the table below tells the lines\n");
  return false;
}

try {
  await main(process.argv.slice(2));
} catch (thrown) {
  const error = systemRefusal(thrown) ?? thrown;
  if (!(error instanceof UserError)) throw error;
  process.exitCode = tellError(error, process.argv.includes("--json"));
}
