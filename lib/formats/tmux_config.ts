import { UserError } from "../errors.ts";

/** What `tmux.config` asks for: names of windows, and words of session options. */
export type TmuxConfig = { readonly windows: readonly string[]; readonly options: readonly (readonly string[])[] };

/** Options that change how a session looks and counts; others start programs, or reach beyond the session (tmux(1), "OPTIONS"). */
const harmless = new Set([
  ...[
    "base-index",
    "detach-on-destroy",
    "display-panes-time",
    "display-time",
    "history-limit",
    "mouse",
    "renumber-windows",
  ],
  ...["repeat-time", "set-titles", "set-titles-string", "status", "status-interval", "status-justify", "status-keys"],
  ...[
    "status-left",
    "status-left-length",
    "status-left-style",
    "status-position",
    "status-right",
    "status-right-length",
  ],
  ...["status-right-style", "status-style", "message-style", "message-command-style", "word-separators"],
  ...["activity-action", "bell-action", "silence-action", "visual-activity", "visual-bell", "visual-silence"],
]);

/** Text, `#S`, `#{session_name}` and `#[bold]`: of the formats only those that expand to a value and are not expanded again. */
const plainValue = /^(?:[^#\p{Cc}]|#[A-Z]|#\{[a-z_]+\}|#\[[^\]#]*\])*$/u;

/** Reads `tmux.config`; anything but the two commands is refused with its line, as it could run a program or reach other sessions. */
export function parseTmuxConfig(text: string, file: string): TmuxConfig {
  const windows: string[] = [];
  const options: (readonly string[])[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const [command, ...words] = splitWords(line);
    if (command === undefined || command.startsWith("#")) continue;
    const [flag, name, ...more] = words;
    const isWindow = command === "new-window" && flag === "-n" && name !== undefined && more.length === 0;
    if (isWindow && /^[\w-]+$/.test(name) && !windows.includes(name)) windows.push(name);
    else if (isSetOption(command, words)) options.push(words);
    else throw refused(`${file}:${index + 1} "${line.trim()}" is not understood`);
  }
  if (windows.length === 0) throw refused(`${file} names no window`);
  return { windows, options };
}

function isSetOption(command: string, words: readonly string[]): boolean {
  const [name = "", value = "", ...more] = words;
  return (
    command === "set-option" && more.length === 0 && words.length === 2 && harmless.has(name) && plainValue.test(value)
  );
}

const refused = (what: string): UserError =>
  new UserError(what, {
    why: "A line is `new-window -n NAME`, each name once, or `set-option NAME VALUE` of an option that starts no program, without `#(...)`.",
    fix: "Correct that line, or move it to ~/.tmux.conf",
    kind: "config",
  });

const splitWords = (line: string): readonly string[] =>
  (line.match(/"[^"]*"|'[^']*'|[^\s"']+/g) ?? []).map((word) => word.replace(/(["'])(.*)\1/, "$2"));
