import { dirname, join } from "node:path";
import { ecrPassword } from "../doors/aws.ts";
import { appendPrivate, exists, privateFolder, readText, writePrivate } from "../doors/files.ts";
import { interrupted } from "../doors/interrupt.ts";
import { capture, type RunOptions, run } from "../doors/shell.ts";
import { passed, UserError } from "../errors.ts";
import { engineVariables } from "../names/caller_variables.ts";
import { parseReference } from "../names/image.ts";
import { readDockerConfig } from "../oci/docker_config.ts";
import { helperFor } from "../oci/rules/credentials.ts";
import { ruleIn } from "../oci/rules/failure.ts";
import { quote } from "../plan/render_plan.ts";
import { comfort } from "../run/comfort.ts";
import { endLateContainers, exitOfContainer } from "../run/containers.ts";
import { assertEngineNow } from "../run/engine_facts.ts";
import { commandEnv } from "../run/facts.ts";
import { makeReceipt, provenExit } from "../run/receipt.ts";
import { knownValue, made, type Outcome, output, ownVariables, type World } from "../run/world.ts";
import { jsonOf, textAt } from "../text/shape.ts";
import type { Command } from "./command.ts";

/** Runs one command of the plan; its exit code, when not 0, becomes the script's own. */
export async function runCommand(action: Command, world: World): Promise<Outcome> {
  if (action.makes !== undefined && exists(join(world.facts.place.root, action.makes))) return "already";
  const argv = action.argv.map((word) => knownValue(world, word));
  const own = Object.fromEntries(Object.entries(action.env).map(([name, value]) => [name, knownValue(world, value)]));
  const env = {
    ...callersPart(action, world),
    ...own,
    ...(action.container ? ownVariables(world) : {}),
  };
  const cwd = join(world.facts.place.root, action.cwd);
  if (action.input && "ecr" in action.input && (await isServed(argv.at(-1) ?? "", env))) return "already";
  const input = action.input ? await outputOf(action.input, world) : undefined;
  const how = { cwd, env, ...(input === undefined ? {} : { input }) };
  const result = await exitWithEvidence(action, argv, how, world);
  if (!passes(action, result)) {
    if (argv[0] === "docker" && !action.container) await assertEngineNow(world.facts, argv[1] ?? "");
    if (action.ownCode && !action.meaning?.[String(result)]) throw passedOn(result);
    throw failed(action, argv, { code: result, tail: world.step.tail });
  }
  if (action.digestFile) made(world, await builtDigest(action, world));
  return "done";
}

/** What a program gets of the caller's variables. */
function callersPart({ typed, ofRepo }: Command, { facts }: World): Readonly<Record<string, string>> {
  if (typed) return commandEnv(process.env);
  return ofRepo === "service" ? engineVariables(facts.env) : facts.env;
}

type How = Pick<RunOptions, "cwd" | "env" | "input">;

/** The exit code that counts. Evidence is kept of a run of tests, also where an entrypoint never ran them; none of one that was interrupted. */
async function exitWithEvidence(action: Command, argv: readonly string[], how: How, world: World): Promise<number> {
  const { evidence } = action;
  if (!evidence) return lastExitOf(action, argv, how, world);
  const keep = (await import("../run/evidence.ts")).watchRun(world);
  try {
    const exitCode = await lastExitOf(action, argv, how, world);
    keep(evidence, { exitCode, ran: true });
    return exitCode;
  } catch (error) {
    if (error instanceof UserError && error.kind === "command")
      keep(evidence, { exitCode: error.exitCode, ran: false });
    throw error;
  }
}

const passes = ({ meaning }: Command, code: number): boolean => code === 0 || meaning?.[String(code)]?.passes === true;

/** Runs it, and as often again as it may where it fails by itself; gives the exit code of the last time. */
async function lastExitOf(action: Command, argv: readonly string[], how: How, world: World): Promise<number> {
  const { does = "the command", meaning = {}, retries = 0 } = action;
  let code = await exitOf(action, argv, how, world);
  // From 125 on the engine or a signal ended it, and what has a meaning of its own has it each time.
  const isOwn = () => !passes(action, code) && code < 125 && !(String(code) in meaning);
  for (let failed = 1; failed <= retries && isOwn(); failed += 1) {
    output(world, `${does} exited with ${code}: running again, ${failed} of ${retries}\n`);
    code = await exitOf(action, argv, how, world);
    if (passes(action, code)) world.step.failedRuns = failed;
  }
  return code;
}

/** Runs it; gives the exit code that counts. */
async function exitOf(action: Command, argv: readonly string[], how: How, world: World): Promise<number> {
  const receipt = action.receipt ? makeReceipt(world, action.receipt.onHost) : null;
  try {
    const code = await runThrough(action, argv, { ...how, env: { ...how.env, ...receipt?.env } }, world);
    if (world.signal.aborted && action.container) await endLateContainers(world);
    if (world.signal.aborted) throw interrupted();
    if (!action.container) return code;
    const ended = await exitOfContainer(world, code);
    return receipt ? provenExit(action, receipt, ended, (one) => passes(action, one)) : ended;
  } finally {
    receipt?.drop();
  }
}

/** Runs it, and again where it says that somebody else was quicker; gives the exit code. */
async function runThrough(action: Command, argv: readonly string[], how: How, world: World): Promise<number> {
  const interactive = action.interactive === true;
  const keep = action.tee === undefined ? null : keepIn(join(world.facts.place.root, action.tee), world);
  const onOutput = (text: string) => {
    output(world, text);
    keep?.(text);
  };
  const once = () => run(argv, { ...how, interactive, keepStdout: world.json, onOutput, signal: world.signal });
  let code = await once();
  for (let turn = 1; turn < 5 && code !== 0 && saysAgain(action, world); turn += 1) code = await once();
  return code;
}

/** Empties a file, and gives what adds text to it. */
function keepIn(file: string, world: World): (text: string) => void {
  privateFolder(dirname(file));
  writePrivate(file, "");
  return (text) => comfort(world, () => appendPrivate(file, text));
}

/** Somebody else was quicker, by the last lines of the output. */
const saysAgain = ({ again }: Command, { signal, step }: World): boolean =>
  again !== undefined && !signal.aborted && new RegExp(again).test(step.tail.slice(-8).join("\n"));

/** Amazon's own helper logs in with each question, and takes no login to keep. */
async function isServed(host: string, env: Readonly<Record<string, string>>): Promise<boolean> {
  return helperFor((await readDockerConfig(env)).content, host)?.helper === "ecr-login";
}

/** What the program prints whose output goes to another's input; it is shown and kept nowhere. */
async function outputOf(input: NonNullable<Command["input"]>, world: World): Promise<string> {
  if ("ecr" in input) return (await ecrPassword(input.ecr, world.facts.env)).password;
  const argv = input;
  const { code, stdout, stderr } = await capture(argv, { cwd: world.facts.place.root, env: world.facts.env });
  if (code === 0) return stdout;
  throw new UserError(`\`${argv.map(quote).join(" ")}\` exited with ${code}`, {
    why: stderr.trim().split("\n").at(-1) || "It gave no reason.",
    fix: "Fix the cause and run the same command again",
    exitCode: code,
    kind: "command",
  });
}

const passedOn = (code: number): UserError =>
  new UserError(`the command exited with ${code}`, {
    why: "Its exit code is passed on.",
    fix: "See what it printed",
    exitCode: code,
    kind: passed,
  });

/** The rule of a registry that the engine tells of where a push or a pull fails. */
function ruleOf(argv: readonly string[], tail: readonly string[]) {
  if (argv[0] !== "docker" || (argv[1] !== "push" && argv[1] !== "pull")) return undefined;
  const said = tail.slice(-3).join(" ");
  const rule = /TOOMANYREQUESTS/i.test(said) ? null : ruleIn(said);
  const { domain, path } = parseReference(argv.at(-1) ?? "");
  return rule
    ? { why: `${rule.why} It said: ${short(said, 300)}`, fix: rule.fix({ named: domain ?? "docker.io", path }) }
    : undefined;
}

const short = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most)}...` : text);

type End = { readonly code: number; readonly tail: readonly string[] };

function failed(action: Command, argv: readonly string[], { code, tail }: End): UserError {
  const rule = ruleOf(argv, tail);
  const does = action.does ?? `\`${short(argv.map(quote).join(" "), 200)}\``;
  const { meaning, reason } = action;
  const told = { ...(meaning ? { meaning } : {}), ...(reason ? { reason } : {}), ...(rule ? { rule } : {}) };
  return failedCommand({ does, program: argv[0] ?? "", ...told }, { code, tail });
}

type Failed = Pick<Command, "meaning" | "reason"> & {
  readonly does: string;
  readonly program: string;
  readonly rule?: { readonly why: string; readonly fix: string };
};

/** The error of a command that failed, wherever it ran: by the line that tells why, else by what its exit code means. */
export function failedCommand(
  { does, program, meaning: meanings, reason, rule }: Failed,
  { code, tail }: End,
): UserError {
  const meaning = meanings?.[String(code)] ?? rule;
  const told = reason ? new RegExp(reason, "m").exec(tail.join("\n"))?.[0] : undefined;
  return new UserError(`${does} exited with ${code}`, {
    why:
      (told && short(told, 300)) ??
      meaning?.why ??
      (code === 127
        ? `"${program}" or what it should run was not found.`
        : "The command's output above shows the cause."),
    fix: meaning?.fix ?? "Fix the cause and run the same command again",
    exitCode: code,
    kind: "command",
  });
}

/** The digest in the builder's metadata: the manifest's where the engine keeps manifests, else the config's (design.md, step 5). */
async function builtDigest({ digestFile = "", argv, elsewhere }: Command, world: World): Promise<string> {
  const file = join(world.facts.place.root, digestFile);
  const metadata = jsonOf(readText(file) ?? "");
  const idOf = async (image: string): Promise<string | undefined> => {
    const words = ["docker", "image", "inspect", "--format", "{{.Id}}", image];
    const { code, stdout } = await capture(words, { cwd: world.facts.place.root, env: world.facts.env });
    return code === 0 ? stdout.trim() : undefined;
  };
  const built = ["containerimage.digest", "containerimage.config.digest"].flatMap(
    (name) => textAt(metadata, name) ?? [],
  );
  const [first] = built;
  if (elsewhere && first) return first;
  for (const digest of built) {
    const id = await idOf(digest);
    if (id) return id;
  }
  const reference = knownValue(world, argv[argv.indexOf("--tag") + 1] ?? "");
  const other = first && (await idOf(reference));
  if (other)
    throw new UserError(`another build gave ${reference} to ${other} meanwhile`, {
      why: `The engine forgets an image that loses its last name, and ${first} had no other.`,
      fix: "Run the same command again, once the other build is through",
      exitCode: 1,
    });
  throw new UserError("the engine does not have what it just built", {
    why: `${file} names no image that docker image inspect knows.`,
    fix: "Look at docker buildx ls: the default builder must be the engine's own",
  });
}
