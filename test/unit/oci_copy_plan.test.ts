import { describe, expect, it } from "vitest";
import { repositoryOf } from "../../lib/model/oci/address.ts";
import type { Descriptor, ManifestParts, Node } from "../../lib/model/oci/copy_plan.ts";
import { blobsOf, mountSource, parseManifest, pushOrder } from "../../lib/model/oci/copy_plan.ts";

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
  });

  it("moves each blob once, the largest first", () => {
    const all = nodes({ "1": image("a", "b", "d"), "2": image("a", "e") });
    expect(blobsOf([...all.values()]).map((blob) => blob.digest[7])).toEqual(["d", "b", "e", "a"]);
  });

  it("mounts from another repository of the same host only", () => {
    const repo = (address: string) => repositoryOf({ name: "r", kind: "oci", required: true, address }, "cmamp");
    expect(mountSource(repo("127.0.0.1:5000/a"), repo("127.0.0.1:5000/b"))).toBe("a/cmamp");
    expect(mountSource(repo("127.0.0.1:5000/a"), repo("127.0.0.1:5000/a"))).toBeNull();
    expect(mountSource(repo("127.0.0.1:5000/a"), repo("127.0.0.1:5001/b"))).toBeNull();
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
    expect(parseManifest(text)).toMatchObject({
      type: "image",
      blobs: [{ digest: digest("c") }, { digest: digest("a") }],
    });
  });

  it("names the children of an index with their platforms", () => {
    const platform = { os: "linux", architecture: "arm64", variant: "v8" };
    const parts = parseManifest(JSON.stringify({ manifests: [{ ...line("1"), platform }] }));
    expect(parts).toMatchObject({ type: "index", children: [{ platform: "linux/arm64/v8" }] });
  });

  it.each([
    ["not json", /JSON/],
    ["[]", /neither/],
    ["null", /no object/],
    ['{"layers":[],"config":null}', /no object/],
    [JSON.stringify({ manifests: [{ digest: "sha256:../../x", size: 1 }] }), /no sha256 digest/],
    [JSON.stringify({ manifests: [{ digest: digest("a"), size: -1 }] }), /no size/],
  ])("refuses %s", (text, why) => {
    expect(() => parseManifest(text)).toThrow(why);
  });
});
