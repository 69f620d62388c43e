import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { isStopped, must, run } from "./command.ts";
import { assertDebian, type Debian, sourcesText } from "./debian.ts";
import { withLock } from "./holders.ts";
import type { Layout } from "./layout.ts";

const engineSuite = "trixie";
export const enginePackages = [
  "docker.io",
  "docker-cli",
  "containerd",
  "docker-buildx",
  "docker-compose",
  "docker-registry",
  "tini",
];
const programs = [
  "docker",
  "dockerd",
  "docker-proxy",
  "docker-init",
  "containerd",
  "containerd-shim-runc-v2",
  "ctr",
  "docker-registry",
];
const plugins = ["docker-buildx", "docker-compose"];

const quiet = { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" };

/** Options that give apt sources and lists of its own, so that broken sources of the machine do not matter. */
function privateApt(folder: string, sources: string): readonly string[] {
  mkdirSync(join(folder, "lists", "partial"), { recursive: true });
  mkdirSync(join(folder, "cache", "archives", "partial"), { recursive: true });
  const file = join(folder, "engine.sources");
  writeFileSync(file, sources);
  const settings = {
    "Dir::Etc::sourcelist": file,
    "Dir::Etc::sourceparts": "-",
    "Dir::State::lists": join(folder, "lists"),
    "Dir::Cache": join(folder, "cache"),
    "APT::Sandbox::User": "root",
    "Acquire::Languages": "none",
    "DPkg::Lock::Timeout": "300",
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
}

/** How often a source is asked, and the milliseconds before each try. */
const waits = [0, 1_000, 3_000];

/** Takes what first of the sources gives, asked three times each; throws what the last one said. */
export async function fromFirst<S>(sources: readonly S[], bring: (source: S) => Promise<void>): Promise<void> {
  let last: unknown = new Error("there is no source");
  for (const source of sources) {
    for (const wait of waits) {
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      try {
        return await bring(source);
      } catch (error) {
        last = error;
        if (isStopped()) throw error;
      }
    }
  }
  throw last;
}

/** The packages that are not installed. */
export async function missingOf(names: readonly string[]): Promise<readonly string[]> {
  const states = names.map((name) => run(["dpkg-query", "-W", "-f", "${Status}", name]));
  const told = await Promise.all(states);
  return names.filter((_, index) => !told[index]?.stdout.includes("ok installed"));
}

/** Installs what is missing of the distribution's own packages: from its sources alone, else from all that the machine names. */
export async function installPackages(at: Layout, names: readonly string[]): Promise<void> {
  if ((await missingOf(names)).length === 0) return;
  const state = join(at.packages, "apt-host");
  const log = join(at.log, "packages.log");
  const install = async (options: readonly string[]) => {
    const missing = await missingOf(names);
    if (missing.length === 0) return;
    const apt = ["apt-get", "-o", "DPkg::Lock::Timeout=300", ...options];
    await must([...apt, "update"], { env: quiet, log });
    await must([...apt, "install", "-y", "--no-install-recommends", ...missing], { env: quiet, log });
  };
  const sources = [privateApt(state, sourcesText(assertDebian())), []];
  await withLock(
    state,
    () => undefined,
    () => fromFirst(sources, install),
  );
}

/** The releases that unpacked packages come from, first choice first: an index of one can be inconsistent for days. */
function releasesOf(suites: readonly string[]): readonly Debian[] {
  const debian = assertDebian();
  const own = debian.codename === "bookworm" ? [] : [debian.codename];
  return [...new Set([...own, ...suites])].map((codename) => ({ ...debian, codename }));
}

/** What packages are unpacked from: the first suite that can be read, besides the machine's own where that is new enough. */
type Suites = {
  readonly suites?: readonly string[];
  readonly architecture?: string;
  /** Called before anything is downloaded. */
  readonly onBring?: () => void;
  /** Whether a folder that is there can be used; one that cannot is brought again. */
  readonly isWhole?: (folder: string) => boolean;
};
const newSuites = [engineSuite, "sid"];

/** Downloads packages of a release and unpacks them into a folder, without installing them, unless it is there. */
export async function unpackPackages(
  at: Layout,
  names: readonly string[],
  target: string,
  { suites = newSuites, architecture, onBring, isWhole = existsSync }: Suites = {},
): Promise<void> {
  const foreign =
    architecture === undefined
      ? []
      : ["-o", `APT::Architecture=${architecture}`, "-o", `APT::Architectures=${architecture}`];
  const log = join(at.log, "packages.log");
  const bring = async (release: Debian) => {
    const state = join(at.packages, `apt-${release.codename}-${architecture ?? "own"}`);
    const apt = ["apt-get", ...privateApt(state, sourcesText(release, "main")), ...foreign];
    const unfinished = `${target}.unfinished`;
    const debs = join(unfinished, "debs");
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(debs, { recursive: true });
    await must([...apt, "update"], { env: quiet, log });
    await must([...apt, "download", ...names], { env: quiet, cwd: debs, log });
    await unpackAll(packagesIn(debs), { folder: unfinished, log });
    rmSync(debs, { recursive: true });
    // Without it a loss of power leaves empty files under the final name.
    await must(["sync", "-f", unfinished], { log });
    rmSync(target, { recursive: true, force: true });
    renameSync(unfinished, target);
  };
  const needed = () => !isWhole(target);
  await once(at, target, needed, () => {
    onBring?.();
    return fromFirst(releasesOf(suites), bring);
  });
}

/** The package files of a folder. */
const packagesIn = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".deb"))
    .map((name) => join(folder, name));

/** Follows links to folders, as that of `bin` to `usr/bin`, which `dpkg -x` would put a folder in the place of. */
const unpackOne = 'dpkg-deb --fsys-tarfile "$0" | tar -xp --keep-directory-symlink "$@" -f -';

/** Unpacks package files into a folder but for what is left out, two at a time: that is work for a processor. */
export async function unpackAll(
  files: readonly string[],
  { folder, log, without = [] }: { folder: string; log: string; without?: readonly string[] },
): Promise<void> {
  const words = ["-C", folder, ...without.map((path) => `--exclude=.${path}`)];
  const left = [...files];
  const unpack = async () => {
    for (let file = left.pop(); file !== undefined; file = left.pop())
      await must(["sh", "-c", unpackOne, file, ...words], { log });
  };
  await Promise.all([unpack(), unpack()]);
}

/** Makes an empty folder that packages can be unpacked into as a root: programs lie below `usr`, and are found without it. */
export function makeRoot(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of ["bin", "sbin", "lib", "lib64"]) {
    mkdirSync(join(folder, "usr", name), { recursive: true });
    symlinkSync(`usr/${name}`, join(folder, name));
  }
}

/** Downloads packages with all that they depend on; gives all package files that were downloaded so far. */
export type Download = (names: readonly string[]) => Promise<readonly string[]>;

/** Reads the lists of these sources into a folder, to which nothing counts as installed, and gives what downloads into it. */
export async function openSources(folder: string, sources: string, log: string): Promise<Download> {
  rmSync(folder, { recursive: true, force: true });
  const nothing = join(folder, "status");
  const apt = ["apt-get", ...privateApt(folder, sources), "-o", `Dir::State::status=${nothing}`];
  writeFileSync(nothing, "");
  await must([...apt, "update"], { env: quiet, log });
  return async (names) => {
    const download = ["install", "--yes", "--no-install-recommends", "--download-only", ...names];
    await must([...apt, ...download], { env: quiet, log });
    return packagesIn(join(folder, "cache", "archives"));
  };
}

/** Unpacks packages with all that they depend on, unless it is there: a folder that programs run in as their root. */
export async function unpackRoot(at: Layout, names: readonly string[], target: string): Promise<void> {
  const log = join(at.log, "packages.log");
  const bring = async (release: Debian) => {
    const state = join(at.packages, `apt-${release.codename}-root`);
    const unfinished = `${target}.unfinished`;
    const download = await openSources(state, sourcesText(release, "main"), log);
    const files = await download(names);
    makeRoot(unfinished);
    await unpackAll(files, { folder: unfinished, log });
    rmSync(state, { recursive: true });
    renameSync(unfinished, target);
  };
  const needed = () => !existsSync(target);
  await once(at, target, needed, () => fromFirst(releasesOf(newSuites), bring));
}

/** Brings a folder where it is needed, whoever else does at the same time. */
async function once(at: Layout, target: string, needed: () => boolean, bring: () => Promise<void>): Promise<void> {
  if (!needed()) return;
  await withLock(
    join(at.packages, `lock-${basename(target)}`),
    () => undefined,
    async () => {
      if (needed()) await bring();
    },
  );
}

/** The folder that the engine's packages are unpacked into. */
export const programsFolder = (at: Layout): string => join(at.packages, "engine");

/** Brings the engine's programs; done already where they are there. */
export async function ensurePrograms(at: Layout, say: (line: string) => void): Promise<void> {
  const root = programsFolder(at);
  const onBring = () => say("downloading the engine's packages (about 100 MB)");
  await unpackPackages(at, enginePackages, root, { onBring, isWhole: isWholeEngine });
  for (const program of programs) {
    const found = programIn(root, program);
    if (found !== undefined) link(found, join(at.bin, program), at.bin);
  }
  const tini = join(root, "usr/bin/tini-static");
  if (existsSync(tini)) link(tini, join(at.bin, "docker-init"), at.bin);
  const folder = join(at.config, "cli-plugins");
  for (const plugin of plugins) link(pluginIn(root, plugin), join(folder, plugin), folder);
}

const programIn = (root: string, program: string): string | undefined =>
  ["usr/bin", "usr/sbin"].map((folder) => join(root, folder, program)).find((file) => existsSync(file));
const pluginIn = (root: string, plugin: string): string => join(root, "usr/libexec/docker/cli-plugins", plugin);

/** Whether an unpacked engine can start: what it cannot do without is there, and no program is an empty file. */
export function isWholeEngine(root: string): boolean {
  const needed = ["docker", "dockerd", "containerd", "docker-registry"].map((program) => programIn(root, program));
  const others = programs.flatMap((program) => programIn(root, program) ?? []);
  const files = [...needed, ...others, ...plugins.map((plugin) => pluginIn(root, plugin))];
  return files.every((file) => file !== undefined && (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0);
}

/** Points a link at a file, also while somebody else does. */
function link(target: string, path: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  const own = `${path}.${process.pid}`;
  rmSync(own, { force: true });
  symlinkSync(target, own);
  renameSync(own, path);
}
