import { UserError } from "../errors.ts";
import { baseImages } from "../formats/dockerfile.ts";
import { hostedRepo } from "../git/git_remote.ts";
import { legalName } from "../names/image.ts";
import type { OldConfig } from "./config_of_the_original.ts";
import type { ChosenDir } from "./new_dir.ts";

/** The ways in which Slipway comes into a repo: as a Git submodule, or as a package of npm. */
export const ways = ["submodule", "package"] as const;
export type Way = (typeof ways)[number];

/** Where Slipway is fetched from: an address for Git, and what npm calls a package's spec. */
export type Source = { readonly git: string; readonly npm: string };

/** A repo that Slipway comes to, with what is to be done there. */
export type Adoption = ChosenDir & {
  readonly way: Way;
  readonly source: string;
  /** How Slipway is there already: the submodule's dir, or package.json; null where it is not. */
  readonly there: string | null;
  readonly hasPackageJson: boolean;
  /** .gitignore of the root as it is, null where there is none. */
  readonly gitignore: string | null;
  /** What the repo has of the Python toolchain, where repo_config.yaml is made of that alone. */
  readonly old: OldConfig | null;
};

/** Text to a way; throws on any other word. */
export function parseWay(text: string): Way {
  const found = ways.find((way) => way === text);
  if (found) return found;
  throw new UserError(`"${text}" is no way to add Slipway`, {
    why: "It is a Git submodule, or a package of npm.",
    fix: "Use --as submodule or --as package",
  });
}

/** An address of Git as npm takes it: `git+https://...`; what npm reads by itself stays. */
export function npmSpec(address: string): string {
  if (/^(https?|ssh|file):\/\//.test(address)) return `git+${address}`;
  return address.startsWith("/") ? `git+file://${address}` : address;
}

/** What npm installed Slipway from as an address of Git; null for an archive or a version of a registry. */
export function gitAddress(spec: string): string | null {
  const plain = spec.replace(/#.*$/, "");
  const hosted = /^github:(.+)$/.exec(plain)?.[1];
  if (hosted) return `https://github.com/${hosted}`;
  if (/^git(\+\w+)?:\/\//.test(plain)) return plain.replace(/^git\+/, "");
  return /^[\w.-]+@[\w.-]+:/.test(plain) ? plain : null;
}

type Around = {
  /** The name in package.json. */
  readonly packageName: string | null;
  readonly remote: string | null;
  /** The name of the dir itself. */
  readonly folder: string;
};

/** The name that an image gets where nobody gave one: the package's, the remote repo's, or the dir's. */
export function nameFrom({ packageName, remote, folder }: Around): string {
  const repo = remote === null ? undefined : hostedRepo(remote)?.path.split("/").at(-1);
  return legalName((packageName ?? repo ?? folder).replace(/^@[^/]*\//, ""));
}

/** The image that a Dockerfile starts from; null where the toolchain, which installs with apt, could not be built on it. */
export function baseFrom(dockerfile: string): string | null {
  const [base = null] = baseImages(dockerfile, {});
  const isOther = /alpine|distroless|busybox/.test(base ?? "") || /\b(apk|dnf|yum|zypper|pacman)\s/.test(dockerfile);
  return base === null || isOther || base.includes("$") ? null : base;
}
