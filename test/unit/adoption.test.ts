import { describe, expect, it } from "vitest";
import { type Adoption, baseFrom, gitAddress, nameFrom, npmSpec, parseWay } from "../../lib/config/adoption.ts";
import { adopt, asksAdoption } from "../../lib/init/adoption.ts";
import { announce } from "../../lib/kinds/announce.ts";
import { command } from "../../lib/kinds/command.ts";
import { writeFile } from "../../lib/kinds/write_file.ts";
import { chosenDir, doing, facts, refusal, stepOf } from "./factory.ts";

const source = "https://github.com/acme/slipway";
const seen = (more: Partial<Adoption> = {}): Adoption => ({
  ...chosenDir(),
  way: "submodule",
  source,
  there: null,
  hasPackageJson: false,
  gitignore: null,
  old: null,
  ...more,
});
const plan = (more: Partial<Adoption> = {}) => adopt(facts(), {}, seen(more));
const linesOf = (more: Partial<Adoption> = {}) => doing(plan(more), command).map(({ argv }) => argv.join(" "));
const next = (more: Partial<Adoption> = {}) => doing(plan(more), announce)[0]?.text.split(", then ")[1];

describe("init", () => {
  it("adds Slipway first, and then the toolchain as init_runnable_dir does", () => {
    expect(plan().map(({ id }) => id)).toEqual(["add_slipway", "write_template", "tell"]);
  });

  it.each<[string, Partial<Adoption>, readonly string[]]>([
    ["a submodule", {}, [`git submodule add --force -- ${source} helpers/slipway`]],
    ["a package", { way: "package", hasPackageJson: true }, [`npm install --save-dev -- ${source}`]],
    [
      "a package of a repo without package.json, here and not in a dir above",
      { way: "package" },
      [`npm install --prefix . --save-dev -- ${source}`],
    ],
  ])("adds it as %s", (_what, more, wanted) => {
    expect(linesOf(more)).toEqual(wanted);
  });

  it.each(["helpers/slipway", "package.json"])("adds nothing where %s has it", (there) => {
    expect(stepOf(plan({ there }), "add_slipway").skip).toBe(`Slipway is in ${there}`);
  });

  it.each<[string | null, string | undefined]>([
    [null, "node_modules/\n"],
    ["", "node_modules/\n"],
    ["*.pyc", "*.pyc\nnode_modules/\n"],
    ["*.pyc\n", "*.pyc\nnode_modules/\n"],
    ["node_modules\n", undefined],
    ["a\n/node_modules/\n", undefined],
    ["old_node_modules\n", "old_node_modules\nnode_modules/\n"],
  ])("has Git ignore what npm installs, where .gitignore is %j", (gitignore, wanted) => {
    const written = doing(plan({ way: "package", gitignore }), writeFile).find(({ path }) => path === ".gitignore");
    expect(written?.content).toBe(wanted);
    expect(doing(plan({ gitignore }), writeFile).some(({ path }) => path === ".gitignore")).toBe(false);
  });

  it("adds the line to the template's .gitignore where that is new too, after it was written", () => {
    const template = { ".gitignore": { text: "tmp.*\n", executable: false } };
    const steps = plan({ way: "package", ...chosenDir({ template }) });
    expect(steps.map(({ id }) => id)).toEqual(["add_slipway", "write_template", "ignore_packages", "tell"]);
    expect(doing(steps, writeFile).map(({ content }) => content)).toEqual(["tmp.*\n", "tmp.*\nnode_modules/\n"]);
  });

  it.each<[Partial<Adoption>, string]>([
    [{}, "helpers/slipway/thin_client/build, source helpers/slipway/thin_client/setenv.sh and i docker_release_dev"],
    [
      { way: "package", there: "tools/slipway" },
      "tools/slipway/thin_client/build, source tools/slipway/thin_client/setenv.sh and i docker_release_dev",
    ],
    [{ way: "package" }, "npx slipway docker_release_dev"],
    [{ there: "package.json" }, "npx slipway docker_release_dev"],
  ])("ends with how a release is typed then: %#", (more, wanted) => {
    expect(next(more)).toBe(wanted);
  });

  it("asks before it changes anything, with all that it does", () => {
    const question = (more: Partial<Adoption>) => asksAdoption(facts(), {}, seen(more));
    const image = ".: the image opt for a registry that you still name, built from a new Dockerfile, tested by pytest";
    expect(question({})?.split("\n")).toEqual([
      `Slipway as a submodule from ${source}`,
      ...[image, "  a.txt", "Write these files?"],
    ]);
    expect(question({ there: "package.json" })?.split("\n")).toEqual([image, "  a.txt", "Write these files?"]);
  });

  it.each<[Partial<Adoption>, readonly string[]]>([
    [{}, ["added .gitmodules", "added helpers/slipway", "added a.txt"]],
    [{ way: "package" }, ["added package.json", "added package-lock.json", "added a.txt"]],
    [{ there: "helpers/slipway" }, ["added a.txt"]],
  ])("lists what comes into the repo: %#", (more, wanted) => {
    const lines = doing(plan(more), announce)[0]?.text.split("\n") ?? [];
    expect(lines.filter((line) => line.startsWith("added "))).toEqual(wanted);
  });
});

describe("init --adopt", () => {
  const old = {
    ...{ repoName: "sorr", imageName: "cmamp", account: { host: "github.com", account: "sorrentum" } },
    ...{ invalidWords: ["secret one", "b"], registries: [] },
  };
  const text = "repo_info:\n  repo_name: sample\n  invalid_words:\n";
  const template = { "repo_config.yaml": { text, executable: false }, "b.txt": { text: "b", executable: false } };

  it("writes repo_config.yaml and nothing else", () => {
    const steps = adopt(facts(), {}, seen({ old, ...chosenDir({ template }, { name: "cmamp" }) }));
    expect(doing(steps, writeFile)).toEqual([
      {
        kind: "write_file",
        path: "repo_config.yaml",
        content: 'repo_info:\n  repo_name: sorr\n  invalid_words: "secret one,b"\n',
      },
    ]);
    expect(doing(steps, command)).toEqual([]);
    expect(asksAdoption(facts(), {}, seen({ old }))).toBeNull();
  });

  it("never writes over one that is there", () => {
    const there = chosenDir({ template, existing: ["repo_config.yaml"] });
    expect(stepOf(adopt(facts(), {}, seen({ old, ...there })), "write_config").skip).toBe("repo_config.yaml is there");
  });
});

describe("what a repo suggests", () => {
  it.each([
    ["@acme/Tool_Box", "git@host:acme/other.git", "tool-box"],
    [null, "git@host:acme/Some.Repo.git", "some-repo"],
    [null, "/srv/git/x.git", "folder"],
    [null, null, "folder"],
    ["latest", null, "cmamp"],
    ["tools-dev", null, "tools"],
  ])("is the name of the package %j, of the remote %j or of the dir: %s", (packageName, remote, wanted) => {
    expect(nameFrom({ packageName, remote, folder: "Folder" })).toBe(wanted);
  });

  it.each([
    ["FROM python:3.12-slim\nRUN pip install x\n", "python:3.12-slim"],
    ["ARG BASE=debian:12\nFROM ${BASE} AS one\nFROM one\n", "debian:12"],
    ["FROM alpine:3.20\n", null],
    ["FROM acme/base\nRUN apk add git\n", null],
    ["FROM fedora:40\nRUN dnf install -y git\n", null],
    ["FROM scratch\n", null],
    ["", null],
  ])("is what its Dockerfile starts from, where apt is there: %j", (text, wanted) => {
    expect(baseFrom(text)).toBe(wanted);
  });
});

describe("where Slipway is fetched from", () => {
  it.each([
    ["https://github.com/acme/slipway", "git+https://github.com/acme/slipway"],
    ["ssh://git@host/acme/slipway", "git+ssh://git@host/acme/slipway"],
    ["/srv/slipway", "git+file:///srv/slipway"],
    ["git@github.com:acme/slipway.git", "git@github.com:acme/slipway.git"],
  ])("is for npm, of %s, %s", (address, wanted) => {
    expect(npmSpec(address)).toBe(wanted);
  });

  it.each([
    ["github:acme/slipway#abc", "https://github.com/acme/slipway"],
    ["git+https://host/acme/slipway#v1", "https://host/acme/slipway"],
    ["git+ssh://git@host/acme/slipway", "ssh://git@host/acme/slipway"],
    ["git://host/slipway", "git://host/slipway"],
    ["git@host:acme/slipway", "git@host:acme/slipway"],
    ["/tmp/slipway-0.1.0.tgz", null],
    ["slipway@^0.1.0", null],
  ])("is for Git, of what npm calls %s, %s", (spec, wanted) => {
    expect(gitAddress(spec)).toBe(wanted);
  });

  it("is a submodule or a package", () => {
    expect([parseWay("submodule"), parseWay("package")]).toEqual(["submodule", "package"]);
    expect(refusal(() => parseWay("npm"))).toMatchObject({ fix: "Use --as submodule or --as package" });
  });
});
