/** A path that differs between two commits: `A` added, `M` changed, `D` deleted, `T` of another type. */
export type Change = { readonly status: string; readonly path: string; readonly isPointer: boolean };

/** Reads what `git diff --raw -z --no-renames` prints (git-diff(1), "Raw output format"). */
export function parseChanges(text: string): Change[] {
  const parts = text.split("\0");
  return parts.flatMap((head, at) => {
    const [, before, after, status] = /^:(\d{6}) (\d{6}) \S+ \S+ ([A-Z])\d*$/.exec(head) ?? [];
    const path = parts[at + 1];
    if (at % 2 === 1 || status === undefined || path === undefined) return [];
    return [{ status, path, isPointer: [before, after].includes("160000") }];
  });
}
