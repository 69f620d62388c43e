import { capture } from "../doors/shell.ts";
import { UserError } from "../errors.ts";
import { kind } from "../plan/kind.ts";
import { quote } from "../plan/render_plan.ts";
import type { World } from "../run/world.ts";
import { visible } from "../text/visible.ts";

/** A session of tmux with its windows, in each of which a line was typed. */
export type StartSession = {
  readonly kind: "start_session";
  readonly name: string;
  readonly windows: readonly { readonly name: string; readonly dir: string }[];
  /** Words of `set-option`. */
  readonly options: readonly (readonly string[])[];
  readonly shell: string;
  readonly line: string;
  /** The session of this name ends when this one is ready. */
  readonly restart: boolean;
  /** Whoever starts it is in tmux. */
  readonly inside: boolean;
};
type Words = readonly (readonly string[])[];

export const startSession = kind<StartSession>("start_session", {
  lines: (action) => {
    const ids = action.windows.map((_, index) => `WINDOW_${index + 1}`);
    return [create(action), ready(action, "SESSION", ids)].map((words) =>
      ["tmux", ...chain(words)].map(quote).join(" "),
    );
  },
  run: async (action, world) => {
    // A run that was killed may have left half of one, which nobody was shown.
    await tmux(world, [["kill-session", "-t", `=${unready(action)}`]]);
    const said = await must(world, create(action));
    const [session = "", first = "", ...others] = said.trim().split(/\s+/);
    await must(world, ready(action, session, [first, ...others]));
    return "done";
  },
});

const unready = ({ name }: StartSession): string => `${name}_starting`;

/**
 * Windows are known by the ids that tmux gives them: a name may hold what separates the parts of a target, and another window
 * may have it. The session has another name until it is ready, so that a run that is killed leaves none that counts as started.
 */
export function create(action: StartSession): Words {
  const made = unready(action);
  const how = (window: StartSession["windows"][number]) => [
    ...["-n", window.name.replaceAll("#", "_"), "-c", window.dir.replaceAll("#", "##"), action.shell, "-l"],
  ];
  return action.windows.map((window, index) =>
    index === 0
      ? ["new-session", "-d", "-P", "-F", "#{session_id} #{window_id}", "-s", made, ...how(window)]
      : ["new-window", "-d", "-P", "-F", "#{window_id}", "-t", `=${made}:`, ...how(window)],
  );
}

/** One call for all, which the server of tmux runs as a whole. The blank keeps a line out of the history of shells that are told so. */
export function ready(action: StartSession, session: string, windows: readonly string[]): Words {
  const { name, options, line, restart, inside } = action;
  return [
    ...options.map((words) => ["set-option", "-t", session, ...words]),
    ...windows.map((window) => ["send-keys", "-t", window, ` ${line}`, "Enter"]),
    ...(restart && inside ? [["switch-client", "-t", session]] : []),
    ...(restart ? [["kill-session", "-t", `=${name}`]] : []),
    ["rename-session", "-t", session, name],
  ];
}

/** Several commands for one call of tmux; a word that ends in `;` would separate them too. */
const chain = (commands: Words): readonly string[] =>
  commands.flatMap((words, index) => [
    ...(index === 0 ? [] : [";"]),
    ...words.map((word) => word.replace(/;$/, "\\;")),
  ]);

const tmux = (world: World, commands: Words) =>
  capture(["tmux", ...chain(commands)], { cwd: world.facts.place.root, env: world.facts.env });

async function must(world: World, commands: Words): Promise<string> {
  const { code, stdout, stderr } = await tmux(world, commands);
  if (code === 0) return stdout;
  throw new UserError(`tmux ended with ${code}`, {
    why: visible(stderr.trim()) || "It gave no reason.",
    fix: "Fix the cause and run the same command again; what it left half made is removed",
    exitCode: code,
    kind: "command",
  });
}
