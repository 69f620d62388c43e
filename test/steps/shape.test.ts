import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readArchive } from "../../lib/doors/archive.ts";
import { readPackageUse } from "../../lib/doors/package_use.ts";
import { seenShape } from "../../lib/python/package_use.ts";
import { labelsOf } from "../../lib/run/registry_facts.ts";
import { fits, jsonOf, textAt, valueAt } from "../../lib/text/shape.ts";
import { dist, refusalOf, seen } from "../unit/factory.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "slipway-shape-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("a path in JSON of others", () => {
  const json = jsonOf('{"config": {"digest": "sha256:a", "size": 1}, "list": [{"a": "b"}], "length": null}');
  it.each([
    [["config", "digest"], "sha256:a"],
    [["list", 0, "a"], "b"],
    [["config", "size"], undefined],
    [["list", 1, "a"], undefined],
    [["list", "length"], undefined],
    [["config", "digest", "length"], undefined],
    [["length", "x"], undefined],
    [["toString"], undefined],
    [["constructor", "name"], undefined],
    [["__proto__", "a"], undefined],
  ])("%j leads to the text %j", (path, expected) => {
    expect(textAt(json, ...path)).toBe(expected);
  });

  it("leads nowhere where there is none", () => {
    expect(["", "{", "nul", "\u0000"].map((text) => valueAt(jsonOf(text), "a"))).toEqual(Array(4).fill(undefined));
  });
});

it.each([
  [null, {}],
  [{ config: null }, {}],
  [{ config: { Labels: ["a"] } }, {}],
  [{ config: { Labels: { a: "1", b: 2, c: null } } }, { a: "1" }],
])("the labels of the config %j are %j", (config, expected) => {
  expect(labelsOf(config)).toEqual(expected);
});

describe("an archive of somebody", () => {
  it.each(["", "{", "null", "[]", '{"manifests": 1}', '{"manifests": [{"digest": "../../etc/passwd"}]}'])(
    "with the index %j has no image",
    async (index) => {
      writeFileSync(join(dir, "index.json"), index);
      execFileSync("tar", ["--create", "--file", join(dir, "image.tar"), "--directory", dir, "index.json"]);
      expect(await readArchive(join(dir, "image.tar"), process.env)).toMatchObject({ digest: null, version: null });
    },
  );
});

describe("what the program inside an image tells", () => {
  it("fits its shape", () => {
    expect(fits(seen({ distributions: [dist("a")], files: ["a.py"] }), seenShape)).toBe(true);
  });

  const wrong: readonly unknown[] = [
    ...[[], null, "text", {}],
    ...[
      { ...seen(), python: 3 },
      { ...seen(), files: [1] },
      { ...seen(), words: [{ file: "a", line: 1, text: "x", word: null }] },
      { ...seen(), distributions: [{ name: "a" }] },
    ],
    { ...seen(), distributions: [{ ...dist("a"), version: "1\u001b[31m" }] },
  ];
  it.each(["hello", "", ...wrong.map((one) => JSON.stringify(one))])("is refused as %j", async (said) => {
    const file = join(dir, "program");
    writeFileSync(file, `#!/bin/sh\nprintf '%s' '${said}'\n`);
    chmodSync(file, 0o755);
    const refused = await refusalOf(readPackageUse([file], { cwd: dir, env: process.env, image: "app:dev" }));
    expect(refused.message).toBe("app:dev does not tell what its code uses");
  });
});
