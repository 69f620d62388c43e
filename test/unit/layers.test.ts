import { describe, expect, it } from "vitest";
import { newLayers, readPlatformImage, sizeOf } from "../../lib/names/layers.ts";
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
    ["|10 A=b /bin/sh -c make   # buildkit", "RUN make"],
    ["RUN |1 A=b /usr/local/bin/bash -c make", "RUN make"],
    ["RUN |1 A=b make", "RUN"],
    ["RUN /bin/sh -c echo |1 a /bin/sh -c b", "RUN echo |1 a /bin/sh -c b"],
    ["RUN echo # buildkit is used", "RUN echo # buildkit is used"],
    ["CMD echo /bin/sh -c #(nop) x", "CMD echo /bin/sh -c #(nop) x"],
    ["  COPY a\tb  ", "COPY a b"],
    [" /bin/sh -c make # buildkit ", "RUN make"],
    ["COPY https://a:b@x/y ssh://git@z/ /app", "COPY https://***@x/y ssh://***@z/ /app"],
    ["COPY https://x/@scope/a /app", "COPY https://x/@scope/a /app"],
    [
      "RUN /bin/sh -c pip install -i https://me:secret@pypi.company/simple x",
      "RUN pip install -i https://***@pypi.company/simple x",
    ],
  ])("tells what made a layer, without the values of arguments: %s", (line, expected) => {
    const image = readPlatformImage(manifest(layer("a", 1)), made("ENV A=b", line));
    expect(image.layers[0]?.by).toBe(expected);
  });

  it.each([
    [{ os: "linux", architecture: "amd64" }, "linux/amd64"],
    [{ os: "linux", architecture: 3, variant: "v7" }, "linux/v7"],
    [{}, ""],
  ])("of %j has the platform %j", (config, platform) => {
    expect(readPlatformImage(manifest(), config).platform).toBe(platform);
  });

  it("has a line for each layer that has one, in order", () => {
    const config = { history: [{ created_by: "ADD x" }, { empty_layer: true, created_by: "ENV A=b" }, {}, "odd"] };
    expect(readPlatformImage(manifest(layer("a", 2), layer("b", 0), layer("c", 1)), config).layers).toEqual([
      { ...layer("a", 2), by: "ADD x" },
      { ...layer("b", 0), by: "" },
      { ...layer("c", 1), by: "" },
    ]);
  });

  it.each([[null], [[]], ["text"], [{ layers: [], config: [] }], [{ layers: "x", config: { size: "1" } }]])(
    "is read whatever %j a registry gives",
    (odd) => {
      expect(readPlatformImage(odd, odd)).toEqual({ platform: "", size: 0, layers: [] });
    },
  );

  it("has of a layer what can be read", () => {
    const odd = { layers: [{ size: -1, digest: 7 }, null, 3, []] };
    expect(readPlatformImage(odd, odd)).toEqual({ platform: "", size: 0, layers: [{ digest: "", size: 0, by: "" }] });
  });

  it("has new layers only where the one before does not have them", () => {
    const [before, now] = [manifest(layer("a", 100)), manifest(layer("a", 100), layer("b", 20), layer("b", 20))].map(
      (one) => readPlatformImage(one, made()),
    );
    if (!now) throw new Error("there are two images");
    expect(newLayers(now, before)).toEqual([{ ...layer("b", 20), by: "" }]);
    expect(newLayers(now, undefined).map(({ digest: hash }) => hash)).toEqual([digest("a"), digest("b")]);
    expect([sizeOf(now.layers), sizeOf([])]).toEqual([140, 0]);
  });
});
