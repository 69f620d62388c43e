import { type ConfigReader, type ConfigSource, configReader } from "./config_reader.ts";
import { parseImageName } from "./image.ts";
import { type Notify, parseNotify } from "./notify.ts";
import { parsePlatforms } from "./platform.ts";
import type { Registry } from "./registry.ts";
import { parseRegistries } from "./registry.ts";
import { defaultSmoke, type ListName, listNames, prodWays, type TestList } from "./tests.ts";

export type EndToEnd = { readonly dir: string; readonly argv: readonly string[] };
export const homeFolders = [".aws", ".ssh", ".config/gh"] as const;

/** What repo_config.yaml of a runnable dir says, with every default filled in. */
export type Config = {
  readonly repoName: string;
  readonly imageName: string;
  /** Where the code lives, for the label org.opencontainers.image.source. */
  readonly source: string;
  readonly dirSuffix: string;
  readonly commandPrefix: string | null;
  readonly nestedHelpers: boolean;
  readonly registries: readonly Registry[];
  readonly release: {
    /** `release: none`: a container built on the fly, never released. */
    readonly none: boolean;
    readonly changelogUpdate: "before_release" | "after_release";
    readonly gates: readonly ListName[];
    readonly endToEnd: Readonly<Partial<Record<"dev" | "prod", EndToEnd>>>;
    readonly buildArgs: Readonly<Record<string, string>>;
    /** Where the dev image keeps what tests need: copied beside a prod image for lists that run `with_dev_packages`. */
    readonly devPackages: readonly string[];
    /** What every release is built for; none for the engine's own platform. */
    readonly platforms: readonly string[];
    readonly refPrefix: string;
  };
  readonly tests: Readonly<Record<ListName, TestList>>;
  /** The words of the smoke test of emulated platforms. */
  readonly smoke: readonly string[];
  readonly notify: Notify;
  readonly container: {
    readonly volumes: readonly string[];
    readonly ports: readonly string[];
    readonly env: Readonly<Record<string, string>>;
    readonly envFile: readonly string[];
    readonly network: string | null;
    readonly composeFiles: readonly string[];
    readonly socket: boolean;
    readonly privileged: boolean;
    readonly home: readonly string[];
    /** The name of the image whose tools several repos share. */
    readonly devTools: string;
  };
  readonly packages: {
    /** Package -> why it stays although nothing names it. */
    readonly allowUnused: Readonly<Record<string, string>>;
  };
};

/** The sections of the original; only theirs may hold keys that Slipway does not know. */
const originalSections = ["repo_info", "docker_info", "s3_bucket_info", "container_registry_info", "runnable_dir_info"];
const ownSections = ["release", "tests", "container", "notify", "tmux", "packages"];

/** A parsed repo_config.yaml to a Config; throws with file, line and key at the first thing that is wrong. */
export function parseConfig(source: ConfigSource): Config {
  const read = configReader(source);
  if (source.value === null || source.value === undefined)
    read.fail([], "is empty", "Start from the template: i init_runnable_dir");
  read.onlyKeys([], [...originalSections, ...ownSections]);
  const imageName = read.text(["docker_info", "docker_image_name"]);
  if (!imageName)
    return read.fail(
      ["docker_info", "docker_image_name"],
      "is missing",
      'Add docker_info: with docker_image_name: "name" below it',
    );
  return {
    repoName: read.text(["repo_info", "repo_name"]) ?? imageName,
    imageName: parseImageName(imageName),
    source: sourceOf(read, imageName),
    dirSuffix: read.text(["runnable_dir_info", "dir_suffix"]) ?? imageName,
    commandPrefix: read.text(["runnable_dir_info", "command_prefix"]) ?? null,
    nestedHelpers: read.flag(["runnable_dir_info", "use_helpers_as_nested_module"], false),
    registries: parseRegistries(read),
    release: parseRelease(read),
    tests: parseTests(read),
    smoke: read.words(["tests", "smoke", "command"]) ?? defaultSmoke,
    notify: parseNotify(read),
    container: parseContainer(read),
    packages: parsePackages(read),
  };
}

function sourceOf(read: ConfigReader, image: string): string {
  const at = (key: string) => read.text(["repo_info", key]);
  return `https://${at("github_host_name") ?? "github.com"}/${at("github_repo_account") ?? at("repo_name") ?? image}/${at("repo_name") ?? image}`;
}

const releaseKeys = [
  ...["changelog_update", "gates", "end_to_end", "platforms", "downstream"],
  ...["build_args", "dev_packages", "ref_prefix"],
];

const parseGates = (read: ConfigReader, path: readonly string[]): ListName[] =>
  (read.words(path) ?? ["fast", "slow", "qa"]).map(
    (gate) =>
      listNames.find((name) => name === gate) ?? read.fail(path, `names "${gate}"`, `Use: ${listNames.join(", ")}`),
  );

/** Paths in an image, as they stand in a COPY line. */
const parsePaths = (read: ConfigReader, path: readonly string[]): string[] | undefined =>
  read
    .words(path)
    ?.map((text) =>
      /^\/[\w./+-]+$/.test(text) && !text.includes("..")
        ? text
        : read.fail(path, `has "${text}"`, "Write absolute paths in the image, like /venv"),
    );

function parseRelease(read: ConfigReader): Config["release"] {
  const none = read.at(["release"]) === "none";
  if (!none) read.onlyKeys(["release"], releaseKeys);
  const at = (...keys: string[]) => ["release", ...keys];
  return {
    none,
    changelogUpdate: read.oneOf(at("changelog_update"), ["before_release", "after_release"]) ?? "before_release",
    gates: parseGates(read, at("gates")),
    endToEnd: Object.fromEntries(
      (["dev", "prod"] as const).flatMap((stage) => endToEnd(read, at("end_to_end", stage)).map((row) => [stage, row])),
    ),
    platforms: parsePlatforms((read.words(at("platforms")) ?? []).join(",")),
    buildArgs: read.texts(at("build_args")),
    devPackages: parsePaths(read, at("dev_packages")) ?? ["/venv"],
    refPrefix: refPrefix(read, at("ref_prefix")),
  };
}

/** Part of the name of refs that git is given as words: it may neither look like an option nor leave `refs/`. */
function refPrefix(read: ConfigReader, path: readonly string[]): string {
  const text = read.text(path) ?? "refs/slipway";
  if (/^refs(\/[A-Za-z0-9_][\w-]*)+$/.test(text)) return text;
  return read.fail(path, `is ${JSON.stringify(text)}, not the start of a ref`, "Write it like refs/heads/slipway");
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
  read.onlyKeys(["tests"], [...listNames, "smoke"]);
  const list = (name: ListName): TestList => {
    read.onlyKeys(["tests", name], ["command", "may_be_empty", "prod"]);
    return {
      command: read.words(["tests", name, "command"]) ?? null,
      mayBeEmpty: read.flag(["tests", name, "may_be_empty"], false),
      prod: read.oneOf(["tests", name, "prod"], prodWays) ?? null,
    };
  };
  return { fast: list("fast"), slow: list("slow"), superslow: list("superslow"), qa: list("qa") };
}

function parsePackages(read: ConfigReader): Config["packages"] {
  read.onlyKeys(["packages"], ["allow_unused"]);
  const allowUnused = read.texts(["packages", "allow_unused"]);
  for (const [name, reason] of Object.entries(allowUnused))
    if (reason.trim() === "")
      read.fail(["packages", "allow_unused", name], "has no reason", `Write why it stays: ${name}: "typed by hand"`);
  return { allowUnused };
}

function parseContainer(read: ConfigReader): Config["container"] {
  const settings = ["volumes", "ports", "env", "env_file", "network", "compose_files", "socket", "privileged"];
  const keys = [...settings, "home", "dev_tools"];
  read.onlyKeys(["container"], keys);
  const words = (key: string) => read.words(["container", key]) ?? [];
  for (const folder of words("home"))
    if (!homeFolders.some((known) => known === folder))
      read.fail(["container", "home"], `names "${folder}"`, `Use: ${homeFolders.join(", ")}`);
  return {
    volumes: words("volumes"),
    ports: words("ports"),
    env: read.texts(["container", "env"]),
    envFile: words("env_file"),
    network: read.text(["container", "network"]) ?? null,
    composeFiles: words("compose_files"),
    socket: read.flag(["container", "socket"], false),
    privileged: read.flag(["container", "privileged"], false),
    home: words("home"),
    devTools: parseImageName(read.text(["container", "dev_tools"]) ?? "dev_tools"),
  };
}
