import { importsOf, sources, target } from "../unit/source.ts";

/** `release`: the pure code that a release's plan is made of; `pure`: all other pure code; then the registry client and lib/run. */
export type Group = "release" | "pure" | "registry" | "run";

const isPure = (file: string): boolean => file.startsWith("lib/model/") || file.startsWith("lib/flows/");

/** The files of each group. */
export function groups(): readonly { readonly name: Group; readonly files: readonly string[] }[] {
  const release = pureBelow([
    "lib/release/release.ts",
    "lib/release/prod.ts",
    "lib/release/rollback.ts",
    "lib/names/flip.ts",
  ]);
  const pure = ["lib/model", "lib/flows"].flatMap(sources).filter((file) => !release.has(file));
  return [
    { name: "release", files: [...release].sort() },
    { name: "pure", files: pure },
    { name: "registry", files: ["lib/oci/registry.ts", ...sources("lib/oci/registry")] },
    { name: "run", files: ["lib/run", "lib/kinds"].flatMap(sources) },
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
