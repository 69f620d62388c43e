import { describe, expect, it } from "vitest";
import { isDigest, isTag, parseImageName, parseReference } from "../../lib/names/image.ts";
import { digest, refusal } from "./factory.ts";

const d = digest("a");

describe("parseReference", () => {
  it.each<[string, string | null, string, string | null, string | null]>([
    ["debian", null, "debian", null, null],
    ["causify/helpers:dev", null, "causify/helpers", "dev", null],
    ["ghcr.io/acme/cmamp:dev-1.2.0", "ghcr.io", "acme/cmamp", "dev-1.2.0", null],
    ["localhost/cmamp", "localhost", "cmamp", null, null],
    ["localhost:5000/cmamp:prod", "localhost:5000", "cmamp", "prod", null],
    ["127.0.0.1:5000/a/b/c", "127.0.0.1:5000", "a/b/c", null, null],
    ["[::1]:5000/cmamp", "[::1]:5000", "cmamp", null, null],
    ["Foo/helpers", "Foo", "helpers", null, null],
    [`cmamp@${d}`, null, "cmamp", null, d],
    [`ghcr.io/acme/cmamp:dev@${d}`, "ghcr.io", "acme/cmamp", "dev", d],
    ["a__b/c--d/e.f_g", null, "a__b/c--d/e.f_g", null, null],
    ["cmamp:Dev_1.0-x", null, "cmamp", "Dev_1.0-x", null],
    [`cmamp:${"t".repeat(128)}`, null, "cmamp", "t".repeat(128), null],
    ["a".repeat(255), null, "a".repeat(255), null, null],
    [`${"h".repeat(253)}.io/${"a".repeat(255)}`, `${"h".repeat(253)}.io`, "a".repeat(255), null, null],
    ["a.b-c.io:80/x", "a.b-c.io:80", "x", null, null],
    ["h:1/x", "h:1", "x", null, null],
    ["a-b/x", null, "a-b/x", null, null],
  ])("%s", (text, domain, path, tag, hash) => {
    expect(parseReference(text)).toEqual({ domain, path, tag, digest: hash });
  });

  it.each([
    "",
    "Cmamp",
    "a.com/UP:dev",
    "cmamp:",
    "cmamp:-dev",
    "cmamp:.dev",
    `cmamp:${"t".repeat(129)}`,
    "cmamp@sha256:abc",
    `cmamp@sha256:${"A".repeat(64)}`,
    "cmamp:dev:dev",
    "https://ghcr.io/acme/cmamp",
    "ghcr.io//cmamp",
    "/cmamp",
    "cmamp/",
    "-cmamp",
    "cmamp-",
    "a___b",
    "a..b",
    "a._b",
    "cmamp dev",
    "cmamp\n",
    "cmamp:dev\n",
    "$(id)",
    "cmamp;id",
    "--help",
    "a".repeat(256),
    `acme/${"a".repeat(251)}`,
    `${"h".repeat(254)}.io/${"a".repeat(255)}`,
    "bad-.io/cmamp",
    "ghcr.io:/cmamp",
    `x cmamp@${d}`,
    `cmamp@${d}a`,
    "[::g]/cmamp",
    "-bad.io/cmamp",
    "ghcr.io:port/cmamp",
  ])("refuses %j", (text) => {
    expect(refusal(() => parseReference(text))).toMatchObject({
      message: `"${text}" is not an image reference`,
      why: "A reference is [host[:port]/]name[:tag][@sha256:digest] in lower case (Distribution's reference grammar).",
      fix: "Write it like ghcr.io/acme/cmamp:dev-1.2.0",
    });
  });
});

describe("parseImageName", () => {
  it.each(["cmamp", "a", "dev-tools", "cmamp-2x", "device", "cmamp_dev", "latest-one", "a".repeat(128)])(
    "takes %s",
    (name) => {
      expect(parseImageName(name)).toBe(name);
    },
  );

  it.each(["cmamp-dev", "cmamp-prod", "cmamp-local", "cmamp-1", "cmamp-007", "latest"])(
    "reserves %s, which a Git tag could mean",
    (name) => {
      expect(refusal(() => parseImageName(name))).toMatchObject({
        message: `image name "${name}" is reserved`,
        why: "Git tags are <image>-X.Y.Z and <image>-prod-X.Y.Z, so no image name is latest or ends in -dev, -prod, -local or a number.",
        fix: "Choose another docker_info.docker_image_name",
      });
    },
  );

  it.each([
    ["Cmamp", "cmamp"],
    ["acme/cmamp", "acme-cmamp"],
    ["my image", "my-image"],
    ["--", "cmamp"],
    ["", "cmamp"],
    ["cmamp:dev", "cmamp"],
    ["My cmamp-1.2.0", "my-cmamp"],
    ["1.2.0\n", "1"],
    ["cmamp:12", "cmamp"],
    ["a-dev-b!", "a-dev-b"],
    ["Latest", "cmamp"],
    ["a".repeat(129), "a".repeat(128)],
    [`${"a".repeat(127)}-b`, "a".repeat(127)],
  ])("refuses %j and shows a legal one", (name, legal) => {
    expect(refusal(() => parseImageName(name))).toMatchObject({
      message: `"${name}" is not an image name`,
      why: "An image name is lower-case letters and digits, with single dots, underscores or dashes between them.",
      fix: `Set docker_info.docker_image_name to a name like ${legal}`,
    });
  });

  it.each(["_x_", "Cmamp Tools!", "---", "ÄÖ", "acme/cmamp/", "cmamp:dev", "Latest", "x 1 dev"])(
    "suggests for %j a name it takes",
    (name) => {
      const { fix } = refusal(() => parseImageName(name));
      expect(() => parseImageName(fix.split(" ").at(-1) ?? "")).not.toThrow();
    },
  );
});

it.each([
  [d, true],
  ["sha256:abc", false],
  [`sha512:${"a".repeat(128)}`, false],
  [`${d} `, false],
  [` ${d}`, false],
])("%s is a digest: %s", (text, expected) => {
  expect(isDigest(text)).toBe(expected);
});

it.each([
  ["dev-1.2.0", true],
  ["_x", true],
  ["", false],
  ["-dev", false],
  ["dev/1", false],
  ["t".repeat(128), true],
  ["t".repeat(129), false],
  ["dev\n", false],
])("%j is a tag: %s", (text, expected) => {
  expect(isTag(text)).toBe(expected);
});
