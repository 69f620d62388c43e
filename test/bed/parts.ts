import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import { hasOwnEngine, privateEngineEnv } from "../../lib/doors/engine.ts";
import {
  baseImage,
  ensureMade,
  ensureMadeArchive,
  type MadeImage,
  pythonImage,
} from "../../thin_client/engine/base.ts";
import { type Layout, layout } from "../../thin_client/engine/layout.ts";
import { engineDown, engineUp } from "../../thin_client/engine/lifecycle.ts";
import { registerArm } from "../../thin_client/engine/multi_arch.ts";
import { ensurePrograms, installPackages } from "../../thin_client/engine/packages.ts";
import { startRegistries } from "../../thin_client/engine/registries.ts";
import { ensureMoto } from "./moto.ts";
import { ensurePostgres, ensurePostgresArchive } from "./postgres.ts";
import { ensureThinEnv } from "./quickstart.ts";
import { ensureTiny, ensureTinyArchive } from "./tiny.ts";

/** Programs of the machine that tests call, and the Debian packages that have them. */
const packages = {
  skopeo: "skopeo",
  tmux: "tmux",
  zsh: "zsh",
  fish: "fish",
  invoke: "python3-invoke",
  perl: "perl-base",
  ip: "iproute2",
  ps: "procps",
  unshare: "util-linux",
  strace: "strace",
  chromium: "chromium",
  tinyproxy: "tinyproxy-bin",
  openssl: "openssl",
  curl: "curl",
  gh: "gh",
} as const;
type Program = keyof typeof packages;

/** What makes a part: the engine's folders and environment, and the parts that it stands on. */
type Bed = {
  readonly at: Layout;
  readonly env: NodeJS.ProcessEnv;
  readonly holder: number;
  readonly say: (line: string) => void;
  readonly part: (name: Part) => Promise<void>;
};

async function bringMade({ at, env, say, part }: Bed, name: MadeImage): Promise<void> {
  await Promise.all([part("engine"), ensureMadeArchive(at, name, say)]);
  await ensureMade(at, env, name, say);
}

/** Every part, with what brings it. One that is there already costs nothing. */
const makers = {
  /** The docker client and the registry's program. */
  clients: ({ at, say }) => ensurePrograms(at, say),
  engine: async ({ env, holder, say, part }) => {
    await part("clients");
    await engineUp({ env, holder, say });
  },
  /** The three that all tests share, on 127.0.0.1 to 127.0.0.3. */
  registries: async ({ at, env, say, part }) => {
    await part("clients");
    await startRegistries(at, env, say);
  },
  emulation: ({ at, say }) => registerArm(at, say),
  /** Debian with nothing but its package manager. */
  base: (bed) => bringMade(bed, baseImage),
  /** 2 MB with a shell, for this machine's architecture and, where their packages can be read, for the others. */
  tiny: async ({ at, env, part }) => {
    await Promise.all([part("engine"), ensureTinyArchive(at)]);
    await ensureTiny(at, env);
  },
  /** The tiny image for other architectures too. */
  foreign: async ({ at, part }) => {
    await part("tiny");
    const { foreign } = await ensureTinyArchive(at);
    if (foreign !== null) throw foreign;
  },
  /** The same with Python, pytest and poetry. */
  python: (bed) => bringMade(bed, pythonImage),
  /** The shared thin env of the last commit. */
  thin_env: ({ at }) => ensureThinEnv(at),
  /** A database server. */
  postgres: async ({ at, env, part }) => {
    await Promise.all([part("engine"), ensurePostgresArchive(at)]);
    await ensurePostgres(at, env);
  },
  moto: async ({ at }) => void (await ensureMoto(at)),
  /** A library of Debian's Python, which /usr/bin/python3 imports. */
  /** What builds wheels and sdists: `/usr/bin/python3 -m build --no-isolation`. */
  python_build: ({ at }) => installPackages(at, ["python3-build", "python3-setuptools", "python3-wheel"]),
  setuptools_scm: ({ at }) => installPackages(at, ["python3-setuptools-scm"]),
} as const satisfies Readonly<Record<string, (bed: Bed) => Promise<void>>>;

export type Part = keyof typeof makers | Program;
const isProgram = (name: string): name is Program => name in packages;

const has = (program: string): boolean =>
  (process.env["PATH"] ?? "").split(delimiter).some((folder) => folder !== "" && existsSync(join(folder, program)));

async function bringProgram({ at }: Bed, name: Program): Promise<void> {
  if (!has(name)) await installPackages(at, [packages[name]]);
  if (!has(name)) throw new Error(`the package ${packages[name]} was installed, and ${name} is still not there`);
}

/** A bed that comes up part by part, as it is asked for, over HTTP from whichever process runs a test. */
export type RunningBed = {
  /** What programs need to reach the engine, and tests the bed. */
  readonly env: Readonly<Record<string, string>>;
  /** Asks for parts before anybody needs them; what fails is told to who does. */
  readonly prefetch: (...names: readonly Part[]) => void;
  /** Waits for what is on its way and stops everything. */
  readonly end: () => Promise<void>;
};

/** Milliseconds after which who asks for a part is told to ask again; fetch gives up on its own later. */
const longestAnswer = 60_000;

/** Starts an empty bed; `holder` is the process that counts as the engine's user. */
export async function startBed(holder: number): Promise<RunningBed> {
  const engine = hasOwnEngine(process.env) ? {} : privateEngineEnv(process.env);
  const parts = new Map<Part, Promise<void>>();
  const bed: Bed = {
    at: layout(process.env),
    env: { ...process.env, ...engine },
    holder,
    say: (line) => void process.stderr.write(`bed: ${line}\n`),
    part: (name) => {
      const known = parts.get(name);
      if (known) return known;
      const made = isProgram(name) ? bringProgram(bed, name) : makers[name](bed);
      parts.set(name, made);
      made.catch((error: unknown) => bed.say(`no ${name}: ${reason(error)}`));
      return made;
    },
  };
  const server = createServer((asked, answer) => {
    const name = (asked.url ?? "").slice(1) as Part;
    const sent = (status: number, text: string) => {
      clearTimeout(late);
      if (!answer.headersSent) answer.writeHead(status).end(text);
    };
    const late = setTimeout(() => sent(202, ""), longestAnswer);
    bed.part(name).then(
      () => sent(200, ""),
      (error: unknown) => sent(500, reason(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return {
    env: { ...engine, SLIPWAY_BED: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    prefetch: (...names) => void names.map((name) => bed.part(name)),
    end: async () => {
      await Promise.allSettled(parts.values());
      server.closeAllConnections();
      server.close();
      await engineDown({ holder });
    },
  };
}

/** The last line of a program that failed is its reason; the lines before it are in the engine's logs. */
const reason = (error: unknown): string => {
  const why = error instanceof Error && "why" in error ? ` (${String(error.why).split("\n").at(-1)?.trim()})` : "";
  return `${error instanceof Error ? error.message : String(error)}${why}`;
};

const known = new Map<Part, Promise<void>>();

/** Waits until these parts of the bed are there; throws naming the first that cannot come up, and why. */
export async function needs(...names: readonly Part[]): Promise<void> {
  await Promise.all(
    names.map((name) => {
      const asked = known.get(name) ?? ask(name);
      known.set(name, asked);
      return asked;
    }),
  );
}

async function ask(name: Part): Promise<void> {
  const bed = process.env["SLIPWAY_BED"];
  if (bed === undefined) throw new Error(`nobody has started the bed that "${name}" is a part of`);
  let answer = await fetch(`${bed}/${name}`);
  while (answer.status === 202) answer = await fetch(`${bed}/${name}`);
  if (answer.status !== 200) throw new Error(`the bed has no ${name}: ${await answer.text()}`);
}
