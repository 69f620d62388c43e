import { UserError } from "./errors.ts";

/** What `tmux.config` asks for: names of windows, and words of session options. */
export type TmuxConfig = { readonly windows: readonly string[]; readonly options: readonly (readonly string[])[] };

/** Reads `tmux.config`; anything but the two commands is refused with its line, as it could reach other sessions. */
export function parseTmuxConfig(text: string, file: string): TmuxConfig {
  const windows: string[] = [];
  const options: (readonly string[])[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const [command, ...words] = splitWords(line);
    if (command === undefined || command.startsWith("#")) continue;
    const [flag, name, ...more] = words;
    const isWindow = command === "new-window" && flag === "-n" && name !== undefined && more.length === 0;
    if (isWindow && /^[\w-]+$/.test(name) && !windows.includes(name)) windows.push(name);
    else if (command === "set-option" && words.length === 2 && !flag?.startsWith("-")) options.push(words);
    else throw refused(`${file}:${index + 1} "${line.trim()}" is not understood`);
  }
  if (windows.length === 0) throw refused(`${file} names no window`);
  return { windows, options };
}

const refused = (what: string): UserError =>
  new UserError(what, {
    why: "A line is `new-window -n NAME`, each name once, or `set-option NAME VALUE`; both are aimed at one session.",
    fix: "Correct that line, or move it to ~/.tmux.conf",
    kind: "config",
  });

const splitWords = (line: string): readonly string[] =>
  (line.match(/"[^"]*"|'[^']*'|[^\s"']+/g) ?? []).map((word) => word.replace(/(["'])(.*)\1/, "$2"));
