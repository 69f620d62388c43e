import { UserError } from "../../lib/errors.ts";
import type { Facts } from "../../lib/plan/facts.ts";
import { type Group, group, type Step, step } from "../../lib/plan/plan.ts";
import { flag, oneOf, text } from "../../lib/run/options.ts";
import { kebab } from "../../lib/run/parse_options.ts";
import {
  allowEmulation,
  holdEngine,
  installHostPackages,
  loadImage,
  makeImage,
  removeEngine,
  reportEngine,
  reportStopped,
  startEngine,
  startLoopbackRegistries,
  stopEngine,
  unpackEngine,
} from "./actions.ts";
import { baseImage, type MadeImage, madeArchive, packagesOf, pythonImage } from "./base.ts";
import { daemonAnswers } from "./daemon.ts";
import type { Layout } from "./layout.ts";
import { assertMayStart, enginePlace, hostPackages, ownEngineAnswers, purgedFolders } from "./lifecycle.ts";
import { enginePackages, programsFolder } from "./packages.ts";
import { loopbackRegistries } from "./registries.ts";

const commands = ["up", "down", "status"] as const;

function parseHolder(value: string): number {
  if (/^[1-9]\d*$/.test(value)) return Number(value);
  throw new UserError(`--holder "${value}" is no process id`, {
    why: "It is a whole number.",
    fix: "Use that of your shell: --holder $$",
    kind: "usage",
  });
}

const typed = { onlyTyped: true } as const;

export const engineOptions = {
  command: text<readonly (typeof commands)[number][]>(
    "COMMAND",
    "Start what is missing (up), stop everything (down), or show what runs (status, the default).",
    { ...typed, takes: "list", positional: true, fallback: [], parse: (value) => [oneOf("i engine", value, commands)] },
  ),
  registries: flag("Start three registries too, on 127.0.0.1:5000, 127.0.0.2:5000 and 127.0.0.3:5000.", typed),
  base: flag(`Make the image ${baseImage} too: Debian with nothing but its package manager.`, typed),
  python: flag(`Make the image ${pythonImage} too: the same with what the template's image installs by apt.`, typed),
  multiArch: flag("Run and build arm64 too, by emulation.", typed),
  force: flag("Stop it although others use it.", typed),
  purge: flag("Remove downloads, images and the build cache too when it stops.", typed),
  holder: text<number>("PID", "Who uses the engine (default: the session of this terminal).", {
    ...typed,
    parse: parseHolder,
  }),
} as const;

/** What is typed after `i engine`. */
type EngineOptions = {
  readonly command: readonly (typeof commands)[number][];
  readonly registries: boolean;
  readonly base: boolean;
  readonly python: boolean;
  readonly multiArch: boolean;
  readonly force: boolean;
  readonly purge: boolean;
  readonly holder: number | undefined;
};

/** Which engine is meant, and who uses it. */
export type EngineLook = {
  readonly at: Layout;
  /** The user's own engine answers. */
  readonly own: boolean;
  /** No engine answers, and the private one may be started. */
  readonly starts: boolean;
  /** Null for the session of the terminal. */
  readonly holder: number | null;
};

/** Looks which engine answers; refuses a machine that could have none. */
export async function lookAtEngine(
  { env: all }: Pick<Facts, "env">,
  holder: number | null = null,
): Promise<EngineLook> {
  const place = enginePlace(all);
  const own = await ownEngineAnswers(place.env);
  const starts = !own && !(await daemonAnswers(place.at));
  if (starts) assertMayStart(place);
  return { at: place.at, own, starts, holder };
}

/** The same where an engine is only stopped or shown, whoever answers. */
const lookAtFolder = ({ env }: Pick<Facts, "env">, holder: number | null = null): EngineLook => ({
  at: enginePlace(env).at,
  own: false,
  starts: false,
  holder,
});

/** What `i engine` looks at. */
export const lookFor = async (facts: Pick<Facts, "env">, options: EngineOptions): Promise<EngineLook> =>
  commandOf(options) === "up" ? lookAtEngine(facts, options.holder) : lookAtFolder(facts, options.holder);

/** Which command an option is of: beside another one it would be passed over. */
const of = {
  ...({ registries: "up", base: "up", python: "up", multiArch: "up" } as const),
  ...({ force: "down", purge: "down" } as const),
};

function commandOf(options: EngineOptions): (typeof commands)[number] {
  const { command } = options;
  const [first = "status", second] = command;
  if (second !== undefined)
    throw new UserError(`"${command.join(" ")}" is more than one command`, {
      why: "An engine is started, stopped or shown.",
      fix: `Type one of them: i engine ${first}`,
      kind: "usage",
    });
  const stray = (Object.keys(of) as (keyof typeof of)[]).find((name) => options[name] && of[name] !== first);
  if (stray === undefined) return first;
  throw new UserError(`--${kebab(stray)} is given to i engine ${first}`, {
    why: `It says how an engine is ${of[stray] === "up" ? "started" : "stopped"}.`,
    fix: `Leave it out, or type: i engine ${of[stray]} --${kebab(stray)}`,
    kind: "usage",
  });
}

/** What a person is asked before a private engine is started; null where one answers. */
export const asksForEngine = (options: EngineOptions, { at, starts }: EngineLook): string | null =>
  commandOf(options) === "up" && starts
    ? `No Docker engine answers. Start a private one in ${at.home} (apt-get installs ${hostPackages.join(" and ")}; downloads 100 MB)?`
    : null;

/** Starts, stops or shows the engine. */
export function engineSteps(options: EngineOptions, seen: EngineLook): Group["steps"] {
  const command = commandOf(options);
  if (command === "down") return stop(seen, options);
  const report = step("report", "Show what runs", [reportEngine({})]);
  return command === "up" ? [...bringUp(seen, options), report] : [report];
}

/** What needs no engine is made while the engine comes up. */
function bringUp(seen: EngineLook, options: EngineOptions): Group["steps"] {
  const images = [...(options.base ? [baseImage] : []), ...(options.python ? [pythonImage] : [])];
  const beside = [
    ...images.map((image) => makeStep(seen.at, image)),
    ...(options.multiArch
      ? [step("allow_emulation", "Let the kernel run programs of arm64 and arm", [allowEmulation({})])]
      : []),
  ];
  const engine = startSteps(seen, options);
  const all =
    beside.length === 0
      ? [engine]
      : [group("bring_up", "Bring up what is missing", [engine, ...beside], { atOnce: 3, onFailure: "stop" })];
  return [holdStep(seen), ...all, ...images.map((image) => loadStep(seen.at, image))];
}

/** Counts who asks for the engine in as one of its users. */
export const holdStep = ({ holder }: EngineLook): Step =>
  step("hold_engine", "Keep the engine up for this user", [holdEngine({ holder })]);

/** Whether registries are wanted, and whether those of anybody serve. */
type WithRegistries = { readonly registries: boolean; readonly anyones?: boolean };

/** Brings programs and packages, then starts the private engine where the user has none, and the registries where they are wanted. */
export function startSteps({ at, own }: EngineLook, { registries, anyones = false }: WithRegistries): Group {
  const skip = own ? "your own Docker engine answers; it is used as it is" : null;
  const unpack = unpackEngine({ packages: enginePackages, folder: programsFolder(at), unlessAnswered: own && anyones });
  const fetch = [
    ...[step("unpack_engine", "Unpack the engine's programs", [unpack], { skip: registries ? null : skip })],
    step("install_packages", "Install what the engine needs", [installHostPackages({ packages: hostPackages })], {
      skip,
    }),
  ];
  const start = [
    step("start_engine", "Start the private engine", [startEngine({ home: at.home })], { skip }),
    ...(registries
      ? [
          step("start_registries", "Start three registries on loopback addresses", [
            startLoopbackRegistries({ registries: loopbackRegistries, home: at.home, unlessAnswered: anyones }),
          ]),
        ]
      : []),
  ];
  return group(
    "engine",
    "Bring up the engine",
    [
      group("fetch", "Fetch its programs", fetch, { atOnce: 2, onFailure: "stop" }),
      group("start", "Start it", start, { atOnce: 2, onFailure: "stop" }),
    ],
    { onFailure: "stop" },
  );
}

const shortName = (image: MadeImage): string => (image === baseImage ? "base" : "python");

/** Makes the archive of an image, which needs no engine. */
export const makeStep = (at: Layout, image: MadeImage): Step =>
  step(`make_${shortName(image)}`, `Make ${image} of Debian's packages`, [
    makeImage({ image, packages: packagesOf(image), archive: madeArchive(at, image) }),
  ]);

/** Gives the engine an image that was made. */
export const loadStep = (at: Layout, image: MadeImage): Step =>
  step(`load_${shortName(image)}`, `Load ${image} into the engine`, [
    loadImage({ image, archive: madeArchive(at, image) }),
  ]);

function stop({ at, holder }: EngineLook, { force, purge }: EngineOptions): Group["steps"] {
  return [
    stopStep(at, [holder], force),
    ...(purge
      ? [step("purge", "Remove downloads, images and the build cache", [removeEngine({ folders: purgedFolders(at) })])]
      : []),
    step("report", "Show whether it is used", [
      reportStopped({ stopped: "engine: stopped", used: "engine: still used" }),
    ]),
  ];
}

/** Stops what the private engine runs, unless others use it. */
export const stopStep = (at: Layout, holders: readonly (number | null)[], force: boolean): Step =>
  step("stop_engine", "Stop the private engine and its registries", [stopEngine({ holders, force, home: at.home })]);
