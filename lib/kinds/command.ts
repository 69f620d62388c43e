import { accountWords, type EcrPassword } from "../names/aws.ts";
import { kind, type Show } from "../plan/kind.ts";
import { prefixed, type Value } from "../plan/plan.ts";
import { quote } from "../plan/render_plan.ts";

/** A program with its words; it never passes through a shell. */
export type Command = {
  readonly kind: "command";
  readonly argv: readonly Value[];
  readonly env: Readonly<Record<string, Value>>;
  /** Relative to the outermost Git root, `.` for the root itself. */
  readonly cwd: string;
  /** The command starts one container; its exit code is the container's, and the runner removes it on every way out. */
  readonly container?: true;
  /**
   * It stands behind an entrypoint: it counts as run only if it left its receipt. How it starts without that entrypoint, and the
   * folder of receipts as the engine's machine has it, where that has other paths.
   */
  readonly receipt?: { readonly without: string; readonly onHost?: string };
  /** The program talks to the person directly: no log, no prefix. */
  readonly interactive?: true;
  /** What it prints is what was asked for: a terminal shows all of it. */
  readonly shown?: true;
  /** A file of Slipway's own that gets its output too, relative to the outermost Git root. */
  readonly tee?: string;
  /** It is a run of a test list, of which evidence is kept however it ends. */
  readonly evidence?: OfEvidence;
  /**
   * The words are the repo's own, and run on this machine; `lint`: in an image of others that it names; `service`: a compose
   * file of the repo's, which gets no variable of the caller's.
   */
  readonly ofRepo?: "host" | "package" | "lint" | "service";
  /** Its exit code is its answer to the person, who saw why, and no failure of the workflow. */
  readonly ownCode?: true;
  /** The words are the person's own, and so are the variables that they have for Docker. */
  readonly typed?: true;
  /** Where the builder writes the digest of what it built, which is what the step makes. */
  readonly digestFile?: string;
  /** A file that it makes, relative to the outermost Git root; with that file there is nothing left to do. */
  readonly makes?: string;
  /** The builder pushed what it built, so the engine does not have it. */
  readonly elsewhere?: true;
  /** A program whose output is this one's standard input: how a password gets in without standing in argv. */
  readonly input?: readonly string[] | EcrPassword;
  /** How often it is run again where it failed by itself: what then passes is flaky. */
  readonly retries?: number;
  /** What its output says, as a regular expression, when somebody else was quicker: the same line does once they are through. */
  readonly again?: string;
  /** What runs, in words, where a person knows it by those and not by its line: `the fast tests`. */
  readonly does?: string;
  /** The line of its output that tells why it failed, as a regular expression. */
  readonly reason?: string;
  /** Exit codes that are a result of their own, with what to tell; without a row the code is the command's. */
  readonly meaning?: Readonly<Record<string, { readonly why: string; readonly fix: string; readonly passes?: true }>>;
};

/** What evidence of a run is of, and where its files are left and itself is kept, relative to the outermost Git root. */
export type OfEvidence = {
  readonly dir: string;
  readonly list: string;
  /** The digest of the image; null where nobody knows it yet. */
  readonly image: Value | null;
  /** The mounted code, where that is a commit. */
  readonly code: { readonly commit: string; readonly tree: string } | null;
  readonly files: { readonly "junit.xml": string; readonly "coverage.data"?: string };
  readonly to: string;
};

export const command = kind<Command>("command", {
  reaps: ({ argv, container }) => container === true || argv.slice(0, 3).join(" ") === "docker image rm",
  talks: ({ interactive }) => interactive === true,
  shows: ({ shown, typed, interactive }) => shown === true || typed === true || interactive === true,
  reaches: ({ argv, container, ofRepo }) => [
    ...(container ? (["container"] as const) : []),
    ...(ofRepo ? ([ofRepo] as const) : []),
    ...(argv.includes("--secret") ? (["build"] as const) : []),
  ],
  lines: (action, show) => [
    renderCommand(action, show),
    ...(action.retries ? [`# again where it fails, ${times(action.retries)} at most: a pass is flaky then`] : []),
    ...(action.evidence ? [`# evidence in ${quote(action.evidence.to)}`] : []),
  ],
  run: async (action, world) => (await import("./run_command.ts")).runCommand(action, world),
});

const times = (count: number): string => (count === 1 ? "once" : `${count} times`);

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
    else if (typeof last === "string") argv[argv.length - 1] = prefixed(last, word);
    else throw new Error("cmd: what a step makes is the end of its word");
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
  const tee = command.tee === undefined ? [] : [`2>&1 | tee ${quote(command.tee)}`];
  const line = [...inputWords(command), ...env, ...command.argv.map(word), ...tee].join(" ");
  return command.cwd === "." ? line : `(cd ${quote(command.cwd)} && ${line})`;
}

/** The program whose output goes in, with the pipe behind it. */
function inputWords({ input }: Command): readonly string[] {
  if (input === undefined) return [];
  if (!("ecr" in input)) return [...input.map(quote), "|"];
  return [`aws ecr get-login-password ${accountWords(input.ecr)}|`];
}
