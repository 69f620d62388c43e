import { describe, expect, it } from "vitest";
import { announce } from "../../lib/kinds/announce.ts";
import { command } from "../../lib/kinds/command.ts";
import { deployImage, distCopy, parseDevTag, parseRepository, releasePackage } from "../../lib/packages/package.ts";
import { uploadPackage } from "../../lib/packages/upload_package.ts";
import type { Step } from "../../lib/plan/plan.ts";
import {
  assertPackageVersion,
  namedPackage,
  parseIndex,
  parseMetadata,
  parseProject,
  uploadAddress,
  uploadFields,
} from "../../lib/python/built_package.ts";
import { config, doing, facts, git, refusal } from "./factory.ts";

const argvs = (steps: readonly Step[]) => doing(steps, command).map(({ argv }) => argv);
const since = { tag: "cmamp-1.2.0", distance: 5 };
const settings = (more = {}) => config({ release: { package: { index: "http://127.0.0.1:9/simple", ...more } } });
const plan = (more = {}, world: Parameters<typeof facts>[0] = {}, described = since) =>
  releasePackage(facts({ config: settings(more), ...world }), {}, described);

describe("release_package", () => {
  it("builds the commit alone, which tells the build its version, and uploads what it built", () => {
    const [build] = doing(plan(), command);
    expect(build).toMatchObject({
      argv: ["python3", "-m", "build"],
      cwd: ".git/slipway/package/cmamp",
      env: { SETUPTOOLS_SCM_PRETEND_VERSION: "1.2.1.dev5", SOURCE_DATE_EPOCH: "1735800000" },
    });
    expect(doing(plan(), uploadPackage)).toEqual([
      {
        kind: "upload_package",
        type: "python",
        folder: ".git/slipway/package/cmamp/dist",
        version: "1.2.1.dev5",
        index: "http://127.0.0.1:9/simple/",
        distTag: "dev",
      },
    ]);
  });

  it("spells the version as npm does for npm, and keeps `latest` for releases", () => {
    const npm = plan({ kind: "npm", dir: "js" });
    expect(argvs(npm).map((words) => words.join(" "))).toEqual([
      "npm version --no-git-tag-version --allow-same-version 1.2.1-dev.5",
      "mkdir -p dist",
      "npm pack --pack-destination dist",
    ]);
    expect(doing(npm, uploadPackage)[0]).toMatchObject({
      ...{ version: "1.2.1-dev.5", distTag: "dev", folder: ".git/slipway/package/cmamp/js/dist" },
    });
    const released = plan({ kind: "npm" }, {}, { tag: "cmamp-1.2.0", distance: 0 });
    expect(doing(released, uploadPackage)[0]).toMatchObject({ version: "1.2.0", distTag: "latest" });
  });

  it("builds with the command of the config", () => {
    expect(argvs(plan({ build: ["tox", "-e", "package"] }))).toEqual([["tox", "-e", "package"]]);
  });

  it.each([
    ["the code is not committed", () => plan({}, { git: git({ dirty: ["a.py"] }) })],
    ["this clone is shallow", () => plan({}, { git: git({ shallow: true }) })],
    ["no package index is named", () => releasePackage(facts(), {}, since)],
  ])("is refused: %s", (what, planned) => {
    expect(refusal(planned).message).toContain(what);
  });
});

describe("release.package of repo_config.yaml", () => {
  it.each<[object, string]>([
    [{ kind: "gem" }, "release.package.kind"],
    [{ dir: "../x" }, "release.package.dir"],
    [{ dir: "-x" }, "release.package.dir"],
    [{ dir: "a b" }, "release.package.dir"],
    [{ build: "make" }, "release.package.build"],
    [{ index: "https://ada:planted@a/simple" }, "release.package.index"],
    [{ index: "pypi" }, "release.package.index"],
    [{ url: "https://pypi.org/simple" }, "release.package.url"],
  ])("is refused as %j", (settings, key) => {
    const { message, fix } = refusal(() => config({ release: { package: settings } }));
    expect([message, `${message}${fix}`.includes("planted")]).toEqual([expect.stringContaining(key), false]);
  });
});

describe("release_dist_copy", () => {
  const wheel = (version: string) => ({ file: `a_b-${version}-py3-none-any.whl`, project: "a-b", version });
  const other = { file: "c-1.0.tar.gz", project: "c", version: "1.0" };
  const copy = (packages: readonly (typeof other)[], there: readonly (typeof other)[]) =>
    distCopy(facts(), {}, { source: "dist", packages, targets: [{ dir: "docker/pkg", packages: there }] });

  it("copies, and removes other versions of the same project alone", () => {
    expect(argvs(copy([wheel("2")], [wheel("1"), wheel("2"), other])).map((words) => words.join(" "))).toEqual([
      "mkdir -p -- docker/pkg",
      "rm -- docker/pkg/a_b-1-py3-none-any.whl",
      "cp -- dist/a_b-2-py3-none-any.whl docker/pkg/",
    ]);
  });

  it("makes the dir and warns where there is no package", () => {
    const steps = copy([], [wheel("1")]);
    expect(argvs(steps)).toEqual([["mkdir", "-p", "--", "docker/pkg"]]);
    expect(doing(steps, announce)[0]?.text).toMatch(/^warning: dist has no package; .*name/);
  });
});

describe("release_deploy", () => {
  const named = { name: "brewblox/devcon", tag: "rpi-feature-doodad" };
  const deploy = (options: object, file?: string) =>
    deployImage(facts(), options, {
      ...{ described: since, context: "docker" },
      packages: file === undefined ? [] : [namedPackage(file) ?? { file, project: "", version: "" }],
    });

  it("labels the image with the version of the commit, which its package has too", () => {
    for (const file of [undefined, "a-1.2.1.dev5.tar.gz", "a-1.2.1-dev.5.tgz"])
      expect(argvs(deploy(named, file)).map((words) => words.slice(0, 4).join(" "))).toEqual([
        "docker build --label org.opencontainers.image.version=1.2.1.dev5",
        "docker push brewblox/devcon:rpi-feature-doodad",
      ]);
    expect(refusal(() => deploy(named, "a-1.2.0.tar.gz")).message).toBe(
      "docker/pkg/a-1.2.0.tar.gz is version 1.2.0, and its commit is 1.2.1.dev5",
    );
  });

  it("names what was not given", () => {
    expect(refusal(() => deploy({ tag: "a" })).message).toBe("no --name was given");
    expect(refusal(() => deploy({ name: "a" })).message).toBe("no --tag was given");
  });

  it.each([
    "latest",
    "develop",
    "edge",
    "dev",
    "prod",
    "dev-1.0.0",
    "prod-1",
    "local-ada",
    "1.2.3",
    "v2",
    "a b",
    "$(id)",
    "",
  ])("refuses the tag %j", (tag) => {
    expect(refusal(() => parseDevTag(tag)).message).toContain(`"${tag}" is no tag`);
  });

  it.each(["feature-doodad", "rpi-feature", "developer", "devcon", "1.2.1-dev.5"])("takes the tag %j", (tag) => {
    expect(parseDevTag(tag)).toBe(tag);
  });

  it.each(["a:1", "a@sha256:0", "A B", "--push"])("refuses the name %j", (name) => {
    expect(refusal(() => parseRepository(name)).message).not.toBe("");
  });
});

describe("a built package", () => {
  it.each([
    ["a_b-1.2.1.dev5-py3-none-any.whl", "a-b", "1.2.1.dev5"],
    ["A.B-1.0.tar.gz", "a-b", "1.0"],
    ["a-b-1.2.1-dev.5.tgz", "a-b", "1.2.1-dev.5"],
    ["acme-tool-2.0.0.tgz", "acme-tool", "2.0.0"],
  ])("%s is %s %s", (file, project, version) => {
    expect(namedPackage(file)).toEqual({ file, project, version });
  });

  it.each(["README.md", "a.whl", "a.tar.gz", ".gitkeep"])("is none: %s", (file) => {
    expect(namedPackage(file)).toBeNull();
  });

  const text =
    "Metadata-Version: 2.1\nName: a\nVersion: 1\nClassifier: x\nClassifier: y\nSummary: one\n  two\n\nLong\n\ntext\n";
  it("has metadata like the head of a mail", () => {
    expect([...parseMetadata(text)]).toEqual([
      ["metadata-version", ["2.1"]],
      ["name", ["a"]],
      ["version", ["1"]],
      ["classifier", ["x", "y"]],
      ["summary", ["one two"]],
      ["description", ["Long\n\ntext\n"]],
    ]);
  });

  it("is uploaded with its metadata, kind and hash", () => {
    expect(uploadFields("a-1-cp311-cp311-linux_x86_64.whl", parseMetadata(text), "00")).toEqual([
      [":action", "file_upload"],
      ["protocol_version", "1"],
      ["filetype", "bdist_wheel"],
      ["pyversion", "cp311"],
      ["sha256_digest", "00"],
      ["metadata_version", "2.1"],
      ["name", "a"],
      ["version", "1"],
      ["classifiers", "x"],
      ["classifiers", "y"],
      ["summary", "one two"],
      ["description", "Long\n\ntext\n"],
    ]);
    expect(uploadFields("a-1.tar.gz", new Map(), "00")).toContainEqual(["filetype", "sdist"]);
  });

  it("has the version of its commit", () => {
    expect(() => assertPackageVersion("a", { is: "1", of: "1" })).not.toThrow();
    expect(refusal(() => assertPackageVersion("a", { is: undefined, of: "1" })).message).toContain("version unknown");
  });
});

describe("a package index", () => {
  const page = new URL("https://index.test/simple/a/");
  const hash = "0".repeat(64);
  it("lists files as links or as JSON", () => {
    const html = `<a href="../../files/a-1.tar.gz#sha256=${hash}" data-x="1">a-1.tar.gz</a><br><a href="b.whl"> b.whl </a>`;
    const json = { files: [{ filename: "a-1.tar.gz", url: "../../files/a-1.tar.gz", hashes: { sha256: hash } }, {}] };
    expect(parseProject(html, page)).toEqual([
      { file: "a-1.tar.gz", url: `https://index.test/files/a-1.tar.gz#sha256=${hash}`, sha256: hash },
      { file: "b.whl", url: "https://index.test/simple/a/b.whl", sha256: null },
    ]);
    expect(parseProject(JSON.stringify(json), page)).toEqual([
      { file: "a-1.tar.gz", url: "https://index.test/files/a-1.tar.gz", sha256: hash },
    ]);
  });

  it.each([
    ["https://pypi.org/simple", "https://upload.pypi.org/legacy/"],
    ["https://test.pypi.org/simple/", "https://test.pypi.org/legacy/"],
    ["http://127.0.0.1:8080/simple/", "http://127.0.0.1:8080/"],
    ["https://devpi.test/ada/dev/+simple/", "https://devpi.test/ada/dev/"],
    ["https://git.test/api/v4/projects/1/packages/pypi/simple", "https://git.test/api/v4/projects/1/packages/pypi/"],
    ["https://registry.npmjs.org", "https://registry.npmjs.org/"],
  ])("%s takes uploads at %s", (index, address) => {
    expect(uploadAddress(parseIndex(index))).toBe(address);
  });

  it.each(["pypi", "ftp://a/simple", "https://ada:planted@a/simple", "file:///etc", ""])("is none: %j", (text) => {
    const { message, fix } = refusal(() => parseIndex(text));
    expect(`${message}${fix}`).not.toContain("planted");
  });
});
