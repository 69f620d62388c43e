import parseSemver from "../../node_modules/semver/functions/parse.js";

/** Where packages come from; each has its own rules for what a higher version is. */
export const ecosystems = ["pip", "dpkg", "npm"] as const;
export type Ecosystem = (typeof ecosystems)[number];

/** Below zero where `a` is lower, above where it is higher, 0 where they are one version; null where the rules know no order. */
export const compareInEcosystem = (ecosystem: Ecosystem, a: string, b: string): number | null =>
  a === b ? 0 : { pip: comparePip, dpkg: compareDebian, npm: compareNpm }[ecosystem](a, b);

/** Semantic Versioning 2.0.0, 11; build metadata gives no order. */
function compareNpm(a: string, b: string): number | null {
  const [left, right] = [parseSemver(a, { loose: true }), parseSemver(b, { loose: true })];
  if (!left || !right) return null;
  return left.compare(right) || (left.build.join(".") === right.build.join(".") ? 0 : null);
}

// PEP 440, appendix B.
const pep440 =
  /^v?(?:(\d+)[!])?(\d+(?:\.\d+)*)(?:[-_.]?(a|b|c|rc|alpha|beta|pre|preview)[-_.]?(\d*))?(?:-(\d+)|[-_.]?(post|rev|r)[-_.]?(\d*))?(?:[-_.]?(dev)[-_.]?(\d*))?(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/;
const phases: Readonly<Record<string, number>> = { a: 0, alpha: 0, b: 1, beta: 1, c: 2, rc: 2, pre: 2, preview: 2 };

type Key = {
  readonly numbers: readonly bigint[];
  readonly ranks: readonly number[];
  readonly local: readonly string[];
};

/** PEP 440: epoch, release, pre, post, dev, local; `1.0` and `1.0.0` are one version. */
function comparePip(a: string, b: string): number | null {
  const [left, right] = [pipKey(a), pipKey(b)];
  if (!left || !right) return null;
  return (
    compareLists(left.numbers, right.numbers) ||
    compareLists(left.ranks, right.ranks) ||
    compareLocal(left.local, right.local)
  );
}

function pipKey(text: string): Key | null {
  const found = pep440.exec(text.trim().toLowerCase());
  if (!found) return null;
  const [, epoch, release = "", phase, phaseNumber, dash, post, postNumber, dev, devNumber, local] = found;
  const numbers = release.split(".").map(BigInt);
  while (numbers.at(-1) === 0n) numbers.pop();
  const hasPost = post !== undefined || dash !== undefined;
  // Without a pre-release: a bare .dev comes before every pre-release of its release, anything else after all of them.
  const pre = phase ? (phases[phase] ?? 0) : dev && !hasPost ? -1 : 3;
  const ranks = [pre, Number(phaseNumber || 0), hasPost ? 1 : 0, Number(dash ?? (postNumber || 0)), dev ? 0 : 1];
  const parts = local?.split(/[-_.]/) ?? [];
  return { numbers: [BigInt(epoch ?? 0), ...numbers], ranks: [...ranks, Number(devNumber || 0)], local: parts };
}

/** A local version comes after none; its numbers after its words; a longer one after its beginning. */
function compareLocal(a: readonly string[], b: readonly string[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const [left, right] = [a[index], b[index]];
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1;
    const [isLeft, isRight] = [/^\d+$/.test(left), /^\d+$/.test(right)];
    if (isLeft !== isRight) return isLeft ? 1 : -1;
    const order = isLeft ? sign(BigInt(left), BigInt(right)) : sign(left, right);
    if (order !== 0) return order;
  }
  return 0;
}

/** deb-version(7): epoch, upstream version, revision; `~` comes before everything, the end included. */
function compareDebian(a: string, b: string): number {
  const [left, right] = [splitDebian(a), splitDebian(b)];
  return (
    sign(left.epoch, right.epoch) ||
    compareMixed(left.upstream, right.upstream) ||
    compareMixed(left.revision, right.revision)
  );
}

function splitDebian(text: string): { epoch: bigint; upstream: string; revision: string } {
  const [, epoch, rest = ""] = /(?:(\d+):)?(.*)/s.exec(text.trim()) ?? [];
  const dash = rest.lastIndexOf("-");
  const [upstream, revision] = dash < 0 ? [rest, ""] : [rest.slice(0, dash), rest.slice(dash + 1)];
  return { epoch: BigInt(epoch ?? 0), upstream, revision };
}

/** Runs of other characters and runs of digits in turn, each compared by its own rule. */
function compareMixed(a: string, b: string): number {
  const [left, right] = [runs(a), runs(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const [one = "", other = ""] = [left[index], right[index]];
    const order = index % 2 === 0 ? compareLetters(one, other) : sign(BigInt(one || 0), BigInt(other || 0));
    if (order !== 0) return order;
  }
  return 0;
}

/** `ab12c` to ["ab", "12", "c"]: even places hold no digit, odd ones only digits. */
const runs = (text: string): string[] => {
  const parts = text.match(/\d+|\D+/g) ?? [];
  return /^\d/.test(text) ? ["", ...parts] : parts;
};

function compareLetters(a: string, b: string): number {
  const weight = (letter: string | undefined): number =>
    letter === undefined ? 0 : letter === "~" ? -1 : letter.charCodeAt(0) + (/[A-Za-z]/.test(letter) ? 0 : 256);
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const order = sign(weight(a[index]), weight(b[index]));
    if (order !== 0) return order;
  }
  return 0;
}

const sign = <T extends number | bigint | string>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);

/** Place by place; a list that goes on is the higher one. */
function compareLists<T extends number | bigint>(a: readonly T[], b: readonly T[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const [left, right] = [a[index], b[index]];
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1;
    if (left !== right) return sign(left, right);
  }
  return 0;
}
