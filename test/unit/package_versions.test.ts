import { describe, expect, it } from "vitest";
import { compareInEcosystem, type Ecosystem, ecosystems } from "../../lib/python/package_versions.ts";
import { debianOrder, pipOrder } from "../bed/version_orders.ts";

/** Every pair of a list that stands in rising order, with how its first compares to its second. */
const pairs = (list: readonly string[]) =>
  list.flatMap((a, i) => list.map((b, j) => [a, b, Math.sign(i - j)] as const));

const npmOrder = [
  ...["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11"],
  ...["1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0-0", "2.0.0"],
];

describe.each<readonly [Ecosystem, readonly string[]]>([
  ["pip", pipOrder],
  ["dpkg", debianOrder],
  ["npm", npmOrder],
])("%s versions", (ecosystem, order) => {
  it("are in the order of their rules, every one against every other", () => {
    const wrong = pairs(order).filter(
      ([a, b, expected]) => Math.sign(compareInEcosystem(ecosystem, a, b) ?? Number.NaN) !== expected,
    );
    expect(wrong).toEqual([]);
  });
});

describe("spellings of one version", () => {
  it.each<readonly [Ecosystem, string, string]>([
    ["pip", "1.0", "1.0.0"],
    ["pip", "1.0a1", "1.0.alpha-1"],
    ["pip", "1.0rc1", "1.0c1"],
    ["pip", "1.0rc1", "1.0-preview_1"],
    ["pip", "1.0.post1", "1.0-1"],
    ["pip", "1.0.post1", "1.0.rev1"],
    ["pip", "1.0.dev", "1.0.dev0"],
    ["pip", "v1.0", "1.0"],
    ["pip", "1.0+ubuntu-1", "1.0+ubuntu.1"],
    ["pip", "0!1.0", "1.0"],
    ["pip", " 1.0\n", "1.0"],
    ["pip", "1.0A1", "1.0a1"],
    ["pip", "0", "0.0"],
    ["pip", "1.0.dev0", "1.0dev"],
    ["pip", "1.0-r", "1.0.post0"],
    ["pip", "1.0pre", "1.0c0"],
    ["pip", "1.0beta", "1.0b0"],
    ["pip", "1.0+A_1", "1.0+a.1"],
    ["pip", "today", "today"],
    ["npm", "1.0.0+one", "1.0.0+one"],
    ["npm", "1.0.0+a.b", "v1.0.0+a.b"],
    ["npm", "1.2.3beta", "1.2.3-beta"],
    ["dpkg", " 1.0\n", "1.0"],
    ["dpkg", "", "0"],
    ["dpkg", "1.a", "1.a0"],
    ["dpkg", "1.0", "0:1.0"],
    ["dpkg", "1.0", "1.0-0"],
    ["dpkg", "1.02", "1.2"],
    ["npm", "v1.0.0", "1.0.0"],
  ])("%s: %s is %s", (ecosystem, a, b) => {
    expect([compareInEcosystem(ecosystem, a, b), compareInEcosystem(ecosystem, b, a)]).toEqual([0, 0]);
  });
});

describe("a version is higher", () => {
  it.each<readonly [Ecosystem, string, string]>([
    ["pip", "10!1.0", "9!2.0"],
    ["pip", "1.0.post1", "1.0.post1.dev1"],
    ["pip", "1.0.post1.dev1", "1.0"],
    ["pip", "1.0a1", "1.0.dev9"],
    ["pip", "1.0a1", "1.0a1.dev1"],
    ["pip", "1.0", "1.0rc9"],
    ["pip", "1.0+1", "1.0"],
    ["pip", "1.0+1", "1.0+a"],
    ["pip", "1.0+10", "1.0+9"],
    ["pip", "1.0+1", "1.0+a1"],
    ["pip", "1.0+1", "1.0+1a"],
    ["pip", "1.0+10", "1.0+10a"],
    ["pip", "1.0+b", "1.0+a"],
    ["pip", "1.0+a.1", "1.0+a"],
    ["pip", "1.0+a.b", "1.0+a"],
    ["pip", "1.0.post0", "1.0"],
    ["pip", "0.0.1", "0"],
    ["pip", "1.0+a.2", "1.0+a.1.9"],
    ["pip", "1.0.1", "1.0"],
    ["pip", "1.10", "1.9"],
    ["dpkg", "10:1", "9:2"],
    ["dpkg", "1:1", "2"],
    ["dpkg", "1.0-2", "1.0-1"],
    ["dpkg", "1.0-1-1", "1.0-1"],
    ["dpkg", "1.0", "1.0~rc1"],
    ["dpkg", "1.0-1", "1.0-1~a"],
    ["dpkg", "1a", "1"],
    ["dpkg", "1+", "1a"],
    ["dpkg", "a1", "1"],
    ["dpkg", "1.0-a1", "1.0-a"],
    ["dpkg", "b", "a"],
    ["dpkg", "a2b", "a2a"],
    ["dpkg", "1:a:b", "1:a"],
    ["npm", "1.10.0", "1.9.0"],
    ["npm", "2.0.0+a", "1.0.0+b"],
  ])("%s: %s than %s", (ecosystem, a, b) => {
    expect([compareInEcosystem(ecosystem, a, b), compareInEcosystem(ecosystem, b, a)]).toEqual([1, -1]);
  });
});

it("packages come from pip, dpkg and npm, in this order", () => {
  expect(ecosystems).toEqual(["pip", "dpkg", "npm"]);
});

describe("versions without an order", () => {
  it.each<readonly [Ecosystem, string, string]>([
    ["pip", "2004d", "2005a-x"],
    ["pip", "1.0", "today"],
    ["npm", "1.0", "1.1"],
    ["pip", "x1.0", "1.0"],
    ["pip", "1.0x", "1.0"],
    ["pip", "1.0", ""],
    ["npm", "1.0.0", "x"],
    ["npm", "1.0.0+one", "1.0.0+two"],
    ["npm", "1.0.0+a.b", "1.0.0+ab"],
    ["npm", "1.0.0+a.b", "1.0.0"],
  ])("%s: %s and %s", (ecosystem, a, b) => {
    expect(compareInEcosystem(ecosystem, a, b)).toBeNull();
  });
});
