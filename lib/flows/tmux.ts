import { cmd, command } from "../kinds/command.ts";
import { UserError } from "../model/errors.ts";
import { type Step, step } from "../model/plan.ts";
import { quote } from "../model/render_plan.ts";
import type { TmuxConfig } from "../model/tmux_config.ts";

/** What the session is made from. */
export type TmuxFacts = {
  /** `dir_suffix` of the outermost repo; session names are made from it. */
  readonly suffix: string;
  readonly config: TmuxConfig;
  /** The outermost repo, named "", and each runnable submodule by its path. */
  readonly folders: readonly { readonly name: string; readonly dir: string }[];
  readonly setenv: string;
  /** bash or zsh, which setenv.sh knows. */
  readonly shell: string;
  readonly sessions: readonly string[];
  /** This is called from inside tmux. */
  readonly inside: boolean;
  readonly terminal: boolean;
  readonly link: {
    readonly path: string;
    readonly target: string;
    readonly state: "absent" | "ours" | "other" | "dir" | "outside";
  };
};
/** What the caller asks for. */
export type TmuxOptions = {
  readonly index: string | undefined;
  readonly forceRestart: boolean;
  readonly createGlobalLink: boolean;
};

/** Starts the session with one window for each of the config in each folder, env active, and shows it; or makes the link. */
export function tmuxSession(facts: TmuxFacts, options: TmuxOptions): Step[] {
  if (options.createGlobalLink) return [globalLink(facts.link)];
  const name = sessionName(facts.suffix, options.index);
  const exists = facts.sessions.includes(name);
  return [startSession(facts, name, exists && options.forceRestart), showSession(facts, name)].map((each) =>
    each.id === "start_session" && exists && !options.forceRestart ? { ...each, skip: `${name} is there` } : each,
  );
}

/**
 * tmux turns dots and colons of a session's name into underscores, since they separate the parts of a target; a `#` would
 * start a format, which may run a command (tmux(1), "FORMATS"). An underscore also keeps the index apart from a suffix that
 * ends in a digit: `new11` is the eleventh of `new`.
 */
export function sessionName(suffix: string, index: string | undefined): string {
  if (index === undefined)
    throw new UserError("--index is missing", {
      why: "A session is named by the repo's dir_suffix and an index, so that several clones have one each.",
      fix: "i tmux --index 1",
      kind: "usage",
    });
  return `${suffix.replaceAll(/[.:\s#]/g, "_").replace(/\d$/, "$&_")}${index}`;
}

/** One call for all, which the tmux server runs as a whole: killed half-way, it leaves no half of a session. */
function startSession(facts: TmuxFacts, name: string, restart: boolean): Step {
  const made = restart ? `${name}_restarted` : name;
  const [first, ...others] = facts.folders.flatMap(({ name: folder, dir }) =>
    facts.config.windows.map((window) => ({
      window: `${folder ? `${folder}/` : ""}${window}`.replaceAll("#", "_"),
      dir: dir.replaceAll("#", "##"),
    })),
  );
  if (!first) throw new Error("no folder and no window to make a session of");
  const shell = [facts.shell, "-l"];
  const commands = [
    ["new-session", "-d", "-s", made, "-n", first.window, "-c", first.dir, ...shell],
    ...others.map(({ window, dir }) => ["new-window", "-d", "-t", `=${made}:`, "-n", window, "-c", dir, ...shell]),
    ...facts.config.options.map((words) => ["set-option", "-t", `=${made}:`, ...words]),
    ...[first, ...others].map(({ window }) => activate(facts, `=${made}:=${window}`)),
    ...(restart && facts.inside ? [["switch-client", "-t", `=${made}`]] : []),
    ...(restart ? [["kill-session", "-t", `=${name}`], ["rename-session", "-t", `=${made}`, name]] : []), // biome-ignore format: one line
  ];
  const title = `${restart ? "Restart" : "Start"} session ${name} with ${others.length + 1} windows`;
  return step("start_session", title, [cmd`tmux ${chain(commands)}`]);
}

/** The blank in front keeps the line out of the history of shells that are told so. */
const activate = (facts: TmuxFacts, window: string): string[] => [
  "send-keys",
  "-t",
  window,
  ` . ${quote(facts.setenv)}`,
  "Enter",
];

/** Several commands for one call of tmux; a word that ends in `;` would separate them too. */
const chain = (commands: readonly (readonly string[])[]): readonly string[] =>
  commands.flatMap((words, index) => [
    ...(index === 0 ? [] : [";"]),
    ...words.map((word) => word.replace(/;$/, "\\;")),
  ]);

function showSession(facts: TmuxFacts, name: string): Step {
  const line = facts.inside ? cmd`tmux switch-client -t =${name}` : cmd`tmux attach-session -t =${name}`;
  const title = `${facts.inside ? "Switch" : "Attach"} to session ${name}`;
  const skip = facts.terminal ? null : `no terminal here; tmux attach-session -t =${name}`;
  return step("show_session", title, [command({ ...line, interactive: true })], { skip });
}

function globalLink({ path, target, state }: TmuxFacts["link"]): Step {
  if (state === "dir")
    throw new UserError(`${path} is a directory`, {
      why: "The link would take its place, and a directory is not deleted for it.",
      fix: `Move it away: mv ${quote(path)} ${quote(`${path}.old`)}`,
    });
  if (state === "outside")
    throw new UserError(`${target} is not in this repo`, {
      why: "The link finds the repo from where Slipway lies, and this Slipway serves several repos from outside.",
      fix: "Go into the repo, then: i tmux --index 1",
    });
  const skip = state === "ours" ? "it is there" : null;
  return step("create_global_link", `Link ${path} to this repo's tmux sessions`, [cmd`ln -sfn ${target} ${path}`], {
    skip,
  });
}
