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
