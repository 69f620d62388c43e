import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../thin_client/engine/command.ts";

/** The files of a certificate and its key. */
export type Pair = { readonly cert: string; readonly key: string };
/** A CA that issues certificates into a folder. */
export type Authority = Pair & { readonly issue: (name: string, options?: IssueOptions) => Promise<Pair> };
type IssueOptions = {
  /** The names and addresses that it is for, in openssl's words; `DNS:<name>` unless given. */
  readonly for?: string;
  /** When it is good from and until, `20250101000000Z`; today and tomorrow unless given. */
  readonly days?: readonly [from: string, until: string];
};

const stamp = (days: number): string =>
  `${new Date(Date.now() + days * 86_400_000).toISOString().replace(/[-:T]/g, "").slice(0, 14)}Z`;
const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** Makes a CA of its own in a folder. */
export async function makeAuthority(folder: string, name: string): Promise<Authority> {
  const at = (file: string) => join(folder, file);
  const ca: Pair = { cert: at(`${name}.ca.crt`), key: at(`${name}.ca.key`) };
  const subject = ["-subj", `/O=${name}/CN=${name} CA`];
  await must(["openssl", "req", "-x509", ...key, "-keyout", ca.key, "-out", ca.cert, "-days", "30", ...subject]);
  const issue = async (host: string, options: IssueOptions = {}): Promise<Pair> => {
    const [from, until] = options.days ?? [stamp(-1), stamp(2)];
    const file = `${name}.${crypto.randomUUID()}`;
    const pair = { cert: at(`${file}.crt`), key: at(`${file}.key`) };
    const request = at(`${file}.csr`);
    await must(["openssl", "req", ...key, "-keyout", pair.key, "-out", request, "-subj", `/CN=${host}`]);
    // `openssl ca` alone takes a day to begin at.
    const [database, settings] = [at(`${file}.txt`), at(`${file}.cnf`)];
    writeFileSync(database, "");
    writeFileSync(
      settings,
      [
        "[ca]\ndefault_ca = own\n[own]",
        `database = ${database}\nnew_certs_dir = ${folder}\nrand_serial = yes\ndefault_md = sha256\npolicy = any`,
        `x509_extensions = for\n[any]\ncommonName = supplied\n[for]\nsubjectAltName = ${options.for ?? `DNS:${host}`}\n`,
      ].join("\n"),
    );
    const dates = ["-startdate", from, "-enddate", until];
    const by = ["-config", settings, "-cert", ca.cert, "-keyfile", ca.key];
    await must(["openssl", "ca", "-batch", "-notext", ...by, "-in", request, "-out", pair.cert, ...dates]);
    return pair;
  };
  return { ...ca, issue };
}

/** A day that is past, or to come, as openssl writes it. */
export const inDays = stamp;
