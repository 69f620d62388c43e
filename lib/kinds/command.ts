import { join } from "node:path";
import { ecrPassword } from "../doors/aws.ts";
import { readText } from "../doors/files.ts";
import { interrupted } from "../doors/interrupt.ts";
import { capture, type RunOptions, run } from "../doors/shell.ts";
import { accountWords, type EcrPassword } from "../model/aws.ts";
import { passed, UserError } from "../model/errors.ts";
import { kind, type Show } from "../model/kind.ts";
import { helperFor } from "../model/oci/credentials.ts";
import type { Value } from "../model/plan.ts";
import { quote } from "../model/render_plan.ts";
import { jsonOf, textAt } from "../model/shape.ts";
import { endLateContainers, exitOfContainer } from "../run/containers.ts";
import { assertEngineNow } from "../run/engine_facts.ts";
import { commandEnv } from "../run/facts.ts";
import { makeReceipt, provenExit } from "../run/receipt.ts";
import { knownValue, made, type Outcome, output, ownerLabel, type World } from "../run/world.ts";

/** A program with its words; it never passes through a shell. */
export type Command = {
  readonly kind: "command";
  readonly argv: readonly Value[];
  readonly env: Readonly<Record<string, Value>>;
  /** Relative to the outermost Git root, `.` for the root itself. */
  readonly cwd: string;
  /** The command starts one container; its exit code is the container's, and the runner removes it on every way out. */
  readonly container?: true;
  /** It stands behind an entrypoint: it counts as run only if it left its receipt. How it starts without that entrypoint. */
  readonly receipt?: { readonly without: string };
  /** The program talks to the person directly: no log, no prefix. */
  readonly interactive?: true;
  /** What it prints is what was asked for: a terminal shows all of it. */
  readonly shown?: true;
  /** The words are the repo's own, and run on this machine. */
  readonly ofRepo?: true;
  /** Its exit code is its answer to the person, who saw why, and no failure of the workflow. */
  readonly ownCode?: true;
  /** The words are the person's own, and so are the variables that they have for Docker. */
  readonly typed?: true;
  /** Where the builder writes the digest of what it built, which is what the step makes. */
  readonly digestFile?: string;
  /** The builder pushed what it built, so the engine does not have it. */
  readonly elsewhere?: true;
  /** A program whose output is this one's standard input: how a password gets in without standing in argv. */
  readonly input?: readonly string[] | EcrPassword;
  /** What its output says, as a regular expression, when somebody else was quicker: the same line does once they are through. */
  readonly again?: string;
  /** What runs, in words, where a person knows it by those and not by its line: `the fast tests`. */
  readonly does?: string;
  /** The line of its output that tells why it failed, as a regular expression. */
  readonly reason?: string;
  /** Exit codes that are a result of their own, with what to tell; without a row the code is the command's. */
  readonly meaning?: Readonly<Record<string, { readonly why: string; readonly fix: string; readonly passes?: true }>>;
};

export const command = kind<Command>("command", {
  reaps: ({ argv, container }) => container === true || argv.slice(0, 3).join(" ") === "docker image rm",
  talks: ({ interactive }) => interactive === true,
  shows: ({ shown, typed, interactive }) => shown === true || typed === true || interactive === true,
  reaches: ({ argv, container, ofRepo }) => [
    ...(container ? (["container"] as const) : []),
    ...(ofRepo ? (["host"] as const) : []),
    ...(argv.includes("--secret") ? (["build"] as const) : []),
  ],
  lines: (action, show) => [renderCommand(action, show)],
  run: perform,
});

type Words = Value | readonly Value[] | false | null | undefined;

/**
 * Writes a command as in the documents: a value is one word, a list is many, `false` is none.
 * Throws on quotes, pipes and redirections in the text, which a command does not have.
 */
export function cmd(text: TemplateStringsArray, ...values: readonly Words[]): Command {
  const argv: Value[] = [];
  let open = false;
  const add = (word: Value) => {
    const last = argv.at(-1);
    if (!open) argv.push(word);
    else if (typeof last === "string" && typeof word === "string") argv[argv.length - 1] = last + word;
    else throw new Error("cmd: what a step makes is a word of its own");
    open = true;
  };
  for (const [index, part] of text.entries()) {
    if (/["'`|&;<>$\\]/.test(part)) throw new Error(`cmd: "${part}" holds shell text; write argv`);
    for (const letter of part)
      if (/\s/.test(letter)) open = false;
      else add(letter);
    const value = values[index];
    if (value === undefined || value === null || value === false) continue;
    if (!Array.isArray(value)) {
      add(value as Value);
      continue;
    }
    for (const word of value as readonly Value[]) {
      open = false;
      add(word);
    }
    open = false;
  }
  return command({ argv, env: {}, cwd: "." });
}

function renderCommand(command: Command, show: Show): string {
  const word = (value: Value) => (typeof value === "string" ? quote(value) : show(value));
  const env = Object.entries(command.env).map(([name, value]) => `${name}=${word(value)}`);
  const line = [...inputWords(command), ...env, ...command.argv.map(word)].join(" ");
  return command.cwd === "." ? line : `(cd ${quote(command.cwd)} && ${line})`;
}

/** The program whose output goes in, with the pipe behind it. */
function inputWords({ input }: Command): readonly string[] {
  if (input === undefined) return [];
  if (!("ecr" in input)) return [...input.map(quote), "|"];
  return [`aws ecr get-login-password ${accountWords(input.ecr)}|`];
}

/** Runs one command of the plan; its exit code, when not 0, becomes the script's own. */
async function perform(action: Command, world: World): Promise<Outcome> {
  const argv = action.argv.map((word) => knownValue(world, word));
  const own = Object.fromEntries(Object.entries(action.env).map(([name, value]) => [name, knownValue(world, value)]));
  const env = {
    ...(action.typed ? commandEnv(process.env) : world.facts.env),
    ...own,
    ...(action.container ? owned(world) : {}),
  };
  const cwd = join(world.facts.place.root, action.cwd);
  if (action.input && "ecr" in action.input && (await isServed(argv.at(-1) ?? "", env))) return "already";
  const input = action.input ? await outputOf(action.input, world) : undefined;
  const result = await exitOf(action, argv, { cwd, env, ...(input === undefined ? {} : { input }) }, world);
  if (!passes(action, result)) {
    if (argv[0] === "docker" && !action.container) await assertEngineNow(world.facts, argv[1] ?? "");
    if (action.ownCode && !action.meaning?.[String(result)]) throw passedOn(result);
    throw failed(action, argv, { code: result, tail: world.step.tail });
  }
  if (action.digestFile) made(world, await builtDigest(action, world));
  return "done";
}

type How = Pick<RunOptions, "cwd" | "env" | "input">;

const passes = ({ meaning }: Command, code: number): boolean => code === 0 || meaning?.[String(code)]?.passes === true;

/** Runs it; gives the exit code that counts. */
async function exitOf(action: Command, argv: readonly string[], how: How, world: World): Promise<number> {
  const receipt = action.receipt ? makeReceipt(world) : null;
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
  const onOutput = (text: string) => output(world, text);
  const once = () => run(argv, { ...how, interactive, keepStdout: world.json, onOutput, signal: world.signal });
  let code = await once();
  for (let turn = 1; turn < 5 && code !== 0 && saysAgain(action, world); turn += 1) code = await once();
  return code;
}

/** Somebody else was quicker, by the last lines of the output. */
const saysAgain = ({ again }: Command, { signal, step }: World): boolean =>
  again !== undefined && !signal.aborted && new RegExp(again).test(step.tail.slice(-8).join("\n"));

/** Amazon's own helper logs in with each question, and takes no login to keep. */
async function isServed(host: string, env: Readonly<Record<string, string>>): Promise<boolean> {
  const { readDockerConfig } = await import("../doors/registry/docker_config.ts");
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
const owned = (world: World): Record<string, string> => ({
  SLIPWAY_RUN: world.step.run,
  SLIPWAY_OWNER: ownerLabel(world),
});

const passedOn = (code: number): UserError =>
  new UserError(`the command exited with ${code}`, {
    why: "Its exit code is passed on.",
    fix: "See what it printed",
    exitCode: code,
    kind: passed,
  });

const short = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most)}...` : text);

type End = { readonly code: number; readonly tail: readonly string[] };

function failed(action: Command, argv: readonly string[], { code, tail }: End): UserError {
  const meaning = action.meaning?.[String(code)];
  const told = action.reason ? new RegExp(action.reason, "m").exec(tail.join("\n"))?.[0] : undefined;
  return new UserError(`${action.does ?? `\`${short(argv.map(quote).join(" "), 200)}\``} exited with ${code}`, {
    why:
      (told && short(told, 300)) ??
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
  const metadata = jsonOf(readText(file) ?? "");
  for (const name of ["containerimage.digest", "containerimage.config.digest"]) {
    const digest = textAt(metadata, name);
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
