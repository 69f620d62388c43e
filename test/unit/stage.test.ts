import { describe, expect, it } from "vitest";
import { isTag } from "../../lib/names/image.ts";
import { candidateTag, gitTag, imageTag, parseCandidate, parseStage, userTag } from "../../lib/names/stage.ts";
import { refusal, version } from "./factory.ts";

describe("stage", () => {
  it.each(["local", "dev", "prod"])("%s is one", (text) => {
    expect(parseStage(text)).toBe(text);
  });

  it.each(["test", "Dev", "", "dev "])("%j is none", (text) => {
    expect(refusal(() => parseStage(text))).toMatchObject({
      message: `"${text}" is not a stage`,
      why: "An image is local, dev or prod.",
      fix: "Use --stage local, --stage dev or --stage prod",
    });
  });
});

describe("a candidate", () => {
  it("is tagged with its user and nine digits of its commit", () => {
    expect(candidateTag("ada", "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567")).toBe("prod-ada-0a1b2c3d4");
  });

  it.each(["ada", "Ada.L", "j.doe", "0", "a_b-c"])("of %s is read as it was made", (user) => {
    const tag = candidateTag(user, "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567");
    expect(parseCandidate(tag)).toBe(tag);
  });

  it.each([
    ...["", "prod", "prod-1.2.0", "dev-ada-0a1b2c3d4", "-prod-ada-0a1b2c3d4", "prod--ada-0a1b2c3d4", "prod-0a1b2c3d4"],
    ...["prod-ada-0a1b2c3", "prod-ada-0A1B2C3D4", "prod-ada-0a1b2c3d45", "prod-a/b-0a1b2c3d4", "x prod-ada-0a1b2c3d4"],
  ])("is not %j", (text) => {
    expect(refusal(() => parseCandidate(text))).toMatchObject({
      message: `"${text}" is not the tag of a candidate`,
      why: "It is prod-<user>-<the first 9 digits of the commit>, as docker_create_candidate tells it.",
      fix: "Write it like --candidate prod-ada-0a1b2c3d4",
    });
  });
});

describe("imageTag", () => {
  it.each([
    ["local", "1.0.0", "local-gp-1.0.0"],
    ["local", undefined, "local-gp"],
    ["dev", "1.0.0", "dev-1.0.0"],
    ["dev", undefined, "dev"],
    ["prod", "1.0.0", "prod-1.0.0"],
    ["prod", undefined, "prod"],
  ] as const)("%s %s is tagged %s", (stage, text, tag) => {
    expect(imageTag(stage, "gp", text && version(text))).toBe(tag);
  });
});

it.each([
  ["dev", "cmamp-1.2.0"],
  ["prod", "cmamp-prod-1.2.0"],
] as const)("a %s release has the Git tag %s", (stage, tag) => {
  expect(gitTag("cmamp", stage, version("1.2.0"))).toBe(tag);
});

describe("userTag", () => {
  it.each(["gp", "j_doe-1", "ada-0a1b2c3d-x", "0x", "a".repeat(40)])("keeps %s", (user) => {
    expect(userTag(user)).toBe(user);
  });

  it.each([
    ["", "user-811c9dc5"],
    ["A", "a-c40bf6cc"],
    ["BCL", "bcl-017317da"],
    ["john.doe", "john-doe-ff932eba"],
    ["_x", "x-570b7da2"],
    ["..", "user-a3d4a70d"],
    ["ünal", "nal-df3c52c1"],
    ["ada-0a1b2c3d", "ada-0a1b2c3d-3fab5b86"],
    ["a".repeat(41), `${"a".repeat(31)}-ec613944`],
  ])("writes %j as %s, with the FNV-1a hash of the name", (user, tag) => {
    expect(userTag(user)).toBe(tag);
  });

  const odd = ["john.doe", "JDoe", "jdoe@acme", "DOMAIN\\jdoe", "_x", "", "..", "ünal", "a".repeat(41), "a b", "$(id)"];
  it.each(odd)("makes a legal tag of %j", (user) => {
    expect(isTag(`local-${userTag(user)}-1.2.0`)).toBe(true);
  });

  it.each(odd)("makes of %j a part without dots, so that the version stays readable", (user) => {
    expect(userTag(user)).toMatch(/^[a-z0-9][a-z0-9_-]{0,39}$/);
  });

  it("keeps users apart whose names differ in one character that a tag cannot hold", () => {
    const users = ["john.doe", "john-doe", "john_doe", "John.Doe", "JOHN-DOE", "john doe", "john@doe"];
    expect(new Set(users.map(userTag)).size).toBe(users.length);
  });

  it.each(odd)("keeps %j apart from a user who is named like its tag", (user) => {
    expect(userTag(userTag(user))).not.toBe(userTag(user));
  });
});
