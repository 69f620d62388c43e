import { describe, expect, it } from "vitest";
import { lineOfKey } from "../../lib/formats/yaml_lines.ts";

const text = `# release: a comment
docker_info:
  docker_image_name: cmamp

release:
  gates: [fast]
  end_to_end:
    dev:
      dir: release
    # dev: twice
    prod: {dir: e2e,
      argv: [make]}
"tests":
  fast:
    command: [a]
`;

describe("the line of a key", () => {
  it.each<[readonly string[], number]>([
    [["docker_info"], 2],
    [["docker_info", "docker_image_name"], 3],
    [["release"], 5],
    [["release", "gates"], 6],
    [["release", "end_to_end", "dev"], 8],
    [["release", "end_to_end", "dev", "dir"], 9],
    [["release", "end_to_end", "prod"], 11],
    [["tests"], 13],
    [["tests", "fast", "command"], 15],
  ])("%j is %i", (path, line) => {
    expect(lineOfKey(text, path)).toBe(line);
  });

  it.each<[string, string, readonly string[], number]>([
    ["top level", "container:\n  tests: 1\ntests: 2\n", ["tests"], 3],
    ["second level", "container:\n  env:\n    ports: 1\n  ports: [2]\n", ["container", "ports"], 4],
    ["second level, indented by one", "a:\n b:\n  c: 1\n c: 2\n", ["a", "c"], 4],
  ])("of the %s is not taken from a deeper one of the same name", (_name, yaml, path, line) => {
    expect(lineOfKey(yaml, path)).toBe(line);
  });

  it.each<[string, string, number]>([
    ["in double quotes", 'b: 1\n"a": 2\n', 2],
    ["in single quotes", "b: 1\n'a' : 2\n", 2],
    ["with spaces before the colon", "b: 1\na  : 2\n", 2],
    ["after one that goes on where it ends", "ab: 1\na.b: 2\na b: 3\na: 4\n", 4],
    ["after one that holds it in quotes", "x'a: 1\na: 2\n", 2],
    ["after a value that holds it", "b: a:\na: 2\n", 2],
    ["after lines that are empty or comments", "\n  \n  # a: 1\na: 2\n", 4],
  ])("is found %s", (_how, yaml, line) => {
    expect(lineOfKey(yaml, ["a"])).toBe(line);
  });

  it("is not that of a key which has a quote where this one ends", () => {
    expect(lineOfKey("a'b: 1\nab: 2\n", ["ab"])).toBe(2);
  });

  it("is that of the nearest section for a key that is missing", () => {
    expect(lineOfKey(text, ["release", "end_to_end", "dev", "argv"])).toBe(8);
  });

  it("is the first where no section is there either", () => {
    expect(lineOfKey(text, ["container", "home"])).toBe(1);
  });
});
