import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { announce } from "../../lib/kinds/announce.ts";
import { currentEntry, newest, parseChangelog, readChangelog, renderEntry } from "../../lib/names/changelog.ts";
import { checkVersion } from "../../lib/repo/changelog.ts";
import { changelog, doing, facts, refusal, version } from "../unit/factory.ts";

const text = `# cmamp-prod-1.2.1
- 2025-03-01
- Hotfix of the scheduler

# cmamp-1.2.0
- 2025-02-01
- Add numpy
  in two lines
- Drop scipy

# cmamp-1.1.0
- First
`;

it("the check inside a container reads no fenced block and no mark of byte order, and no version between releases", () => {
  const check = fileURLToPath(
    new URL("../../thin_client/template/devops/docker_run/version_check.sh", import.meta.url),
  );
  const dir = mkdtempSync(join(tmpdir(), "slipway-check-"));
  const file = "\uFEFF# x-prod-1.0.1\r\n- a\r\n  ```\r\n# x-9.9.9\r\n  ```\r\n# x-1.0.0\r\n- b\r\n";
  writeFileSync(join(dir, "changelog.txt"), file);
  const said = (version: string) =>
    execFileSync("sh", [check, dir], {
      env: { PATH: process.env["PATH"], CONTAINER_VERSION: version },
      encoding: "utf8",
    });
  const all = ["1.0.0", "1.0.1", "1.0.1.dev2", "0.1.dev1", "9.9.9"].map(said);
  rmSync(dir, { recursive: true });
  expect(all).toEqual(["", "", "", "", expect.stringContaining("code_version='1.0.0'")]);
});

describe("code and container are in sync or not, for i version_check and for the check inside at each start:", () => {
  const pull = "- pull the latest container with `i docker_pull`";
  const merge = "- merge origin/master into your branch with `i git_merge_master`";
  const line = "-".repeat(77);
  const script = fileURLToPath(
    new URL("../../thin_client/template/devops/docker_run/version_check.sh", import.meta.url),
  );
  const banner = (code: string, container: string, advice: string | null) =>
    advice === null
      ? null
      : [
          line,
          "This code is not in sync with the container:",
          `code_version='${code}' != container_version='${container}'`,
          line,
          "You need to:",
          advice,
        ].join("\n");

  it.each<[string, readonly string[], string | null, string | null]>([
    ["newer code", ["1.2.0", "1.1.0"], "cmamp-1.1.0", pull],
    ["newer code by number, not by letter", ["1.10.0", "1.9.0"], "cmamp-1.9.0", pull],
    ["a newer container", ["1.2.0"], "cmamp-1.3.0", merge],
    ["equal", ["1.2.0"], "cmamp-1.2.0", null],
    ["a prod-only entry above the container's", ["prod-1.2.1", "1.2.0"], "cmamp-1.2.0", null],
    ["the container of a prod-only entry", ["prod-1.2.1", "1.2.0"], "cmamp-1.2.1", null],
    ["the container of an older prod-only entry", ["prod-1.2.2", "prod-1.2.1", "1.2.0"], "cmamp-1.2.1", merge],
    ["a container older than code below a prod-only entry", ["prod-1.2.1", "1.2.0"], "cmamp-1.1.0", pull],
    ["code without a dev entry", ["prod-1.2.1"], "cmamp-1.1.0", null],
    ["an image without a label", ["1.2.0"], null, null],
    ["a container between releases", ["1.2.0"], "cmamp-1.2.1.dev3", null],
  ])("%s", (_what, entries, container, advice) => {
    const code = entries.find((one) => !one.startsWith("prod-")) ?? "";
    const wanted = banner(code, container ?? "", advice);
    const env = container === null ? {} : { CONTAINER_VERSION: container };
    const [step] = checkVersion(facts({ env, changelog: changelog(...entries) }));
    const [report] = doing(step ? [step] : [], announce);
    expect([report?.exitCode, wanted === null ? null : report?.text]).toEqual([wanted === null ? 0 : 1, wanted]);
    const dir = mkdtempSync(join(tmpdir(), "slipway-check-"));
    writeFileSync(join(dir, "changelog.txt"), entries.map((one) => `# cmamp-${one}\n- a\n`).join("\n"));
    const said = execFileSync("sh", [script, dir], { env: { PATH: process.env["PATH"], ...env }, encoding: "utf8" });
    rmSync(dir, { recursive: true });
    expect(said.trim() || null).toBe(wanted);
  });
});

describe("a readable changelog", () => {
  it("has no problems", () => {
    expect(readChangelog(text, "cmamp").problems).toEqual([]);
  });

  it("gives image, stage, version, date, changes and line of each entry", () => {
    expect(readChangelog(text, "cmamp").entries[1]).toEqual({
      image: "cmamp",
      stage: "dev",
      version: "1.2.0",
      date: "2025-02-01",
      changes: ["Add numpy", "Drop scipy"],
      line: 5,
    });
  });

  it("heads a prod-only entry with -prod-", () => {
    expect(readChangelog(text, "cmamp").entries.map(({ stage }) => stage)).toEqual(["prod", "dev", "dev"]);
  });

  it("may leave the date out", () => {
    expect(readChangelog(text, "cmamp").entries[2]?.date).toBeNull();
  });

  it("may hold the same version for dev and for prod", () => {
    expect(readChangelog("# cmamp-prod-1.0.0\n- a\n# cmamp-1.0.0\n- b\n", "cmamp").problems).toEqual([]);
  });

  it("may hold a lower prod-only entry above a higher dev entry", () => {
    expect(readChangelog("# cmamp-prod-1.1.1\n- a\n# cmamp-1.2.0\n- b\n", "cmamp").problems).toEqual([]);
  });

  it("has no entry in a fenced block", () => {
    const fenced = (mark: string, end: string) =>
      `# cmamp-1.2.0\n- It prints:\n  ${mark}text\n# cmamp-9.9.9\n\`\`\n# no version\n  ${end}\n- More\n\n# cmamp-1.1.0\n- a\n`;
    for (const [mark, end] of [
      ["```", "```"],
      ["~~~~", "~~~~~"],
    ] as const) {
      const { entries, problems } = readChangelog(fenced(mark, end), "cmamp");
      expect([entries.map((one) => one.version), entries[0]?.changes, problems]).toEqual([
        ["1.2.0", "1.1.0"],
        ["It prints:", "More"],
        [],
      ]);
    }
    expect(readChangelog(fenced("```", "~~~"), "cmamp").problems).toEqual([
      { line: 3, what: "``` opens a block that nothing closes", fix: "End it with a line ```" },
    ]);
  });

  it("reads the same with a mark of byte order", () => {
    expect(readChangelog(`\uFEFF${text}`, "cmamp")).toEqual(readChangelog(text, "cmamp"));
  });

  it("reads the same with Windows line ends", () => {
    expect(readChangelog(text.replaceAll("\n", "\r\n"), "cmamp")).toEqual(readChangelog(text, "cmamp"));
  });

  it.each([
    ["a line of spaces before the first entry", "  \n# cmamp-1.0.0\n- a\n"],
    ["spaces around the heading", "#   cmamp-1.0.0  \n- a\n"],
    ["numbers of several digits", "# cmamp-10.20.30\n- a\n"],
    ["a change with spaces around it", "# cmamp-1.0.0\n-   a  \n"],
    ["lines that are no change", "# cmamp-1.0.0\n- a\n* b\n-c\n  - d\n x# e\n"],
    ["a line that only looks like a date", "# cmamp-1.0.0\n- 2025-01-02  \n- a\n  - 2026-01-02\n"],
    ["a second date", "# cmamp-1.0.0\n- 2025-01-02\n- 2025-01-03\n- a\n"],
    ["a day of a leap year", "# cmamp-1.0.0\n- 2024-02-29\n- a\n"],
    ["what looks like a conflict and is none", "# cmamp-1.0.0\n- a\n<<<<<<\n========\n>>>>>>>x\n <<<<<<< b\n"],
  ])("may have %s", (_what, own) => {
    expect(readChangelog(own, "cmamp").problems).toEqual([]);
  });

  it.each([
    ["the date", "# cmamp-1.0.0\n- 2025-01-02 \n- 2025-01-03\n- a\n", "2025-01-02", ["a"]],
    ["a change that begins with a date", "# cmamp-1.0.0\n- 2025-01-02 was a day\n", null, ["2025-01-02 was a day"]],
    ["a change without the spaces around it", "# cmamp-1.0.0\n-   a  \n  - 2025-01-02\n", null, ["a"]],
  ])("tells %s", (_what, own, date, changes) => {
    expect(readChangelog(own, "cmamp").entries).toMatchObject([{ date, changes }]);
  });

  it.each([
    ["cmamp-tools", "# cmamp-tools-1.0.0\n- a\n"],
    ["a.b_c", "# a.b_c-1.0.0\n- a\n"],
  ])("may be of an image named %s", (image, own) => {
    expect(readChangelog(own, image)).toMatchObject({ problems: [], entries: [{ image, version: "1.0.0" }] });
  });

  it("is empty for an empty file", () => {
    expect(readChangelog("\n\n", "cmamp")).toEqual({ entries: [], problems: [] });
  });
});

describe("a broken changelog", () => {
  it.each([
    ["two numbers", "# cmamp-1.2\n- a\n", 1, "names no version"],
    ["a leading zero", "# cmamp-01.2.0\n- a\n", 1, "names no version"],
    ["a suffix", "# cmamp-1.2.0-rc1\n- a\n", 1, "names no version"],
    ["no version", "# cmamp\n- a\n", 1, "names no version"],
    ["no image", "# 1.2.0\n- a\n", 1, "names no version"],
    ["a heading within a heading", "#x # cmamp-1.2.0\n- a\n", 1, "names no version"],
    ["no space after #", "#cmamp-1.2.0\n- a\n", 1, "names no version"],
    ["words after the version", "# cmamp-1.2.0 (big one)\n- a\n", 1, "names no version"],
    ["a preamble", "Changes of cmamp\n# cmamp-1.2.0\n- a\n", 1, "stands before the first entry"],
    ["another image", "# cmamp-1.2.0\n- a\n\n# other-1.1.0\n- a\n", 4, 'is for "other"'],
    ["a day that does not exist", "# cmamp-1.2.0\n- 2025-02-30\n- a\n", 1, 'has the date "2025-02-30"'],
    ["a month that does not exist", "# cmamp-1.2.0\n- 2025-13-01\n- a\n", 1, 'has the date "2025-13-01"'],
    ["no change", "# cmamp-1.2.0\n- 2025-02-03\n", 1, "tells no change"],
    ["a version twice", "# cmamp-1.2.0\n- a\n# cmamp-1.2.0\n- b\n", 1, "1.2.0 is not higher than 1.2.0"],
    ["the wrong order", "# cmamp-1.9.0\n- a\n# cmamp-1.10.0\n- b\n", 1, "1.9.0 is not higher than 1.10.0"],
    [
      "the wrong order around a prod entry",
      "# cmamp-1.1.0\n- a\n# cmamp-prod-1.1.0\n- a\n# cmamp-1.2.0\n- b\n",
      1,
      "1.1.0 is not higher than 1.2.0",
    ],
  ])("with %s is refused with file and line", (_name, broken, line, what) => {
    expect(refusal(() => parseChangelog(broken, "cmamp", "sub/changelog.txt")).message).toMatch(
      new RegExp(`^sub/changelog\\.txt:${line} .*${what.replaceAll(/[.()]/g, "\\$&")}`),
    );
  });

  it("tells every problem in the order of the lines", () => {
    const { problems } = readChangelog("x\n# cmamp-1.0.0\n# bad\n", "cmamp");
    expect(problems.map(({ line }) => line)).toEqual([1, 2, 3]);
  });

  it.each([
    ["an image that begins with a dash", "# -x-1.0.0\n- a\n", "names no version"],
    ["an image that begins with a dot", "# .x-1.0.0\n- a\n", "names no version"],
    ["something before the heading's sign", "# cmamp-1.1.0\n- a\n#\n", "names no version"],
  ])("with %s is refused", (_name, broken, what) => {
    expect(refusal(() => parseChangelog(broken, "cmamp", "changelog.txt")).message).toContain(what);
  });

  it.each([
    ["# 1.2 \n", '"# 1.2" names no version', "Write it like # cmamp-1.2.0"],
    [" words \n", '"words" stands before the first entry', "Start with # cmamp-1.0.0"],
    ["# x-1.0.0\n- a", 'is for "x"', "This file is of cmamp: write # cmamp-1.0.0"],
    ["# cmamp-1.0.0\n- 2025-02-29\n- a", 'has the date "2025-02-29"', "Use a day that exists, year-month-day"],
    ["# cmamp-1.0.0\n", "tells no change", "Add a line - what changed"],
    [
      "# cmamp-1.0.0\n- a\n# cmamp-1.0.1\n- a",
      "1.0.0 is not higher than 1.0.1 below it",
      "The newest entry stands first; a version stands once",
    ],
  ])("%j is told with what to write", (broken, what, fix) => {
    expect(readChangelog(broken, "cmamp").problems).toEqual([{ line: 1, what, fix }]);
    expect(refusal(() => parseChangelog(broken, "cmamp", "changelog.txt"))).toMatchObject({
      message: `changelog.txt:1 ${what}`,
      why: "The version of a container comes from its changelog, so every entry must be readable and in order.",
      fix,
    });
  });

  it.each(["<<<<<<< HEAD", "=======", ">>>>>>> theirs", "======= "])("shows that %j is left of a conflict", (sign) => {
    expect(readChangelog(`# cmamp-1.0.0\n- a\n${sign}\n`, "cmamp").problems).toEqual([
      {
        line: 3,
        what: `"${sign.trim()}" is what Git left of a conflict`,
        fix: "Keep the lines of both sides that are right",
      },
    ]);
  });
});

describe("newest", () => {
  const entries = changelog("prod-1.1.2", "1.2.0", "1.1.5", "1.1.4");
  it.each([
    ["dev", undefined, "1.2.0"],
    ["dev", "1.1", "1.1.5"],
    ["prod", undefined, "1.1.2"],
    ["prod", "1.2", undefined],
  ] as const)("%s entry of %s is %s", (stage, generation, expected) => {
    expect(newest(entries, stage, generation)?.version).toBe(expected);
  });
});

it("the newest is the highest, wherever it stands", () => {
  const [low, middle, high] = changelog("1.3.0", "1.2.0", "1.1.0").reverse();
  if (!low || !middle || !high) throw new Error("there are three entries");
  expect(newest([middle, high, low], "dev")?.version).toBe("1.3.0");
  expect(newest([], "dev")).toBeUndefined();
});

it.each([
  ["dev", ["prod-1.3.0", "1.2.0", "1.1.0"], "1.2.0"],
  ["prod", ["prod-1.3.0", "1.2.0", "1.1.0"], "1.3.0"],
  ["prod", ["1.2.0", "prod-1.1.5"], "1.2.0"],
  ["dev", ["prod-1.3.0"], undefined],
] as const)("%s stands with the entries %j at %s", (stage, names, expected) => {
  expect(currentEntry(changelog(...names), stage)?.version).toBe(expected);
});

describe("renderEntry", () => {
  it.each([
    ["dev", "# cmamp-1.2.0\n- 2025-01-02\n- One\n- Two\n"],
    ["prod", "# cmamp-prod-1.2.0\n- 2025-01-02\n- One\n- Two\n"],
  ] as const)("writes a %s entry as it stands in the file", (stage, expected) => {
    expect(renderEntry("cmamp", stage, version("1.2.0"), "2025-01-02", ["One", "Two"])).toBe(expected);
  });

  it("writes one dash before a change that was typed with its own", () => {
    const entry = renderEntry("cmamp", "dev", version("1.2.0"), "2025-01-02", ["- One", "-x is gone", "A - b"]);
    expect(entry).toBe("# cmamp-1.2.0\n- 2025-01-02\n- One\n- -x is gone\n- A - b\n");
  });
});
