import { placeholderAccount } from "../git/git_remote.ts";
import { parseImageName } from "../names/image.ts";
import { type ConfigReader, type ConfigSource, configReader, type Keys, type Values } from "./config_reader.ts";
import { parseRegistries, type Registry, registryKeys, registryKinds } from "./registry.ts";
import { parseNames, parseRelease, type ReleaseSettings, releaseKeys } from "./release_settings.ts";
import {
  type ClusterSettings,
  defaultSmoke,
  type ListName,
  parseCluster,
  parseLimits,
  type SmokeTest,
  type TestList,
  testsKeys,
} from "./tests.ts";

const homeFolders = [".aws", ".ssh", ".config/gh"] as const;

/** Whom a release is announced to: `notify: {slack: TEAM_WEBHOOK}` of repo_config.yaml. */
export type Notify = {
  /** The variable that holds the address of the webhook; the address itself is a secret and stands in no file of the repo. */
  readonly slack: string;
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
  /** What the name of a branch has before the number of its issue. */
  readonly issuePrefix: string;
  readonly registries: readonly Registry[];
  readonly release: ReleaseSettings;
  readonly tests: Readonly<Record<ListName, TestList>>;
  /** Paths of the runnable dir that Git does not know and that the gates of a release see all the same. */
  readonly testMounts: readonly string[];
  /** Cores and bytes of memory that each container of a test list may use. */
  readonly testCpus: number | null;
  readonly testMemory: number | null;
  /** How its lists run on a swarm. */
  readonly testCluster: ClusterSettings;
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
    /** An engine of its own runs in each container. */
    readonly dind: boolean;
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

const notifyKeys = {
  slack: { is: "text", about: "The variable that holds the webhook's address (default: SLACK_WEBHOOK_URL)." },
} as const satisfies Keys;

const settingKeys = {
  volumes: { is: "words", about: "What is mounted, as compose takes it." },
  ports: { is: "words", about: "Ports, as compose takes them." },
  env: { is: "texts", about: "Variables and their values." },
  pass_env: { is: "words", about: "Variables of whoever starts it that it gets too." },
  env_file: { is: "words", about: "Files of variables, from the runnable dir." },
  network: { is: "text", about: "A network that is there." },
  compose_files: { is: "words", about: "More compose files, from the runnable dir." },
  socket: { is: "flag", about: "Give it the engine's socket." },
  privileged: { is: "flag", about: "Let it do what root may." },
  dind: { is: "flag", about: "Start an engine of its own in it; it has to be privileged." },
  slipway: { is: "flag", about: "Mount Slipway, so that i works inside (default: where it gets the socket)." },
  home: { is: "words", of: homeFolders, about: "Folders of the caller's home that it gets." },
  dev_tools: { is: "text", about: "Name of the image whose tools several repos share (default: dev_tools)." },
} as const satisfies Keys;
const containerKeys = {
  ...settingKeys,
  on: {
    is: "named",
    each: { is: "section", keys: settingKeys, about: "The same keys." },
    about: "What is otherwise on machines whose name fits: dev1, or dev* for all that begin so.",
  },
} as const satisfies Keys;

/** The sections of the original may hold keys that Slipway does not know; `lint`, `common_files` and `services` have their keys beside their own parsers. */
export const configKeys = {
  repo_info: {
    is: "section",
    open: true,
    keys: {
      repo_name: { is: "text", about: "Name of the repo (default: that of the image)." },
      github_repo_account: { is: "text", about: "Account of the repo where it is hosted." },
      github_host_name: { is: "text", about: "Where it is hosted (default: github.com)." },
      invalid_words: {
        is: "anything",
        about: "Words that no commit may add, by commas or as a list; the Git hooks look.",
      },
      issue_prefix: {
        is: "text",
        about: "What a branch is called before its issue's number: FixTask, as in FixTask45 (default: Task).",
      },
      enable_git_commit_hook: { is: "flag", about: "Whether thin_client/build asks to install its Git hooks." },
    },
    about: "The repo.",
  },
  docker_info: {
    is: "section",
    open: true,
    needed: true,
    oneOf: ["docker_image_name", "image_of"],
    keys: {
      docker_image_name: { is: "text", about: "Name of the image, without registry and tag." },
      image_of: { is: "text", about: "Instead: the dir whose image it uses, from this one." },
    },
    about: "The image.",
  },
  s3_bucket_info: { is: "anything", about: "Buckets, which Slipway does not read." },
  container_registry_info: {
    is: "registries",
    keys: registryKeys,
    kinds: registryKinds,
    about: "The registries; the short form is KIND: ADDRESS.",
  },
  runnable_dir_info: {
    is: "section",
    open: true,
    keys: {
      dir_suffix: {
        is: "text",
        about: "What the repo's clones and tmux sessions are called after (default: the image's name).",
      },
      command_prefix: { is: "text", about: "What the dir's workflows begin with: opt, as in opt_docker_bash." },
      use_helpers_as_nested_module: { is: "flag", about: "Whether helpers_root is a submodule of the dir." },
      depends_on: { is: "words", about: "Dirs whose changes have this dir's tests run, by main_pytest --changed." },
    },
    about: "The runnable dir.",
  },
  release: { is: "section", orWord: "none", keys: releaseKeys, about: "How it is released; none: never." },
  tests: { is: "section", keys: testsKeys, about: "The lists of tests." },
  container: { is: "section", keys: containerKeys, about: "What a container has beside its image." },
  notify: { is: "section", keys: notifyKeys, about: "Whom a release is announced to." },
  packages: {
    is: "section",
    keys: { allow_unused: { is: "texts", about: "Packages that stay although nothing names them, and why." } },
    about: "What find_unused_packages leaves.",
  },
} as const satisfies Keys;

/** All sections that are Slipway's. */
export const sectionNames: readonly string[] = [...Object.keys(configKeys), "lint", "common_files", "services"];

/** The runnable dir whose image another one uses: all that is known of the image is its own. */
export type ImageOwner = { readonly dir: string; readonly config: Config };

/** Where repo_config.yaml says whose image it uses. */
export const imageOfPath = ["docker_info", "image_of"];

function parseImage(read: ConfigReader, owner: ImageOwner | undefined) {
  const own = ["docker_info", "docker_image_name"];
  const { docker_image_name: imageName } = read.section(["docker_info"], configKeys.docker_info.keys, { open: true });
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
  const leftAlone = read.foreignSections(sectionNames);
  const image = parseImage(read, owner);
  const { imageName, imageOf, registries, release } = image;
  const repo = read.section(["repo_info"], configKeys.repo_info.keys, { open: true });
  const dir = read.section(["runnable_dir_info"], configKeys.runnable_dir_info.keys, { open: true });
  return {
    repoName: repo.repo_name ?? imageName,
    imageName,
    imageOf,
    source: sourceOf(repo, imageName),
    isPlaceholder: repo.github_repo_account === placeholderAccount,
    dirSuffix: dir.dir_suffix ?? imageName,
    commandPrefix: dir.command_prefix ?? null,
    nestedHelpers: dir.use_helpers_as_nested_module ?? false,
    issuePrefix: issuePrefix(read, repo.issue_prefix ?? "Task"),
    registries,
    release,
    ...parseTests(read),
    notify: parseNotify(read),
    container: parseContainer(read, host),
    packages: parsePackages(read),
    leftAlone,
  };
}

/** Begins the name of a branch, and ends where the number begins. */
function issuePrefix(read: ConfigReader, text: string): string {
  if (/^[A-Za-z](?:[\w-]*[A-Za-z_-])?$/.test(text)) return text;
  const fix = "Write letters, like issue_prefix: CmampTask";
  return read.fail(["repo_info", "issue_prefix"], `is ${JSON.stringify(text)}, no start of a branch's name`, fix);
}

type RepoInfo = Values<typeof configKeys.repo_info.keys>;

function sourceOf({ repo_name: name, github_repo_account: account, github_host_name: host }: RepoInfo, image: string) {
  if (account === undefined || account === placeholderAccount) return null;
  return `https://${host ?? "github.com"}/${account}/${name ?? image}`;
}

function parseTests(
  read: ConfigReader,
): Pick<Config, "tests" | "testMounts" | "testCpus" | "testMemory" | "testCluster" | "smoke"> {
  const own = read.section(["tests"], testsKeys);
  const list = (name: ListName): TestList => ({
    command: own[name]?.command ?? null,
    mayBeEmpty: own[name]?.may_be_empty ?? false,
    entrypoint: own[name]?.entrypoint ?? true,
    prod: own[name]?.prod ?? null,
  });
  const limits = parseLimits(read, own);
  return {
    tests: { fast: list("fast"), slow: list("slow"), superslow: list("superslow"), qa: list("qa") },
    testMounts: parseTestMounts(read, own.mount ?? []),
    testCpus: limits.cpus,
    testMemory: limits.memory,
    testCluster: parseCluster(read, own.swarm ?? {}),
    smoke: { command: own.smoke?.command ?? defaultSmoke, entrypoint: own.smoke?.entrypoint ?? true },
  };
}

const parseTestMounts = (read: ConfigReader, paths: readonly string[]): readonly string[] =>
  paths.map((path) =>
    /^[\w.][\w.+-]*(\/[\w.][\w.+-]*)*$/.test(path) && !path.split("/").some((part) => part === ".." || part === ".git")
      ? path
      : read.fail(
          ["tests", "mount"],
          `has ${JSON.stringify(path)}`,
          "Write paths below the runnable dir, like data or test/data",
        ),
  );

/** What is no name of a variable is not shown, for it may be the address itself. */
function parseNotify(read: ConfigReader): Notify {
  const { slack = "SLACK_WEBHOOK_URL" } = read.section(["notify"], notifyKeys);
  if (/^[A-Za-z_]\w*$/.test(slack)) return { slack };
  return read.fail(
    ["notify", "slack"],
    "is not the name of a variable",
    "Write the name, e.g. slack: SLACK_WEBHOOK_URL, and set the variable in .env or in CI's secrets",
  );
}

function parsePackages(read: ConfigReader): Config["packages"] {
  const { allow_unused: allowUnused = {} } = read.section(["packages"], configKeys.packages.keys);
  for (const [name, reason] of Object.entries(allowUnused))
    if (reason.trim() === "")
      read.fail(["packages", "allow_unused", name], "has no reason", `Write why it stays: ${name}: "typed by hand"`);
  return { allowUnused };
}

type ContainerValues = Values<typeof settingKeys>;

/** What containers get; of `on` the last pattern that the machine's name fits and that says something has its say. */
function parseContainer(read: ConfigReader, host: string): Config["container"] {
  const { on = {}, ...own } = read.section(["container"], containerKeys);
  const machines = Object.entries(on).map(([pattern, said]) => {
    const path = ["container", "on", pattern];
    if (!/^[\w.*-]{1,100}$/.test(pattern))
      read.fail(path, "is no name of a machine", 'Write it like dev1 or "dev*"; * stands for any letters');
    // Each is checked on every machine: a mistake is to be told before the one that it is for is reached.
    parseSettings(read, path, said ?? {});
    const heard = Object.entries(said ?? {}).filter(([, value]) => value !== undefined);
    return fits(host, pattern) ? Object.fromEntries(heard) : {};
  });
  const settings = parseSettings(read, ["container"], Object.assign({}, own, ...machines) as ContainerValues);
  assertInnerEngine(read, settings);
  return settings;
}

/** Of what a machine gets in the end: `on` may say one of them, and the section itself another. */
function assertInnerEngine(read: ConfigReader, { dind, privileged, socket }: Config["container"]): void {
  const path = ["container", "dind"];
  if (dind && socket)
    read.fail(
      path,
      "stands beside socket: both would be the engine on /var/run/docker.sock, this machine's and the container's own",
      "Remove one of them: socket to start containers beside this one, dind to start them inside",
    );
  if (dind && !privileged)
    read.fail(path, "needs privileged: an engine mounts, and makes networks and cgroups", "Add privileged: true");
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

function parseSettings(
  read: ConfigReader,
  path: readonly string[],
  own: Partial<ContainerValues>,
): Config["container"] {
  const socket = own.socket ?? false;
  return {
    volumes: own.volumes ?? [],
    ports: own.ports ?? [],
    env: own.env ?? {},
    passEnv: parseNames(read, [...path, "pass_env"], own.pass_env),
    envFile: own.env_file ?? [],
    network: own.network ?? null,
    composeFiles: own.compose_files ?? [],
    socket,
    privileged: own.privileged ?? false,
    dind: own.dind ?? false,
    slipway: own.slipway ?? socket,
    home: own.home ?? [],
    devTools: parseImageName(own.dev_tools ?? "dev_tools"),
  };
}
