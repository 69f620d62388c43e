import { describe, expect, it } from "vitest";
import { naming, unmeasured } from "../bed/goldens/names.ts";
import { render } from "../bed/goldens/render.ts";

const commit = "7e002bb55105f0e9e835e1c8180b8f4a31e61f36";
const digest = "5aa82dd5c1b886b0365356a254aee81a0f397c7ca6fdaf597235564dee63cf9c";
const other = "b4abe5fa23d8bf698ea1cee9fe6dbcf7a3b7f639905c5762be2adfa0af6d45f5";
const known = {
  texts: { "127.110.120.130:40000": "ADDRESS_OF_r1", "/tmp/x": "GROUND", "/tmp/x/golden": "REPO" },
  hashes: { [commit]: "COMMIT", [digest]: "DIGEST_OF_dev-1.0.0" },
};

describe("in a golden", () => {
  it.each([
    ["an address and a path", "127.110.120.130:40000/a in /tmp/x/golden/b", "ADDRESS_OF_r1/a in REPO/b"],
    ["a digest", `sha256:${digest}`, "sha256:DIGEST_OF_dev-1.0.0"],
    ["the first digits of a commit", "prod-ada-7e002bb55", "prod-ada-COMMIT[0:9]"],
    ["a day and a time of today", "2026-11-26 and 2026-11-26T15:19:17.613Z", "TODAY and NOW"],
    ["the host", '"CSFY_HOST_OS_VERSION=6.1-x"', '"CSFY_HOST_OS_VERSION=HOST"'],
  ])("%s has a name", (_what, text, name) => {
    expect(naming(known)(text)).toBe(name);
  });

  it.each([
    "123456789",
    "SOURCE_DATE_EPOCH=1735732800",
    "2025-01-20T10:00:00.000Z",
    "prod-ada-0a1b2c3d4",
    "sha256 of golden",
  ])("%s is the same in every run and stays", (text) => {
    expect(naming(known)(text)).toBe(text);
  });

  it("two hashes that nobody knows have two names, which each keeps", () => {
    const name = naming(known);
    expect([other, "build/34265494dfa6/x", `${other} in build/30a62e0137ad`, "inputs=34265494dfa6"].map(name)).toEqual([
      "HASH_1",
      "build/BUILD_1/x",
      "HASH_1 in build/BUILD_2",
      "inputs=BUILD_1",
    ]);
  });

  it("what was measured has no width either", () => {
    const table = "CPU    MEMORY             STATUS\n0.01%  672KiB / 23.54GiB  Up 45 seconds";
    expect(unmeasured(table)).toBe("CPU  MEMORY  STATUS\nSIZE  SIZE / SIZE  UPTIME");
    expect(unmeasured("2 processes of golden-1.0.0")).toBe("2 processes of golden-1.0.0");
  });
});

describe("a rendered golden", () => {
  const long = (word: string) => word.repeat(30);
  it.each([
    ["holds a short action in one line", { do: [{ kind: "check" }] }, '{ "do": [{ "kind": "check" }] }\n'],
    ["holds each line of a text in its own", ["a\nb\n"], '[\n  [\n    "a\\n",\n    "b\\n"\n  ]\n]\n'],
    ["shows a text that is JSON as such", { text: '{\n  "a": 1\n}\n' }, '{ "text": { "as JSON": { "a": 1 } } }\n'],
    [
      "begins a line with each option of a long command",
      ["docker", "run", "--rm", "--user", long("1234"), { from: "build" }],
      `[\n  "docker", "run",\n  "--rm",\n  "--user", "${long("1234")}",\n  { "from": "build" }\n]\n`,
    ],
  ])("%s", (_title, value, text) => {
    expect(render(value)).toBe(text);
  });

  it("tells a text of several lines from the list of them", () => {
    expect(render("a\nb")).toBe('[\n  "a\\n",\n  "b"\n]\n');
    expect(render(["a", "b"])).toBe('["a", "b"]\n');
  });
});
