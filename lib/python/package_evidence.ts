import { markers } from "./package_markers.ts";
import type { Around, Distribution, Seen, Spot } from "./package_use.ts";
import { pipName } from "./packages.ts";

export type Evidence = {
  readonly why: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly text: string;
};

const evidence = (why: string, { file, line, text }: Spot): Evidence => ({ why, file, line, text });

/** Names under which many packages carry their own tests and examples along. */
const incidental = /^(tests?|testing|docs?|examples?|benchmarks?|scripts|tools|build)$/;

/** Everything that names a distribution directly, the strongest first. */
export function evidenceOf(seen: Seen, around: Around): (one: Distribution) => Evidence[] {
  const imports = importsOf(seen, around);
  const started = around.started.flatMap((text) => text.split(/[\s/]+/));
  return (one) => {
    const marker = seen.markers.find((found) => markers[found.marker]?.includes(pipName(one.name)));
    return [
      ...imports
        .filter(({ by }) => by.has(one))
        .map(({ spot, stubs }) => evidence(stubs.has(one) ? "types for an import" : "imported", spot)),
      ...seen.words.filter(({ word }) => isNamed(word, one)).map((found) => evidence("named", found)),
      ...(marker ? [evidence(`${marker.file} is for it`, { file: marker.file, line: 1, text: "" })] : []),
      ...(started.some((word) => one.scripts.includes(word))
        ? [{ why: "Slipway runs it", file: null, line: null, text: "" }]
        : []),
    ];
  };
}

/** Whether a word of code is the name of a distribution, of a program or a module of it, or of a part of that module. */
const isNamed = (word: string, one: Distribution): boolean =>
  one.scripts.includes(word) ||
  pipName(word) === pipName(one.name) ||
  ownModules(one).some((module) => covers(module, word));

/** What a distribution is known by; folders that it carries along count only where there is nothing else. */
function ownModules({ modules }: Distribution): readonly string[] {
  const own = modules.filter((module) => !incidental.test(module));
  return own.length > 0 ? own : modules;
}

type Import = {
  readonly spot: Spot;
  readonly by: ReadonlySet<Distribution>;
  readonly stubs: ReadonlySet<Distribution>;
};

/** Which distributions each import reaches; the repo's own modules hide those of a package. */
function importsOf(seen: Seen, around: Around): Import[] {
  const all = seen.distributions.flatMap((one) => ownModules(one).map((module) => ({ one, module })));
  const byTop = new Map<string, typeof all>();
  for (const row of all) {
    const top = topOf(row.module).replace("-stubs", "");
    byTop.set(top, [...(byTop.get(top) ?? []), row]);
  }
  const files = new Set(seen.files);
  return seen.imports.flatMap((found) => {
    const top = topOf(found.names[0] ?? "");
    const exact = byTop.get(top);
    // A package that the image lacks is known by its name alone, whose case is not that of its module: `IPython`.
    const names = exact ? found.names : found.names.map((name) => name.toLowerCase());
    const rows = exact ?? byTop.get(top.toLowerCase()) ?? [];
    if (rows.length === 0 || isLocal(top, found.file, { files, roots: around.roots })) return [];
    const deep = rows.filter(({ module }) => names.some((name) => covers(module, name)));
    // `import google.cloud` alone may reach any package below it.
    const above = rows.filter(({ module }) => names.some((name) => covers(name, module)));
    const stubs = rows.filter(({ module }) => names.some((name) => isStubOf(module, name))).map(({ one }) => one);
    const by = new Set([...(deep.length > 0 ? deep : above).map(({ one }) => one), ...stubs]);
    return [{ spot: found, by, stubs: new Set(stubs) }];
  });
}

const topOf = (module: string): string => module.replace(/\..*/, "");
const covers = (module: string, name: string): boolean => name === module || name.startsWith(`${module}.`);

/** `yaml-stubs` are the types of `yaml`, `google-stubs.protobuf` those of `google.protobuf`. */
function isStubOf(module: string, name: string): boolean {
  const typed = module.replace("-stubs", "");
  return typed !== module && (covers(typed, name) || covers(name, typed));
}

type Files = { readonly files: ReadonlySet<string>; readonly roots: readonly string[] };

/**
 * Whether a module is the repo's own: in a folder that Python imports from, or beside a script. A folder without
 * `__init__.py` never hides an installed package, and a file does not import itself.
 */
function isLocal(top: string, file: string, { files, roots }: Files): boolean {
  const folder = file.split("/").slice(0, -1).join("/") || ".";
  const inside = (root: string, path: string) => (root === "." ? path : `${root}/${path}`);
  const isScript = !files.has(inside(folder, "__init__.py"));
  return [...roots, ...(isScript ? [folder] : [])].some((root) =>
    [`${top}.py`, `${top}/__init__.py`].some((path) => files.has(inside(root, path)) && inside(root, path) !== file),
  );
}
