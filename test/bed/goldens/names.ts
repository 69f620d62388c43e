/** What differs from run to run and from machine to machine, with the name that stands for it in a golden. */
export type Known = {
  /** Texts, each replaced wherever it stands: addresses, paths, the image. */
  readonly texts: Readonly<Record<string, string>>;
  /** Digests, commits and ids of containers, in hexadecimal. */
  readonly hashes: Readonly<Record<string, string>>;
};

/** What tells time or host by its form; a bed's own dates are all in 2025. */
const forms: readonly (readonly [RegExp, string])[] = [
  [/\b20(?!25)\d\d-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?Z?)?/g, "NOW"],
  [/\b20(?!25)\d\d-\d\d-\d\d\b/g, "TODAY"],
  // What env_print sees of this machine.
  [
    /(?<=^|"value": ?"|host = |runtime = |engine = )(?:\S+ Linux \d\S+|(?:bun|node) \d\S+?|\d\S+ linux\/\w+)(?=$|"| {2})/g,
    "MACHINE",
  ],
  [/\b(CSFY_HOST_(?:OS_)?(?:NAME|VERSION)=)[^"\s]*/g, "$1HOST"],
];
/** Digits of a hash, with the word before them. */
const hashed = /(?:(\b[a-z]+)([/=]))?(?:(?<![0-9A-Za-z])|(?<=[.+]g))([0-9a-f]{7,64})(?![0-9A-Za-z])/g;
/** The lengths at which digits that nobody knows are a hash all the same: an id's, a commit's, a digest's. */
const lengths = [12, 40, 64];

/**
 * Gives the names of one golden. A hash that nobody knows is called after the word before it, and counted: the first of
 * `build/` is BUILD_1.
 */
export function naming({ texts, hashes }: Known): (text: string) => string {
  const known = new Map(Object.entries(hashes));
  const longestFirst = Object.entries(texts).sort(([one], [other]) => other.length - one.length);
  const met: Record<string, number> = {};
  const nameOf = (digits: string, word: string): string => {
    for (const [all, name] of known)
      if (all.startsWith(digits)) return all === digits ? name : `${name}[0:${digits.length}]`;
    if (!lengths.includes(digits.length)) return digits;
    met[word] = (met[word] ?? 0) + 1;
    known.set(digits, `${word}_${met[word]}`);
    return `${word}_${met[word]}`;
  };
  const named = (_: string, word: string | undefined, joint = "", digits = "") =>
    `${word ?? ""}${joint}${nameOf(digits, word?.toUpperCase() ?? "HASH")}`;
  return (text) => {
    const plain = longestFirst.reduce((all, [one, name]) => all.replaceAll(one, name), text);
    return forms.reduce((all, [form, name]) => all.replaceAll(form, name), plain).replaceAll(hashed, named);
  };
}

/** Measures of containers and images, which no two runs share; a table's columns are as wide as what stands in them. */
export const unmeasured = (text: string): string =>
  text
    .replaceAll(/\bUp [^"\n]*?(second|minute|hour)s?\b/g, "UPTIME")
    .replaceAll(/(?<![\w.])\d+(\.\d+)?( ?[kKMGT]?i?B|%)(?![\w%])/g, "SIZE")
    .replaceAll(/ {2,}/g, "  ");
