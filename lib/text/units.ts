/** `75` seconds to `1 min 15 s`. */
export function seconds(value: number): string {
  const whole = Math.round(value);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** The same with a tenth below ten seconds, where a second is much. */
export function fineSeconds(value: number): string {
  if (value < 0.05) return "< 0.1 s";
  return value < 9.95 ? `${value.toFixed(1)} s` : seconds(value);
}

/** Bytes as registries tell them: `1234567` to `1.2 MB`, a thousand each. */
export function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const at = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, value)) / 3 + 1e-9));
  const number = value / 1000 ** at;
  return `${at === 0 || number >= 100 ? Math.round(number) : number.toFixed(1)} ${units[at]}`;
}

/** `2026-01-02T10:00:00.000Z` to `2026-01-02 10:00 UTC`; what is no such time stays as it is. */
export const minute = (at: string): string =>
  /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(at) ? `${at.slice(0, 10)} ${at.slice(11, 16)} UTC` : at;

/** Milliseconds since 1970 to `2026-11-21`, in the user's time zone. */
export function dayOf(milliseconds: number): string {
  const day = new Date(milliseconds);
  return [day.getFullYear(), day.getMonth() + 1, day.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
}

/** `sha256:` and twelve digits: enough to tell images apart by eye. */
export const shortDigest = (digest: string): string => digest.replace(/^(sha256:[0-9a-f]{12})[0-9a-f]+$/, "$1");

/** A text with its digests as twelve digits, for a terminal; those of a line to type, `NAME@sha256:...` or `--digest`, stay whole. */
export const withShortDigests = (text: string): string =>
  text.replaceAll(/(?<!@|--digest )\bsha256:([0-9a-f]{12})(?:[0-9a-f]{52})?(?![0-9a-f])/g, "$1");

/** The first five of several names, and how many more there are. */
export const someOf = (names: readonly string[]): string =>
  `${names.slice(0, 5).join(", ")}${names.length > 5 ? ` and ${names.length - 5} more` : ""}`;
