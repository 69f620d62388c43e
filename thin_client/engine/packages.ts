import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must, run } from "./command.ts";
import { assertDebian, type Debian, sourcesText } from "./debian.ts";
import type { Layout } from "./layout.ts";

const engineSuite = "trixie";
const enginePackages = [
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
    "DPkg::Lock::Timeout": "300",
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
}

/** Installs what is missing of the distribution's own packages. */
export async function installPackages(at: Layout, names: readonly string[]): Promise<void> {
  const missing: string[] = [];
  for (const name of names) {
    const { stdout } = await run(["dpkg-query", "-W", "-f", "${Status}", name]);
    if (!stdout.includes("ok installed")) missing.push(name);
  }
  if (missing.length === 0) return;
  const apt = ["apt-get", ...privateApt(join(at.packages, "apt-host"), sourcesText(assertDebian()))];
  const log = join(at.log, "packages.log");
  await must([...apt, "update"], { env: quiet, log });
  await must([...apt, "install", "-y", "--no-install-recommends", ...missing], { env: quiet, log });
}

/** The release that the engine's packages come from: this machine's, or the one after where that is too old. */
function engineRelease(): Debian {
  const debian = assertDebian();
  return debian.codename === "bookworm" ? { ...debian, codename: engineSuite } : debian;
}

/** Downloads packages of a release and unpacks them into a folder, without installing them. */
export async function unpackPackages(
  at: Layout,
  names: readonly string[],
  target: string,
  architecture?: string,
): Promise<void> {
  const release = engineRelease();
  const state = join(at.packages, `apt-${release.codename}-${architecture ?? "own"}`);
  const foreign =
    architecture === undefined
      ? []
      : ["-o", `APT::Architecture=${architecture}`, "-o", `APT::Architectures=${architecture}`];
  const apt = ["apt-get", ...privateApt(state, sourcesText(release, "main")), ...foreign];
  const unfinished = `${target}.unfinished`;
  const debs = join(unfinished, "debs");
  const log = join(at.log, "packages.log");
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(debs, { recursive: true });
  await must([...apt, "update"], { env: quiet, log });
  await must([...apt, "download", ...names], { env: quiet, cwd: debs, log });
  for (const deb of readdirSync(debs)) await must(["dpkg", "-x", join(debs, deb), unfinished], { log });
  rmSync(debs, { recursive: true });
  rmSync(target, { recursive: true, force: true });
  renameSync(unfinished, target);
}

/** Unpacks packages with all that they depend on: a folder that programs run in as their root. */
export async function unpackRoot(at: Layout, names: readonly string[], target: string): Promise<void> {
  const release = engineRelease();
  const state = join(at.packages, `apt-${release.codename}-root`);
  const apt = ["apt-get", ...privateApt(state, sourcesText(release, "main"))];
  // Nothing counts as installed, so that everything is brought.
  const nothing = join(state, "status");
  writeFileSync(nothing, "");
  const log = join(at.log, "packages.log");
  const options = { env: quiet, log };
  await must([...apt, "update"], options);
  const download = ["install", "--yes", "--no-install-recommends", "--download-only", ...names];
  await must([...apt, "-o", `Dir::State::status=${nothing}`, ...download], options);
  const debs = join(state, "cache", "archives");
  const unfinished = `${target}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  for (const folder of ["bin", "sbin", "lib", "lib64"]) symlinkSync(`usr/${folder}`, join(unfinished, folder));
  const files = readdirSync(debs).filter((name) => name.endsWith(".deb"));
  for (const deb of files) await must(["dpkg", "-x", join(debs, deb), unfinished], { log });
  rmSync(state, { recursive: true });
  renameSync(unfinished, target);
}

/** Brings the engine's programs; done already where they are there. */
export async function ensurePrograms(at: Layout, say: (line: string) => void): Promise<void> {
  const root = join(at.packages, "engine");
  if (!existsSync(root)) {
    say("downloading the engine's packages (about 100 MB)");
    await unpackPackages(at, enginePackages, root);
  }
  for (const program of programs) {
    const found = ["usr/bin", "usr/sbin"].map((folder) => join(root, folder, program)).find((file) => existsSync(file));
    if (found !== undefined) link(found, join(at.bin, program), at.bin);
  }
  const tini = join(root, "usr/bin/tini-static");
  if (existsSync(tini)) link(tini, join(at.bin, "docker-init"), at.bin);
  const folder = join(at.config, "cli-plugins");
  for (const plugin of plugins)
    link(join(root, "usr/libexec/docker/cli-plugins", plugin), join(folder, plugin), folder);
}

/** Brings the registry's program where the engine is the user's own. */
export async function ensureRegistryProgram(at: Layout, say: (line: string) => void): Promise<void> {
  if (!existsSync(join(at.bin, "docker-registry"))) await ensurePrograms(at, say);
}

function link(target: string, path: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  rmSync(path, { force: true });
  symlinkSync(target, path);
}
