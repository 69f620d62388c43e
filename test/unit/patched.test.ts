import { describe, expect, it } from "vitest";
import { assertNotPatched, assertOfCommit, patchedLabel, patchTag } from "../../lib/names/patched.ts";
import { facts, localImage, refusal, version } from "./factory.ts";

describe("a patched image", () => {
  const image = (labels: Readonly<Record<string, string>>) => localImage("cmamp:dev_x", { labels });

  it("has a label of its own", () => {
    expect(patchedLabel).toBe("dev.slipway.patched");
  });

  it.each([
    [{ "org.opencontainers.image.version": "1.2.0" }, "i docker_build_local --version 1.2.0"],
    [{}, "i docker_build_local"],
  ])("is never tested, tagged or released, with the line that builds it again: %j", (labels, line) => {
    expect(refusal(() => assertNotPatched(image({ ...labels, "dev.slipway.patched": "gp did it" })))).toMatchObject({
      message: "cmamp:dev_x is a patched image: gp did it",
      why: "It was changed by hand inside a container, so nobody can build it again from Git; what is released can be.",
      fix: `Put the change into devops/docker_build, then build it: ${line}`,
    });
  });

  it.each([undefined, image({}), image({ "dev.slipway.patched": "" })])("is no image without that label: %#", (one) => {
    expect(() => assertNotPatched(one)).not.toThrow();
  });
});

describe("an image that was built from other files than its commit has", () => {
  const image = (labels: Readonly<Record<string, string>>) =>
    localImage("cmamp:local-gp-1.2.0", { labels: { "dev.slipway.context": "with a.py\u001b[31m", ...labels } });

  it.each([
    [
      { "org.opencontainers.image.version": "1.2.0", "org.opencontainers.image.revision": "a".repeat(40) },
      "Its label names the commit aaaaaaaaaaaa, and nobody could build it again from there.",
      "Commit the files, then build it again: i docker_build_local --version 1.2.0",
    ],
    [
      { "org.opencontainers.image.version": "1; rm" },
      "Its label names the commit of nobody, and nobody could build it again from there.",
      "Commit the files, then build it again: i docker_build_local --version X.Y.Z",
    ],
  ])("is never tagged or released: %j", (labels, why, fix) => {
    expect(refusal(() => assertOfCommit(image(labels)))).toMatchObject({
      message: "cmamp:local-gp-1.2.0 was built with a.py\\u001b[31m",
      ...{ why, fix },
    });
  });

  it("may be built over, and a patched one may not", () => {
    expect(() => assertNotPatched(image({}))).not.toThrow();
    expect(() => assertOfCommit(localImage("x", { labels: { "dev.slipway.patched": "by hand" } }))).toThrow("patched");
    expect(() => assertOfCommit(localImage("x"))).not.toThrow();
  });
});

describe("the tag of a patched image", () => {
  it.each([
    ["ccxtpro", null, "dev_ccxtpro"],
    ["Ccxt.pro-1_x", version("1.2.0"), "dev_Ccxt.pro-1_x"],
    ["", null, "dev_"],
    [undefined, version("1.2.0"), "local-gp-1.2.0"],
  ])("named %s of version %s is %s", (name, number, tag) => {
    expect(patchTag(facts(), name, number)).toBe(tag);
  });

  it.each(["a b", "a/b", "a:b", "x".repeat(125)])("cannot be made of %s", (name) => {
    expect(refusal(() => patchTag(facts(), name, version("1.2.0")))).toMatchObject({
      message: `"${name}" is not a name for a patched image`,
      why: "It becomes a tag, dev_NAME, of letters, digits, dots, dashes and underscores.",
      fix: "Use --name ccxtpro",
    });
  });

  it("cannot be made of nothing", () => {
    expect(refusal(() => patchTag(facts(), undefined, null))).toMatchObject({
      message: "the patched image has no version",
      why: "The container's image has none, and no --version was given.",
      fix: "Pass --version X.Y.Z, or a name: --name ccxtpro",
    });
  });
});
