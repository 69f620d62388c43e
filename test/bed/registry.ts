import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listens } from "../../lib/doors/ports.ts";
import { must, until } from "../../thin_client/engine/command.ts";
import { layout } from "../../thin_client/engine/layout.ts";
import { registryConfig } from "../../thin_client/engine/registries.ts";
import { needs } from "./parts.ts";

/** What a test's registry may be asked for. */
export type RegistryOptions = {
  /** Only this user with this password may pull and push. */
  readonly login?: { readonly user: string; readonly password: string };
  /** Refuses every push. */
  readonly readonly?: boolean;
  /** Serve what another registry stored; without it the registry starts empty. */
  readonly storage?: string;
  /** The address to listen on; a free one on the loopback network unless given. */
  readonly address?: string;
};

/** One request that a registry answered. */
export type Request = {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly at: Date;
  /** What the client calls itself. */
  readonly agent: string;
};

/** A registry of one test, in a process of its own that ends with the test's. */
export type TestRegistry = {
  readonly address: string;
  readonly storage: string;
  /** What was asked since the start or since the last `forget`, oldest first. */
  readonly requests: () => readonly Request[];
  readonly forget: () => void;
  readonly stop: () => Promise<void>;
};

/** An address on the loopback network that nobody listens on; all are of one length, as a table's columns follow it. */
export async function freeAddress(): Promise<string> {
  const part = () => 100 + Math.floor(Math.random() * 150);
  const host = `127.${part()}.${part()}.${part()}`;
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, host, resolve));
  const taken = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (taken === null || typeof taken === "string") throw new Error("a listening server has an address");
  return `${host}:${taken.port}`;
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const accessLine = /\[(\d+)\/(\w+)\/(\d+):(\S+) ([+-]\d\d)(\d\d)\] "(\S+) (\S+) [^"]*" (\d+) \S+ "[^"]*" "([^"]*)"/;

/** Reads the lines of an access log; what is no request is left out. */
export const parseAccessLog = (text: string): readonly Request[] =>
  text.split("\n").flatMap((line) => {
    const [, day, month = "", year, time, hours, minutes, method, path, status, agent = ""] =
      accessLine.exec(line) ?? [];
    if (method === undefined || path === undefined) return [];
    const number = String(months.indexOf(month) + 1).padStart(2, "0");
    const at = new Date(`${year}-${number}-${day}T${time}${hours}:${minutes}`);
    return [{ method, path, status: Number(status), at, agent }];
  });

/** The line of a password file for this user; the C library's crypt knows bcrypt. */
async function passwordLine({ user, password }: { readonly user: string; readonly password: string }): Promise<string> {
  await needs("perl");
  const code = "chomp(my $word = <STDIN>); print crypt($word, q($2y$05$abcdefghijklmnopqrstuu))";
  return `${user}:${await must(["perl", "-e", code], { input: `${password}\n` })}\n`;
}

/** Starts a registry of its own for a test and waits until it answers. */
export async function startRegistry(options: RegistryOptions = {}): Promise<TestRegistry> {
  await needs("clients");
  const folder = mkdtempSync(join(tmpdir(), "slipway-registry-"));
  const address = options.address ?? (await freeAddress());
  const storage = options.storage ?? join(folder, "data");
  const settings = { address, storage, readonly: options.readonly ?? false, ...(await passwordFile(folder, options)) };
  writeFileSync(join(folder, "config.yml"), registryConfig(settings));
  const child = serve(folder);
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  const came = await until(async () => ended() || (await listens(address)), 300_000);
  if (!came || ended())
    throw new Error(`no registry on ${address}: ${readFileSync(join(folder, "registry.log"), "utf8")}`);
  const stop = async () => {
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  return { address, storage, stop, ...watch(join(folder, "access.log")) };
}

async function passwordFile(folder: string, { login }: RegistryOptions): Promise<{ readonly passwords?: string }> {
  if (login === undefined) return {};
  const passwords = join(folder, "passwords");
  writeFileSync(passwords, await passwordLine(login));
  return { passwords };
}

function watch(file: string): Pick<TestRegistry, "requests" | "forget"> {
  let seen = 0;
  const text = () => readFileSync(file, "utf8");
  const forget = () => {
    seen = text().length;
  };
  return { requests: () => parseAccessLog(text().slice(seen)), forget };
}

/** Starts the program so that the kernel ends it when this process ends, however it does. */
function serve(folder: string): ChildProcess {
  const program = join(layout(process.env).bin, "docker-registry");
  const [starter, ...words] = ["setpriv", "--pdeathsig", "KILL", program, "serve", join(folder, "config.yml")] as const;
  const files = ["access.log", "registry.log"].map((name) => openSync(join(folder, name), "a"));
  const child = spawn(starter, words, { stdio: ["ignore", ...files] });
  for (const file of files) closeSync(file);
  child.unref();
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), 3_000);
  await closed;
  clearTimeout(late);
}
