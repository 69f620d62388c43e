import { describe, expect, it } from "vitest";
import { compareImages } from "../../lib/packages/packages.ts";
import { type Change, packageChanges, renderChanges } from "../../lib/python/package_diff.ts";
import { isPackageFile, type Package, packagesOf, pipListPackages } from "../../lib/python/packages.ts";
import { digest, engine, facts, localImage, refusal } from "./factory.ts";

const lib = "venv/lib/python3.11/site-packages";

describe("files of an image that tell of packages", () => {
  it.each([
    [`${lib}/foo-1.0.dist-info/METADATA`, true],
    ["usr/lib/python3/dist-packages/six-1.16.0.egg-info", true],
    ["usr/lib/python3/dist-packages/foo.egg-info/PKG-INFO", true],
    [`${lib}/foo-1.0-py3.11.egg/EGG-INFO/PKG-INFO`, true],
    ["var/task/foo-1.0.dist-info/METADATA", true],
    [`${lib}/setuptools/_vendor/zipp-1.0.dist-info/METADATA`, false],
    [`${lib}/foo/bundled/zipp-1.0.dist-info/METADATA`, false],
    ["root/.cache/uv/archive/foo-1.0.dist-info/METADATA", false],
    [`${lib}/foo-1.0.dist-info/RECORD`, false],
    ["var/lib/dpkg/status", true],
    ["var/lib/dpkg/status.d/base-files", true],
    ["var/lib/dpkg/status-old", false],
    ["app/node_modules/foo/package.json", true],
    ["app/node_modules/@scope/foo/package.json", true],
    ["app/node_modules/foo/node_modules/bar/package.json", true],
    ["app/node_modules/foo/lib/package.json", false],
    ["app/package.json", false],
    ["foo-1.0.dist-info/METADATA", true],
    ["EGG-INFO/PKG-INFO", true],
    [`${lib}/foo-1.0.dist-info/METADATA.bak`, false],
    [`${lib}/foo-1.0.egg/EGG-INFO/PKG-INFO.bak`, false],
    [`${lib}/.dist-info/METADATA`, false],
    ["old/var/lib/dpkg/status", false],
    ["var/lib/dpkg/status.d/a/b", false],
    ["var/lib/dpkg/statusx", false],
    ["node_modules/foo/package.json", true],
    ["app/my_node_modules/foo/package.json", false],
    ["app/node_modules/foo/package.json.bak", false],
    ["app/node_modules/.bin/package.json", false],
    ["app/node_modules/@scope/package.json", false],
    ["root/.npm/x/node_modules/foo/package.json", false],
    ["_vendor/foo-1.0.dist-info/METADATA", false],
    ["my_vendor/foo-1.0.dist-info/METADATA", true],
    ["usr/lib/python3/dist-packages/foo/zipp.egg-info", false],
    ["usr/lib/python3/dist-packages/foo/zipp.egg-info/PKG-INFO", false],
  ])("%s: %s", (path, expected) => {
    expect(isPackageFile(path)).toBe(expected);
  });
});

describe("packages of a file", () => {
  it.each([
    [
      `${lib}/Foo_Bar-1.0.dist-info/METADATA`,
      "Metadata-Version: 2.1\nName: Foo_Bar\nVersion: 1.0\n\nName: not this\n",
      [["pip", "foo-bar", "1.0", "/venv/lib/python3/site-packages"]],
    ],
    [
      "usr/lib/python3/dist-packages/six-1.16.0.egg-info",
      "Name: six\r\nVersion: 1.16.0\r\n",
      [["pip", "six", "1.16.0", "/usr/lib/python3/dist-packages"]],
    ],
    [
      "var/lib/dpkg/status",
      "Package: a\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:2-3\nDescription: x\n Version: 9\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n\nPackage: held\nStatus: hold ok installed\nVersion: 2\n",
      [
        ["dpkg", "a", "1:2-3", "amd64"],
        ["dpkg", "held", "2", ""],
      ],
    ],
    ["var/lib/dpkg/status.d/base", "Package: base\nVersion: 12\n", [["dpkg", "base", "12", ""]]],
    ["var/lib/dpkg/status", "Package: base\nVersion: 12\n", []],
    [
      "var/lib/dpkg/status",
      ["installed", "not-installed", "config-files", "half-installed", "unpacked"]
        .map((state, at) => `Package: p${at}  \nStatus: want flag ${state}\nVersion:  ${at}  \n`)
        .join("\n\n"),
      [
        ["dpkg", "p0", "0", ""],
        ["dpkg", "p4", "4", ""],
      ],
    ],
    ["var/lib/dpkg/status.d/base", "Package: base\n\nVersion: 12\n", []],
    [`${lib}/foo.dist-info/METADATA`, "Name: foo\n", []],
    [`${lib}/foo.dist-info/METADATA`, "Version: 1\nXName: foo\n", []],
    [`${lib}/foo.dist-info/METADATA`, "", []],
    [
      `${lib}/foo.dist-info/METADATA`,
      "name: A__b.-c \nVERSION:\t1.0 \n",
      [["pip", "a-b-c", "1.0", "/venv/lib/python3/site-packages"]],
    ],
    [
      "opt/python3.9x/python3.10/foo-1.0.egg/EGG-INFO/PKG-INFO",
      "Name: foo\nVersion: 1",
      [["pip", "foo", "1", "/opt/python3.9x/python3"]],
    ],
    ["foo.egg-info/PKG-INFO", "Name: foo\nVersion: 1", [["pip", "foo", "1", "/"]]],
    ["foo-1.0.egg/EGG-INFO/PKG-INFO", "Name: foo\nVersion: 1", [["pip", "foo", "1", "/"]]],
    ["EGG-INFO/PKG-INFO", "Name: foo\nVersion: 1", [["pip", "foo", "1", "/"]]],
    [
      "app/node_modules/@scope/foo/package.json",
      '{"name":"@scope/foo","version":"1.2.3"}',
      [["npm", "@scope/foo", "1.2.3", "/app/node_modules"]],
    ],
    [
      "app/node_modules/a/node_modules/foo/package.json",
      '{"name":"foo","version":"1"}',
      [["npm", "foo", "1", "/app/node_modules/a/node_modules"]],
    ],
    ["app/node_modules/foo/package.json", '{"name":"foo"}', []],
    ["app/node_modules/foo/package.json", '{"version":"1"}', []],
    ["app/node_modules/foo/package.json", '{"name":"foo","version":1}', []],
    ["app/node_modules/foo/package.json", "null", []],
    ["app/node_modules/foo/package.json", "7", []],
    ["app/package.json", '{"name":"foo","version":"1"}', []],
    ["app/node_modules/foo/package.json", '{"type":"module"}', []],
    ["app/node_modules/foo/package.json", "{", []],
  ])("%s", (path, text, expected) => {
    const found = packagesOf(path, text).map(({ ecosystem, name, version, place }) => [
      ecosystem,
      name,
      version,
      place,
    ]);
    expect(found).toEqual(expected);
  });
});

it("a pip_list.txt tells of packages with a number, under the one name of each", () => {
  const text = [
    ...["Foo_Bar==1.0", "  b==2.0  ", "c @ file:///x", "-e git+https://x/d==1#egg=d", "# e==1", "f==", "==1"],
    ...["g==1 # note", "h>=1", "i==1==2", "", "longer.name==3\r"],
  ].join("\n");
  expect(pipListPackages(text)).toEqual([
    pip("foo-bar", "1.0", ""),
    pip("b", "2.0", ""),
    pip("i", "1==2", ""),
    pip("longer-name", "3", ""),
  ]);
});

const pip = (name: string, version: string, place = "/venv"): Package => ({ ecosystem: "pip", name, version, place });
const told = (before: readonly Package[], after: readonly Package[]) =>
  packageChanges(before, after).map(({ name, change, from, to }) => [name, change, from, to]);

describe("what differs", () => {
  it.each<readonly [string, readonly Package[], readonly Package[], readonly unknown[]]>([
    ["nothing", [pip("a", "1")], [pip("a", "1")], []],
    ["added", [], [pip("a", "1")], [["a", "added", null, "1"]]],
    ["removed", [pip("a", "1")], [], [["a", "removed", "1", null]]],
    ["up", [pip("a", "1.9")], [pip("a", "1.10")], [["a", "up", "1.9", "1.10"]]],
    ["down", [pip("a", "1.0")], [pip("a", "1.0rc1")], [["a", "down", "1.0", "1.0rc1"]]],
    ["another spelling of one version is nothing", [pip("a", "1.0")], [pip("a", "1.0.0")], []],
    ["without an order", [pip("a", "1.0")], [pip("a", "nightly")], [["a", "changed", "1.0", "nightly"]]],
    [
      "each copy of two that moved is matched by its version",
      [pip("a", "1", "/one"), pip("a", "2", "/two")],
      [pip("a", "2", "/three"), pip("a", "3", "/four")],
      [["a", "up", "1", "3"]],
    ],
    [
      "a copy that stays in its place is no copy that moved",
      [pip("a", "1", "/one"), pip("a", "2", "/two")],
      [pip("a", "2", "/one"), pip("a", "1", "/three")],
      [
        ["a", "up", "1", "2"],
        ["a", "down", "2", "1"],
      ],
    ],
    [
      "copies that moved are matched in the order of their versions",
      [pip("a", "3", "/b1"), pip("a", "1", "/b2")],
      [pip("a", "2", "/a2"), pip("a", "4", "/a1")],
      [
        ["a", "up", "3", "4"],
        ["a", "up", "1", "2"],
      ],
    ],
    [
      "copies that moved are matched in the order of their new versions",
      [pip("a", "1", "/b2"), pip("a", "3", "/b1")],
      [pip("a", "4", "/a1"), pip("a", "2", "/a2")],
      [
        ["a", "up", "3", "4"],
        ["a", "up", "1", "2"],
      ],
    ],
    [
      "copies without an order are told of too",
      [pip("a", "x", "/b"), pip("a", "y", "/c")],
      [pip("a", "z", "/d")],
      [
        ["a", "removed", "y", null],
        ["a", "changed", "x", "z"],
      ],
    ],
    [
      "one version at the same place as before stays where another one comes",
      [pip("a", "2", "/p")],
      [pip("a", "1", "/p"), pip("a", "2", "/p")],
      [["a", "added", null, "1"]],
    ],
    ["a moved venv is nothing", [pip("a", "1", "/venv")], [pip("a", "1", "/opt/venv")], []],
    ["a moved venv and up", [pip("a", "1", "/venv")], [pip("a", "2", "/opt/venv")], [["a", "up", "1", "2"]]],
    [
      "one copy of two goes up to the version of the other",
      [pip("a", "1", "/venv"), pip("a", "2", "/usr")],
      [pip("a", "2", "/venv"), pip("a", "2", "/usr")],
      [["a", "up", "1", "2"]],
    ],
    [
      "one copy of two goes",
      [pip("a", "1", "/venv"), pip("a", "2", "/usr")],
      [pip("a", "1", "/venv")],
      [["a", "removed", "2", null]],
    ],
    [
      "a name in two ecosystems is two packages",
      [pip("a", "1")],
      [{ ecosystem: "dpkg", name: "a", version: "1", place: "" }],
      [
        ["a", "removed", "1", null],
        ["a", "added", null, "1"],
      ],
    ],
  ])("%s", (_title, before, after, expected) => {
    expect(told(before, after)).toEqual(expected);
  });

  it("is in the order of ecosystem, name and place", () => {
    const npm = (name: string): Package => ({ ecosystem: "npm", name, version: "1", place: "/app" });
    const deb = (name: string): Package => ({ ecosystem: "dpkg", name, version: "1", place: "" });
    const added = [npm("a"), deb("b"), pip("b", "1"), pip("a", "2", "/z"), pip("a", "1", "/y"), deb("a")];
    expect(packageChanges([], added).map(({ ecosystem, name, place }) => [ecosystem, name, place].join(" "))).toEqual([
      "pip a /y",
      "pip a /z",
      "pip b /venv",
      "dpkg a ",
      "dpkg b ",
      "npm a /app",
    ]);
  });

  it("is told with the place where it is now", () => {
    expect(packageChanges([pip("a", "1", "/old")], [pip("a", "2", "/new")])).toEqual([
      { ecosystem: "pip", name: "a", change: "up", from: "1", to: "2", place: "/new" },
    ]);
  });

  it("is a table whose columns are as wide as they need to be", () => {
    const row = (name: string, change: Change["change"], from: string | null, to: string | null, at = 0): Change => ({
      ...{ ecosystem: "npm", name, change, from, to, place: `/${at}` },
    });
    const changes = [
      { ...row("a", "removed", "1.0.0", null), ecosystem: "dpkg" as const },
      row("b", "changed", "1", "nightly"),
      row("c", "down", "2", "1", 2),
      row("c", "down", "3", "1", 3),
    ];
    expect(renderChanges(changes, ["a", "b"]).split("\n")).toEqual([
      "a -> b",
      "dpkg a removed 1.0.0 -> -",
      "npm  b changed 1     -> nightly",
      "npm  c down    2     -> 1       /2",
      "npm  c down    3     -> 1       /3",
      "1 removed, 2 down, 1 changed",
    ]);
  });

  it("is a table that ends with the counts, and names the place where a name stands twice", () => {
    const changes = packageChanges(
      [pip("a", "1"), pip("b", "1", "/usr"), pip("b", "1", "/venv")],
      [pip("longer", "10"), pip("b", "2", "/usr"), pip("b", "2", "/venv")],
    );
    expect(renderChanges(changes, ["dev", "local"]).split("\n")).toEqual([
      "dev -> local",
      "pip  a      removed 1 -> -",
      "pip  b      up      1 -> 2  /usr",
      "pip  b      up      1 -> 2  /venv",
      "pip  longer added   - -> 10",
      "1 added, 1 removed, 2 up",
    ]);
  });

  it("is told in a sentence where it is nothing", () => {
    expect(renderChanges([], ["dev", "local"])).toBe("dev -> local: the same packages");
  });
});

describe("compare_packages", () => {
  const own = "127.0.0.1:5001/cmamp";
  const at = digest("e");
  const compared = (...images: readonly string[]) =>
    compareImages(
      facts({ engine: engine({ images: [localImage(`${own}:local-gp-1.2.0`), localImage(`${own}:dev`)] }) }),
      { images },
    ).at(-1)?.do[0];

  it.each([
    ["dev", `${own}:dev`],
    ["prod", `${own}:prod`],
    ["dev-1.0.0", `${own}:dev-1.0.0`],
    ["local", `${own}:local-gp-1.2.0`],
    ["local-1.2.0", `${own}:local-gp-1.2.0`],
    [at, `${own}@${at}`],
    [`${own}@${at}`, `${own}@${at}`],
    ["debian:12", "debian:12"],
    ["ghcr.io/acme/cmamp:x", "ghcr.io/acme/cmamp:x"],
  ])("%s is %s", (word, reference) => {
    expect(compared("dev", word)).toMatchObject({ before: `${own}:dev`, after: reference, names: ["dev", word] });
  });

  it("pulls what the engine lacks and nothing else", () => {
    const steps = compareImages(facts({ engine: engine({ images: [localImage(`${own}:dev`)] }) }), {
      images: ["dev", "prod"],
    });
    expect(steps.map(({ id, skip }) => [id, skip])).toEqual([
      ["pull_1", "the engine has it"],
      ["pull_2", null],
      ["compare", null],
    ]);
  });

  it.each([
    [["dev"], "1 images were named"],
    [[], "0 images were named"],
    [["a", "b", "c"], "3 images were named"],
    [["dev", "Not A Name"], '"Not A Name" is not an image reference'],
    [["dev", "local-9.9.9"], "the engine has no"],
  ])("%j is refused", (images, what) => {
    expect(refusal(() => compared(...images)).message).toContain(what);
  });
});
