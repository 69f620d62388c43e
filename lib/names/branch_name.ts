/**
 * The branch's name with the first `_1`, `_2`, ... that no branch has. Of `fix_1` it is `fix_2` where a branch `fix` is there
 * too, else the number belongs to the name. Names that differ in case alone are one on some disks.
 */
export function nextBranchName(branch: string, names: readonly string[]): string {
  const taken = new Set(names.map((name) => name.toLowerCase()));
  const [, before = ""] = /^(.+)_\d+$/.exec(branch) ?? [];
  const base = before !== "" && taken.has(before.toLowerCase()) ? before : branch;
  let number = 1;
  while (taken.has(`${base}_${number}`.toLowerCase())) number += 1;
  return `${base}_${number}`;
}

/** A branch's name for an issue: its title without signs, with `_` for blanks, as `Task45_Add_package`. */
export function issueBranchName(title: string, issue: number | null, prefix: string): string {
  const words = title
    .normalize("NFC")
    .replaceAll(/[:+()/`*]/g, "")
    .replaceAll(/[^\p{L}\p{N}]+/gu, "_")
    .replaceAll(/^_+|_+$/g, "");
  const name = issue === null ? words : [`${prefix}${issue}`, words].filter((part) => part !== "").join("_");
  return cutToBytes(name, 200).replace(/_+$/, "");
}

/** The issue that a branch is named after, as `Task45_Add_package` is; null for another name. */
export function branchIssue(branch: string, prefix: string): number | null {
  const rests = [
    ...(branch.startsWith(prefix) ? [branch.slice(prefix.length)] : []),
    branch.replace(/^[A-Za-z]*Task/, ""),
  ];
  const numbers = rests.filter((rest) => rest !== branch).map((rest) => /^([1-9]\d{0,8})(?:_|$)/.exec(rest)?.[1]);
  const number = numbers.find((one) => one !== undefined);
  return number === undefined ? null : Number(number);
}

/** As many whole letters as fit into so many bytes: a branch is a file's name, too. */
function cutToBytes(text: string, most: number): string {
  let [cut, size] = ["", 0];
  for (const letter of text) {
    size += Buffer.byteLength(letter);
    if (size > most) break;
    cut += letter;
  }
  return cut;
}
