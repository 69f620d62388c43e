import { describe, expect, it } from "vitest";
import { imageOfWord, imagesOfWords } from "../../lib/names/image_words.ts";
import {
  builtImage,
  engineImage,
  engineRepository,
  firstTarget,
  isIndex,
  releaseClaim,
  releaseTag,
  requireVersion,
  targetPlaces,
  versionTag,
} from "../../lib/names/names.ts";
import { config, digest, facts, refusal, version } from "./factory.ts";

const number = version("1.2.0");
const alone = facts({ config: config({ container_registry_info: {} }) });

describe("the image in the engine", () => {
  it("has the first registry's repository, or the bare name where there is none", () => {
    expect([engineRepository(facts()), engineRepository(alone)]).toEqual(["127.0.0.1:5001/cmamp", "cmamp"]);
  });

  it.each([
    ["local", number, "127.0.0.1:5001/cmamp:local-gp-1.2.0"],
    ["dev", number, "127.0.0.1:5001/cmamp:dev-1.2.0"],
    ["prod", null, "127.0.0.1:5001/cmamp:prod"],
    ["prod", undefined, "127.0.0.1:5001/cmamp:prod"],
  ] as const)("of stage %s and version %s is %s", (stage, text, expected) => {
    expect(engineImage(facts(), stage, text)).toBe(expected);
  });

  it.each([
    ["prod", "127.0.0.1:5001/cmamp:prod-1.2.0"],
    ["dev", "127.0.0.1:5001/cmamp:local-gp-1.2.0"],
  ] as const)("of a build for %s is called %s until its tests have passed", (stage, expected) => {
    expect(builtImage(facts({ stage }), number)).toBe(expected);
  });
});

describe("a release is called", () => {
  it.each([
    ["dev", "dev-1.2.0", "cmamp-1.2.0", "refs/slipway/claim/cmamp-1.2.0"],
    ["prod", "prod-1.2.0", "cmamp-prod-1.2.0", "refs/slipway/claim/cmamp-prod-1.2.0"],
  ] as const)("of %s %s in a registry, %s in Git, and holds %s", (stage, tag, git, claim) => {
    const all = facts({ stage });
    expect([versionTag(all, number), releaseTag(all, number), releaseClaim(all, number)]).toEqual([tag, git, claim]);
  });
});

describe("the targets", () => {
  const places = [
    { registry: "ecr", repository: "127.0.0.1:5001/cmamp" },
    { registry: "dockerhub", repository: "127.0.0.1:5002/cmamp" },
  ];

  it("are repositories in the config's order, the first of which gets the image from the engine", () => {
    expect([targetPlaces(facts()), firstTarget(facts())]).toEqual([places, places[0]]);
  });

  it("are to be configured where there is none", () => {
    expect(refusal(() => firstTarget(facts({ targets: [] })))).toMatchObject({
      message: "no registry is configured",
      why: "A release pushes to the registries of container_registry_info.",
      fix: "Add one to repo_config.yaml, e.g. container_registry_info: {ghcr: ghcr.io/acme}",
    });
  });

  it.each([
    [[], false],
    [["linux/arm64"], false],
    [["linux/amd64", "linux/arm64"], true],
  ])("get of platforms %j an index: %s", (platforms, expected) => {
    expect(isIndex({ platforms })).toBe(expected);
  });
});

it("a version is needed, from an option or from the changelog", () => {
  expect(requireVersion(facts())).toBe("1.2.0");
  expect(refusal(() => requireVersion(facts({ version: null })))).toMatchObject({
    message: "no version was given and changelog.txt has no entries",
    why: "The version comes from --version or from the newest entry of the stage.",
    fix: "Pass --version X.Y.Z, or add an entry: i changelog_add --message 'what changed'",
  });
});

describe("a word for an image", () => {
  const own = "127.0.0.1:5001/cmamp";
  const hash = digest("e");
  it.each([
    ["dev", `${own}:dev`],
    ["prod-1.0.0", `${own}:prod-1.0.0`],
    ["dev_x", "dev_x"],
    ["local-1.2.0", `${own}:local-gp-1.2.0`],
    ["local-ann-1.2.0", `${own}:local-ann-1.2.0`],
    ["dev-1.2", `${own}:dev-1.2`],
    ["local", `${own}:local`],
    [hash, `${own}@${hash}`],
    ["develop", "develop"],
    ["mydev", "mydev"],
    ["debian:12", "debian:12"],
    ["my/dev", "my/dev"],
  ])("%s means %s", (word, reference) => {
    expect(imageOfWord(facts(), word)).toBe(reference);
  });

  it.each(["", "Not A Name", "dev/", "prod-a b", `dev-${"x".repeat(128)}/`])("is not %j", (word) => {
    expect(refusal(() => imageOfWord(facts(), word)).message).toBe(`"${word}" is not an image reference`);
  });

  it("is looked for in the engine, but for local alone and what is no name", () => {
    expect(imagesOfWords(facts(), ["dev", "local", "Not A Name", "local-1.2.0"])).toEqual([
      `${own}:dev`,
      `${own}:local-gp-1.2.0`,
    ]);
  });

  it("hides no fault but a refusal", () => {
    const broken = {
      ...facts(),
      get config(): never {
        throw new RangeError("a fault of the program");
      },
    };
    expect(() => imagesOfWords(broken, ["dev"])).toThrow(RangeError);
  });
});
