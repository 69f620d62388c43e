import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must, until } from "../../thin_client/engine/command.ts";
import type { Point } from "./crash_points.ts";
import { needs } from "./parts.ts";
import type { TrapProxy } from "./trap_proxy.ts";
import { type Done, workflow, workflowsIn } from "./workflow.ts";

/** How a run is ended: the process alone, so that its children live on, or its whole process group. */
export type Kill = { readonly signal: "KILL" | "INT" | "TERM"; readonly whom: "alone" | "group" };
export const killName = ({ signal, whom }: Kill): string => `${signal} ${whom}`;

/** Sends the signal once, or holds the call, at the n-th call that fits, and says so. The trap is in the environment. */
const trap = `
fits() { case "$1" in *"$CRASH_WORDS"*) ;; *) return 1 ;; esac
  n=1; until mkdir "$CRASH_DIR/seen.$n" 2>/dev/null; do n=$((n + 1)); done
  [ "$n" = "$CRASH_NTH" ]; }
spring() { : > "$CRASH_DIR/hit"
  [ "$CRASH_SIGNAL" = HOLD ] || { kill "-$CRASH_SIGNAL" "$CRASH_SIGN$(cat "$CRASH_DIR/pid")"; return; }
  until [ -e "$CRASH_DIR/go" ]; do sleep 0.02; done; }
`;

/** Begins a program's line: however fast it is, it does not end within the second that follows on its last deed. */
const heldAtItsEnd = [
  "strace -I 4 -f -qq -o /dev/null --seccomp-bpf",
  "-e trace=exit_group -e inject=exit_group:delay_enter=1000000",
].join(" ");

/** A program that gets none of the caller's variables finds the trap beside the programs on PATH, which it has. */
const untold = `[ -n "$CRASH_BY" ] || { beside=\${PATH#*:}; beside=\${beside%%:*}; [ ! -r "$beside/trap" ] || . "$beside/trap"; }`;

const shim = (name: string, real: string) => `#!/bin/sh
${untold}
[ "$CRASH_BY" = ${name} ] || exec '${real}' "$@"
${trap}
fits " $* " || exec '${real}' "$@"
case $CRASH_WHEN in
before) spring; [ "$CRASH_SIGNAL" != KILL ] || exit 1; exec '${real}' "$@" ;;
inside) ${heldAtItsEnd} '${real}' "$@" & real=$!; sleep "$CRASH_DELAY"; read -r _ _ state _ < "/proc/$real/stat"
  [ "$state" != Z ] || : > "$CRASH_DIR/late"
  spring; wait "$real" ;;
after) '${real}' "$@"; code=$?; spring; exit $code ;;
esac
`;

/** What is taken away whatever it was, as a tag that was only tried, is no change to wait for. Git calls it with every change of refs; \`prepared\` means: locked, and not changed yet (githooks, "reference-transaction"). */
const hook = `#!/bin/sh
[ "$CRASH_BY" = ref ] && [ "$1" = prepared ] || exit 0
${trap}
fits "$(grep -v "^0* 0* ")
" && spring
exit 0
`;

/** Programs of a test's own in front of docker and git; without a trap in the environment they only pass on. */
export async function makeShims(dir: string): Promise<string> {
  await needs("strace");
  const bin = join(dir, "shims");
  mkdirSync(bin);
  for (const name of ["docker", "git"]) {
    const real = (await must(["sh", "-c", `command -v ${name}`])).trim();
    program(join(bin, name), shim(name, real));
  }
  return bin;
}

/**
 * Lets a trap of refs see the changes of a repo and of its remote; each of them starts the hook three times. It is the user's
 * own: the repo would have to be allowed one.
 */
function watchRefs({ point }: Trapped, dir: string): Readonly<Record<string, string>> {
  if (point.watch.by !== "ref") return {};
  const [hooks, config] = [join(dir, "hooks"), join(dir, "gitconfig")];
  mkdirSync(hooks);
  program(join(hooks, "reference-transaction"), hook);
  writeFileSync(config, `[core]\n  hooksPath = ${hooks}\n`);
  return { GIT_CONFIG_GLOBAL: config };
}

function program(file: string, text: string): void {
  writeFileSync(file, text);
  chmodSync(file, 0o755);
}

/** A run in which a trap is set. */
export type Trapped = {
  readonly repo: string;
  readonly image: string;
  readonly bin: string;
  readonly proxies: Readonly<Record<string, TrapProxy>>;
  readonly point: Point;
  readonly env?: Readonly<Record<string, string | undefined>>;
};
export type Crash = Trapped & { readonly kill: Kill };
export type Ended = {
  readonly hit: boolean;
  /** The program inside which it was to be ended had ended before. */
  readonly late: boolean;
  readonly code: number | null;
  readonly signal: string | null;
};

/** Runs a workflow until the point is reached, where it is ended; tells how it ended. */
export async function crash(set: Crash, name: string, ...words: readonly string[]): Promise<Ended> {
  const dir = mkdtempSync(join(set.repo, ".git", "crash-"));
  const sign = set.kill.whom === "group" ? "-" : "";
  const spring = () => {
    writeFileSync(join(dir, "hit"), "");
    process.kill(Number(`${sign}${readFileSync(join(dir, "pid"), "utf8")}`), `SIG${set.kill.signal}`);
  };
  const { watch, when } = set.point;
  if (watch.by === "request") set.proxies[watch.registry]?.set(set.image, { ...watch, when, spring });
  const line = workflow("bun", name, ...words);
  const traced = watch.by === "rename" ? [...atRename(watch.nth, join(dir, "trace")), ...line] : line;
  const argv = ["sh", "-c", 'echo $$ > "$CRASH_DIR/pid"; exec "$@"', "sh", ...traced];
  const [start = "", ...rest] = argv;
  const own = { ...trapEnv(set, dir), ...watchRefs(set, dir), CRASH_SIGNAL: set.kill.signal, CRASH_SIGN: sign };
  const env = { ...process.env, ...set.env, ...own, VITEST: undefined, CI: undefined };
  writeFileSync(join(dir, "trap"), variablesOf(own));
  const child = spawn(start, rest, { cwd: set.repo, env, detached: true, stdio: "ignore" });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.once("exit", (...how) => resolve(how)),
  );
  const hit = watch.by === "rename" ? wasRenaming(join(dir, "trace"), watch.path) : existsSync(join(dir, "hit"));
  return { hit, late: existsSync(join(dir, "late")), code, signal };
}

/** Ends a program before its n-th file takes another's place: what was written lies beside it. */
const atRename = (nth: number, trace: string): readonly string[] => [
  ...["strace", "-f", "-qq", "-o", trace, "-e", "trace=rename,renameat,renameat2"],
  ...["-e", `inject=rename,renameat,renameat2:signal=KILL:when=${nth}`],
];

/** Whether the last thing that a traced program began, and did not end, was to put this file in its place. */
function wasRenaming(trace: string, path: string): boolean {
  const last = readFileSync(trace, "utf8")
    .split("\n")
    .findLast((line) => / rename\w*\(/.test(line));
  return last?.includes(`/${path}"`) === true && /(= \?|<unfinished \.\.\.>)$/.test(last.trimEnd());
}

/** A run that is held at a point until it is let go: what happens meanwhile happens right there. */
export type Held = { readonly letGo: () => void; readonly ended: Promise<Done> };

/** Starts a workflow and waits until it is held at the point; throws where it ends before. */
export async function holdAt(set: Trapped, name: string, ...words: readonly string[]): Promise<Held> {
  const dir = mkdtempSync(join(set.repo, ".git", "hold-"));
  const [hit, go] = [join(dir, "hit"), join(dir, "go")];
  const { watch, when } = set.point;
  const spring = async () => {
    writeFileSync(hit, "");
    await until(() => existsSync(go), 600_000);
  };
  if (watch.by === "request") set.proxies[watch.registry]?.set(set.image, { ...watch, when, spring });
  const env = { ...process.env, ...set.env, ...trapEnv(set, dir), CRASH_SIGNAL: "HOLD" };
  let over = false;
  const ended = workflowsIn(set.repo, { env })(name, ...words).finally(() => {
    over = true;
  });
  await until(() => over || existsSync(hit), 600_000);
  if (!existsSync(hit)) throw new Error(`${when} ${set.point.name} was not reached: ${(await ended).stderr}`);
  return { letGo: () => writeFileSync(go, ""), ended };
}

function trapEnv({ bin, point }: Trapped, dir: string): Readonly<Record<string, string>> {
  const { watch, when } = point;
  const words = "words" in watch ? watch.words : "";
  return {
    PATH: `${bin}:${dir}:${process.env["PATH"]}`,
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_SYSTEM: "/dev/null",
    CRASH_DIR: dir,
    CRASH_BY: watch.by,
    CRASH_WORDS: words,
    CRASH_NTH: String(watch.nth),
    CRASH_WHEN: when,
    // A name is set or taken away in a blink; builds, tests and pushes take longer.
    CRASH_DELAY: /docker (tag|image)$/.test(point.name) ? "0.02" : point.name.endsWith("docker pull") ? "0.1" : "0.4",
  };
}

/** The trap of an environment as a file that a shell reads. */
const variablesOf = (env: Readonly<Record<string, string>>): string =>
  Object.entries(env)
    .filter(([name]) => name.startsWith("CRASH_"))
    .map(([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'\n`)
    .join("");

/** Runs jobs so many at a time, in their order; gives their results in that order. */
export async function sideBySide<T, R>(jobs: readonly T[], width: number, work: (job: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = jobs.entries();
  const worker = async () => {
    for (const [index, job] of queue) results[index] = await work(job);
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}

/** A table for people, its columns as wide as their longest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
