import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sectionNames } from "../../lib/config/config.ts";
import type { Key, Keys } from "../../lib/config/config_reader.ts";
import { loadTemplate } from "../../lib/doors/template.ts";
import { initRunnableDirs } from "../../lib/init/runnable_dir.ts";
import { writeFile } from "../../lib/kinds/write_file.ts";
import { isNode } from "../../lib/text/shape.ts";
import { allKeys, renderKeys, renderSchema, rowsOf } from "../bed/pages/config.ts";
import { tinyConfig } from "../bed/tiny_repo.ts";
import { assertAgreed, isOfShape, isValid, readBy, refusedBy, yamlValue } from "./config_schema.ts";
import { chosenDir, doing, facts } from "./factory.ts";
import { readIn, root } from "./source.ts";
import { originalYaml } from "./yaml.ts";

/** Two values of each key that say different things, where any two texts, words or flags do not. */
const samples: Readonly<Record<string, readonly [unknown, unknown]>> = {
  "repo_info.invalid_words": ["foo", ["bar"]],
  "docker_info.image_of": [null, "other"],
  "container_registry_info.NAME.address": ["127.0.0.1:5000", "127.0.0.1:5001"],
  "container_registry_info.NAME.token_server": ["auth.example.net", "auth.example.org"],
  "container_registry_info.NAME.kind": ["ecr", "oci"],
  "release.gates": [["fast"], ["lint"]],
  "release.platforms": [["linux/amd64"], ["linux/arm64"]],
  "release.dev_packages": [["/venv"], ["/opt"]],
  "release.ref_prefix": ["refs/a", "refs/b"],
  "release.package.index": ["https://pypi.org/simple/", "https://pypi.example.org/"],
  "tests.cpus": [1, 2],
  "tests.memory": ["1g", "2g"],
  "tests.swarm.constraints": [["node.role==worker"], ["node.labels.size!=small"]],
  "tests.swarm.deadline": ["30m", "2h"],
  "release.keep": [1, 2],
  // It needs the engine to be nobody else's: the sample of socket is true.
  "container.dind": [false, true],
  "container.on.NAME.dind": [false, true],
  "container.home": [[".aws"], [".ssh"]],
  "container.on.NAME.home": [[".aws"], [".ssh"]],
  "common_files.link": [["three"], ["four"]],
  "services.needed_by": [["fast"], ["slow"]],
  "services.within": [1, 2],
  "services.of": [null, "elsewhere"],
  "lint.image": ["dev", "local"],
  "lint.files.NAME.names": [["*.py"], ["*.js"]],
};

/** What reads a key that no parser makes a value of. */
const readers: Readonly<Record<string, string>> = {
  "repo_info.invalid_words": "thin_client/hooks/pre-commit",
  "repo_info.enable_git_commit_hook": "thin_client/env/hooks.ts",
  "runnable_dir_info.depends_on": "lib/run/look_tested_dirs.ts",
};

const defaults: Readonly<Partial<Record<Key["is"], readonly [unknown, unknown]>>> = {
  ...{ text: ["one", "two"], anything: ["one", "two"], flag: [true, false], words: [["one"], ["two"]] },
  ...{ texts: [{ A: "one" }, { B: "two" }], commands: [[["one"]], [["two", 3]]] },
};

function samplesOf(key: Key, path: string): readonly [unknown, unknown] {
  const found = samples[path] ?? (key.is === "word" ? ([key.of[0], key.of[1]] as const) : defaults[key.is]);
  if (found) return found;
  throw new Error(`${path} has no samples`);
}

/** A whole config with the first sample at each key. */
const whole = (keys: Keys, above = ""): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(keys).map(([name, key]) => {
      const path = `${above}${name}`;
      if (key.is === "section") return [name, whole(key.keys, `${path}.`)];
      if (key.is === "registries") return [name, { NAME: whole(key.keys, `${path}.NAME.`) }];
      if (key.is === "named") return [name, whole({ NAME: key.each }, `${path}.`)];
      return [name, samplesOf(key, path)[0]];
    }),
  );

/** The same with another value at one path. */
function changed(value: unknown, [name = "", ...rest]: readonly string[], to: unknown): unknown {
  const at = isNode(value) ? value : {};
  return { ...at, [name]: rest.length === 0 ? to : changed(at[name], rest, to) };
}

const keyAt = (path: string): Key | undefined =>
  path.split(".").reduce<Key | undefined>(
    (key, name) => {
      if (key === undefined) return undefined;
      return key.is === "named"
        ? key.each
        : key.is === "section"
          ? key.keys[name]
          : key.is === "registries"
            ? { is: "section", keys: key.keys, about: "" }
            : undefined;
    },
    { is: "section", keys: allKeys, about: "" },
  );
/** Left alone as a whole. */
const unread = "s3_bucket_info";
const leaves = rowsOf(allKeys, []).flatMap(({ path }) => {
  const key = keyAt(path);
  return key && path !== unread && !["section", "named", "registries"].includes(key.is) ? [[path, key] as const] : [];
});

it("the sections that are Slipway's are those that have keys, in their order", () => {
  expect(sectionNames).toEqual(Object.keys(allKeys));
});

describe("every key of repo_config.yaml", () => {
  it("is declared where the template has it", async () => {
    const value = await yamlValue(readIn("thin_client/template/repo_config.yaml"));
    const paths = (at: unknown, above: readonly string[]): readonly string[] =>
      isNode(at) && keyAt(above.join("."))?.is !== "texts"
        ? Object.entries(at).flatMap(([name, inner]) => [[...above, name].join("."), ...paths(inner, [...above, name])])
        : [];
    const shortForm = "container_registry_info.ghcr";
    const all = paths(value, []).filter((path) => path !== shortForm);
    expect(all.length).toBeGreaterThan(20);
    expect(all.filter((path) => keyAt(path) === undefined)).toEqual([]);
  });

  it.each(leaves)("is read by something: %s", (path, key) => {
    const base = whole(allKeys);
    expect(refusedBy(base)).toBe(null);
    const other = changed(base, path.split("."), samplesOf(key, path)[1]);
    const reader = readers[path];
    // What stands for another key is refused beside it.
    if (reader === undefined) expect(refusedBy(other)?.message ?? readBy(other)).not.toEqual(readBy(base));
    else {
      expect(readBy(other)).toEqual(readBy(base));
      expect(readIn(reader)).toContain(path.split(".").at(-1));
    }
  });
});

const layout = readIn("test/bed/original_layout/runnable_dir/repo_config.yaml");

describe("the schema of repo_config.yaml for editors", () => {
  it("and the page of its keys are what the reader knows: npm run pages writes them", () => {
    expect(readIn("thin_client/repo_config.schema.json") === renderSchema()).toBe(true);
    expect(readIn("docs/repo_config.md") === renderKeys()).toBe(true);
  });

  it("is what the template's first line leads to", () => {
    expect(readIn("thin_client/template/repo_config.yaml").split("\n")[0]).toBe(
      "# yaml-language-server: $schema=../repo_config.schema.json",
    );
  });

  it.each<readonly [string, string]>([
    ["this repo's", readIn("repo_config.yaml")],
    ["the template's", readIn("thin_client/template/repo_config.yaml")],
    ["that of the original's layout", layout.replaceAll(/[A-Z]+_ADDRESS/g, "127.0.0.1:5000")],
    ["the original's", originalYaml],
    ["a test's", tinyConfig({ name: "tiny", registries: { r1: "127.0.0.1:5000" } })],
  ])("takes %s", async (_name, text) => {
    const value = await yamlValue(text);
    expect([refusedBy(value), isValid(value)]).toEqual([null, true]);
  });

  it.each([
    ["nothing", [], {}],
    ["Python", ["app.py"], {}],
    ["Node with a Dockerfile", ["package.json", "Dockerfile"], { dockerfile: "Dockerfile", test: ["npm", "test"] }],
    ["Go", ["go.mod"], { baseImage: "golang:1", registries: ["ghcr.io/acme", "127.0.0.1:5000"], test: [] }],
  ] as const)("takes what init_runnable_dir writes for a dir of %s", async (_name, files, choice) => {
    const seen = { ...loadTemplate(root), existing: [], files, texts: { Dockerfile: "FROM x\n" } };
    const steps = initRunnableDirs(facts(), {}, { dirs: [chosenDir(seen, choice)] });
    const text = doing(steps, writeFile).find(({ path }) => path === "repo_config.yaml")?.content ?? "";
    const value = await yamlValue(text);
    expect([refusedBy(value), isValid(value)]).toEqual([null, true]);
  });

  it("takes what the reader takes, and nothing that it refuses for a key or a type", () => {
    const seen = { taken: 0, refused: 0 };
    fc.assert(
      fc.property(odd(whole(allKeys)), (value) => {
        const refused = refusedBy(value);
        if (refused === null) seen.taken += 1;
        else if (isOfShape(refused)) seen.refused += 1;
        assertAgreed(value, refused);
      }),
      { numRuns: 1500 },
    );
    expect([seen.taken > 100, seen.refused > 300, seen]).toEqual([true, true, seen]);
  });
});

const oddValues = [
  null,
  true,
  0,
  1,
  2,
  1.5,
  "",
  "none",
  "oci",
  [],
  ["one"],
  [3],
  [true],
  [["one"]],
  [[]],
  {},
  { one: 1 },
];

/** A value like the given one, of which now and then a part is left out or something else. */
function odd(value: unknown): fc.Arbitrary<unknown> {
  const inner = isNode(value)
    ? fc
        .tuple(
          ...Object.entries(value).map(([name, one]) =>
            fc.tuple(fc.constantFrom(true, true, true, false), odd(one)).map(([has, it]) => (has ? [[name, it]] : [])),
          ),
        )
        .map((rows) => Object.fromEntries(rows.flat()))
    : fc.constant(value);
  return fc.oneof(
    { weight: 400, arbitrary: inner },
    { weight: 1, arbitrary: fc.constantFrom(...oddValues) },
    ...(isNode(value) ? [{ weight: 1, arbitrary: inner.map((one) => ({ ...one, odd: 1 })) }] : []),
  );
}
