import { describe, expect, it } from "vitest";
import { announce } from "../../lib/kinds/announce.ts";
import { writeFile } from "../../lib/kinds/write_file.ts";
import { doctor } from "../../lib/machine/doctor.ts";
import { readChangelog } from "../../lib/names/changelog.ts";
import type { AllFacts, Program } from "../../lib/plan/facts.ts";
import { addEntry, checkChangelog, checkVersion } from "../../lib/repo/changelog.ts";
import { changelog, doing, engine, facts, localImage, refusal, version } from "./factory.ts";

const text = "# cmamp-1.2.0\n- 2025-01-01\n- First\n";

describe("changelog_add", () => {
  const add = (more: Partial<Parameters<typeof addEntry>[1]> = {}, world: Partial<AllFacts> = {}) =>
    addEntry(facts({ changelogText: text, changelog: changelog("1.2.0"), ...world }), {
      bump: "patch",
      message: ["Two"],
      prod: false,
      ...more,
    });
  const first = (...given: Parameters<typeof add>) => doing(add(...given), writeFile)[0]?.content.split("\n")[0];

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

  it("adds no second entry where today's on top says exactly this", () => {
    const entry = "# cmamp-1.2.1\n- 2025-01-02\n- Two\n";
    const steps = (top: string, more: Parameters<typeof add>[0] = {}) =>
      add(more, { changelogText: top, changelog: changelog("1.2.1", "1.2.0") });
    const skipped = { skip: "1.2.1 of today says exactly this; add another one with --version", do: [] };
    expect(steps(`${entry}\n${text}`)).toMatchObject([skipped]);
    expect(steps(entry, { version: version("1.2.1") })).toMatchObject([skipped]);
    for (const top of [
      `${entry}- Three\n\n${text}`,
      entry.replace("02", "01"),
      `${entry.replace("cmamp", "cmamp-prod")}\n${text}`,
    ])
      expect(steps(top)).toMatchObject([{ skip: null }]);
    for (const more of [{ message: ["Two", "Three"] }, { prod: true, version: version("1.2.2") }])
      expect(steps(`${entry}\n${text}`, more)).toMatchObject([{ skip: null }]);
    expect(steps(entry, { version: version("1.3.0") })).toMatchObject([{ skip: null }]);
  });

  it("keeps what stands below letter for letter", () => {
    expect(doing(add(), writeFile)[0]?.content).toBe(`# cmamp-1.2.1\n- 2025-01-02\n- Two\n\n${text}`);
  });

  it.each([
    ["nothing", { message: [] }, "no change was given"],
    ["two lines in one", { message: ["a\n# cmamp-9.9.9"] }, "is not one line of text"],
    ["blanks", { message: [" "] }, "is not one line of text"],
    ["a dash and blanks", { message: ["-  "] }, "is not one line of text"],
    ["a version that is there", { version: version("1.2.0") }, "the entry of 1.2.0 does not fit"],
    ["a lower version", { version: version("1.1.9") }, "the entry of 1.1.9 does not fit"],
  ])("refuses %s", (_name, more, what) => {
    expect(refusal(() => add(more)).message).toContain(what);
  });
});

describe("a changelog that an entry is added to", () => {
  const added = (before: string) => {
    const { entries } = readChangelog(before, "cmamp");
    const options = { bump: "patch", message: ["x"], prod: false } as const;
    const steps = addEntry(facts({ changelogText: before, changelog: entries }), options);
    return doing(steps, writeFile)[0]?.content ?? steps[0]?.skip;
  };
  const top = "# cmamp-1.2.1\n- 2025-01-02\n- x\n\n";
  const old = "# cmamp-1.2.0\n- 2025-01-02\n- caf\udce9\n";
  it.each([
    ["bytes that are no UTF-8", old, `${top}${old}`],
    ["blank lines at its end", `${old}\n \n\n`, `${top}${old}\n \n\n`],
    ["no line break at its end", old.trimEnd(), `${top}${old.trimEnd()}`],
    ["line ends of Windows", old.replaceAll("\n", "\r\n"), `${top}${old}`.replaceAll("\n", "\r\n")],
    ["a mark of byte order", `\uFEFF${old}`, `\uFEFF${top}${old}`],
  ])("keeps %s", (_what, before, after) => {
    expect(added(before)).toBe(after);
  });

  it("of Windows that has it on top gets no second one", () => {
    const there = `\uFEFF${top}${old}`.replaceAll("\n", "\r\n");
    expect(added(there)).toContain("says exactly this");
  });
});

describe("changelog_check", () => {
  const check = (content: string | null) => doing(checkChangelog(facts({ changelogText: content })), announce)[0];
  it.each([
    ["a good one", text, 0, "changelog.txt: 1 entries, newest 1.2.0, all well"],
    ["a broken one", "# cmamp-1.2\n- a\n", 2, 'changelog.txt:1 "# cmamp-1.2" names no version'],
    ["none", null, 2, "changelog.txt:0 is not there"],
  ])("%s", (_name, content, exitCode, what) => {
    expect(check(content)).toMatchObject({ exitCode, text: expect.stringContaining(what) });
  });
});

describe("version_check", () => {
  const check = (env: Readonly<Record<string, string>>) => doing(checkVersion(facts({ env })), announce)[0];
  it.each([
    ["an older container is to be pulled", { CONTAINER_VERSION: "cmamp-1.1.0" }, 1, "i docker_pull"],
    ["older code is to be merged", { CONTAINER_VERSION: "cmamp-1.10.0" }, 1, "i git_merge_master"],
    ["equal versions say no word of it", { AM_CONTAINER_VERSION: "1.2.0" }, 0, "container_version='1.2.0'"],
    ["a container between releases has no entry", { CONTAINER_VERSION: "1.2.1.dev2" }, 0, "='1.2.1.dev2'"],
    ["nor has one before the first", { AM_CONTAINER_VERSION: "0.1.dev2" }, 0, "='0.1.dev2'"],
    ["outside a container nothing differs without an image", {}, 0, "none, and the engine has no image of dev"],
  ])("%s", (_name, env, exitCode, what) => {
    expect(check(env)).toMatchObject({ exitCode, text: expect.stringContaining(what) });
  });
});

it.each([
  ["1.1.0", 1, "code_version='1.2.0' != container_version='1.1.0'"],
  ["1.2.0", 0, "container_version='1.2.0'"],
])("outside a container the engine's dev image %s is compared", (of, exitCode, what) => {
  const image = localImage("127.0.0.1:5001/cmamp:dev", { labels: { "org.opencontainers.image.version": of } });
  const world = facts({ engine: engine({ images: [image] }) });
  const text = expect.stringContaining(what);
  expect(doing(checkVersion(world), announce)[0]).toMatchObject({ exitCode, text });
});

describe("doctor", () => {
  type Seen = Partial<AllFacts> & { readonly programs?: readonly Program[] };
  const look = ({ programs = [], ...world }: Seen) =>
    doing(
      doctor(
        facts({ changelogText: text, ...world }),
        { fix: false },
        { programs, access: {}, emulations: [], apt: true, slipway: "" },
      ).filter((one) => "do" in one),
      announce,
    )[0];
  it.each<[string, Seen, number, string]>([
    ["all well", {}, 0, "ok      engine"],
    ["no engine", { engine: engine({ up: false, why: "no socket" }) }, 1, "MISSING engine"],
    ["no git", { programs: [{ name: "git", version: null }] }, 1, "MISSING git"],
    ["no tmux, which no release needs", { programs: [{ name: "tmux", version: null }] }, 0, "absent  tmux"],
  ])("%s", (_name, world, exitCode, what) => {
    expect(look(world)).toMatchObject({ exitCode, text: expect.stringContaining(what) });
  });
});

describe("the words of the changelog's commands", () => {
  const inSub = { place: { ...facts().place, dir: "sub" } };
  const add = (more: Partial<Parameters<typeof addEntry>[1]> = {}, world: Partial<AllFacts> = {}) =>
    addEntry(facts({ changelogText: text, changelog: changelog("1.2.0"), ...world }), {
      bump: "patch",
      message: ["Two"],
      prod: false,
      ...more,
    });

  it("name the file of the runnable dir", () => {
    const [added, addedBelow] = [add(), add({}, inSub)].map((steps) => [
      steps[0]?.id,
      steps[0]?.title,
      doing(steps, writeFile)[0]?.path,
    ]);
    expect([added, addedBelow]).toEqual([
      ["add_entry", "Add 1.2.1 to changelog.txt", "changelog.txt"],
      ["add_entry", "Add 1.2.1 to sub/changelog.txt", "sub/changelog.txt"],
    ]);
  });

  it("follow the newest entry of the stage", () => {
    const both = changelog("prod-1.2.3", "1.2.0");
    const heading = (prod: boolean) =>
      doing(add({ prod }, { changelog: both, changelogText: null }), writeFile)[0]?.content.split("\n")[0];
    expect([heading(false), heading(true)]).toEqual(["# cmamp-1.2.1", "# cmamp-prod-1.2.4"]);
  });

  it("write a file that ends with one line break", () => {
    expect(doing(add({}, { changelogText: null, changelog: [] }), writeFile)[0]?.content).toBe(
      "# cmamp-1.0.0\n- 2025-01-02\n- Two\n",
    );
  });

  it.each<[string, Partial<Parameters<typeof addEntry>[1]>, object]>([
    [
      "no change",
      { message: [] },
      {
        message: "no change was given",
        why: "An entry says what changed.",
        fix: 'Pass it: i changelog_add --message "Add package foobar"',
      },
    ],
    [
      "a change of two lines",
      { message: ["One", "a\nb"] },
      {
        message: 'the change "a\\nb" is not one line of text',
        why: "Each change is one line of the entry.",
        fix: "Give several: --message one --message another",
      },
    ],
    [
      "a version that is not higher",
      { version: version("1.2.0") },
      {
        message: "the entry of 1.2.0 does not fit: line 1 1.2.0 is not higher than 1.2.0 below it",
        why: "The changelog stays readable and in order.",
        fix: "The newest entry stands first; a version stands once",
      },
    ],
  ])("refuse %s", (_what, more, wanted) => {
    expect(refusal(() => add(more))).toMatchObject(wanted);
  });

  const check = (world: Partial<AllFacts>) => {
    const [step] = checkChangelog(facts(world));
    const [report] = doing(step ? [step] : [], announce);
    return [step?.id, step?.title, report?.text.split("\n"), report?.data, report?.exitCode];
  };
  it("tell every problem with its line, and the one of a missing file", () => {
    const problems = (data: unknown) =>
      (data as { problems: readonly { line: number }[] }).problems.map(({ line }) => line);
    const [id, title, lines, data, exitCode] = check({ ...inSub, changelogText: "# cmamp-1.2\n# cmamp-1\n" });
    expect([id, title, lines, problems(data), exitCode]).toEqual([
      "report",
      "Check sub/changelog.txt",
      [
        'sub/changelog.txt:1 "# cmamp-1.2" names no version',
        "  fix: Write it like # cmamp-1.2.0",
        'sub/changelog.txt:2 "# cmamp-1" names no version',
        "  fix: Write it like # cmamp-1.2.0",
      ],
      [1, 2],
      2,
    ]);
    expect(check({ changelogText: null })[2]).toEqual([
      "changelog.txt:0 is not there",
      "  fix: Add the first entry: i changelog_add --message 'First version'",
    ]);
  });

  it("say how many entries a good file has", () => {
    const [, , lines, data, exitCode] = check({ changelogText: "" });
    expect([lines, data, exitCode]).toEqual([
      ["changelog.txt: 0 entries, newest none, all well"],
      { entries: [], problems: [] },
      0,
    ]);
  });
});

describe("code and container", () => {
  const compare = (env: Readonly<Record<string, string>>, more: Partial<AllFacts> = {}) => {
    const [step] = checkVersion(facts({ env, ...more }));
    const [report] = doing(step ? [step] : [], announce);
    return [step?.id, step?.title, report?.text, report?.data, report?.exitCode];
  };
  const line = "-".repeat(77);
  const out = (container: string, help: string) =>
    [
      line,
      "This code is not in sync with the container:",
      `code_version='1.2.0' != container_version='${container}'`,
      line,
      "You need to:",
      help,
    ].join("\n");

  it.each([
    ["cmamp-1.1.9", "1.1.9", "- pull the latest container with `i docker_pull`"],
    ["cmamp-1.10.0", "1.10.0", "- merge origin/master into your branch with `i git_merge_master`"],
  ])("that are not in sync are told in the documents' words: %s", (inside, container, help) => {
    expect(compare({ CONTAINER_VERSION: inside, AM_CONTAINER_VERSION: "1.2.0" })).toEqual([
      "report",
      "Compare code and container",
      out(inside, help),
      { code: "1.2.0", container, inSync: false },
      1,
    ]);
  });

  it.each<[string, Readonly<Record<string, string>>, Partial<AllFacts>, string, object]>([
    [
      "are equal",
      { CONTAINER_VERSION: "cmamp-1.2.0" },
      {},
      "code_version='1.2.0'\ncontainer_version='1.2.0'",
      { code: "1.2.0", container: "1.2.0", inSync: true },
    ],
    [
      "cannot differ outside of one without an image",
      {},
      {},
      "code_version='1.2.0'\ncontainer_version='none, and the engine has no image of dev'",
      { code: "1.2.0", container: null, inSync: true },
    ],
    [
      "cannot differ outside of one where no engine answers",
      {},
      { engine: engine({ up: false, why: "no socket" }) },
      "code_version='1.2.0'\ncontainer_version='unknown, no Docker engine answers'",
      { code: "1.2.0", container: null, inSync: true },
    ],
    [
      "cannot differ where the image has no label of its version",
      {},
      { engine: engine({ images: [localImage("127.0.0.1:5001/cmamp:dev", { labels: {} })] }) },
      "code_version='1.2.0'\ncontainer_version='unknown, the image of dev has no label of it'",
      { code: "1.2.0", container: null, inSync: true },
    ],
    [
      "cannot differ where the code has no version",
      { AM_CONTAINER_VERSION: "1.1.0" },
      { changelog: changelog("prod-1.2.0") },
      "code_version='none'\ncontainer_version='1.1.0'",
      { code: null, container: "1.1.0", inSync: true },
    ],
  ])("%s", (_what, env, more, told, data) => {
    expect(compare(env, more).slice(2)).toEqual([told, data, 0]);
  });

  it("are not compared where the container's version cannot be read", () => {
    expect(refusal(() => compare({ CONTAINER_VERSION: "latest" }))).toMatchObject({
      message: `the container's version is "latest"`,
      why: "CONTAINER_VERSION holds a number like 1.0.0, whatever stands around it.",
      fix: "Start the container with i docker_bash, which sets it from the image",
    });
  });
});
