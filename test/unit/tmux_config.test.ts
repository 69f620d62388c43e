import { describe, expect, it } from "vitest";
import { parseTmuxConfig } from "../../lib/formats/tmux_config.ts";
import { refusal } from "./factory.ts";

describe("tmux.config", () => {
  it.each([
    ["new-window -n a-b_C", { windows: ["main", "a-b_C"], options: [] }],
    ["new-window -n 'a'", { windows: ["main", "a"], options: [] }],
    ["  new-window   -n\ta  ", { windows: ["main", "a"], options: [] }],
    ["set-option mouse on", { windows: ["main"], options: [["mouse", "on"]] }],
    ['set-option status-left "b c"', { windows: ["main"], options: [["status-left", "b c"]] }],
    ["set-option status-left 'b \"c'", { windows: ["main"], options: [["status-left", 'b "c']] }],
    ['set-option status-left ""', { windows: ["main"], options: [["status-left", ""]] }],
    ["set-option base-index -1", { windows: ["main"], options: [["base-index", "-1"]] }],
    ["set-option status-left '#S $(a)'", { windows: ["main"], options: [["status-left", "#S $(a)"]] }],
    [
      "set-option status-right '#[fg=red]#{session_name} %H'",
      { windows: ["main"], options: [["status-right", "#[fg=red]#{session_name} %H"]] },
    ],
    ["  # set-option a", { windows: ["main"], options: [] }],
    ["#set-option a", { windows: ["main"], options: [] }],
    ["  \t ", { windows: ["main"], options: [] }],
  ])("may have the line %j", (line, expected) => {
    expect(parseTmuxConfig(`new-window -n main\n${line}\n`, "f")).toEqual(expected);
  });

  it.each([
    ...["kill-server", "new-window", "new-window -n", "new-window -x a", "new-window -n a b", "new-window -n main"],
    ...["new-window -n a:b", "new-window -n ''", "new-window -n 'a b'", "new-window -n 'a\u00e4'"],
    ...["set-option", "set-option a", "set-option a b c", "set-option -g a", "set-window -n a", "new-windows -n a"],
    ...["set-options mouse on", "set-option mouse on # note", "a# b", "set-option a b", "set-option mouse- on"],
    ...["default-command", "default-shell", "lock-command", "lock-after-time", "update-environment", "default-terminal"]
      .concat(["command-alias", "copy-command", "editor", "user-keys", "status-format", "@a", "key-table", "prefix"])
      .map((name) => `set-option ${name} sh`),
    ...[
      "#(touch a)",
      "##(touch a)",
      "#{E:pane_title}",
      "#{l:#(touch a)}",
      "#{?#(touch a),b,c}",
      "#[fg=#(touch a)]",
      "a#",
    ]
      .concat(["#{T:status-left}", "#{@a}", "\u001b]0;a"])
      .map((value) => `set-option status-left '${value}'`),
  ])("is refused for %j, with file and line", (line) => {
    expect(refusal(() => parseTmuxConfig(`# note\nnew-window -n main\n  ${line} \n`, "sub/tmux.config"))).toMatchObject(
      {
        message: `sub/tmux.config:3 "${line}" is not understood`,
        why: "A line is `new-window -n NAME`, each name once, or `set-option NAME VALUE` of an option that starts no program, without `#(...)`.",
        fix: "Correct that line, or move it to ~/.tmux.conf",
        kind: "config",
      },
    );
  });

  it.each(["", "# nothing\n", "set-option mouse on\n"])("is refused for %j, which names no window", (text) => {
    expect(refusal(() => parseTmuxConfig(text, "f")).message).toBe("f names no window");
  });
});
