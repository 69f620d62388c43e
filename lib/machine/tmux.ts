import { UserError } from "../errors.ts";
import type { TmuxConfig } from "../formats/tmux_config.ts";
import { cmd, command } from "../kinds/command.ts";
import { type Step, step } from "../plan/plan.ts";
import { quote } from "../plan/render_plan.ts";
import { startSession } from "./start_session.ts";

/** What the session is made from. */
export type TmuxFacts = {
  /** `dir_suffix` of the outermost repo; session names are made from it. */
  readonly suffix: string;
  readonly config: TmuxConfig;
  /**
   * Which clone the session is of: a sibling of this one where the index names it, else this one; and where the sibling is
   * looked for.
   */
  readonly clone: { readonly state: "this" | "sibling" | "absent" | "other"; readonly path: string };
  /** The outermost repo, named "", and each runnable submodule by its path. */
  readonly folders: readonly { readonly name: string; readonly dir: string }[];
  /** What is sourced in each window; null where that clone has no thin client. */
  readonly setenv: string | null;
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
  if (exists && !options.forceRestart)
    return [step("start_session", `Start session ${name}`, [], { skip: `${name} is there` }), showSession(facts, name)];
  return [start(facts, name, exists), showSession(facts, name)];
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

function start(facts: TmuxFacts, name: string, restart: boolean): Step {
  const windows = facts.folders.flatMap(({ name: folder, dir }) =>
    facts.config.windows.map((window) => ({ name: `${folder ? `${folder}/` : ""}${window}`, dir })),
  );
  if (windows.length === 0) throw new Error("no folder and no window to make a session of");
  const { setenv, shell, inside, clone } = facts;
  if (setenv === null)
    throw new UserError(`${JSON.stringify(clone.path)} has no thin client`, {
      why: "The windows of a clone get the thin env of its own Slipway.",
      fix: `Fetch and build it there: git -C ${quote(clone.path)} submodule update --init, and thin_client/build`,
    });
  const title = `${restart ? "Restart" : "Start"} session ${name} with ${windows.length} windows${ofClone(clone)}`;
  const line = `. ${quote(setenv)}`;
  const { options } = facts.config;
  return step("start_session", title, [startSession({ name, windows, options, shell, line, restart, inside })]);
}

/** A person who counts on a clone of its own is told that there is none. */
function ofClone({ state, path }: TmuxFacts["clone"]): string {
  if (state === "this") return "";
  if (state === "sibling") return ` in ${path}`;
  return ` in this clone; ${path} ${state === "absent" ? "is not there" : "is no clone of this repo"}`;
}

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
