/**
 * Which lines of a text differ from another's, as diff(1) marks them: `-` for those that go, `+` for those that come. The
 * longest common subsequence is what stays, which is enough for files of a few hundred lines.
 */
export function lineDiff(before: string, after: string): readonly string[] {
  const [old, young] = [before.split("\n"), after.split("\n")];
  // common[i][j]: how many lines the rest of `old` from i and of `young` from j have in common.
  const common = Array.from({ length: old.length + 1 }, () => new Array<number>(young.length + 1).fill(0));
  const at = (i: number, j: number): number => common[i]?.[j] ?? 0;
  for (let i = old.length - 1; i >= 0; i -= 1)
    for (let j = young.length - 1; j >= 0; j -= 1) {
      const row = common[i];
      if (row) row[j] = old[i] === young[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  const lines: string[] = [];
  for (let [i, j] = [0, 0]; i < old.length || j < young.length; ) {
    const isSame = i < old.length && j < young.length && old[i] === young[j];
    const goes = j >= young.length || (i < old.length && at(i + 1, j) >= at(i, j + 1));
    if (!isSame) lines.push(goes ? `-${old[i]}` : `+${young[j]}`);
    if (isSame || goes) i += 1;
    if (isSame || !goes) j += 1;
  }
  return lines;
}
