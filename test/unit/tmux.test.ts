import { describe, expect, it } from "vitest";
import { parseTmuxConfig } from "../../lib/formats/tmux_config.ts";
import { create, ready, startSession } from "../../lib/machine/start_session.ts";
import { sessionName, type TmuxFacts, tmuxSession } from "../../lib/machine/tmux.ts";
import { renderAction } from "../../lib/plan/render_plan.ts";
import { refusal } from "./factory.ts";

const facts = (more: Partial<TmuxFacts> = {}): TmuxFacts => ({
  suffix: "cmamp",
  clone: { state: "this", path: "/src/cmamp" },
  config: { windows: ["main", "dbash"], options: [["mouse", "on"]] },
  folders: [{ name: "", dir: "/src/cmamp" }],
  setenv: "/src/cmamp/slip way/thin_client/setenv.sh",
  shell: "/bin/bash",
  sessions: ["cmamp2"],
  inside: false,
  terminal: true,
  link: { path: "/home/gp/go_cmamp", target: "/src/cmamp/thin_client/tmux/go", state: "absent" },
  ...more,
});
const none = { index: "1", forceRestart: false, createGlobalLink: false };

/** The commands of the two calls of tmux. */
function commands(more: Partial<TmuxFacts> = {}, options = none): string[] {
  const action = tmuxSession(facts(more), options)[0]?.do[0];
  if (!action || !startSession.is(action)) throw new Error("no session");
  const ids = action.windows.map((_, index) => `@${index + 4}`);
  return [...create(action), ...ready(action, "$3", ids)].map((words) => words.join(" "));
}

describe("tmuxSession", () => {
  it("aims every command at its window or session by id, and gives the session its name when it is ready", () => {
    const [first, second, ...others] = commands();
    const format = "#{session_id} #{window_id}";
    expect(first).toBe(`new-session -d -P -F ${format} -s cmamp1_starting -n main -c /src/cmamp /bin/bash -l`);
    expect(second).toContain("new-window -d -P -F #{window_id} -t =cmamp1_starting: -n dbash ");
    for (const line of others) expect(line).toMatch(/ -t (\$3|@[45])( |$)/);
    expect(others.at(-1)).toBe("rename-session -t $3 cmamp1");
  });

  it("activates the thin env in every window", () => {
    const quoted = " . '/src/cmamp/slip way/thin_client/setenv.sh' Enter";
    expect(commands().slice(-3, -1)).toEqual([`send-keys -t @4 ${quoted}`, `send-keys -t @5 ${quoted}`]);
  });

  it("gives runnable submodules windows of their own", () => {
    const folders = [...facts().folders, { name: "amp/helpers", dir: "/src/cmamp/amp/helpers" }];
    const line = "-t =cmamp1_starting: -n amp/helpers/dbash -c /src/cmamp/amp/helpers /bin/bash -l";
    expect(commands({ folders }).some((words) => words.endsWith(line))).toBe(true);
  });

  it("gives tmux no format in a name or a dir, which could run a command", () => {
    const odd = commands({ suffix: "c#(a)", folders: [{ name: "x#(b)", dir: "/src/x#(b)" }] });
    expect(odd[0]).toContain(" -s c_(a)1_starting -n x_(b)/main -c /src/x##(b) /bin/bash -l");
  });

  it("escapes a word that would end a command of tmux", () => {
    const [start] = tmuxSession(facts({ folders: [{ name: "", dir: "/src/odd;" }] }), none);
    expect(start?.do.flatMap((action) => renderAction(action)).join("\n")).toContain("-c '/src/odd\\;' ");
  });

  it("starts nothing where the session is", () => {
    const [start, show] = tmuxSession(facts(), { ...none, index: "2" });
    expect(start?.skip).toBe("cmamp2 is there");
    expect(show).toMatchObject({ skip: null, do: [{ argv: ["tmux", "attach-session", "-t", "=cmamp2"] }] });
  });

  it("switches the client from inside tmux, and attaches nothing without a terminal", () => {
    expect(tmuxSession(facts({ inside: true }), none)[1]).toMatchObject({ do: [{ argv: ["tmux", "switch-client", "-t", "=cmamp1"] }] }); // biome-ignore format: one line
    expect(tmuxSession(facts({ terminal: false }), none)[1]?.skip).toContain("no terminal");
  });

  it("ends on --force-restart that session only, when the new one stands and shows", () => {
    const restart = { ...none, index: "2", forceRestart: true };
    const end = ["kill-session -t =cmamp2", "rename-session -t $3 cmamp2"];
    expect(commands({}, restart).slice(-2)).toEqual(end);
    expect(commands({ inside: true }, restart).slice(-3)).toEqual(["switch-client -t $3", ...end]);
    expect(commands({}, { ...restart, index: "3" }).filter((line) => line.startsWith("kill"))).toEqual([]);
  });

  it("makes the global link, and never in the place of a directory", () => {
    const options = { ...none, createGlobalLink: true };
    const link = facts().link;
    expect(tmuxSession(facts(), options)).toMatchObject([{ do: [{ argv: ["ln", "-sfn", link.target, link.path] }] }]);
    expect(tmuxSession(facts({ link: { ...link, state: "ours" } }), options)[0]?.skip).toBe("it is there");
    for (const state of ["dir", "outside"] as const)
      expect(() => tmuxSession(facts({ link: { ...link, state } }), options)).toThrow(
        /is (a directory|not in this repo)/,
      );
  });
});

describe("sessionName", () => {
  it("has nothing that separates the parts of a target", () => {
    expect(sessionName("a.b:c", "1")).toBe("a_b_c1");
    expect([sessionName("new1", "1"), sessionName("new", "11")]).toEqual(["new1_1", "new11"]);
  });

  it("refuses a missing index", () => {
    expect(() => sessionName("cmamp", undefined)).toThrow("--index is missing");
  });
});

describe("parseTmuxConfig", () => {
  it("reads windows and options", () => {
    const text = "# note\n\nnew-window -n main\nset-option status-left '[#S] '\n";
    expect(parseTmuxConfig(text, "f")).toEqual({ windows: ["main"], options: [["status-left", "[#S] "]] });
  });

  it.each([
    ["kill-server", 'f:2 "kill-server"'],
    ["set-option -g mouse on", 'f:2 "set-option -g mouse on"'],
    ["new-window -n main", 'f:2 "new-window -n main"'],
    ["new-window -n a:b", "f:2"],
  ])("refuses %s, which could reach other sessions or is no name", (line, what) => {
    expect(() => parseTmuxConfig(`new-window -n main\n${line}`, "f")).toThrow(what);
  });

  it("refuses a file that names no window", () => {
    expect(() => parseTmuxConfig("# nothing\n", "f")).toThrow("f names no window");
  });
});

describe("the steps of a session", () => {
  const plan = (more: Partial<TmuxFacts> = {}, options: Partial<typeof none> = {}) =>
    tmuxSession(facts(more), { ...none, ...options }).map(({ id, title, skip }) => [id, title, skip]);
  const restart = { index: "2", forceRestart: true };

  it.each<[string, Partial<TmuxFacts>, Partial<typeof none>, readonly (readonly (string | null)[])[]]>([
    [
      "start and attach",
      {},
      {},
      [
        ["start_session", "Start session cmamp1 with 2 windows", null],
        ["show_session", "Attach to session cmamp1", null],
      ],
    ],
    [
      "start and switch to it from inside tmux",
      { inside: true },
      {},
      [
        ["start_session", "Start session cmamp1 with 2 windows", null],
        ["show_session", "Switch to session cmamp1", null],
      ],
    ],
    [
      "restart and attach",
      {},
      restart,
      [
        ["start_session", "Restart session cmamp2 with 2 windows", null],
        ["show_session", "Attach to session cmamp2", null],
      ],
    ],
    [
      "start nothing anew where there is no session to restart",
      {},
      { forceRestart: true },
      [
        ["start_session", "Start session cmamp1 with 2 windows", null],
        ["show_session", "Attach to session cmamp1", null],
      ],
    ],
    [
      "attach nothing without a terminal, and tell the line",
      { terminal: false },
      {},
      [
        ["start_session", "Start session cmamp1 with 2 windows", null],
        ["show_session", "Attach to session cmamp1", "no terminal here; tmux attach-session -t =cmamp1"],
      ],
    ],
    [
      "count the windows of every folder",
      { folders: [...facts().folders, { name: "amp", dir: "/src/cmamp/amp" }] },
      {},
      [
        ["start_session", "Start session cmamp1 with 4 windows", null],
        ["show_session", "Attach to session cmamp1", null],
      ],
    ],
  ])("%s", (_what, more, options, wanted) => {
    expect(plan(more, options)).toEqual(wanted);
  });

  it("set the options of the config, and talk to the person where it is shown", () => {
    expect(commands()).toContain("set-option -t $3 mouse on");
    expect(tmuxSession(facts(), none)[1]?.do).toMatchObject([{ interactive: true }]);
  });

  it("leave a session that is restarted from outside to those who are in it", () => {
    expect(commands({}, { ...none, ...restart }).filter((line) => line.startsWith("switch-client"))).toEqual([]);
    expect(commands({ inside: true }).filter((line) => line.startsWith("switch-client"))).toEqual([]);
  });

  it("escape only a word that ends with what separates commands", () => {
    const [start] = tmuxSession(facts({ folders: [{ name: "", dir: "/a;b" }] }), none);
    expect(start?.do.flatMap((action) => renderAction(action)).join("\n")).toContain("-c '/a;b' ");
  });

  it.each<[TmuxFacts["clone"]["state"], string]>([
    ["sibling", " in /home/gp/src/cmamp1"],
    ["absent", " in this clone; /home/gp/src/cmamp1 is not there"],
    ["other", " in this clone; /home/gp/src/cmamp1 is no clone of this repo"],
  ])("tell whose clone it is where the one that the index names is %s", (state, words) => {
    const [start] = plan({ clone: { state, path: "/home/gp/src/cmamp1" } });
    expect(start?.[1]).toBe(`Start session cmamp1 with 2 windows${words}`);
  });

  it("are refused in a clone without a thin client, unless they run already", () => {
    const without = { setenv: null, clone: { state: "sibling", path: "/src/c 1" } } as const;
    expect(refusal(() => tmuxSession(facts(without), none))).toMatchObject({
      message: '"/src/c 1" has no thin client',
      fix: "Fetch and build it there: git -C '/src/c 1' submodule update --init, and thin_client/build",
    });
    expect(plan(without, { index: "2" })[0]).toEqual(["start_session", "Start session cmamp2", "cmamp2 is there"]);
  });

  it("cannot be made of no window", () => {
    const empty = { config: { windows: [], options: [] } };
    expect(() => tmuxSession(facts(empty), none)).toThrow("no folder and no window to make a session of");
  });

  it("are refused without an index", () => {
    expect(refusal(() => tmuxSession(facts(), { ...none, index: undefined }))).toMatchObject({
      message: "--index is missing",
      why: "A session is named by the repo's dir_suffix and an index, so that several clones have one each.",
      fix: "i tmux --index 1",
      kind: "usage",
    });
  });
});

describe("the global link", () => {
  const make = (state: TmuxFacts["link"]["state"]) => () =>
    tmuxSession(facts({ link: { path: "/home/gp/my go", target: "/src/go", state } }), {
      ...none,
      createGlobalLink: true,
    });

  it.each<[TmuxFacts["link"]["state"], string | null]>([
    ["absent", null],
    ["other", null],
    ["ours", "it is there"],
  ])("where it is %s has the reason %s to make none", (state, skip) => {
    expect(make(state)().map((step) => [step.id, step.title, step.skip])).toEqual([
      ["create_global_link", "Link /home/gp/my go to this repo's tmux sessions", skip],
    ]);
  });

  it("is refused in the place of a directory, and to another repo", () => {
    expect(refusal(make("dir"))).toMatchObject({
      message: "/home/gp/my go is a directory",
      why: "The link would take its place, and a directory is not deleted for it.",
      fix: "Move it away: mv '/home/gp/my go' '/home/gp/my go.old'",
    });
    expect(refusal(make("outside"))).toMatchObject({
      message: "/src/go is not in this repo",
      why: "The link finds the repo from where Slipway lies, and this Slipway serves several repos from outside.",
      fix: "Go into the repo, then: i tmux --index 1",
    });
  });
});
