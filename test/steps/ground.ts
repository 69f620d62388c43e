import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PassThrough } from "node:stream";
import { setClock } from "../../lib/doors/clock.ts";
import type { SignedEntry } from "../../lib/names/log.ts";
import type { Need, NeededFacts } from "../../lib/plan/facts.ts";
import type { Action, Plan, Step } from "../../lib/plan/plan.ts";
import type { OptionSet } from "../../lib/run/options.ts";
import { runScript, type Script } from "../../lib/run/script.ts";
import { addRemote, commitAll, git } from "../bed/git.ts";
import { type DockerProgram, dockerProgram } from "./docker_program.ts";
import { type OciServer, startOciServer } from "./oci_server.ts";
import { withOwnEnv } from "./own_env.ts";
import { type TestClock, testClock } from "./test_clock.ts";

export type Env = Readonly<Record<string, string | undefined>>;
/** How a workflow ended: exit code and what a person, or a machine, reads. */
export type Ended = { readonly code: number; readonly out: string; readonly err: string };
export type Workflow = Script<OptionSet>;

/** A repo, its remote and its registries, all on this machine and in this process. */
export type Ground = {
  readonly dir: string;
  readonly repo: string;
  /** Where the refs are that everybody sees: the bare remote, or the repo itself where it has none. */
  readonly shared: string;
  readonly commit: string;
  /** Called r1, r2, ... in every repo_config.yaml. */
  readonly registries: readonly OciServer[];
  /** What every run's environment has beside what it needs itself. */
  readonly env: Record<string, string | undefined>;
  /** Does it with a person at a terminal who answers one question after the other; otherwise nobody sits at one. */
  readonly person: <T>(answers: readonly string[], work: () => Promise<T>) => Promise<T>;
  /** It is 2025-01-03T10:00:00Z, and all time that goes by is by pauses. */
  readonly clock: TestClock;
  /** A runnable dir with an image of its own; gives its path. */
  readonly place: (image: string, more?: PlaceOptions) => Place;
  readonly docker: DockerProgram;
  readonly end: () => Promise<void>;
};
export type PlaceOptions = {
  /** Sections of repo_config.yaml beside name and registries. */
  readonly config?: string;
  readonly changelog?: string;
  /** What stands beside the address of each registry. */
  readonly kind?: string;
};
export type Place = {
  readonly dir: string;
  readonly image: string;
  /** Runs a workflow here, as if its name and these words were typed. */
  readonly run: <O extends OptionSet, S, N extends Need>(
    workflow: readonly [name: string, spec: Script<O, S, N>],
    ...argv: readonly string[]
  ) => Promise<Ended>;
  /** Runs a workflow called `try` that does just this. */
  readonly plan: (steps: Plan["steps"], ...argv: readonly string[]) => Promise<Ended>;
  /** What a workflow would know that needs this. */
  readonly look: (needs: readonly Need[], more?: Partial<Workflow>, ...argv: readonly string[]) => Promise<NeededFacts>;
  /** What a workflow's own question is answered. */
  readonly ask: <O extends OptionSet, S>(workflow: Asking<O, S>, ...argv: readonly string[]) => Promise<S>;
  readonly writeLog: (...entries: readonly SignedEntry[]) => void;
  readonly log: () => Promise<readonly SignedEntry[]>;
  readonly write: (path: string, text: string) => string;
  readonly read: (path: string) => string;
};

/** A workflow that only asks; `needs` are what its question needs itself. */
export type Asking<O extends OptionSet, S> = Pick<Script<O, S>, "options" | "needs" | "versionFromChangelog"> & {
  readonly look: NonNullable<Script<O, S>["look"]>;
};

/** Starts one; without Git it only looks like a repo. */
export async function startGround({ registries: count = 1, remote = false, inGit = true } = {}): Promise<Ground> {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "slipway-unit-")));
  const repo = join(dir, "repo");
  const docker = dockerProgram(dir);
  writeTo(join(repo, "README"), "A repo.\n");
  if (!inGit) mkdirSync(join(repo, ".git"));
  const [commit, ...registries] = await Promise.all([
    inGit ? commitAll(repo, "Start") : "",
    ...Array.from({ length: count }, () => startOciServer()),
  ]);
  const shared = remote ? await addRemote(repo) : repo;
  const env = machine({ home: join(dir, "home"), bin: docker.bin });
  const clock = testClock("2025-01-03T10:00:00Z");
  const at: At = { env, clock, answers: null };
  const ground: Ground = {
    ...{ dir, repo, shared, commit, registries, env, docker, clock },
    person: async (answers, work) => {
      try {
        at.answers = answers;
        return await work();
      } finally {
        at.answers = null;
      }
    },
    place: (image, more = {}) => makePlace(ground, at, { image, ...more }),
    end: async () => {
      await Promise.all(registries.map(({ stop }) => stop()));
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return ground;
}

const machine = ({ home, bin }: { readonly home: string; readonly bin: string }) => ({
  ...{ HOME: home, PATH: `${bin}:${process.env["PATH"]}`, TERM: "xterm", LC_ALL: "C" },
  ...{ GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" },
});

function makePlace(ground: Ground, at: At, options: PlaceOptions & { readonly image: string }): Place {
  const { image, config = "", changelog, kind = "kind: oci" } = options;
  const dir = join(ground.repo, image);
  const lines = ground.registries.map(({ address }, at) => `  r${at + 1}: {address: "${address}", ${kind}}\n`).join("");
  writeTo(
    join(dir, "repo_config.yaml"),
    `docker_info:\n  docker_image_name: ${image}\ncontainer_registry_info:\n${lines}${config}`,
  );
  writeTo(join(dir, "changelog.txt"), changelog ?? `# ${image}-1.0.0\n- 2025-01-02\n- The first\n`);
  const run = <O extends OptionSet, S, N extends Need>(name: string, spec: Script<O, S, N>, argv: readonly string[]) =>
    inProcess(dir, at, () => runScript(name, spec as unknown as Workflow, argv));
  const ref = `refs/slipway/log/${image}`;
  return {
    dir,
    image,
    run: ([name, spec], ...argv) => run(name, spec, argv),
    plan: (steps, ...argv) => run("try", { ...tried, steps: () => [...steps] }, argv),
    look: async (needs, more = {}, ...argv) => {
      const seen: NeededFacts[] = [];
      const steps = (facts: NeededFacts) => {
        seen.push(facts);
        return [];
      };
      const { err } = await run("try", { ...tried, ...more, needs, steps }, [...argv, "--dry-run"]);
      const [facts] = seen;
      if (facts) return facts;
      throw new Error(err);
    },
    ask: async <O extends OptionSet, S>({ look, ...asking }: Asking<O, S>, ...argv: readonly string[]) => {
      const seen: S[] = [];
      const keep: Asking<O, S>["look"] = async (facts, options) => {
        const answer = await look(facts, options);
        seen.push(answer);
        return answer;
      };
      const spec: Script<O, S> = { ...asking, about: "Try.", look: keep, steps: () => [] };
      const { err } = await run("try", spec, [...argv, "--dry-run"]);
      if (seen.length > 0) return seen[0] as S;
      throw new Error(err);
    },
    writeLog: (...entries) => appendTo(ground.shared, ref, entries),
    log: async () =>
      (await git(ground.shared, "for-each-ref", "--format=%(refname)", ref)) === ""
        ? []
        : (await git(ground.shared, "log", "--reverse", "--format=%B", ref))
            .split("\n")
            .filter((line) => line !== "")
            .map((line) => JSON.parse(line) as SignedEntry),
    write: (path, text) => writeTo(join(dir, path), text),
    read: (path) => readFileSync(join(dir, path), "utf8"),
  };
}

const tried: Workflow = { about: "Try.", options: {}, steps: () => [] };

/** A step of one action or more. */
export const doing = (id: string, ...actions: readonly Action[]): Step => ({
  ...{ id, title: `Do ${id}`, skip: null, do: actions },
});

/** Adds entries to a log as somebody else's Slipway would. */
function appendTo(repo: string, ref: string, entries: readonly SignedEntry[]): void {
  const texts = entries.map((entry) => JSON.stringify(entry));
  const commits = texts.map(
    (text) => `commit ${ref}\ncommitter Ann <ann@ci> 1735700000 +0000\ndata ${Buffer.byteLength(text)}\n${text}\n`,
  );
  const { status, stderr } = spawnSync("git", ["-C", repo, "fast-import", "--quiet"], { input: commits.join("") });
  if (status !== 0) throw new Error(String(stderr));
}

/** A repo as the place of a runnable dir at its top. */
export const topOf = (repo: string) => ({
  ...{ root: repo, dir: ".", owner: repo, gitDir: join(repo, ".git"), cwd: "." },
  ...{ gitMounts: [], gitPrograms: [] },
});

export function writeTo(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** How the machine is to a run. */
type At = { readonly env: Env; readonly clock: TestClock; answers: readonly string[] | null };

/** Does something in a folder with an environment of its own, and keeps what is written; all is as before afterwards. */
async function inProcess(folder: string, at: At, work: () => Promise<number>): Promise<Ended> {
  const { exitCode } = process;
  const cwd = process.cwd();
  const typed = [...(at.answers ?? [])];
  const stdin = Object.assign(new PassThrough(), { isTTY: at.answers !== null });
  const out = kept(process.stdout, stdin.isTTY, () => undefined);
  let isAnswered = false;
  const err = kept(process.stderr, stdin.isTTY, (text) => {
    // A question is shown again with each key, and the cursor when it is answered.
    if (text.includes("y/N") && !isAnswered) setImmediate(() => stdin.write(`${typed.shift() ?? "n"}\n`));
    // A question for a line ends with what Enter takes.
    if (/ \[[^\]\n]+\] $/.test(text)) setImmediate(() => stdin.write(`${typed.shift() ?? ""}\n`));
    isAnswered = text.includes("\u001b[?25h") ? false : isAnswered || text.includes("y/N");
  });
  const before = Object.getOwnPropertyDescriptor(process, "stdin") ?? {};
  Object.defineProperty(process, "stdin", { configurable: true, value: stdin });
  setClock(at.clock);
  process.chdir(folder);
  try {
    const code = await withOwnEnv(at.env, work);
    return { code, out: out.text(), err: err.text() };
  } finally {
    for (const { restore } of [out, err]) restore();
    setClock();
    Object.defineProperty(process, "stdin", before);
    process.exitCode = exitCode;
    process.chdir(cwd);
  }
}

function kept(stream: NodeJS.WriteStream, isTTY: boolean, onText: (text: string) => void) {
  const before = { write: stream.write, isTTY: stream.isTTY };
  const parts: string[] = [];
  const write = (part: string | Uint8Array) => {
    parts.push(String(part));
    onText(String(part));
    return true;
  };
  Object.assign(stream, { write, isTTY });
  return { text: () => parts.join(""), restore: () => void Object.assign(stream, before) };
}

/** What a workflow told with `--json`. */
export const told = <T = Told>({ out }: Ended): T => JSON.parse(out) as T;
export type Told = {
  readonly digest: string | null;
  readonly steps: readonly { readonly id: string; readonly state: string; readonly seconds: number }[];
  readonly result: unknown;
  readonly error: { readonly kind: string; readonly what: string; readonly why: string; readonly fix: string };
};

/** What a step came to; null where the workflow was refused before it began. */
export const stateIn = (ended: Ended, id: string): string | null =>
  told<Partial<Told>>(ended).steps?.find((step) => step.id === id)?.state ?? null;
/** What each step came to, by its id. */
export const states = (ended: Ended): Readonly<Record<string, string>> =>
  Object.fromEntries(told(ended).steps.map(({ id, state }) => [id, state]));
