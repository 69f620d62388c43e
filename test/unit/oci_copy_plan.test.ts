import { describe, expect, it } from "vitest";
import { repositoryOf } from "../../lib/names/address.ts";
import type { Descriptor, ManifestParts, Node } from "../../lib/oci/rules/copy_plan.ts";
import {
  blobsOf,
  isDigest,
  manifestTypes,
  mountSource,
  parseManifest,
  pushOrder,
} from "../../lib/oci/rules/copy_plan.ts";

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const line = (letter: string, size = 1): Descriptor => ({ mediaType: "layer", digest: digest(letter), size });
const image = (...letters: string[]): ManifestParts => {
  const blobs = letters.map((letter, at) => line(letter, at + 1));
  return { type: "image", config: line("c"), blobs };
};
const nodes = (all: Record<string, ManifestParts>) =>
  new Map(
    Object.entries(all).map(([name, parts]): [string, Node<string>] => [
      digest(name),
      { digest: digest(name), manifest: name, parts },
    ]),
  );

describe("copy order", () => {
  it("puts children before the index that names them, each once", () => {
    const all = nodes({
      "0": { type: "index", children: [line("1"), line("2"), line("3")] },
      "1": image("a"),
      "2": { type: "index", children: [line("1")] },
      "3": image("b"),
    });
    expect(pushOrder(digest("0"), all).map((node) => node.manifest)).toEqual(["1", "2", "3", "0"]);
    expect(pushOrder(digest("3"), all).map((node) => node.manifest)).toEqual(["3"]);
  });

  it("leaves out what the source does not hold", () => {
    const all = nodes({ "0": { type: "index", children: [line("1"), line("9")] }, "1": image("a") });
    expect(pushOrder(digest("0"), all).map((node) => node.manifest)).toEqual(["1", "0"]);
    expect(pushOrder(digest("9"), all)).toEqual([]);
  });

  it("moves each blob once, the largest first", () => {
    const all = nodes({ "1": image("a", "b", "d"), "2": image("a", "e") });
    expect(blobsOf([...all.values()]).map((blob) => blob.digest[7])).toEqual(["d", "b", "e", "a"]);
    const index = nodes({ "0": { type: "index", children: [line("1")] }, "1": image("a") });
    expect(blobsOf([...index.values()])).toEqual([line("a", 1)]);
  });

  it("mounts from another repository of the same host only", () => {
    const repo = (address: string) => repositoryOf({ name: "r", kind: "oci", required: true, address }, "cmamp");
    expect(mountSource(repo("127.0.0.1:5000/a"), repo("127.0.0.1:5000/b"))).toBe("a/cmamp");
    expect(mountSource(repo("127.0.0.1:5000/a"), repo("127.0.0.1:5000/a"))).toBeNull();
    expect(mountSource(repo("127.0.0.1:5000/a"), repo("127.0.0.1:5001/b"))).toBeNull();
    expect(mountSource({ ...repo("127.0.0.1:5000/a"), scheme: "https" }, repo("127.0.0.1:5000/b"))).toBeNull();
  });
});

describe("manifest", () => {
  it("names config and layers, without those that are fetched elsewhere", () => {
    const text = JSON.stringify({
      config: line("c"),
      layers: [
        line("a"),
        { ...line("f"), mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" },
        line("a"),
      ],
    });
    expect(parseManifest(text)).toEqual({ type: "image", config: line("c"), blobs: [line("c"), line("a")] });
  });

  it("may have an empty layer, and one that an older specification forbids to push", () => {
    const layers = [
      line("a", 0),
      { ...line("b"), mediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar" },
    ];
    expect(parseManifest(JSON.stringify({ config: line("c"), layers }))).toMatchObject({
      blobs: [line("c"), line("a", 0)],
    });
  });

  it.each([
    [{ os: "linux", architecture: "amd64", variant: "" }, { platform: "linux/amd64" }],
    [{ os: "linux", architecture: "amd64", variant: 8 }, { platform: "linux/amd64" }],
    [{}, {}],
    ["linux", {}],
    [null, {}],
    [undefined, {}],
  ])("names a child of the platform %j with %j", (platform, told) => {
    const parts = parseManifest(JSON.stringify({ manifests: [{ ...line("1"), platform }] }));
    expect(parts).toEqual({ type: "index", children: [{ ...line("1"), ...told }] });
  });

  it("is asked for in all four types, an index before an image", () => {
    expect(manifestTypes).toEqual([
      "application/vnd.oci.image.index.v1+json",
      "application/vnd.oci.image.manifest.v1+json",
      "application/vnd.docker.distribution.manifest.list.v2+json",
      "application/vnd.docker.distribution.manifest.v2+json",
    ]);
  });

  it.each([
    [digest("a"), true],
    [`x${digest("a")}`, false],
    [`${digest("a")}0`, false],
    [digest("A"), false],
    ["sha256:abc", false],
  ])("%s is a digest: %s", (text, expected) => {
    expect(isDigest(text)).toBe(expected);
  });

  it("names the children of an index with their platforms", () => {
    const platform = { os: "linux", architecture: "arm64", variant: "v8" };
    const parts = parseManifest(JSON.stringify({ manifests: [{ ...line("1"), platform }] }));
    expect(parts).toMatchObject({ type: "index", children: [{ platform: "linux/arm64/v8" }] });
  });

  it.each([
    ["not json", /JSON/],
    ["[]", /^it is neither an image manifest nor an index$/],
    ["{}", /^it is neither an image manifest nor an index$/],
    ["null", /^it is no object$/],
    ["7", /^it is no object$/],
    ['{"layers":[],"config":null}', /no object/],
    [
      JSON.stringify({ manifests: [{ digest: "sha256:../../x", size: 1 }] }),
      /^"sha256:..\/..\/x" is no sha256 digest$/,
    ],
    [JSON.stringify({ manifests: [{ size: 1 }] }), /^"undefined" is no sha256 digest$/],
    [JSON.stringify({ manifests: [{ digest: 7, size: 1 }] }), /^"7" is no sha256 digest$/],
    [JSON.stringify({ manifests: [{ digest: digest("a"), size: -1 }] }), /^sha256:a{64} has no size$/],
    [JSON.stringify({ manifests: [{ digest: digest("a"), size: 1.5 }] }), /has no size/],
    [JSON.stringify({ manifests: [{ digest: digest("a"), size: "1" }] }), /has no size/],
    [JSON.stringify({ manifests: [{ digest: digest("a") }] }), /has no size/],
  ])("refuses %s", (text, why) => {
    expect(() => parseManifest(text)).toThrow(why);
  });
});
