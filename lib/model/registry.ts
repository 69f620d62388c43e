import { type ConfigReader, didYouMean } from "./config_reader.ts";
import { UserError } from "./errors.ts";
import type { RegistryFacts } from "./facts.ts";
import { parseReference } from "./image.ts";
import { kindAt } from "./oci/address.ts";

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
  /** It is spoken to in plain http. */
  readonly insecure?: true;
  /** A required registry is a target when none is named; the same digest is promised in all of them. */
  readonly required: boolean;
};

const section = "container_registry_info";

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
  read.onlyKeys(path, ["address", "kind", "region", "profile", "required", "insecure"]);
  const region = read.text([...path, "region"]);
  const profile = read.text([...path, "profile"]);
  const kind =
    read.oneOf([...path, "kind"], registryKinds) ??
    registryKinds.find((known) => known === name) ??
    read.fail([...path, "kind"], "is missing", "Add kind: ecr, dockerhub, ghcr or oci");
  const at = address(read, [...path, "address"]);
  return {
    name,
    kind: kindAt(at, kind),
    address: at,
    ...(region ? { region } : {}),
    ...(profile ? { profile } : {}),
    ...(read.flag([...path, "insecure"], false) ? { insecure: true } : {}),
    required: read.flag([...path, "required"], true),
  };
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

/** What is known of tags in registries that nobody asks. */
export function unasked(registries: readonly Registry[], tags: readonly string[]): RegistryFacts {
  const silent = Object.fromEntries(tags.map((tag) => [tag, { state: "unknown", why: "--offline" } as const]));
  return Object.fromEntries(registries.map(({ name }) => [name, silent]));
}
