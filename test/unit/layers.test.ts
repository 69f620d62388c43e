import { describe, expect, it } from "vitest";
import { newLayers, readPlatformImage, sizeOf } from "../../lib/model/layers.ts";
import { digest } from "./factory.ts";

const layer = (letter: string, size: number) => ({ digest: digest(letter), size });
const manifest = (...layers: readonly { digest: string; size: number }[]) => ({ config: { size: 7 }, layers });
const made = (...lines: readonly string[]) => ({
  os: "linux",
  architecture: "arm64",
  variant: "v8",
  history: lines.map((created_by) => ({ created_by, empty_layer: created_by.startsWith("ENV") })),
});

describe("an image of a registry", () => {
  it("has its platform, and is pulled with its config and each layer once", () => {
    const image = readPlatformImage(manifest(layer("a", 100), layer("b", 20), layer("b", 20)), made());
    expect([image.platform, image.size, image.layers.length]).toEqual(["linux/arm64/v8", 127, 3]);
  });

  it.each([
    ["COPY words.txt /words.txt # buildkit", "COPY words.txt /words.txt"],
    ["RUN /bin/sh -c apt-get   install git # buildkit", "RUN apt-get install git"],
    ["/bin/sh -c #(nop) COPY dir:abc in /app ", "COPY dir:abc in /app"],
    ["RUN |2 TOKEN=a /bin/sh -c b PIP=x /bin/sh -c pip install . # buildkit", "RUN pip install ."],
    ["|1 TOKEN=secret /bin/bash -ec make", "RUN make"],
    ["|1 TOKEN=secret", "RUN"],
    [
      "RUN /bin/sh -c pip install -i https://me:secret@pypi.company/simple x",
      "RUN pip install -i https://***@pypi.company/simple x",
    ],
  ])("tells what made a layer, without the values of arguments: %s", (line, expected) => {
    const image = readPlatformImage(manifest(layer("a", 1)), made("ENV A=b", line));
    expect(image.layers[0]?.by).toBe(expected);
  });

  it.each([[null], [[]], ["text"], [{ layers: [{ size: -1 }, null, 3] }]])(
    "is read whatever %j a registry gives",
    (odd) => {
      expect(readPlatformImage(odd, odd).size).toBe(0);
    },
  );

  it("has new layers only where the one before does not have them", () => {
    const [before, now] = [manifest(layer("a", 100)), manifest(layer("a", 100), layer("b", 20), layer("b", 20))].map(
      (one) => readPlatformImage(one, made()),
    );
    if (!now) throw new Error("there are two images");
    expect(sizeOf(newLayers(now, before))).toBe(20);
    expect(sizeOf(newLayers(now, undefined))).toBe(120);
  });
});
