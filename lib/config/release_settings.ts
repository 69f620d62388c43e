import { isFreeTag } from "../names/image.ts";
import { parsePlatforms } from "../names/platform.ts";
import { isSecret, isVariable, secretFault } from "./build_secrets.ts";
import type { ConfigReader, Keys, Values } from "./config_reader.ts";
import { type ListName, listNames } from "./tests.ts";

/** The worlds that packages are uploaded to: the Python Package Index and its like, and registries of npm. */
const packageKinds = ["python", "npm"] as const;
export type PackageKind = (typeof packageKinds)[number];

export type EndToEnd = { readonly dir: string; readonly argv: readonly string[] };
/** The package that is released beside the image: where it lies in the runnable dir, what builds it, and where it goes. */
export type PackageSettings = {
  readonly kind: PackageKind;
  readonly dir: string;
  /** Null for what its kind is usually built by. */
  readonly build: readonly string[] | null;
  readonly index: string | null;
};

/** What `release` says. */
export type ReleaseSettings = {
  /** `release: none`: a container built on the fly, never released. */
  readonly none: boolean;
  readonly changelogUpdate: "before_release" | "after_release";
  readonly gates: readonly ListName[];
  /** `gates` names lint: code that its own linters refuse is not released. */
  readonly lint: boolean;
  readonly endToEnd: Readonly<Partial<Record<"dev" | "prod", EndToEnd>>>;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Variables of whoever builds that a build gets as secrets. */
  readonly secrets: readonly string[];
  /** Where the dev image keeps what tests need: copied beside a prod image for lists that run `with_dev_packages`. */
  readonly devPackages: readonly string[];
  /** What every release is built for; none for the engine's own platform. */
  readonly platforms: readonly string[];
  /** Branch -> tags that follow it beside its own; `newest-tag` -> those that follow what is released. */
  readonly channels: Readonly<Record<string, readonly string[]>>;
  readonly refPrefix: string;
  /** The Git remote that holds claims, log and release tags, by name or address; null for the one that Git makes clear. */
  readonly remote: string | null;
  /** Images of commits that `release_prune` leaves of each branch. */
  readonly keep: number;
  /** Whose passes in the log count, by name or `CI`; none for everybody's. */
  readonly passesFrom: readonly string[];
  /** A list that failed and then passed counts as one that passed. */
  readonly flakyPasses: boolean;
  readonly package: PackageSettings;
};

/** What `release.channels` calls the newest release, where others are branches. */
export const newestTag = "newest-tag";

type Releasing = { readonly release: Pick<ReleaseSettings, "channels"> };

/** The tags that follow a branch or the newest release; a branch may have any name, `constructor` too. */
export const channelsOf = ({ release: { channels } }: Releasing, name: string): readonly string[] =>
  Object.hasOwn(channels, name) ? (channels[name] ?? []) : [];

const endToEndKeys = {
  dir: { is: "text", about: "Where they start, from the runnable dir (default: the dir itself)." },
  argv: { is: "words", needed: true, about: "The words of the command, which runs on this machine." },
} as const satisfies Keys;

/** The keys of `release`. */
export const releaseKeys = {
  changelog_update: {
    is: "word",
    of: ["before_release", "after_release"],
    about: "When the entry in changelog.txt is written (default: before_release).",
  },
  gates: {
    is: "words",
    of: [...listNames, "lint"],
    about: "What must pass before an image is tagged (default: fast, slow and qa).",
  },
  end_to_end: {
    is: "section",
    keys: {
      dev: { is: "section", keys: endToEndKeys, about: "Those of dev." },
      prod: { is: "section", keys: endToEndKeys, about: "Those of prod." },
    },
    about: "End-to-end tests, which a release runs beside the container.",
  },
  platforms: { is: "words", about: "What every release is built for, like linux/arm64 (default: the engine's own)." },
  build_args: { is: "texts", about: "Arguments of every build; none is a secret." },
  secrets: { is: "words", about: "Variables of whoever builds that a build gets as secrets." },
  dev_packages: { is: "words", about: "Where the dev image has what tests need (default: /venv)." },
  channels: {
    is: "named",
    each: { is: "words", about: "Tags that follow a branch; `newest-tag`: that follow what is released." },
    about: "Tags beside the branch's own.",
  },
  ref_prefix: { is: "text", about: "Where claims and log lie on the remote (default: refs/slipway)." },
  remote: { is: "text", about: "The remote with claims, log and Git tags, by name or address." },
  passes_from: { is: "words", about: "Whose passes of tests count, by name or CI (default: everybody's)." },
  flaky_passes: { is: "flag", about: "Whether a list that failed and then passed is a pass (default: false)." },
  package: {
    is: "section",
    keys: {
      kind: { is: "word", of: packageKinds, about: "Which world it is of (default: python)." },
      dir: { is: "text", about: "Where it lies in the runnable dir (default: the dir itself)." },
      build: { is: "words", about: "What builds it (default: what its kind is usually built by)." },
      index: { is: "text", about: "The address that it is uploaded to." },
    },
    about: "The package that is released beside the image.",
  },
  keep: { is: "text", about: "Images of commits that release_prune leaves of each branch (default: 10)." },
} as const satisfies Keys;

/** Paths in an image, as they stand in a COPY line. */
const parsePaths = (read: ConfigReader, path: readonly string[], texts: readonly string[]): readonly string[] =>
  texts.map((text) =>
    /^\/[\w./+-]+$/.test(text) && !text.includes("..")
      ? text
      : read.fail(path, `has "${text}"`, "Write absolute paths in the image, like /venv"),
  );

function assertNoSecrets(read: ConfigReader, path: readonly string[], args: ReleaseSettings["buildArgs"]): void {
  for (const [name, value] of Object.entries(args))
    if (isSecret(name, value)) read.fail([...path, name], "holds a secret", secretFault(name).fix);
}

/** Reads `release`, with every default filled in. */
export function parseRelease(read: ConfigReader): ReleaseSettings {
  const none = read.at(["release"]) === "none";
  const own: Partial<Values<typeof releaseKeys>> = none ? {} : read.section(["release"], releaseKeys);
  const at = (key: keyof typeof releaseKeys) => ["release", key];
  const { gates = ["fast", "slow", "qa"], build_args: buildArgs = {} } = own;
  assertNoSecrets(read, at("build_args"), buildArgs);
  return {
    none,
    changelogUpdate: own.changelog_update ?? "before_release",
    gates: gates.filter((gate) => gate !== "lint"),
    lint: gates.includes("lint"),
    endToEnd: parseEndToEnd(read, own.end_to_end ?? {}),
    platforms: parsePlatforms((own.platforms ?? []).join(",")),
    buildArgs,
    secrets: parseNames(read, at("secrets"), own.secrets),
    devPackages: parsePaths(read, at("dev_packages"), own.dev_packages ?? ["/venv"]),
    channels: parseChannels(read, at("channels"), own.channels ?? {}),
    refPrefix: refPrefix(read, at("ref_prefix"), own.ref_prefix ?? "refs/slipway"),
    remote: gitRemote(read, at("remote"), own.remote),
    passesFrom: own.passes_from ?? [],
    flakyPasses: own.flaky_passes ?? false,
    package: parsePackage(read, at("package"), own.package ?? {}),
    keep: parseCount(read, at("keep"), own.keep ?? "10"),
  };
}

function parseCount(read: ConfigReader, path: readonly string[], text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  return read.fail(path, `is ${JSON.stringify(text)}, no whole number`, `Write it like ${path.at(-1)}: 10`);
}

type PackageInfo = Partial<Values<typeof releaseKeys.package.keys>>;

function parsePackage(read: ConfigReader, path: readonly string[], own: PackageInfo): PackageSettings {
  const { kind = "python", dir = ".", build = null, index } = own;
  if (!/^[\w.][\w./+-]*$/.test(dir) || dir.split("/").includes(".."))
    read.fail([...path, "dir"], `is "${dir}"`, "Write a path below the runnable dir, like python or .");
  const noIndex = () =>
    read.fail([...path, "index"], "is no package index", "Write it like https://pypi.org/simple/, and no password");
  return { kind, dir, build, index: index === undefined ? null : (indexAddress(index) ?? noIndex()) };
}

type Channels = Readonly<Record<string, readonly string[] | undefined>>;

/** Tags that a branch may move: none that Slipway gives to releases, candidates and people, nor a version. */
function parseChannels(read: ConfigReader, path: readonly string[], channels: Channels): ReleaseSettings["channels"] {
  for (const [branch, tags = []] of Object.entries(channels))
    for (const tag of tags)
      if (!isFreeTag(tag))
        read.fail([...path, branch], `names "${tag}"`, "Use a tag that no release has, like develop, edge or latest");
  return Object.fromEntries(Object.entries(channels).map(([branch, tags = []]) => [branch, tags]));
}

/** Part of the name of refs that git is given as words: it may neither look like an option nor leave `refs/`. */
function refPrefix(read: ConfigReader, path: readonly string[], text: string): string {
  if (/^refs(\/[A-Za-z0-9_][\w-]*)+$/.test(text)) return text;
  return read.fail(path, `is ${JSON.stringify(text)}, not the start of a ref`, "Write it like refs/heads/slipway");
}

/** A word that git is given: it may not look like an option, nor hold what no name or address has. */
function gitRemote(read: ConfigReader, path: readonly string[], text: string | undefined): string | null {
  if (text === undefined) return null;
  if (/^[^\s\p{C}-][^\s\p{C}]*$/u.test(text)) return text;
  return read.fail(
    path,
    `is ${JSON.stringify(text)}, no remote`,
    "Write its name or its address, like git@host:team/repo.git",
  );
}

type EndToEndInfo = Partial<Values<typeof releaseKeys.end_to_end.keys>>;

const parseEndToEnd = (read: ConfigReader, own: EndToEndInfo): ReleaseSettings["endToEnd"] =>
  Object.fromEntries(
    (["dev", "prod"] as const).flatMap((stage): [string, EndToEnd][] => {
      const { [stage]: row } = own;
      if (row === undefined) return [];
      const path = ["release", "end_to_end", stage, "argv"];
      if (row.argv === undefined || row.argv.length === 0)
        return read.fail(path, "is missing", "Give the words of the command: argv: [pytest, e2e]");
      return [[stage, { dir: row.dir ?? ".", argv: row.argv }]];
    }),
  );

/** Names of variables; what is none is not shown, for it may be a value. */
export const parseNames = (
  read: ConfigReader,
  path: readonly string[],
  names: readonly string[] = [],
): readonly string[] =>
  names.map((name) =>
    isVariable(name)
      ? name
      : read.fail(path, "has what is no name of a variable", "Write names without values, like OPENAI_API_KEY"),
  );

/** Text as the address of a package index, which ends in a slash; null for what no index has, and for one with a password in it. */
export function indexAddress(text: string): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isPlain = url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
  return isPlain ? url.href.replace(/\/*$/, "/") : null;
}
