import { describe, expect, it } from "vitest";
import { compareInEcosystem, type Ecosystem } from "../../lib/model/package_versions.ts";
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
    ["dpkg", "1.0", "0:1.0"],
    ["dpkg", "1.0", "1.0-0"],
    ["dpkg", "1.02", "1.2"],
    ["npm", "v1.0.0", "1.0.0"],
  ])("%s: %s is %s", (ecosystem, a, b) => {
    expect([compareInEcosystem(ecosystem, a, b), compareInEcosystem(ecosystem, b, a)]).toEqual([0, 0]);
  });
});

describe("versions without an order", () => {
  it.each<readonly [Ecosystem, string, string]>([
    ["pip", "2004d", "2005a-x"],
    ["pip", "1.0", "today"],
    ["npm", "1.0", "1.1"],
    ["npm", "1.0.0+one", "1.0.0+two"],
  ])("%s: %s and %s", (ecosystem, a, b) => {
    expect(compareInEcosystem(ecosystem, a, b)).toBeNull();
  });
});
