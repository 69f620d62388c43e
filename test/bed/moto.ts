import { type ChildProcess, spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { until } from "../../thin_client/engine/command.ts";
import { type Layout, layout } from "../../thin_client/engine/layout.ts";
import { unpackRoot } from "../../thin_client/engine/packages.ts";
import { needs } from "./parts.ts";
import { freeAddress } from "./registry.ts";

/** A server that answers as AWS does, in a process of its own that ends with the test's. */
export type Moto = { readonly address: string; readonly stop: () => Promise<void> };

const certificates = "etc/ssl/certs/ca-certificates.crt";

const rootOf = (at: Layout): string => join(at.packages, "moto");

/** Brings moto with its Python as a folder of its own; once per machine, about 20 s. */
export async function ensureMoto(at: Layout): Promise<void> {
  const root = rootOf(at);
  await unpackRoot(at, ["python3-moto", "python3-flask", "python3-flask-cors"], root);
  if (!existsSync(join(root, certificates))) finish(root);
}

/** What the packages' scripts would have made: certificates in one file, and a place for temporary files. */
function finish(root: string): void {
  const from = join(root, "usr/share/ca-certificates/mozilla");
  mkdirSync(join(root, "tmp"), { recursive: true });
  mkdirSync(dirname(join(root, certificates)), { recursive: true });
  const texts = readdirSync(from).map((name) => readFileSync(join(from, name), "utf8"));
  writeFileSync(join(root, certificates), texts.join(""));
}

/** Starts moto's server on an address of its own and waits until it answers. */
export async function startMoto(): Promise<Moto> {
  await needs("moto");
  const root = rootOf(layout(process.env));
  const folder = mkdtempSync(join(tmpdir(), "slipway-moto-"));
  const address = await freeAddress();
  const child = serve(root, address, join(folder, "log"));
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  const answers = () =>
    fetch(`http://${address}/moto-api/`).then(
      ({ status }) => status === 200,
      () => false,
    );
  const came = await until(async () => ended() || (await answers()), 300_000);
  if (!came || ended()) throw new Error(`no moto on ${address}: ${readFileSync(join(folder, "log"), "utf8")}`);
  const stop = async () => {
    child.ref();
    const closed = new Promise((resolve) => child.once("exit", resolve));
    if (!ended() && child.kill("SIGKILL")) await closed;
    rmSync(folder, { recursive: true, force: true });
  };
  return { address, stop };
}

/** Starts it so that the kernel ends it when this process ends, however it does. */
function serve(root: string, address: string, log: string): ChildProcess {
  const [host = "", port = ""] = address.split(":");
  const server = ["-m", "moto.server", "-H", host, "-p", port];
  const line = ["setpriv", "--pdeathsig", "KILL", "chroot", root, "/usr/bin/python3", ...server] as const;
  const [starter, ...words] = line;
  const file = openSync(log, "a");
  const child = spawn(starter, words, { stdio: ["ignore", file, file] });
  closeSync(file);
  child.unref();
  return child;
}
