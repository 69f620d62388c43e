import { describe, expect, it } from "vitest";
import { isInFamily, isLookOrKind, isPure, layerOf, reachesWorld } from "./rooms.ts";
import { code, importsOf, readIn, sources, target } from "./source.ts";

const files = ["lib", "scripts", "thin_client"].flatMap(sources);
const pure = files.filter(isPure);
const written = files.flatMap((path) => importsOf(path).map((one) => ({ path, ...one })));
/** `../../node_modules/@inquirer/prompts/dist/index.js` is @inquirer/prompts. */
const packageOf = (from: string): string => /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(from)?.[1] ?? from;
const imports = written.map(({ path, from, erased, late }) => ({
  ...{ path, erased, late, from: packageOf(from) },
  to: target(path, packageOf(from)),
}));
const shown = (rows: readonly { readonly path: string; readonly from: string }[]): string[] =>
  rows.map(({ path, from }) => `${path} imports ${from}`);

describe("layers", () => {
  it("cover every file", () => {
    expect(files.filter((path) => Number.isNaN(layerOf(path)))).toEqual([]);
  });

  it("are read from real imports", () => {
    expect(
      imports.filter(({ path, to }) => path.startsWith("scripts/") && to === "lib/run/script.ts").length,
    ).toBeGreaterThan(5);
  });

  it("import values from their own or a lower one only", () => {
    const upwards = imports.filter(
      ({ path, from, to, erased }) => !erased && from.startsWith(".") && !(layerOf(to) <= layerOf(path)),
    );
    expect(shown(upwards)).toEqual([]);
  });

  it("import types from lib and their own folder only", () => {
    const strange = imports.filter(
      ({ path, from, to, erased }) =>
        erased && from.startsWith(".") && !to.startsWith("lib/") && !to.startsWith(path.split("/")[0] ?? ""),
    );
    expect(shown(strange)).toEqual([]);
  });

  it("have scripts that import no other script", () => {
    const crossed = imports.filter(({ path, to }) => path.startsWith("scripts/") && to.startsWith("scripts/"));
    expect(shown(crossed)).toEqual([]);
  });

  it("name the file with its ending in a relative import", () => {
    expect(shown(imports.filter(({ from }) => from.startsWith(".") && !/\.(ts|json)$/.test(from)))).toEqual([]);
  });
});

describe("a package", () => {
  it("is imported by its path, which the tsconfig.json of the dir that one stands in cannot lead elsewhere", () => {
    const byName = written.filter(({ from, erased }) => !erased && !/^(\.|node:)/.test(from));
    expect(shown(byName)).toEqual([]);
  });

  it.each(["thin_client/build.ts", "thin_client/quickstart.ts"])("is not there yet when %s starts", (program) => {
    const atStart = imports.filter(({ erased, late }) => !erased && !late);
    const reached = new Set([program]);
    for (const path of reached) for (const { to } of atStart.filter((one) => one.path === path)) reached.add(to);
    expect(reached.size).toBeGreaterThan(10);
    expect([...reached].filter((path) => !files.includes(path) && !path.startsWith("node:"))).toEqual([]);
  });
});

describe("rules and plans touch no world", () => {
  const harmless = ["node:crypto", "node:path"];
  it("import no package that reaches it", () => {
    const reaching = imports.filter(
      ({ path, from, erased }) =>
        pure.includes(path) && !erased && !from.startsWith(".") && !harmless.includes(from) && from !== "semver",
    );
    expect(shown(reaching)).toEqual([]);
  });

  const words = [/\bprocess\./, /\bDate\.now\b/, /\bnew Date\(\)/, /\bfetch\(/, /\bMath\.random\b/, /\bconsole\./];
  const timers = [/\bsetTimeout\b/, /\brandomUUID\b|\brandomBytes\b/, /\bglobalThis\b/, /\brequire\(/, /\bimport\(/];
  it.each([...words, ...timers].map((word) => [word.source, word] as const))("say nothing like %s", (_source, word) => {
    expect(pure.filter((path) => word.test(code(path)))).toEqual([]);
  });
});

it("a family reaches the world by its looks and kinds, what these are made of, and its options alone", () => {
  const usersOf = (path: string) => imports.flatMap((one) => (one.to === path && !one.erased ? [one.path] : []));
  const mayReach = (path: string): boolean =>
    isLookOrKind(path) || path.endsWith("_options.ts") || (usersOf(path).length > 0 && usersOf(path).every(mayReach));
  const reaching = files.filter((path) => isInFamily(path) && reachesWorld(path));
  expect(reaching.length).toBeGreaterThan(30);
  expect(reaching.filter((path) => !mayReach(path))).toEqual([]);
});

describe("doors", () => {
  const outer = imports.filter(({ path, from, erased }) => !erased && !from.startsWith(".") && path.startsWith("lib/"));
  const importersOf = (name: string) => outer.flatMap(({ path, from }) => (from === name ? [path] : []));
  const harmless = [...["node:crypto", "node:path", "node:url", "node:util"], "semver"];
  it("are, beside the client of registries, the only files of lib that import what reaches the world", () => {
    const strange = outer.filter(({ path, from }) => !/^lib\/(doors|oci)\//.test(path) && !harmless.includes(from));
    expect(shown(strange)).toEqual([]);
  });

  const owners: Readonly<Record<string, string>> = {
    "@aws-sdk/client-ecr": "lib/doors/aws/ecr.ts",
    "@aws-sdk/client-ecs": "lib/doors/aws/ecs.ts",
    "@inquirer/prompts": "lib/doors/console.ts",
    "@xmldom/xmldom": "lib/doors/junit.ts",
    dotenv: "lib/doors/environment.ts",
    "js-yaml": "lib/doors/settings.ts",
    "smol-toml": "lib/doors/pyproject.ts",
    tar: "lib/doors/image_files.ts",
    zx: "lib/doors/shell.ts",
  };
  it.each(Object.entries(owners))("let %s in by one file, %s", (name, door) => {
    expect(importersOf(name)).toEqual([door]);
  });

  it("have a file for every package that reaches the world", () => {
    const packages = outer.map(({ from }) => from).filter((from) => !/^(node:|semver$)/.test(from));
    expect([...new Set(packages)].sort()).toEqual(Object.keys(owners).sort());
  });
});

describe("files", () => {
  const writing =
    /\b(append|write|copy|cp|rename|truncate|ftruncate|createWrite|open|mkdir|mkdtemp|rm|rmdir|unlink|link|symlink|chmod|chown|lchown|utimes)\w*\b/;
  it("are written by one file of lib, which writes beside them and renames", () => {
    const fromFs =
      /import (?!type)\{([^}]*)\} from "node:fs(?:\/promises)?"|import (?!type)\* as [^;]*"node:fs|import\("node:fs/g;
    const strange = files
      .filter((path) => path.startsWith("lib/") || path.startsWith("scripts/"))
      .filter((path) => [...code(path).matchAll(fromFs)].some(([, names]) => writing.test(names ?? "")));
    expect(strange).toEqual(["lib/doors/files.ts"]);
  });

  it("are written in place only where that adds to a log", () => {
    const text = code("lib/doors/files.ts");
    expect(
      [...text.matchAll(/\b(writeFileSync|appendFileSync|renameSync|openSync)\(\w+/g)].map(([call]) => call),
    ).toEqual([
      ...[
        "openSync(path",
        "openSync(beside",
        "writeFileSync(file",
        "renameSync(beside",
        "renameSync(beside",
        "appendFileSync(path",
        "renameSync(path",
      ],
    ]);
  });
});

describe("every source file", () => {
  it("is shorter than 400 lines", () => {
    expect(files.filter((path) => readIn(path).split("\n").length > 400)).toEqual([]);
  });

  it.each([
    ["any", /(:|\bas|<)\s*any\b/],
    ["a cast by way of unknown", /\bas unknown as\b/],
    ["a non-null mark", /[\w)\]]!(\.|\[|;|,|\))/],
    ["Bun.*", /\bBun\./],
    ["import.meta.main", /import\.meta\.main/],
    ["an enum", /^\s*(export )?(const )?enum /m],
    ["process.exit", /\bprocess\.exit\(/],
  ])("is free of %s", (_name, word) => {
    expect(files.filter((path) => word.test(code(path)))).toEqual([]);
  });

  it("sets process.exitCode only where a program starts", () => {
    const setting = files.filter((path) => /process\.exitCode\s*=/.test(code(path)) && path.startsWith("lib/"));
    expect(setting).toEqual(["lib/run/script.ts"]);
  });
});

it.each([
  ["is left out", /\b(it|test|describe)(\.\w+)*\.(skip|skipIf|runIf|only|todo|fails)\b|\bskip\(\)/],
  ["has a second try", /\bretry: *[1-9]|--retry(?!-flaky)/],
])("no test %s", (_what, word) => {
  // What test/bed/trial plants for the bed's own tests is meant to be seen by them.
  const tests = [...sources("test"), "vitest.config.ts"].filter((path) => !path.startsWith("test/bed/trial/"));
  expect(tests.filter((path) => path !== "test/unit/layering.test.ts" && word.test(code(path)))).toEqual([]);
});

it("no file of test/unit starts a program or opens a socket; what does is of test/steps", () => {
  const starts = /node:child_process|node:http"|bed\/git\.ts|engine\/command\.ts|\.\.\/steps\//;
  const others = sources("test/unit").filter((path) => path !== "test/unit/layering.test.ts");
  expect(others.filter((path) => starts.test(readIn(path)))).toEqual([]);
});
