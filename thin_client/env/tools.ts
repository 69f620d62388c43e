import { spawn } from "node:child_process";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { engineEnv } from "../../lib/doors/engine.ts";
import { systemRefusal } from "../../lib/text/system_errors.ts";

/** A program that the workflows use: how it tells its version, what it is for, and what installs it. */
type Tool = {
  readonly name: string;
  readonly argv: readonly string[];
  /** A CLI plugin of docker: its own file is what changes with an upgrade. */
  readonly plugin?: string;
  readonly apt?: string;
  readonly brew?: string;
  /** Said where neither package manager has it. */
  readonly otherwise: string;
};
/** One row of the table. */
export type Found = {
  readonly name: string;
  readonly version: string | null;
  readonly path: string | null;
  readonly install: string | null;
};

const engine = "thin_client/bin/i engine up   (a private engine; or https://docs.docker.com/engine/install)";
const tools: readonly Tool[] = [
  { name: "bun", argv: ["bun", "--version"], otherwise: "thin_client/build   (it comes with the thin env)" },
  { name: "node", argv: ["node", "--version"], brew: "node", otherwise: "https://nodejs.org (20.19 or newer)" },
  { name: "git", argv: ["git", "--version"], apt: "git", brew: "git", otherwise: "https://git-scm.com" },
  { name: "docker", argv: ["docker", "--version"], otherwise: engine },
  { name: "buildx", argv: ["docker", "buildx", "version"], plugin: "docker-buildx", otherwise: engine },
  { name: "compose", argv: ["docker", "compose", "version"], plugin: "docker-compose", otherwise: engine },
  { name: "tmux", argv: ["tmux", "-V"], apt: "tmux", brew: "tmux", otherwise: "https://github.com/tmux/tmux" },
  { name: "aws", argv: ["aws", "--version"], apt: "awscli", brew: "awscli", otherwise: "https://aws.amazon.com/cli" },
  { name: "gh", argv: ["gh", "--version"], apt: "gh", brew: "gh", otherwise: "https://cli.github.com" },
];

/** The packages that apt has for a missing tool. */
export const aptPackages = (found: readonly Found[]): readonly string[] =>
  tools.flatMap((tool) => (tool.apt && found.some((row) => row.name === tool.name && !row.version) ? [tool.apt] : []));

/** Asks every tool for its version, all at once; one whose file did not change since the last time is not asked again. */
export async function findTools(cache: string, bun: string, save: boolean): Promise<readonly Found[]> {
  const known = readCache(cache);
  const rows = await Promise.all(
    tools.map((tool) => findTool(tool, tool.name === "bun" ? program(bun) : onPath(tool.argv[0] ?? ""), known)),
  );
  if (save)
    writeCache(
      cache,
      Object.fromEntries(rows.flatMap(({ key, row }) => (key && row.version ? [[key, row.version]] : []))),
      known,
    );
  return rows.map(({ row }) => row);
}

async function findTool(
  tool: Tool,
  path: string | null,
  known: Versions,
): Promise<{ readonly key: string | null; readonly row: Found }> {
  const key = path && keyOf(tool, path);
  const version = path && ((key && known[key]) || (await askVersion([path, ...tool.argv.slice(1)])));
  return { key, row: { name: tool.name, version, path, install: version ? null : installLine(tool) } };
}

function installLine(tool: Tool): string {
  const sudo = process.getuid?.() === 0 ? "" : "sudo ";
  if (tool.apt && onPath("apt-get")) return `${sudo}apt-get install -y ${tool.apt}`;
  return tool.brew && onPath("brew") ? `brew install ${tool.brew}` : tool.otherwise;
}

/** What workflows see: the private engine's client and plugins where no other engine serves. */
const seenEnv = (): NodeJS.ProcessEnv => ({ ...process.env, ...engineEnv(process.env) });

/** The first executable file of this name on PATH. */
export function onPath(name: string): string | null {
  const dirs = (seenEnv()["PATH"] ?? "").split(delimiter).filter((dir) => dir !== "");
  return dirs.map((dir) => join(dir, name)).find(isProgram) ?? null;
}

const program = (path: string): string | null => (isProgram(path) ? path : null);

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Changes when the program or its plugin is installed anew; a plugin that is nowhere known is asked every time. */
function keyOf(tool: Tool, path: string): string | null {
  const file =
    tool.plugin === undefined
      ? path
      : pluginDirs(path)
          .map((dir) => join(dir, tool.plugin ?? ""))
          .find(existsSync);
  if (file === undefined) return null;
  const { mtimeMs, size } = statSync(file);
  return `${tool.name} ${realpathSync(file)} ${mtimeMs} ${size}`;
}

const pluginDirs = (docker: string): readonly string[] => [
  join(seenEnv()["DOCKER_CONFIG"] || join(homedir(), ".docker"), "cli-plugins"),
  join(dirname(dirname(docker)), "lib", "docker", "cli-plugins"),
  ...["/usr/local/lib", "/usr/local/libexec", "/usr/lib", "/usr/libexec"].map((dir) =>
    join(dir, "docker", "cli-plugins"),
  ),
];

function askVersion([file = "", ...words]: readonly string[]): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(file, words, { env: seenEnv(), stdio: ["ignore", "pipe", "pipe"], timeout: 10_000 });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => (text += String(part)));
    child.once("error", () => resolve(null));
    child.once("close", (code) => resolve(code === 0 ? (/\d+(\.\d+)+[\w.-]*/.exec(text)?.[0] ?? "unknown") : null));
  });
}

type Versions = Readonly<Record<string, string>>;

function readCache(path: string): Versions {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Versions;
  } catch {
    return {};
  }
}

function writeCache(path: string, versions: Versions, known: Versions): void {
  const text = JSON.stringify(versions, null, 1);
  if (text === JSON.stringify(known, null, 1)) return;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.${process.pid}`, text);
    renameSync(`${path}.${process.pid}`, path);
  } catch (error) {
    const refusal = systemRefusal(error);
    if (!refusal) throw error;
    // The versions are asked for again next time.
    process.stderr.write(`slipway: going on without it: ${refusal.message}\n`);
  }
}
