import { describe, expect, it } from "vitest";
import { doctor } from "../../lib/flows/doctor.ts";
import { addEntry, checkChangelog, checkVersion } from "../../lib/flows/repo.ts";
import { initRunnableDir } from "../../lib/flows/runnable_dir.ts";
import type { Facts } from "../../lib/model/facts.ts";
import { changelog, doing, engine, facts, refusal, version } from "./factory.ts";

const text = "# cmamp-1.2.0\n- 2025-01-01\n- First\n";

describe("changelog_add", () => {
  const add = (more: Partial<Parameters<typeof addEntry>[1]> = {}, world: Partial<Facts> = {}) =>
    addEntry(facts({ changelogText: text, changelog: changelog("1.2.0"), ...world }), {
      bump: "patch",
      message: ["Two"],
      prod: false,
      ...more,
    });
  const first = (...given: Parameters<typeof add>) => doing(add(...given), "write_file")[0]?.content.split("\n")[0];

  it.each([
    ["the next patch", {}, "# cmamp-1.2.1"],
    ["the next minor", { bump: "minor" as const }, "# cmamp-1.3.0"],
    ["the given version", { version: version("2.0.0") }, "# cmamp-2.0.0"],
    ["a prod-only entry", { prod: true, version: version("1.2.1") }, "# cmamp-prod-1.2.1"],
  ])("puts %s on top", (_name, more, expected) => {
    expect(first(more)).toBe(expected);
  });

  it("starts with 1.0.0", () => {
    expect(first({}, { changelogText: null, changelog: [] })).toBe("# cmamp-1.0.0");
  });

  it("keeps what stands below letter for letter", () => {
    expect(doing(add(), "write_file")[0]?.content).toBe(`# cmamp-1.2.1\n- 2025-01-02\n- Two\n\n${text}`);
  });

  it.each([
    ["nothing", { message: [] }, "no change was told"],
    ["two lines in one", { message: ["a\n# cmamp-9.9.9"] }, "is not one line of text"],
    ["blanks", { message: [" "] }, "is not one line of text"],
    ["a version that is there", { version: version("1.2.0") }, "the entry of 1.2.0 does not fit"],
    ["a lower version", { version: version("1.1.9") }, "the entry of 1.1.9 does not fit"],
  ])("refuses %s", (_name, more, what) => {
    expect(refusal(() => add(more)).message).toContain(what);
  });
});

describe("changelog_check", () => {
  const check = (content: string | null) => doing(checkChangelog(facts({ changelogText: content })), "announce")[0];
  it.each([
    ["a good one", text, 0, "changelog.txt: 1 entries, newest 1.2.0, all well"],
    ["a broken one", "# cmamp-1.2\n- a\n", 2, 'changelog.txt:1 "# cmamp-1.2" names no version'],
    ["none", null, 2, "changelog.txt:0 is not there"],
  ])("%s", (_name, content, exitCode, what) => {
    expect(check(content)).toMatchObject({ exitCode, text: expect.stringContaining(what) });
  });
});

describe("version_check", () => {
  const check = (env: Readonly<Record<string, string>>) => doing(checkVersion(facts({ env })), "announce")[0];
  it.each([
    ["an older container is to be pulled", { CONTAINER_VERSION: "cmamp-1.1.0" }, 1, "i docker_pull"],
    ["older code is to be merged", { CONTAINER_VERSION: "cmamp-1.10.0" }, 1, "i git_merge_master"],
    ["equal versions say no word of it", { AM_CONTAINER_VERSION: "1.2.0" }, 0, "container_version='1.2.0'"],
    ["outside a container nothing can differ", {}, 0, "not inside a container"],
  ])("%s", (_name, env, exitCode, what) => {
    expect(check(env)).toMatchObject({ exitCode, text: expect.stringContaining(what) });
  });
});

describe("init_runnable_dir", () => {
  const template = {
    "repo_config.yaml": { text: "docker_image_name: sample\n  build_args: {}\n", executable: false },
    "devops/run.sh": { text: "echo sample", executable: true },
  };
  const init = (more: object = {}, world: Partial<Facts> = {}) =>
    initRunnableDir(facts({ template, ...world }), { name: "opt", ...more });

  it("gives the template the name", () => {
    expect(doing(init(), "write_file")[0]?.content).toContain("docker_image_name: opt\n");
  });

  it("never writes over a file that is there", () => {
    expect(doing(init({}, { existing: ["repo_config.yaml"] }), "write_file").map(({ path }) => path)).toEqual([
      "devops/run.sh",
    ]);
  });

  it.each([
    ["no name", { name: undefined }, {}, "no name was given"],
    ["a reserved name", { name: "opt-prod" }, {}, "is reserved"],
    ["another dir's name", {}, { otherImages: [{ dir: "x", image: "opt" }] }, '"opt" is taken by x'],
  ])("refuses %s", (_name, more, world, what) => {
    expect(refusal(() => init(more, world)).message).toContain(what);
  });
});

describe("doctor", () => {
  const look = (world: Partial<Facts>) =>
    doing(doctor(facts({ changelogText: text, ...world }), { fix: false }), "announce")[0];
  it.each<[string, Partial<Facts>, number, string]>([
    ["all well", {}, 0, "ok      engine"],
    ["no engine", { engine: engine({ up: false, why: "no socket" }) }, 1, "MISSING engine"],
    ["no git", { programs: [{ name: "git", version: null }] }, 1, "MISSING git"],
    ["no tmux, which no release needs", { programs: [{ name: "tmux", version: null }] }, 0, "absent  tmux"],
  ])("%s", (_name, world, exitCode, what) => {
    expect(look(world)).toMatchObject({ exitCode, text: expect.stringContaining(what) });
  });

  it("with --fix installs what the package manager has", () => {
    const steps = doctor(facts({ programs: [{ name: "tmux", version: null }] }), { fix: true });
    expect(doing(steps, "command").map(({ argv }) => argv.at(-1))).toEqual(["tmux"]);
  });
});
