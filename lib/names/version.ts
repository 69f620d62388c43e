import { UserError } from "../errors.ts";

/** A released version, three numbers (design.md, "From the documents"). */
export type Version = string & { readonly __version: true };
export type Bump = "major" | "minor" | "patch";

const form = /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})$/;

/** Tells whether the text is a version, without an error. */
export const isVersion = (text: string): text is Version => form.test(text);

/** Text to a version; throws on anything but three numbers without leading zeros (semver.org, item 2). */
export function parseVersion(text: string): Version {
  if (isVersion(text)) return text;
  throw new UserError(`"${text}" is not a version`, {
    why: "A released version has exactly three numbers, major.minor.patch.",
    fix: `Write it like --version ${suggestion(text)}`,
  });
}

function suggestion(text: string): string {
  const numbers = text.match(/\d{1,9}/g) ?? ["1"];
  return [0, 1, 2].map((index) => Number(numbers[index] ?? 0)).join(".");
}

const parts = (version: Version): [number, number, number] => {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  return [major, minor, patch];
};

/** The order of semver.org, item 11: negative when `a` is lower than `b`. */
export function compareVersions(a: Version, b: Version): number {
  const [left, right] = [parts(a), parts(b)];
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
}

/** The highest of the versions, or undefined for none. */
export const highest = (versions: readonly Version[]): Version | undefined =>
  [...versions].sort(compareVersions).at(-1);

/** `1.2.3` to `1.2`: what dev and prod of one generation share (design.md, "From the documents"). */
export const majorMinor = (version: Version): string => version.split(".").slice(0, 2).join(".");

/** The next version of the given kind; what is right of it becomes zero. */
export function bump(version: Version, kind: Bump): Version {
  const [major, minor, patch] = parts(version);
  if (kind === "major") return parseVersion(`${major + 1}.0.0`);
  if (kind === "minor") return parseVersion(`${major}.${minor + 1}.0`);
  return parseVersion(`${major}.${minor}.${patch + 1}`);
}

/** Whether a text says the version of a commit between releases, which no changelog has: `1.2.4.dev5` (PEP 440). */
export const isBetweenReleases = (text: string): boolean => /\d\.dev\d/.test(text);

/** The first version written anywhere in a text such as `amp-1.0.3-`, or undefined. */
export const versionIn = (text: string): Version | undefined => text.match(/\d+\.\d+\.\d+/)?.filter(isVersion)[0];
