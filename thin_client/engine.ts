import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { outliveReaders, tellError } from "../lib/doors/console.ts";
import { UserError } from "../lib/model/errors.ts";
import { systemRefusal } from "../lib/model/system_errors.ts";
import { baseImage, madeImages, pythonImage } from "./engine/base.ts";
import { engineDown, engineStatus, engineUp } from "./engine/lifecycle.ts";
import type { EngineStatus } from "./engine/options.ts";

export { engineDown, engineStatus, engineUp } from "./engine/lifecycle.ts";
export type { DownOptions, EngineOptions, EngineStatus, UpOptions } from "./engine/options.ts";

// subject: "thin client", about: "Bring up a private Docker engine and loopback registries on a machine that has none."
const help = `Brings up a private Docker engine, with registries on loopback addresses, on a machine that has none.

Usage: i engine up|down|status [options]

up       start what is missing; an engine that answers already is left alone
  --yes             start a private engine without asking
  --registries      also three registries: 127.0.0.1:5000 (ecr), 127.0.0.2:5000 (dockerhub), 127.0.0.3:5000 (ghcr)
  --base            also the image ${baseImage}: Debian with nothing but its package manager
  --python          also the image ${pythonImage}: the same with what the template's image installs by apt
  --multi-arch      also run and build arm64 by emulation
down     stop everything, unless another holder still lives; downloads, images and the build cache stay
  --force           stop although others use it
  --purge           remove downloads, images and the build cache too
status   tell what runs

  --holder PID      who uses the engine (default: the session of this terminal)
  --json            print the state for machines
  --help            print this text

Examples:
  i engine up --yes --registries --base
  i engine status --json
  i engine down --purge
`;

const optionTypes = {
  yes: { type: "boolean" },
  registries: { type: "boolean" },
  base: { type: "boolean" },
  python: { type: "boolean" },
  "multi-arch": { type: "boolean" },
  force: { type: "boolean" },
  purge: { type: "boolean" },
  holder: { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean" },
} as const;

const wrongUsage = (what: string, why: string): UserError =>
  new UserError(what, { why, fix: "Read the options: tsx thin_client/engine.ts --help", kind: "usage" });

function parse(words: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({ args: [...words], options: optionTypes, allowPositionals: true });
    return { values, command: positionals.join(" ") };
  } catch (cause) {
    throw wrongUsage(`engine.ts does not know "${words.join(" ")}"`, cause instanceof Error ? cause.message : "");
  }
}

function parseHolder(text: string | undefined): { readonly holder?: number } {
  if (text === undefined) return {};
  if (!/^[1-9]\d*$/.test(text)) throw wrongUsage(`--holder "${text}" is no process id`, "it is a whole number.");
  return { holder: Number(text) };
}

const say = (line: string): void => void process.stderr.write(`engine: ${line}\n`);

/** A line for the user's shell; of the PATH only what comes first is ours to say. */
const exportLine = (name: string, value: string): string =>
  name === "PATH" ? `export PATH='${value.split(":")[0]}':"$PATH"` : `export ${name}='${value}'`;

const describe = (status: EngineStatus): string =>
  [
    { own: "engine: your own", private: `engine: private, ${status.socket}`, none: "engine: none" }[status.engine],
    ...status.registries.map(({ name, address, up }) => `registry: ${address} (${name}) ${up ? "up" : "down"}`),
    ...madeImages.map((name) => `image: ${name} ${status.images.includes(name) ? "there" : "not there"}`),
    `arm64: ${status.multiArch ? "runs" : "does not run"}`,
    `used by: ${status.holders.join(", ") || "nobody"}`,
    ...Object.entries(status.env).map(([name, value]) => exportLine(name, value)),
  ].join("\n");

async function perform(words: readonly string[]): Promise<string> {
  const { values, command } = parse(words);
  if (values.help || command === "") return help;
  const {
    "multi-arch": multiArch = false,
    yes = false,
    registries = false,
    base = false,
    python = false,
    force = false,
    purge = false,
  } = values;
  const images = [...(base ? [baseImage] : []), ...(python ? [pythonImage] : [])];
  const common = { say, ...parseHolder(values.holder) };
  const print = (status: EngineStatus) => (values.json ? JSON.stringify(status, null, 2) : describe(status));
  if (command === "up") return print(await engineUp({ ...common, yes, registries, images, multiArch }));
  if (command === "status") return print(await engineStatus(common));
  if (command !== "down")
    throw wrongUsage(`engine.ts has no command "${command}"`, "its commands are up, down and status.");
  const stopped = await engineDown({ ...common, force, purge });
  return values.json ? JSON.stringify({ stopped }) : `engine: ${stopped ? "stopped" : "still used"}`;
}

async function main(words: readonly string[]): Promise<void> {
  outliveReaders();
  try {
    process.stdout.write(`${(await perform(words)).trimEnd()}\n`);
  } catch (thrown) {
    const error = systemRefusal(thrown) ?? thrown;
    if (!(error instanceof UserError)) throw error;
    process.exitCode = tellError(error, words.includes("--json"));
  }
}

const program = process.argv[1];
if (program !== undefined && realpathSync(program) === fileURLToPath(import.meta.url))
  await main(process.argv.slice(2));
