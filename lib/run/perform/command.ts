import { join } from "node:path";
import { ecrPassword } from "../../doors/aws.ts";
import { readText } from "../../doors/files.ts";
import { readDockerConfig } from "../../doors/registry/docker_config.ts";
import { capture, type RunOptions, run } from "../../doors/shell.ts";
import { UserError } from "../../model/errors.ts";
import { helperFor } from "../../model/oci/credentials.ts";
import type { Command } from "../../model/plan.ts";
import { quote } from "../../model/render_plan.ts";
import { endLateContainers, exitOfContainer } from "../containers.ts";
import { assertEngineNow } from "../engine_facts.ts";
import { digestText, type Outcome, output, ownerLabel, type World } from "../world.ts";

/** Runs one command of the plan; its exit code, when not 0, becomes the script's own. */
export async function command(action: Command, world: World): Promise<Outcome> {
  const argv = action.argv.map((word) => digestText(world, word));
  const own = Object.fromEntries(Object.entries(action.env).map(([name, value]) => [name, digestText(world, value)]));
  const env = { ...world.facts.env, ...own, ...(action.container ? owned(world) : {}) };
  const cwd = join(world.facts.place.root, action.cwd);
  if (action.input && "ecr" in action.input && (await isServed(argv.at(-1) ?? "", env))) return "already";
  const input = action.input ? await outputOf(action.input, world) : undefined;
  const code = await runThrough(action, argv, { cwd, env, ...(input === undefined ? {} : { input }) }, world);
  if (world.signal.aborted && action.container) await endLateContainers(world);
  if (world.signal.aborted) throw interrupted();
  const result = action.container ? await exitOfContainer(world, code) : code;
  if (result !== 0 && !action.meaning?.[String(result)]?.passes) {
    if (argv[0] === "docker" && !action.container) await assertEngineNow(world.facts, argv[1] ?? "");
    throw failed(action, argv, { code: result, tail: world.state.tail });
  }
  if (action.digestFile) world.state.image = await builtDigest(action, world);
  return "done";
}

type How = Pick<RunOptions, "cwd" | "env" | "input">;

/** Runs it, and again where it says that somebody else was quicker; gives the exit code. */
async function runThrough(action: Command, argv: readonly string[], how: How, world: World): Promise<number> {
  const interactive = action.interactive === true;
  const onOutput = (text: string) => output(world, text);
  const once = () => run(argv, { ...how, interactive, keepStdout: world.json, onOutput, signal: world.signal });
  let code = await once();
  for (let turn = 1; turn < 5 && code !== 0 && saysAgain(action, world); turn += 1) code = await once();
  return code;
}

/** Somebody else was quicker, by the last lines of the output. */
const saysAgain = ({ again }: Command, { signal, state }: World): boolean =>
  again !== undefined && !signal.aborted && new RegExp(again).test(state.tail.slice(-8).join("\n"));

/** Amazon's own helper logs in with each question, and takes no login to keep. */
async function isServed(host: string, env: Readonly<Record<string, string>>): Promise<boolean> {
  return helperFor(await readDockerConfig(env), host) === "ecr-login";
}

/** What the program prints whose output goes to another's input; it is shown and kept nowhere. */
async function outputOf(input: NonNullable<Command["input"]>, world: World): Promise<string> {
  if ("ecr" in input) return (await ecrPassword(input.ecr, world.facts.env)).password;
  const argv = input;
  const { code, stdout, stderr } = await capture(argv, { cwd: world.facts.place.root, env: world.facts.env });
  if (code === 0) return stdout;
  throw new UserError(`\`${argv.map(quote).join(" ")}\` exited with ${code}`, {
    why: stderr.trim().split("\n").at(-1) || "It gave no reason.",
    fix: "Mend the cause, then type the same command again",
    exitCode: code,
    kind: "command",
  });
}

/** Labels that tell whose container it is; the compose file reads them from the environment. */
const owned = (world: World): Record<string, string> => ({ SLIPWAY_RUN: world.run, SLIPWAY_OWNER: ownerLabel(world) });

export const interrupted = (): UserError =>
  new UserError("interrupted", {
    why: "The run was stopped from outside.",
    fix: "Type the same command again; what was finished is found and not done twice",
    exitCode: 130,
    kind: "interrupted",
  });

type End = { readonly code: number; readonly tail: readonly string[] };

function failed(action: Command, argv: readonly string[], { code, tail }: End): UserError {
  const line = argv.map(quote).join(" ");
  const meaning = action.meaning?.[String(code)];
  const told = action.reason ? new RegExp(action.reason).exec(tail.join("\n"))?.[0] : undefined;
  return new UserError(`\`${line.length > 200 ? `${line.slice(0, 200)}...` : line}\` exited with ${code}`, {
    why:
      told ??
      meaning?.why ??
      (code === 127
        ? `"${argv[0]}" or what it should run was not found.`
        : "The command's own output above tells the cause."),
    fix: meaning?.fix ?? "Mend the cause, then type the same command again",
    exitCode: code,
    kind: "command",
  });
}

/** The digest in the builder's metadata: the manifest's where the engine keeps manifests, else the config's (design.md, step 5). */
async function builtDigest({ digestFile = "", elsewhere }: Command, world: World): Promise<string> {
  const file = join(world.facts.place.root, digestFile);
  const metadata = JSON.parse(readText(file) ?? "{}") as Record<string, string>;
  for (const digest of [metadata["containerimage.digest"], metadata["containerimage.config.digest"]]) {
    if (!digest) continue;
    if (elsewhere) return digest;
    const { code, stdout } = await capture(["docker", "image", "inspect", "--format", "{{.Id}}", digest], {
      cwd: world.facts.place.root,
      env: world.facts.env,
    });
    if (code === 0) return stdout.trim();
  }
  throw new UserError("the engine does not have what it just built", {
    why: `${file} names no image that docker image inspect knows.`,
    fix: "Look at docker buildx ls: the default builder must be the engine's own",
  });
}
