import { describe, expect, it } from "vitest";
import { parseTmuxConfig } from "../../lib/model/tmux_config.ts";
import { refusal } from "./factory.ts";

describe("tmux.config", () => {
  it.each([
    ["new-window -n a-b_C", { windows: ["main", "a-b_C"], options: [] }],
    ["new-window -n 'a'", { windows: ["main", "a"], options: [] }],
    ["  new-window   -n\ta  ", { windows: ["main", "a"], options: [] }],
    ["set-option mouse on", { windows: ["main"], options: [["mouse", "on"]] }],
    ['set-option a "b c"', { windows: ["main"], options: [["a", "b c"]] }],
    ["set-option a 'b \"c'", { windows: ["main"], options: [["a", 'b "c']] }],
    ['set-option a ""', { windows: ["main"], options: [["a", ""]] }],
    ["set-option a -1", { windows: ["main"], options: [["a", "-1"]] }],
    ["set-option a- b", { windows: ["main"], options: [["a-", "b"]] }],
    ["set-option a '#S'", { windows: ["main"], options: [["a", "#S"]] }],
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
    ...["set-options a b", "set-option a b # note", "a# b"],
  ])("is refused for %j, with file and line", (line) => {
    expect(refusal(() => parseTmuxConfig(`# note\nnew-window -n main\n  ${line} \n`, "sub/tmux.config"))).toMatchObject(
      {
        message: `sub/tmux.config:3 "${line}" is not understood`,
        why: "A line is `new-window -n NAME`, each name once, or `set-option NAME VALUE`; both are aimed at one session.",
        fix: "Correct that line, or move it to ~/.tmux.conf",
        kind: "config",
      },
    );
  });

  it.each(["", "# nothing\n", "set-option a b\n"])("is refused for %j, which names no window", (text) => {
    expect(refusal(() => parseTmuxConfig(text, "f")).message).toBe("f names no window");
  });
});
