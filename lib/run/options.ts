import { isSecret, isVariable, secretFault } from "../config/build_secrets.ts";
import { type ImageBase, parseImageBase } from "../config/registry.ts";
import { type ListName, listNames } from "../config/tests.ts";
import { UserError } from "../errors.ts";
import { type PoetryMode, poetryModes } from "../formats/poetry.ts";
import { isTag } from "../names/image.ts";
import { parsePlatforms } from "../names/platform.ts";
import { parseStage, type Stage } from "../names/stage.ts";
import { parseVersion, type Version } from "../names/version.ts";

/** One word of the vocabulary: what it takes, its other spellings, and what happens when you pass it. */
export type Option<T = unknown> = {
  /** `optional`: a flag that may carry a value, as in `--multi-arch [PLATFORMS]`. */
  readonly takes: "flag" | "value" | "optional" | "list";
  readonly parse: (text: string) => T;
  readonly fallback: T | undefined;
  readonly short?: string;
  readonly aliases?: readonly string[];
  /** Spellings that stand for a fixed value: `--update-poetry` = `--poetry-mode update`. */
  readonly meanings?: Readonly<Record<string, string>>;
  readonly hint?: string;
  readonly help: string;
  /** Never read from `.env` or SLIPWAY_<OPTION>: versions, answers, commands, and all that skips tests. */
  readonly onlyTyped?: true;
  /** Bare words are its values too: `compare_packages A B` = `compare_packages --images A,B`. */
  readonly positional?: true;
};

/** What a flag may be in the environment; typed, it stands alone and is true. */
function parseFlag(text: string): boolean {
  if (["", "1", "true", "yes"].includes(text.toLowerCase())) return true;
  if (["0", "false", "no"].includes(text.toLowerCase())) return false;
  throw new UserError(`"${text}" is neither true nor false`, {
    why: "A flag is on or off.",
    fix: "Set it to true or false",
  });
}

export const flag = (help: string, more: Partial<Option<boolean>> = {}): Option<boolean> => ({
  takes: "flag",
  parse: parseFlag,
  fallback: false,
  help,
  ...more,
});

type Text<T> = Omit<Partial<Option<T>>, "fallback">;

/** A value that `parse` makes of what was typed; undefined where nothing was and there is no fallback. */
export function text<T = string>(hint: string, help: string, more: Text<T> & { readonly fallback: T }): Option<T>;
export function text<T = string>(hint: string, help: string, more?: Text<T>): Option<T | undefined>;
export function text<T>(hint: string, help: string, more: Partial<Option<T>> = {}): Option<T | undefined> {
  return { takes: "value", parse: (value) => value as T, fallback: undefined, hint, help, ...more };
}

/** The items of a list that is typed with commas. */
export const commaSeparated = (value: string): readonly string[] =>
  value
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
export const list = (
  hint: string,
  help: string,
  more: Partial<Option<readonly string[]>> = {},
): Option<readonly string[]> => ({
  takes: "list",
  parse: commaSeparated,
  fallback: [],
  hint,
  help,
  ...more,
});

/** `--multi-arch [PLATFORMS]`; an empty list means the config's platforms, or the usual two. */
const platformsOption = (fallback: readonly string[] | undefined): Option<readonly string[] | undefined> => ({
  takes: "optional",
  parse: parsePlatforms,
  fallback,
  aliases: ["multi-build", "platform"],
  hint: "PLATFORMS",
  help: "Build one index for these platforms, linux/amd64 and linux/arm64 unless named.",
});

/** A name that stands in argv: it may not look like an option. */
function parseName(option: string, value: string): string {
  if (/^[A-Za-z0-9][\w.-]*$/.test(value)) return value;
  throw new UserError(`${option} "${value}" is not a name`, {
    why: "A name starts with a letter or digit and has letters, digits, dots, dashes and underscores.",
    fix: `See docker buildx ls, and pass one: ${option} default`,
  });
}

/** Words as a shell splits them (sh(1), "Quoting"), without its expansions; where no blank stands between two, comma-separated. */
function parseWords(value: string): readonly string[] {
  if (!/[^,\s]\s+\S|['"\\]/.test(value)) return commaSeparated(value);
  const quoted = /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/gs;
  if (/['"\\]/.test(value.replaceAll(quoted, "")))
    throw new UserError(`a quote in "${value}" is not closed`, {
      why: "Words are taken as a shell takes them.",
      fix: `Close it, as in --pytest-opts 'test_a.py -k "fast or slow"'`,
    });
  const words = value.match(/(?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s'"\\])+/gs) ?? [];
  const inDouble = (text: string) => text.replaceAll(/\\(["\\$`])/g, "$1");
  return words.map((word) =>
    word.replaceAll(quoted, (_, single?: string, double?: string, one?: string) =>
      double === undefined ? (single ?? one ?? "") : inDouble(double),
    ),
  );
}

/** Tags of images, comma-separated (Distribution's grammar). */
function parseTags(value: string): readonly string[] {
  const tags = value.split(",").map((tag) => tag.trim());
  const wrong = tags.find((tag) => !isTag(tag));
  if (wrong === undefined) return tags;
  throw new UserError(`"${wrong}" is not a tag`, {
    why: "A tag has letters, digits, dots, dashes and underscores, 128 at most.",
    fix: "Write them like --images local-ada-1.2.0,local-bob-1.2.0",
  });
}

/** `NAME=VALUE`, comma-separated. */
function parseBuildArgs(value: string): readonly string[] {
  const pairs = commaSeparated(value);
  for (const pair of pairs) {
    const [name = "", ...rest] = pair.split("=");
    const { what, ...parts } = secretFault(name);
    if (isSecret(name, rest.join("="))) throw new UserError(what, parts);
  }
  return pairs;
}

/** Names of variables; a value is not shown, for it may be the secret itself. */
function parseVariables(value: string): readonly string[] {
  const names = commaSeparated(value);
  if (names.every(isVariable)) return names;
  throw new UserError("--secret takes names of variables, not values", {
    why: "What is typed stands in the list of processes; a variable does not.",
    fix: "Set the variable, and pass its name: --secret PIP_INDEX_URL",
  });
}

/** A port of this machine, 1 to 65535. */
function parsePort(value: string): number {
  if (/^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= 65_535) return Number(value);
  throw new UserError(`--port "${value}" is no port`, {
    why: "A port is a number from 1 to 65535.",
    fix: "Use --port 8888",
  });
}

function parseRetries(value: string): number {
  if (/^[1-9]?$/.test(value)) return Number(value || 1);
  throw new UserError(`--retry-flaky "${value}" is no number from 1 to 9`, {
    why: "It says how often a list that fails is run again.",
    fix: "Pass one, or none for once: --retry-flaky 2",
  });
}

const poetryMode = (value: string): PoetryMode => oneOf("--poetry-mode", value, poetryModes);

/** Every option that two scripts share, once; help texts say what happens when you pass it. */
export const vocabulary = {
  version: text<Version>("X.Y.Z", "Version of the image (default, and FROM_CHANGELOG: the newest in changelog.txt).", {
    short: "v",
    aliases: ["tag-name"],
    onlyTyped: true,
    parse: (value) => (value === "FROM_CHANGELOG" ? undefined : parseVersion(value)) as Version,
  }),
  devVersion: text<Version>(
    "X.Y.Z",
    "Released dev version to build on (default: the newest of the same major.minor).",
    {
      onlyTyped: true,
      parse: parseVersion,
    },
  ),
  multiArch: platformsOption(undefined),
  builder: text<string>(
    "NAME",
    "Build with this buildx builder, which pushes to the first registry; the tests pull it from there.",
    {
      parse: (value) => parseName("--builder", value),
    },
  ),
  images: list("TAGS", "The tags of the images in the first registry, comma-separated.", { parse: parseTags }),
  stage: text<Stage>("STAGE", "The stage of the image: local, dev or prod.", {
    short: "s",
    parse: parseStage,
    fallback: "dev",
  }),
  baseName: text<ImageBase | undefined>(
    "NAME",
    "Use the image of this repository, as in ghcr.io/acme/tools, instead of the dir's own.",
    {
      aliases: ["base-image"],
      onlyTyped: true,
      parse: parseImageBase,
    },
  ),
  poetryMode: text<PoetryMode>(
    "MODE",
    "How to make poetry.lock: update resolves anew, refresh keeps what fits, no_update uses it as it is.",
    {
      parse: poetryMode,
      meanings: { "update-poetry": "update", "refresh-only-poetry": "refresh" },
    },
  ),
  cache: flag("Build from scratch.", { fallback: true }),
  buildArg: list("NAME=VALUE", "A build argument; can be repeated.", { parse: parseBuildArgs }),
  secret: list("NAMES", "Pass the values of these variables to the build as secrets, comma-separated.", {
    parse: parseVariables,
    onlyTyped: true,
  }),
  targetRegistries: list("NAMES", "Work on these registries, comma-separated (default: all required ones).", {
    aliases: ["target", "target-registry", "targets"],
  }),
  skipTests: flag("Skip every test list; the release is recorded as untested.", { onlyTyped: true }),
  qaTests: flag("Skip the QA tests.", { fallback: true, onlyTyped: true }),
  superslowTests: flag("Run the superslow tests as a gate too.", { onlyTyped: true }),
  runEndToEndTests: flag("Skip the configured end-to-end tests.", {
    fallback: true,
    onlyTyped: true,
  }),
  retryFlaky: {
    ...text<number>(
      "N",
      "Run a list that fails again, once or up to N times; what passes then is flaky, and no pass for a release.",
      {
        onlyTyped: true,
        parse: parseRetries,
      },
    ),
    takes: "optional",
  } as Option<number | undefined>,
  rerunTests: flag("Run the gates again even if the log has passes for this image and commit."),
  pushToRepo: flag("Stop before anything is pushed.", { fallback: true }),
  allowUnpushed: flag("Release a commit that no branch of the Git remote has.", { onlyTyped: true }),
  breakLock: flag(
    "Take over a claim or a tag move even if its owner looks alive, or drop one that cannot be read; make sure nobody is releasing.",
    {
      onlyTyped: true,
    },
  ),
  cmd: text<string>("TEXT", "Shell text, run unchanged by one shell inside the container.", {
    short: "c",
    onlyTyped: true,
  }),
  asRoot: flag("Run as root inside the container instead of as yourself."),
  entrypoint: flag("Start without the image's entrypoint.", { fallback: true }),
  snapshot: flag("Test the commit alone, as a release does, instead of the tree: files unknown to Git are left out."),
  pytestOpts: list("WORDS", "Extra arguments for the test command, as in a shell, or comma-separated.", {
    short: "p",
    parse: parseWords,
  }),
  abortOnFirstError: flag("Run no further list after one that failed."),
  container: text<string>("ID", "Container, by name or start of its id (default: the last one).", {
    onlyTyped: true,
  }),
  file: text<string>("PATH", "Hand the image over in this file instead of a registry.", { onlyTyped: true }),
  message: list("TEXT", "What changed; can be repeated.", { short: "m", parse: (value) => [value] }),
  bump: text<"major" | "minor" | "patch">("KIND", "Use the next major, minor or patch version.", {
    parse: (value) => oneOf("--bump", value, ["major", "minor", "patch"] as const),
    fallback: "patch",
  }),
} as const;

/** The one of the allowed words that was typed; throws on any other. */
export function oneOf<const T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((word) => word === value);
  if (found) return found;
  throw new UserError(`${name} "${value}" is not known`, {
    why: `${name} takes ${allowed.join(", ")}.`,
    fix: `Use ${name} ${allowed[0]}`,
  });
}

type Vocabulary = typeof vocabulary;
export type OptionSet = Readonly<Record<string, Option>>;
/** The values of a set of options, each of the type its word gives. */
export type Values<S> = { readonly [K in keyof S]: S[K] extends Option<infer T> ? T : never };

/** Takes words out of the vocabulary, keeping their types. */
export const pick = <K extends keyof Vocabulary>(...names: readonly K[]): Pick<Vocabulary, K> =>
  Object.fromEntries(names.map((name) => [name, vocabulary[name]])) as Pick<Vocabulary, K>;

/** The lists of `run_tests`, whose bare words they are. */
export const testListsOption = list("LISTS", "The test lists to run, in this order: fast, slow, superslow, qa.", {
  onlyTyped: true,
  positional: true,
  parse: (value) => commaSeparated(value).map((name) => oneOf("--test-lists", name, listNames)),
}) as Option<readonly ListName[]>;

/** `--port` of what listens in a container. */
export const portOption = text<number>("N", "Publish on this port of 127.0.0.1.", { short: "p", parse: parsePort });

/** `--stage` of a workflow whose usual stage is another than dev. */
export const releasedStage = (fallback: Stage): Option<Stage> => ({ ...vocabulary.stage, fallback });

/** What every release takes. */
export const releaseOptions = pick(
  ...(["version", "cache", "poetryMode", "skipTests", "qaTests", "superslowTests", "runEndToEndTests"] as const),
  ...(["rerunTests", "pushToRepo", "allowUnpushed", "targetRegistries", "breakLock", "multiArch", "builder"] as const),
);

/** What a release of several architectures takes: the same, but several is the default. */
/** Of a workflow that is run in many dirs at once. */
export const dirsOption = {
  dirs: list("DIRS", "Run it in these runnable dirs below this one, comma-separated, or in all; several at once.", {
    onlyTyped: true,
  }),
} as const;

export const multiReleaseOptions = { ...releaseOptions, multiArch: platformsOption([]) } as const;

/** What every script takes; no script mentions them. */
export const universal = {
  dir: text<string>("DIR", "Runnable dir to work on (default: the current one)."),
  dryRun: flag("Print the plan and change nothing anywhere.", { short: "n" }),
  json: flag("Print results, plans and errors as JSON on stdout."),
  offline: flag("Ask no registry and no Git remote while planning."),
  from: text<string>("STEP", "Start at this step; allowed only if every earlier step is done.", {
    onlyTyped: true,
  }),
  yes: flag("Answer yes to every question; check-list lines stay open.", { short: "y", onlyTyped: true }),
  wide: flag("Show full digests in a terminal too, as pipes and --json do."),
  verbose: flag("Show the full output of each step in a terminal too, instead of one changing line."),
  quiet: flag("Print only results and errors, and one line per step of a plan."),
  help: flag("Print this help; -h prints a short one.", { short: "h", onlyTyped: true }),
} as const satisfies OptionSet;

/** The universal options beside a workflow's own, which may have a letter of theirs: the document's `-n NAME`. */
export const universalBeside = (own: OptionSet): OptionSet => {
  const letters = Object.values(own).map(({ short }) => short);
  return Object.fromEntries(
    Object.entries<Option>(universal).map(([name, { short, ...option }]) => [
      name,
      { ...option, ...(short && !letters.includes(short) ? { short } : {}) },
    ]),
  );
};
