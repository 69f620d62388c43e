import { UserError } from "../errors.ts";
import { isHost, isLoopback, kindAt } from "../names/address.ts";
import { parseReference } from "../names/image.ts";
import type { RegistryFacts, TagState } from "../plan/facts.ts";
import { type ConfigReader, didYouMean, type Keys } from "./config_reader.ts";

/** The registries Slipway knows, one row each; code looks the row up and never compares names. */
export type RegistryKind = "ecr" | "dockerhub" | "ghcr" | "oci";
export const registryKinds = ["ecr", "dockerhub", "ghcr", "oci"] as const satisfies readonly RegistryKind[];

/** One registry of `repo_config.yaml`: where the images of a runnable dir are pushed and mirrored. */
export type Registry = {
  readonly name: string;
  /** What its address says, whatever it is called (`kindAt`). */
  readonly kind: RegistryKind;
  /** Host with an optional port and namespace, as written in the config: `127.0.0.1:5000`, `ghcr.io/causify-ai`, `causify`. */
  readonly address: string;
  readonly region?: string;
  readonly profile?: string;
  /** The host of its token server, where that is of another domain: `auth.example.net`. */
  readonly tokenServer?: string;
  /** A repository that is lacking is made, where its API can. */
  readonly create?: true;
  /** It is spoken to in plain http. */
  readonly insecure?: true;
  /** A required registry is a target when none is named; the same digest is promised in all of them. */
  readonly required: boolean;
};

/** A repository that a person named in place of the dir's own: `ghcr.io/acme/tools`; without an address it is the engine's alone. */
export type ImageBase = { readonly address: string | null; readonly imageName: string };

/** Text to one: a repository and no more, for tags are those of stages. */
export function parseImageBase(text: string): ImageBase {
  const { domain, path, tag, digest } = parseReference(text);
  if (tag !== null || digest !== null)
    throw new UserError(`--base-name "${text}" has a tag or a digest`, {
      why: "It is the name before the tag, which --stage and --version give.",
      fix: `Leave it out: --base-name ${domain === null ? path : `${domain}/${path}`}`,
    });
  const parts = [...(domain === null ? [] : [domain]), ...path.split("/")];
  return { address: parts.slice(0, -1).join("/") || null, imageName: parts.at(-1) ?? "" };
}

type Imaged = { readonly imageName: string; readonly registries: readonly Registry[] };

/** A config whose image is of another repository: in a registry of the config's where it lies in one, else in one that nobody configured. */
export function withBase<C extends Imaged>(config: C, { address, imageName }: ImageBase): C {
  const known = config.registries.find((registry) => registry.address === address);
  const kind = address !== null && !isLoopback(address.split("/")[0] ?? "") ? kindAt(address, "dockerhub") : "oci";
  const other = address === null ? [] : [{ name: "base", kind, address, required: true }];
  return { ...config, imageName, registries: known ? [known] : other };
}

const section = "container_registry_info";

/** The keys of a registry's long form. */
export const registryKeys = {
  address: { is: "text", needed: true, about: "Host with an optional port and namespace, like ghcr.io/acme." },
  kind: { is: "word", of: registryKinds, about: "What its API is (default: what it is called)." },
  region: { is: "text", about: "Region of an ECR (default: that of its address)." },
  profile: { is: "text", about: "Profile of AWS that logs in to an ECR." },
  required: {
    is: "flag",
    about: "Whether it is a target when none is named, and has the same digests as all of them (default: true).",
  },
  token_server: { is: "text", about: "Host of its token server, where that is of another domain." },
  create: { is: "flag", about: "Make a repository that is lacking; ECR alone can." },
  insecure: { is: "flag", about: "Speak plain http to it." },
} as const satisfies Keys;

/** Reads container_registry_info: the short form `ecr: address` (required), or the long form `name: {address, kind, ...}`. */
export function parseRegistries(read: ConfigReader): readonly Registry[] {
  return Object.keys(read.node([section])).flatMap((name): Registry[] => {
    const path = [section, name];
    if (read.at(path) === undefined) return [];
    if (!/^[A-Za-z0-9][\w.-]*$/.test(name))
      read.fail(path, "is not a registry name", "Use letters, digits, dots and dashes");
    if (typeof read.at(path) === "object") return [longForm(read, name)];
    const kind =
      registryKinds.find((known) => known === name) ??
      read.fail(path, "has no kind", `Write ${name}: {address: ..., kind: oci}`);
    const at = address(read, path);
    return [{ name, kind: kindAt(at, kind), address: at, required: true }];
  });
}

function longForm(read: ConfigReader, name: string): Registry {
  const path = [section, name];
  const { region, profile, token_server: tokenServer, ...own } = read.section(path, registryKeys);
  const kind =
    own.kind ??
    registryKinds.find((known) => known === name) ??
    read.fail([...path, "kind"], "is missing", "Add kind: ecr, dockerhub, ghcr or oci");
  const at = address(read, [...path, "address"]);
  if (tokenServer && !isHost(tokenServer))
    read.fail([...path, "token_server"], `is "${tokenServer}", not a host`, "Give host[:port], as in auth.example.com");
  return {
    name,
    kind: kindAt(at, kind),
    address: at,
    ...(region ? { region } : {}),
    ...(profile ? { profile } : {}),
    ...(tokenServer ? { tokenServer } : {}),
    ...(own.create && creates(read, [...path, "create"], at) ? { create: true } : {}),
    ...(own.insecure ? { insecure: true } : {}),
    required: own.required ?? true,
  };
}

/** Of the registries' APIs only ECR's makes a repository for whoever may push. */
function creates(read: ConfigReader, path: readonly string[], at: string): boolean {
  if (isLoopback(at.split("/")[0] ?? "") || kindAt(at, "ecr") === "ecr") return true;
  return read.fail(path, `is true, and ${at} is not ECR`, "Create the repository by hand, and take the line out");
}

function address(read: ConfigReader, path: readonly string[]): string {
  const text = read.text(path) ?? read.fail(path, "has no address", "Give host[:port][/namespace], e.g. ghcr.io/acme");
  // A host may have capitals, a namespace may not (Distribution's reference grammar); one word alone is a namespace.
  const lower = text.replace(
    /^([^/]*[.:][^/]*\/)?(.*)$/,
    (_text, host = "", path: string) => `${host}${path.toLowerCase()}`,
  );
  if (/[A-Z]/.test(text) && lower !== text && !/^[^/]*[.:][^/]*$/.test(text))
    read.fail(
      path,
      `is "${text}", and a namespace has no capitals`,
      `Write ${lower}: registries take no other, and GitHub's and Docker's accounts go by it too`,
    );
  try {
    parseReference(`${text}/name`);
  } catch {
    read.fail(
      path,
      `is "${text}", not an address`,
      "Give host[:port][/namespace] without https:// and without a trailing slash",
    );
  }
  return text;
}

/** Text to the address of a registry, as `container_registry_info` takes it. */
export function parseRegistryAddress(text: string): string {
  const isAddress = !/[A-Z]/.test(text) && /^[^/:]+(:\d+)?(\/|$)/.test(text) && !/[@\s]/.test(text);
  try {
    if (isAddress && parseReference(`${text}/name`).tag === null) return text;
  } catch {
    // What is wrong is said below, of the address and not of an image.
  }
  throw new UserError(`"${text}" is no address of a registry`, {
    why: "It is host[:port][/namespace] in lower case, without https:// and without a slash at the end.",
    fix: "Write it like ghcr.io/acme, or acme for an account of Docker Hub",
  });
}

/** The lines of container_registry_info for some addresses: short where the host says what it is and no other is of its kind. */
export function registryLines(addresses: readonly string[]): readonly string[] {
  const kinds = addresses.map((address) => kindAt(address, "ghcr"));
  return addresses.map((address, index) => {
    const kind = isLoopback(address.split("/")[0] ?? "") ? "oci" : (kinds[index] ?? "oci");
    if (kind !== "oci" && kinds.indexOf(kind) === index) return `${kind}: ${address}`;
    return `${address.replaceAll(/[^\w.-]+/g, "_")}: {address: ${JSON.stringify(address)}, kind: ${kind}}`;
  });
}

/**
 * The registries a command works on: the named ones in the config's order, else all required ones. A name is the key, or
 * `<kind>.<anything>` where one registry of that kind exists; `aws_ecr` reads as ecr (design.md, "which registries").
 */
export function targetRegistries(all: readonly Registry[], names: readonly string[]): readonly Registry[] {
  if (names.length === 0) return all.filter((registry) => registry.required);
  const found = names.map((name) => findRegistry(all, name));
  return all.filter((registry) => found.includes(registry));
}

function findRegistry(all: readonly Registry[], name: string): Registry {
  const byName = all.find((registry) => registry.name === name);
  if (byName) return byName;
  const kind = name.split(".")[0]?.replace(/^aws_/, "");
  const ofKind = all.filter((registry) => registry.kind === kind);
  if (ofKind.length === 1 && ofKind[0]) return ofKind[0];
  const names = all.map((registry) => registry.name);
  const typed = (one: string) => `--target-registries ${one}`;
  throw new UserError(`"${name}" is not a registry of this repo`, {
    why: `container_registry_info of repo_config.yaml knows ${names.join(", ") || "none"}.`,
    fix:
      names.length > 0
        ? (didYouMean(name, names, typed) ?? `Name one of them: ${typed(names[0] ?? "")}`)
        : "Add the registry to container_registry_info",
  });
}

/** The error of a registry whose tag was not read: the registry's own, or that it does not answer. */
export function unread(name: string, { why, error }: Extract<TagState, { state: "unknown" }>): UserError {
  if (error && error.reason !== "unreachable")
    return new UserError(why, { ...error, kind: `registry_${error.reason}`, exitCode: 1 });
  return new UserError(`${name} does not answer`, {
    why: `${why}.`,
    fix: "Try again when it does, or name the registries to work on: --target-registries",
    kind: "unreachable",
  });
}

/** What is known of tags in registries that nobody asks. */
export function unasked(registries: readonly Registry[], tags: readonly string[]): RegistryFacts {
  const silent = Object.fromEntries(tags.map((tag) => [tag, { state: "unknown", why: "--offline" } as const]));
  return Object.fromEntries(registries.map(({ name }) => [name, silent]));
}
