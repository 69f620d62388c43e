import { isLookOrKind, isPure } from "../unit/rooms.ts";
import { importsOf, sources, target } from "../unit/source.ts";

/** `release`: the pure code that a release's plan is made of; `pure`: all other pure code; then the registry client and lib/run. */
export type Group = "release" | "pure" | "registry" | "run";

/** The files of each group. */
export function groups(): readonly { readonly name: Group; readonly files: readonly string[] }[] {
  const release = pureBelow([
    "lib/release/release.ts",
    "lib/release/prod.ts",
    "lib/release/rollback.ts",
    "lib/names/flip.ts",
  ]);
  const lib = sources("lib");
  const pure = lib.filter((file) => isPure(file) && !release.has(file));
  return [
    { name: "release", files: [...release].sort() },
    { name: "pure", files: pure },
    { name: "registry", files: sources("lib/oci").filter((file) => !isPure(file)) },
    { name: "run", files: lib.filter((file) => /^lib\/(run|kinds)\//.test(file) || isLookOrKind(file)) },
  ];
}

/** Pure files, and the pure files whose values they import. */
function pureBelow(roots: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const queue = [...roots];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (found.has(file) || !isPure(file)) continue;
    found.add(file);
    for (const { from, erased } of importsOf(file)) if (!erased) queue.push(target(file, from));
  }
  return found;
}
