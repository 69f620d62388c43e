import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readIn, root } from "../unit/source.ts";

/** One new script and one new file of a family beside it: a workflow with a kind of action and a question of its own. */
const files = {
  "repo_config.yaml": "docker_info: {docker_image_name: owned}\n",
  "notes.txt": "one\ntwo\n",
  "scripts/count_notes.ts": `import { countNotes, linesOf } from "../ours/notes.ts";
import { script } from "slipway/script";

export default await script(import.meta.url, {
  about: "Count the notes of the repo.",
  options: {},
  examples: ["i count_notes"],
  look: ({ place }) => linesOf(place.root),
  steps: (_facts, _options, lines) => countNotes(lines),
});
`,
  "ours/notes.ts": `import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { announce, kind, step } from "slipway/plan";

export const linesOf = async (root) => readFileSync(join(root, "notes.txt"), "utf8").trim().split("\\n").length;

const mark = kind("mark", {
  lines: ({ path }) => [\`touch \${path}\`],
  run: async ({ path }, { facts }) => {
    const file = join(facts.place.root, path);
    if (existsSync(file)) return "already";
    writeFileSync(file, "");
    return "done";
  },
});

export const countNotes = (lines) => [
  step("mark", "Mark that they were counted", [mark({ path: "counted" })]),
  step("tell", "Tell how many there are", [announce({ text: \`\${lines} notes\`, data: { lines } })]),
];
`,
  "scripts/told_version.ts": `import { describeCommit } from "slipway/lib/doors/git_describe";
import { tellDevVersion } from "slipway/lib/release/branch";
import { flag } from "slipway/lib/run/options";
import { runWorkflow, step } from "slipway/plan";
import { script } from "slipway/script";

export default await script(import.meta.url, {
  about: "Look for import cycles, and tell the version.",
  options: { local: flag("Add the commit."), dirty: flag("Accept changes.") },
  needs: ["git"],
  look: ({ place, git: { commit }, env }) => describeCommit(place, { commit, image: "owned", before: false }, env),
  steps: (facts, options, described) => [
    step("cycles", "Look for import cycles", [runWorkflow({ workflow: "lint_detect_cycles", dir: ".", words: [] })]),
    ...tellDevVersion(facts, options, described),
  ],
});
`,
  "scripts/twice_named.ts": `import { kind } from "slipway/plan";
kind("announce", { lines: () => [], run: async () => "done" });
`,
};

/** The workflow that README.md shows. */
const [, shown = ""] = /```ts\n([\s\S]*?)```/.exec(readIn("README.md")) ?? [];

let repo = "";
const home = realpathSync(mkdtempSync(join(tmpdir(), "own-home-")));
beforeAll(() => {
  repo = realpathSync(mkdtempSync(join(tmpdir(), "own-")));
  execFileSync("git", ["init", "--quiet", repo]);
  for (const [path, text] of Object.entries({ ...files, "scripts/mark_notes.ts": shown })) {
    mkdirSync(join(repo, path, ".."), { recursive: true });
    writeFileSync(join(repo, path), text);
  }
  const who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
  execFileSync("git", ["-C", repo, ...who, "commit", "--quiet", "--allow-empty", "--message", "Start"]);
});
afterAll(() => {
  for (const folder of [repo, home]) rmSync(folder, { recursive: true });
});

describe.each(["bun", "tsx"])(
  "a repo's own workflow, with a kind of action and a question of its own, under %s",
  (runtime) => {
    const i = (...words: readonly string[]) => {
      const env = { PATH: process.env["PATH"], HOME: home, SLIPWAY_RUNTIME: runtime, NO_COLOR: "1" };
      const { status, stdout, stderr } = spawnSync(join(root, "thin_client/bin/i"), words, { cwd: repo, env });
      return { code: status, out: String(stdout), err: String(stderr) };
    };

    it("runs once a person allowed it, and again once its content changed", () => {
      expect(i("trust", "--revoke").code).toBe(0);
      const isRun = () => i("count_notes", "--dry-run").code === 0;
      const states = [isRun(), i("trust", "--yes").code === 0 && isRun()];
      const flow = join(repo, "ours/notes.ts");
      writeFileSync(flow, `${files["ours/notes.ts"]}// Ours.\n`);
      states.push(isRun());
      writeFileSync(flow, files["ours/notes.ts"]);
      expect([...states, isRun()]).toEqual([false, true, false, true]);
    });

    it("has a help", () => {
      expect(i("count_notes", "--help").out).toContain(
        "Count the notes of the repo.\n\nUsage: i count_notes [OPTIONS]",
      );
    });

    it("has a dry run with the lines of its kind, from what it looked at", () => {
      expect(i("count_notes", "--dry-run").out.split("\n").slice(0, 5)).toEqual([
        ...["count_notes:", " 1. mark: Mark that they were counted", "      > touch counted"],
        ...[" 2. tell: Tell how many there are", "      > # 2 notes"],
      ]);
    });

    it("has a plan as data", () => {
      const { steps } = JSON.parse(i("count_notes", "--dry-run", "--json").out) as { steps: { do: unknown }[] };
      expect(steps.map((step) => step.do)).toEqual([
        [{ kind: "mark", path: "counted" }],
        [{ kind: "announce", text: "2 notes", data: { lines: 2 } }],
      ]);
    });

    it("is run, and run again finds done what is done", () => {
      rmSync(join(repo, "counted"), { force: true });
      const states = () =>
        (JSON.parse(i("count_notes", "--json").out) as { steps: { state: string }[] }).steps.map(({ state }) => state);
      expect([states(), states()]).toEqual([
        ["done", "done"],
        ["already", "done"],
      ]);
      expect(readFileSync(join(repo, "counted"), "utf8")).toBe("");
      expect(i("count_notes")).toMatchObject({ code: 0, out: "2 notes\n" });
    });

    it("is done as README.md shows it", () => {
      rmSync(join(repo, "counted"), { force: true });
      const lines = i("mark_notes", "--dry-run").out.split("\n");
      expect(lines.slice(0, 3)).toEqual(["mark_notes:", " 1. mark: Mark 3 lines", `      > touch ${repo}/counted`]);
      expect(i("mark_notes")).toMatchObject({ code: 0, err: "[1/1] Mark 3 lines\n" });
      expect(readFileSync(join(repo, "counted"), "utf8")).toBe("");
    });

    it("is built of Slipway's own flows, options and workflows", () => {
      const { out } = i("told_version", "--dry-run", "--dirty");
      expect(out).toContain(" 1. cycles: Look for import cycles\n      > i lint_detect_cycles --dir .\n");
      const { code, out: told, err } = i("told_version", "--dirty", "--local");
      expect([code, told.split("\n")[0], err]).toEqual([
        0,
        expect.stringMatching(/^PEP 440 {2}0\.1\.dev1\+g/),
        expect.stringContaining("no import cycle\n"),
      ]);
    });

    it("may not call its kind by a name that is taken", () => {
      const { code, err } = i("twice_named");
      expect(code).not.toBe(0);
      expect(err).toContain("two kinds of action are called announce");
    });
  },
);

describe("a workflow of Slipway's own", () => {
  const own = {
    "scripts/count_words.ts": `import { countWords, lookAtWords } from "../lib/report/count_words.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "report",
  about: "Count the words of the notes.",
  options: {},
  look: lookAtWords,
  steps: (_facts, _options, words) => countWords(words),
});
`,
    "lib/report/count_words.ts": `import { join } from "node:path";
import { readText, writeText } from "../doors/files.ts";
import { announce } from "../kinds/announce.ts";
import type { AllFacts } from "../plan/facts.ts";
import { kind } from "../plan/kind.ts";
import { step } from "../plan/plan.ts";

type Keep = { readonly kind: "keep_count"; readonly count: number };

const keepCount = kind<Keep>("keep_count", {
  lines: ({ count }) => [\`echo \${count} > count.txt\`],
  run: async ({ count }, { facts: { place } }) => {
    if (readText(join(place.root, "count.txt")) === String(count)) return "already";
    writeText([place.root], "count.txt", String(count));
    return "done";
  },
});

export const lookAtWords = async ({ place }: AllFacts): Promise<number> =>
  (readText(join(place.root, "notes.txt")) ?? "").split(/\\s+/).filter(Boolean).length;

export const countWords = (count: number) => [
  step("keep", "Keep the count", [keepCount({ count })]),
  step("tell", "Tell it", [announce({ text: \`\${count} words\` })]),
];
`,
  };

  it("is one new script and one new file beside it, and no line that is changed", () => {
    const copy = realpathSync(mkdtempSync(join(tmpdir(), "copy-")));
    for (const part of ["lib", "scripts", "thin_client", "package.json"])
      cpSync(join(root, part), join(copy, part), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    for (const [path, text] of Object.entries(own)) writeFileSync(join(copy, path), text);
    const i = (...words: readonly string[]) => {
      const env = { PATH: process.env["PATH"], HOME: process.env["HOME"], SLIPWAY_RUNTIME: "bun" };
      const { status, stdout, stderr } = spawnSync(join(copy, "thin_client/bin/i"), words, { cwd: repo, env });
      return { code: status, out: String(stdout), err: String(stderr) };
    };
    expect(i().out).toMatch(/^report +count_words /m);
    expect(i("count_words", "--help").out).toContain("Usage: i count_words [OPTIONS]");
    expect(i("count_words", "--dry-run").out).toContain("      > echo 2 > count.txt\n");
    const { steps } = JSON.parse(i("count_words", "--dry-run", "--json").out) as { steps: { do: unknown }[] };
    expect(steps[0]?.do).toEqual([{ kind: "keep_count", count: 2 }]);
    const states = () =>
      (JSON.parse(i("count_words", "--json").out) as { steps: { state: string }[] }).steps.map(({ state }) => state);
    expect([states(), states(), i("count_words").out]).toEqual([["done", "done"], ["already", "done"], "2 words\n"]);
    rmSync(copy, { recursive: true });
  });
});
