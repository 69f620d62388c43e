import { expect, it } from "vitest";
import { joinIndex } from "../../lib/oci/rules/index.ts";
import { digest } from "./factory.ts";

const child = (letter: string, platform?: string) => ({
  ...{ mediaType: "application/vnd.oci.image.manifest.v1+json", digest: digest(letter), size: 500 },
  ...(platform === undefined ? {} : { platform }),
});

it("an index names its images in the order of their platforms, each in the specification's words", () => {
  const index = joinIndex([child("c", "linux/arm64"), child("b", "linux/arm/v7"), child("a", "linux/amd64")]);
  expect(index.mediaType).toBe("application/vnd.oci.image.index.v1+json");
  expect(JSON.parse(index.text)).toEqual({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [
      { ...child("a"), platform: { architecture: "amd64", os: "linux" } },
      { ...child("b"), platform: { architecture: "arm", os: "linux", variant: "v7" } },
      { ...child("c"), platform: { architecture: "arm64", os: "linux" } },
    ],
  });
});

it("an image whose platform nobody knows stands first", () => {
  const [known, unknown] = [child("a", "linux/amd64"), child("b")];
  for (const children of [
    [known, unknown],
    [unknown, known],
  ]) {
    const { manifests } = JSON.parse(joinIndex(children).text) as { manifests: unknown[] };
    expect(manifests[0]).toEqual({ ...child("b"), platform: { os: "" } });
  }
});
