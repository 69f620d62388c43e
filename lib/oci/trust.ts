import { X509Certificate } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { createSecureContext, rootCertificates, type SecureContext } from "node:tls";
import { UserError } from "../errors.ts";
import { quote } from "../plan/render_plan.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** What certificates of a host are checked against, and what we show of ourselves. */
export type Trust = {
  readonly context: SecureContext;
  /** The files behind it, beside the system's own. */
  readonly files: readonly string[];
  /** The certificate that we show when asked; null where there is none. */
  readonly shown: string | null;
  /** Where certificates for the host serve the engine too. */
  readonly folder: string;
};

/** Where Linux distributions and others keep their roots (Go, "crypto/x509/root_linux.go", "root_bsd.go"), which Docker trusts. */
const systemFiles = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/** Docker's folders for certificates of registries, the user's before the system's (Docker's documentation, "Verify repository client with certificates"). */
function foldersFor(hosts: readonly string[], env: Env): string[] {
  const home = env["HOME"] || homedir();
  const places = [env["DOCKER_CONFIG"] || join(home, ".docker"), join(home, ".config", "docker"), "/etc/docker"];
  return hosts.flatMap((host) => places.map((place) => join(place, "certs.d", host)));
}

/**
 * What to trust a host by, and what to show it: Docker's folders for it (and the CAs of those for `behind`, the registry that
 * sends there), `NODE_EXTRA_CA_CERTS`, `SSL_CERT_FILE`, `SSL_CERT_DIR`, and the system's roots. Throws UserError on a
 * certificate that is half there.
 */
export async function loadTrust(host: string, behind: string, env: Env): Promise<Trust> {
  // A port that the scheme implies may stand in the name of a folder or not.
  const names = (name: string) => (name.includes(":") ? [name] : [name, `${name}:443`]);
  const own = foldersFor(names(host), env);
  const found = await filesIn([...own, ...(behind === host ? [] : foldersFor(names(behind), env))]);
  const named = variables.flatMap((variable) => env[variable] || []);
  const listed = await filesIn((env["SSL_CERT_DIR"] ?? "").split(":").filter((folder) => folder !== ""));
  const extra = [...found.filter((file) => file.endsWith(".crt")), ...named];
  const [pair, system, texts, loose] = await Promise.all([
    pairOf(found.filter((file) => own.some((folder) => file.startsWith(`${folder}/`)))),
    systemRoots(),
    Promise.all(extra.map((file) => readAuthority(file, env))),
    Promise.all(listed.map((file) => readFile(file, "utf8").catch(() => ""))),
  ]);
  // A folder of roots has links to each, and the bundle of all.
  const ca = [...new Set([...system, ...texts, ...loose].flatMap(certificatesIn))];
  return {
    context: createSecureContext({ ca, ...(pair === null ? {} : { cert: pair.cert, key: pair.key }) }),
    files: [...extra, ...(listed.length > 0 ? [env["SSL_CERT_DIR"] ?? ""] : [])],
    shown: pair?.file ?? null,
    folder: `/etc/docker/certs.d/${host}`,
  };
}

const certificatesIn = (text: string): readonly string[] =>
  text.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs) ?? [];

async function systemRoots(): Promise<readonly string[]> {
  for (const file of systemFiles) {
    const text = await readFile(file, "utf8").catch(() => "");
    if (certificatesIn(text).length > 0) return [text];
  }
  return rootCertificates;
}

/** The files of folders, by name in each; a folder that is not there or closed to us has none. */
async function filesIn(folders: readonly string[]): Promise<string[]> {
  const lists = folders.map(async (folder) =>
    (await readdir(folder).catch(() => [])).sort().map((name) => join(folder, name)),
  );
  return (await Promise.all(lists)).flat();
}

/** The variables that name a CA. */
const variables = ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"];
const variableOf = (file: string, env: Env) => variables.find((name) => env[name] === file);

const fault = (what: string, why: string, fix: string): UserError => new UserError(what, { why, fix });

async function read(file: string, what: string, variable?: string): Promise<string> {
  return await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    const isThere = error.code !== "ENOENT" && error.code !== "ENOTDIR";
    throw fault(
      `${what} ${quote(file)} cannot be read (${error.code})`,
      isThere ? "This user has no right to read it." : `${variable ?? "A link"} names it, and it is not there.`,
      isThere ? `sudo chown "$(id -un)" ${quote(file)}` : variable ? `unset ${variable}` : `rm ${quote(file)}`,
    );
  });
}

async function readAuthority(file: string, env: Env): Promise<string> {
  const variable = variableOf(file, env);
  const text = await read(file, variable ? `the CA of ${variable},` : "the CA", variable);
  try {
    if (certificatesIn(text).map((one) => new X509Certificate(one)).length > 0) return text;
  } catch {}
  throw fault(
    `${quote(file)}${variable ? ` of ${variable}` : ""} holds no certificate`,
    "A CA is a file in PEM, with lines BEGIN CERTIFICATE and END CERTIFICATE.",
    `See what it is: openssl x509 -in ${quote(file)} -noout -subject`,
  );
}

/** The first pair of `NAME.cert` and `NAME.key`; each needs the other, as for Docker. */
async function pairOf(files: readonly string[]) {
  const partner = (file: string) => file.replace(/\.(cert|key)$/, (end) => (end === ".key" ? ".cert" : ".key"));
  const parts = files.filter((file) => /\.(cert|key)$/.test(file));
  const alone = parts.find((file) => !parts.includes(partner(file)));
  if (alone !== undefined)
    throw fault(
      `${quote(alone)} has no ${quote(partner(alone))} beside it`,
      "A client certificate is two files of one name: .cert, and .key with its private key. A CA ends in .crt.",
      alone.endsWith(".key") ? `cp CERTIFICATE ${quote(partner(alone))}` : `cp KEY ${quote(partner(alone))}`,
    );
  const file = parts.find((part) => part.endsWith(".cert"));
  if (file === undefined) return null;
  const [cert, key] = await Promise.all([
    read(file, "the client certificate"),
    read(partner(file), "the key of a client certificate"),
  ]);
  assertPair({ file, cert, key, keyFile: partner(file) });
  return { file, cert, key };
}

function assertPair({ file, cert, key, keyFile }: Record<"file" | "cert" | "key" | "keyFile", string>): void {
  if (/^-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(key))
    throw fault(
      `the key ${quote(keyFile)} is encrypted`,
      "Docker and Slipway ask for no passphrase of a key, so it has to lie there in the clear, readable by you alone.",
      `openssl pkey -in ${quote(keyFile)} -out key.pem && chmod 600 key.pem && mv key.pem ${quote(keyFile)}`,
    );
  try {
    createSecureContext({ cert, key });
  } catch {
    throw fault(
      `${quote(keyFile)} is not the key of ${quote(file)}`,
      "A client certificate and its key are a pair in PEM.",
      `Compare them: openssl x509 -in ${quote(file)} -noout -pubkey; openssl pkey -in ${quote(keyFile)} -pubout`,
    );
  }
}
