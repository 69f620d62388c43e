import { describe, expect, it } from "vitest";
import { parsePlatforms, platformWord, testedPlatform, usualPlatforms } from "../../lib/names/platform.ts";
import { refusal } from "./factory.ts";

const both = ["linux/amd64", "linux/arm64"];

describe("platforms", () => {
  it("are these two where none is named", () => {
    expect(usualPlatforms).toEqual(both);
  });

  it.each([
    ["linux/arm64,linux/amd64,linux/arm64", both],
    [" linux/s390x ,, ", ["linux/s390x"]],
    ["linux/arm/v7", ["linux/arm/v7"]],
    ["linux/arm/v10", ["linux/arm/v10"]],
    [" , ", []],
  ])("%j are %j, each once and in order", (text, wanted) => {
    expect(parsePlatforms(text)).toEqual(wanted);
  });

  it.each(["amd64", "windows/amd64", "linux/", "linux/arm/7", "linux/arm/v7x", "linux/arm/v7/x", "x linux/amd64"])(
    "%j is none",
    (text) => {
      expect(refusal(() => parsePlatforms(`linux/amd64,${text}`))).toMatchObject({
        message: `"${text}" is not a platform`,
        why: "A platform is an operating system and an architecture, as the OCI image index names them.",
        fix: "Write it like --multi-arch linux/amd64,linux/arm64",
      });
    },
  );

  it.each([
    [[], "linux/amd64", "linux/amd64"],
    [both, "linux/arm64", "linux/arm64"],
    [["linux/arm64", "linux/s390x"], "linux/amd64", "linux/arm64"],
  ])("of %j an engine of %s tests %s fully", (platforms, own, wanted) => {
    expect(testedPlatform(platforms, own)).toBe(wanted);
  });

  it.each([
    ["linux/arm64", "arm64"],
    ["linux/arm/v7", "arm_v7"],
    ["linux", ""],
  ])("%s is called %j in a step's id", (platform, word) => {
    expect(platformWord(platform)).toBe(word);
  });
});
