import { isSecret, isVariable, secretFault } from "./build_secrets.ts";
import { type ConfigReader, type ConfigSource, configReader } from "./config_reader.ts";
import { placeholderAccount } from "./git_remote.ts";
import { isFreeTag, parseImageName } from "./image.ts";
import { type Notify, parseNotify } from "./notify.ts";
import { parsePlatforms } from "./platform.ts";
import type { Registry } from "./registry.ts";
import { parseRegistries } from "./registry.ts";
import { defaultSmoke, type ListName, listNames, prodWays, type SmokeTest, type TestList } from "./tests.ts";

/** The worlds that packages are uploaded to: the Python Package Index and its like, and registries of npm. */
const packageKinds = ["python", "npm"] as const;
export type PackageKind = (typeof packageKinds)[number];

export type EndToEnd = { readonly dir: string; readonly argv: readonly string[] };
export const homeFolders = [".aws", ".ssh", ".config/gh"] as const;

/** The package that is released beside the image: where it lies in the runnable dir, what builds it, and where it goes. */
export type PackageSettings = {
  readonly kind: PackageKind;
  readonly dir: string;
  /** Null for what its kind is usually built by. */
  readonly build: readonly string[] | null;
  readonly index: string | null;
};

/** What repo_config.yaml of a runnable dir says, with every default filled in. */
export type Config = {
  readonly repoName: string;
  readonly imageName: string;
  /** The runnable dir whose image it uses, relative to the outermost Git root; null where it has one of its own. */
  readonly imageOf: string | null;
  /** Where the code lives, for the label org.opencontainers.image.source; null where repo_info does not say it. */
  readonly source: string | null;
  /** `github_repo_account` is what the template has there. */
  readonly isPlaceholder: boolean;
  readonly dirSuffix: string;
  readonly commandPrefix: string | null;
  readonly nestedHelpers: boolean;
  readonly registries: readonly Registry[];
  readonly release: {
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
  readonly tests: Readonly<Record<ListName, TestList>>;
  /** Paths of the runnable dir that Git does not know and that the gates of a release see all the same. */
  readonly testMounts: readonly string[];
  /** The smoke test of emulated platforms. */
  readonly smoke: SmokeTest;
  readonly notify: Notify;
  readonly container: {
    readonly volumes: readonly string[];
    readonly ports: readonly string[];
    readonly env: Readonly<Record<string, string>>;
    /** Variables of whoever starts a container that it gets too, e.g. a key for an API. */
    readonly passEnv: readonly string[];
    readonly envFile: readonly string[];
    readonly network: string | null;
    readonly composeFiles: readonly string[];
    readonly socket: boolean;
    readonly privileged: boolean;
    /** Slipway is mounted, so that `i` works inside: where that is asked for, and beside the socket. */
    readonly slipway: boolean;
    readonly home: readonly string[];
    /** The name of the image whose tools several repos share. */
    readonly devTools: string;
  };
  readonly packages: {
    /** Package -> why it stays although nothing names it. */
    readonly allowUnused: Readonly<Record<string, string>>;
  };
  /** Where sections of other tools stand. */
  readonly leftAlone: readonly string[];
};

/** What `release.channels` calls the newest release, where others are branches. */
export const newestTag = "newest-tag";

/** The tags that follow a branch or the newest release; a branch may have any name, `constructor` too. */
export const channelsOf = ({ release: { channels } }: Config, name: string): readonly string[] =>
  Object.hasOwn(channels, name) ? (channels[name] ?? []) : [];

/** The sections of the original, which may hold keys that Slipway does not know; so may sections of other tools. */
const originalSections = ["repo_info", "docker_info", "s3_bucket_info", "container_registry_info", "runnable_dir_info"];
const ownSections = ["release", "tests", "container", "notify", "packages", "lint", "common_files", "services"];

/** The runnable dir whose image another one uses: all that is known of the image is its own. */
export type ImageOwner = { readonly dir: string; readonly config: Config };

/** Where repo_config.yaml says whose image it uses. */
export const imageOfPath = ["docker_info", "image_of"];

function parseImage(read: ConfigReader, owner: ImageOwner | undefined) {
  const own = ["docker_info", "docker_image_name"];
  const imageName = read.text(own);
  if (owner) {
    const ofOwner = [own, ["container_registry_info"], ["release"]].find((path) => read.at(path) !== undefined);
    if (ofOwner)
      read.fail(
        ofOwner,
        `stands beside docker_info.image_of`,
        `Remove one of them: the image is that of "${owner.dir}"`,
      );
    const { imageName, registries, release } = owner.config;
    return { imageName, registries, release, imageOf: owner.config.imageOf ?? owner.dir };
  }
  if (!imageName) return read.fail(own, "is missing", 'Add docker_info: with docker_image_name: "name" below it');
  return {
    imageName: parseImageName(imageName),
    imageOf: null,
    registries: parseRegistries(read),
    release: parseRelease(read),
  };
}

/** Whose image a config is about, and the name of the machine that it is read for. */
type ReadFor = { readonly owner?: ImageOwner; readonly host?: string };

/** A parsed repo_config.yaml to a Config; throws with file, line and key at the first thing that is wrong. */
export function parseConfig(source: ConfigSource, { owner, host = "" }: ReadFor = {}): Config {
  const read = configReader(source);
  if (source.value === null || source.value === undefined)
    read.fail([], "is empty", "Start from the template: i init_runnable_dir");
  const leftAlone = read.foreignSections([...originalSections, ...ownSections]);
  const image = parseImage(read, owner);
  const { imageName, imageOf, registries, release } = image;
  return {
    repoName: read.text(["repo_info", "repo_name"]) ?? imageName,
    imageName,
    imageOf,
    source: sourceOf(read, imageName),
    isPlaceholder: read.text(["repo_info", "github_repo_account"]) === placeholderAccount,
    dirSuffix: read.text(["runnable_dir_info", "dir_suffix"]) ?? imageName,
    commandPrefix: read.text(["runnable_dir_info", "command_prefix"]) ?? null,
    nestedHelpers: read.flag(["runnable_dir_info", "use_helpers_as_nested_module"], false),
    registries,
    release,
    tests: parseTests(read),
    testMounts: parseTestMounts(read),
    smoke: parseSmoke(read),
    notify: parseNotify(read),
    container: parseContainer(read, host),
    packages: parsePackages(read),
    leftAlone,
  };
}

function sourceOf(read: ConfigReader, image: string): string | null {
  const at = (key: string) => read.text(["repo_info", key]);
  const account = at("github_repo_account");
  if (account === undefined || account === placeholderAccount) return null;
  return `https://${at("github_host_name") ?? "github.com"}/${account}/${at("repo_name") ?? image}`;
}

const releaseKeys = [
  ...["changelog_update", "gates", "end_to_end", "platforms"],
  ...[
    "build_args",
    "secrets",
    "dev_packages",
    "channels",
    "ref_prefix",
    "remote",
    "passes_from",
    "flaky_passes",
    "package",
    "keep",
  ],
];

function parseGates(read: ConfigReader, path: readonly string[]): Pick<Config["release"], "gates" | "lint"> {
  const words = read.words(path) ?? ["fast", "slow", "qa"];
  const lists = words.filter((word) => word !== "lint");
  const known = [...listNames, "lint"].join(", ");
  const gates = lists.map(
    (gate) => listNames.find((name) => name === gate) ?? read.fail(path, `names "${gate}"`, `Use: ${known}`),
  );
  return { gates, lint: words.length > lists.length };
}

/** Paths in an image, as they stand in a COPY line. */
const parsePaths = (read: ConfigReader, path: readonly string[]): string[] | undefined =>
  read
    .words(path)
    ?.map((text) =>
      /^\/[\w./+-]+$/.test(text) && !text.includes("..")
        ? text
        : read.fail(path, `has "${text}"`, "Write absolute paths in the image, like /venv"),
    );

function parseBuildArgs(read: ConfigReader, path: readonly string[]): Config["release"]["buildArgs"] {
  const args = read.texts(path);
  for (const [name, value] of Object.entries(args))
    if (isSecret(name, value)) read.fail([...path, name], "holds a secret", secretFault(name).fix);
  return args;
}

function parseRelease(read: ConfigReader): Config["release"] {
  const none = read.at(["release"]) === "none";
  if (!none) read.onlyKeys(["release"], releaseKeys);
  const at = (...keys: string[]) => ["release", ...keys];
  return {
    none,
    changelogUpdate: read.oneOf(at("changelog_update"), ["before_release", "after_release"]) ?? "before_release",
    ...parseGates(read, at("gates")),
    endToEnd: Object.fromEntries(
      (["dev", "prod"] as const).flatMap((stage) => endToEnd(read, at("end_to_end", stage)).map((row) => [stage, row])),
    ),
    platforms: parsePlatforms((read.words(at("platforms")) ?? []).join(",")),
    buildArgs: parseBuildArgs(read, at("build_args")),
    secrets: parseNames(read, at("secrets")),
    devPackages: parsePaths(read, at("dev_packages")) ?? ["/venv"],
    channels: parseChannels(read, at("channels")),
    refPrefix: refPrefix(read, at("ref_prefix")),
    remote: gitRemote(read, at("remote")),
    passesFrom: read.words(at("passes_from")) ?? [],
    flakyPasses: read.flag(at("flaky_passes"), false),
    package: parsePackage(read, at("package")),
    keep: parseCount(read, at("keep"), 10),
  };
}

function parseCount(read: ConfigReader, path: readonly string[], fallback: number): number {
  const text = read.text(path) ?? String(fallback);
  if (/^\d{1,6}$/.test(text)) return Number(text);
  return read.fail(path, `is ${JSON.stringify(text)}, no whole number`, `Write it like ${path.at(-1)}: ${fallback}`);
}

function parsePackage(read: ConfigReader, path: readonly string[]): PackageSettings {
  read.onlyKeys(path, ["kind", "dir", "build", "index"]);
  const [dir, index] = [read.text([...path, "dir"]) ?? ".", read.text([...path, "index"])];
  if (!/^[\w.][\w./+-]*$/.test(dir) || dir.split("/").includes(".."))
    read.fail([...path, "dir"], `is "${dir}"`, "Write a path below the runnable dir, like python or .");
  return {
    kind: read.oneOf([...path, "kind"], packageKinds) ?? "python",
    dir,
    build: read.words([...path, "build"]) ?? null,
    index:
      index === undefined
        ? null
        : (indexAddress(index) ??
          read.fail(
            [...path, "index"],
            "is no package index",
            "Write it like https://pypi.org/simple/, and no password",
          )),
  };
}

/** Tags that a branch may move: none that Slipway gives to releases, candidates and people, nor a version. */
function parseChannels(read: ConfigReader, path: readonly string[]): Config["release"]["channels"] {
  const branches = Object.keys(read.node(path));
  const tagsOf = (branch: string) =>
    (read.words([...path, branch]) ?? []).map((tag) =>
      isFreeTag(tag)
        ? tag
        : read.fail([...path, branch], `names "${tag}"`, "Use a tag that no release has, like develop, edge or latest"),
    );
  return Object.fromEntries(branches.map((branch) => [branch, tagsOf(branch)]));
}

/** Part of the name of refs that git is given as words: it may neither look like an option nor leave `refs/`. */
function refPrefix(read: ConfigReader, path: readonly string[]): string {
  const text = read.text(path) ?? "refs/slipway";
  if (/^refs(\/[A-Za-z0-9_][\w-]*)+$/.test(text)) return text;
  return read.fail(path, `is ${JSON.stringify(text)}, not the start of a ref`, "Write it like refs/heads/slipway");
}

/** A word that git is given: it may not look like an option, nor hold what no name or address has. */
function gitRemote(read: ConfigReader, path: readonly string[]): string | null {
  const text = read.text(path);
  if (text === undefined) return null;
  if (/^[^\s\p{C}-][^\s\p{C}]*$/u.test(text)) return text;
  return read.fail(
    path,
    `is ${JSON.stringify(text)}, no remote`,
    "Write its name or its address, like git@host:team/repo.git",
  );
}

function endToEnd(read: ConfigReader, path: readonly string[]): EndToEnd[] {
  if (read.at(path) === undefined) return [];
  read.onlyKeys(path, ["dir", "argv"]);
  const argv =
    read.words([...path, "argv"]) ??
    read.fail([...path, "argv"], "is missing", "Give the words of the command: argv: [pytest, e2e]");
  return [{ dir: read.text([...path, "dir"]) ?? ".", argv }];
}

function parseTests(read: ConfigReader): Config["tests"] {
  read.onlyKeys(["tests"], [...listNames, "smoke", "mount"]);
  const list = (name: ListName): TestList => {
    read.onlyKeys(["tests", name], ["command", "may_be_empty", "entrypoint", "prod"]);
    return {
      command: read.words(["tests", name, "command"]) ?? null,
      mayBeEmpty: read.flag(["tests", name, "may_be_empty"], false),
      entrypoint: read.flag(["tests", name, "entrypoint"], true),
      prod: read.oneOf(["tests", name, "prod"], prodWays) ?? null,
    };
  };
  return { fast: list("fast"), slow: list("slow"), superslow: list("superslow"), qa: list("qa") };
}

function parseSmoke(read: ConfigReader): SmokeTest {
  read.onlyKeys(["tests", "smoke"], ["command", "entrypoint"]);
  return {
    command: read.words(["tests", "smoke", "command"]) ?? defaultSmoke,
    entrypoint: read.flag(["tests", "smoke", "entrypoint"], true),
  };
}

const parseTestMounts = (read: ConfigReader): string[] =>
  (read.words(["tests", "mount"]) ?? []).map((path) =>
    /^[\w.][\w.+-]*(\/[\w.][\w.+-]*)*$/.test(path) && !path.split("/").some((part) => part === ".." || part === ".git")
      ? path
      : read.fail(
          ["tests", "mount"],
          `has ${JSON.stringify(path)}`,
          "Write paths below the runnable dir, like data or test/data",
        ),
  );

function parsePackages(read: ConfigReader): Config["packages"] {
  read.onlyKeys(["packages"], ["allow_unused"]);
  const allowUnused = read.texts(["packages", "allow_unused"]);
  for (const [name, reason] of Object.entries(allowUnused))
    if (reason.trim() === "")
      read.fail(["packages", "allow_unused", name], "has no reason", `Write why it stays: ${name}: "typed by hand"`);
  return { allowUnused };
}

const parseNames = (read: ConfigReader, path: readonly string[]): string[] =>
  (read.words(path) ?? []).map((name) =>
    isVariable(name)
      ? name
      : read.fail(path, "has what is no name of a variable", "Write names without values, like OPENAI_API_KEY"),
  );

const containerKeys = [
  ...["volumes", "ports", "env", "pass_env", "env_file", "network", "compose_files"],
  ...["socket", "privileged", "slipway", "home", "dev_tools"],
];

/** What containers get; of `on` the last pattern that the machine's name fits and that says something has its say. */
function parseContainer(read: ConfigReader, host: string): Config["container"] {
  read.onlyKeys(["container"], [...containerKeys, "on"]);
  const patterns = Object.keys(read.node(["container", "on"]));
  const on = (pattern: string) => ["container", "on", pattern];
  for (const pattern of patterns) {
    if (!/^[\w.*-]{1,100}$/.test(pattern))
      read.fail(on(pattern), "is no name of a machine", 'Write it like dev1 or "dev*"; * stands for any letters');
    // Each is checked on every machine: a mistake is to be told before the one that it is for is reached.
    read.onlyKeys(on(pattern), containerKeys);
    parseSettings(read, (key) => [...on(pattern), key]);
  }
  const own = patterns.filter((pattern) => fits(host, pattern));
  return parseSettings(read, (key) => {
    const said = own.findLast((pattern) => read.at([...on(pattern), key]) !== undefined);
    return said === undefined ? ["container", key] : [...on(said), key];
  });
}

/** Whether a machine's name, or its first part, is what a pattern says: each piece between stars in its order. */
function fits(host: string, pattern: string): boolean {
  const [first = "", ...pieces] = pattern.toLowerCase().split("*");
  const last = pieces.pop();
  return [host, host.split(".")[0] ?? ""].some((text) => {
    const name = text.toLowerCase();
    if (last === undefined) return name === first;
    if (!name.startsWith(first)) return false;
    let at = first.length;
    for (const piece of pieces) {
      const found = name.indexOf(piece, at);
      if (found < 0) return false;
      at = found + piece.length;
    }
    return name.length - last.length >= at && name.endsWith(last);
  });
}

function parseSettings(read: ConfigReader, at: (key: string) => readonly string[]): Config["container"] {
  const words = (key: string) => read.words(at(key)) ?? [];
  for (const folder of words("home"))
    if (!homeFolders.some((known) => known === folder))
      read.fail(at("home"), `names "${folder}"`, `Use: ${homeFolders.join(", ")}`);
  const socket = read.flag(at("socket"), false);
  return {
    volumes: words("volumes"),
    ports: words("ports"),
    env: read.texts(at("env")),
    passEnv: parseNames(read, at("pass_env")),
    envFile: words("env_file"),
    network: read.text(at("network")) ?? null,
    composeFiles: words("compose_files"),
    socket,
    privileged: read.flag(at("privileged"), false),
    slipway: read.flag(at("slipway"), socket),
    home: words("home"),
    devTools: parseImageName(read.text(at("dev_tools")) ?? "dev_tools"),
  };
}

/** Text as the address of a package index, which ends in a slash; null for what no index has, and for one with a password in it. */
export function indexAddress(text: string): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isPlain = url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
  return isPlain ? url.href.replace(/\/*$/, "/") : null;
}
