import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { announce } from "../../lib/kinds/announce.ts";
import { command } from "../../lib/kinds/command.ts";
import { writeFile } from "../../lib/kinds/write_file.ts";
import type { Version } from "../../lib/names/version.ts";
import { type Action, type Step, stepsOf } from "../../lib/plan/plan.ts";
import { takeClaim } from "../../lib/release/claim.ts";
import { moveTag } from "../../lib/release/move_tag.ts";
import { settleMove } from "../../lib/release/settle_move.ts";
import { releaseHistory } from "../../lib/report/status.ts";
import { examplesOf, renderHelp } from "../../lib/run/help.ts";
import { type Option, type OptionSet, universal, universalBeside, type Values } from "../../lib/run/options.ts";
import { cutAtWords, kebab, parseOptions } from "../../lib/run/parse_options.ts";
import type { Script } from "../../lib/run/script.ts";
import { fileOf, thinClientNames, workflowNames } from "../bed/fitting.ts";
import { answers, type Given, given, withLocal, worlds } from "./contract_given.ts";
import { config, facts, ids } from "./factory.ts";
import { code, readIn, root, sources } from "./source.ts";

type Loaded = Script<OptionSet>;
const names = [...workflowNames, ...thinClientNames];
const loaded = await Promise.all(
  names.map(async (name) => {
    const { default: made } = (await import(`${root}/${fileOf(name)}`)) as { default: Loaded };
    return [name, made] as const;
  }),
);
const help = (name: string, { about, options, examples = [] }: Loaded): string =>
  renderHelp({ name, about, options, universal: universalBeside(options), examples }, 1000);

/** The steps of a script with the words and the world that it is given. */
const planOf = (name: string, made: Loaded): readonly Step[] => stepsFor(name, made, given[name]?.argv ?? []);

function stepsFor(
  name: string,
  made: Loaded,
  argv: readonly string[],
  { world = {}, seen = given[name]?.seen }: Given = {},
): readonly Step[] {
  const { values, words } = parseOptions({ ...universalBeside(made.options), ...made.options }, argv, {});
  const options = { ...values, words } as Values<OptionSet> & { readonly words: readonly string[] };
  const typed = values["version"] === undefined ? {} : { version: values["version"] as Version };
  const { stage: own = values["stage"] === "prod" ? "prod" : "dev" } = made;
  const stage = own === "both" ? "dev" : own;
  const steps = made.steps(
    facts({ config: config(), stage, ...withLocal, ...typed, ...given[name]?.world, ...world }),
    options,
    seen,
  );
  return stepsOf({ steps });
}

/** Whether a text says something, and nothing in it was forgotten to be filled in. */
const isSaid = (text: string): boolean =>
  text.trim() !== "" && !/undefined|null|NaN|\[object|\$\{/.test(text) && !/ {2}|^ | $/.test(text);
/** A title is an imperative in capitals, or the program's own words. */
const isClear = (title: string): boolean => isSaid(title) && /^(?:[A-Z][a-z]+ \S|docker \S|poetry \S)/.test(title);

function isWhole(action: Action): boolean {
  if (command.is(action))
    return action.argv.length > 0 && action.argv.every((word) => word !== "" && word !== "undefined");
  if (writeFile.is(action)) return /^[\w.][\w./-]*[\w.-]$/.test(action.path);
  if (announce.is(action)) return action.text.trim() !== "" && !/undefined|\[object|NaN/.test(action.text);
  return true;
}

describe.each(loaded)("%s", (name, made) => {
  it("says in one sentence what it does", () => {
    expect(made.about).toMatch(/^[A-Z](?:[^.]|\.(?! ))*\.$/);
  });

  it("is a file of less than 40 lines, named as it is typed", () => {
    expect([readIn(fileOf(name)).split("\n").length <= 40, /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name)]).toEqual([
      true,
      true,
    ]);
  });

  it("has options whose spellings are all different", () => {
    const words = Object.entries({ ...universalBeside(made.options), ...made.options }).flatMap(([option, more]) => [
      kebab(option),
      ...(more.short ? [more.short] : []),
      ...(more.aliases ?? []),
      ...Object.keys(more.meanings ?? {}),
    ]);
    expect(words.filter((word, index) => words.indexOf(word) !== index)).toEqual([]);
  });

  it("uses no universal option for something of its own, but for the document's --from USER, and the folder of what has no repo", () => {
    const used = Object.keys(made.options).filter((option) => option in universal);
    expect(used).toEqual({ docker_take_local: ["from"], quickstart: ["dir"] }[name] ?? []);
  });

  it("says of each option in one sentence what happens", () => {
    const unclear = Object.values(made.options).filter((option) => !/^[A-Z](?:[^.]|\.(?! ))*[^.]\.$/.test(option.help));
    expect(unclear).toEqual([]);
  });

  it("shows in its help the sentence and every option", () => {
    const page = help(name, made);
    const missing = Object.keys(made.options).filter((option) => !page.includes(`-${kebab(option)}`));
    expect([page.startsWith(`${made.about}\n`), missing]).toEqual([true, []]);
  });

  it.each(examplesOf({ name, examples: made.examples ?? [] }))("has an example that is planned: %s", (example) => {
    const [i, script, ...argv] = (example.split(" < ")[0] ?? "").match(/'[^']*'|"[^"]*"|\S+/g) ?? [];
    const words = argv.map((word) => word.replaceAll(/^["']|["']$/g, ""));
    expect([i, script]).toEqual(["i", name]);
    const all = { ...universalBeside(made.options), ...made.options };
    const steps = stepsFor(name, made, made.passesWords ? cutAtWords(all, words) : words, {
      ...(worlds[example] ? { world: worlds[example] } : {}),
      ...(answers[example] ? { seen: answers[example] } : {}),
    });
    expect(steps.length).toBeGreaterThan(0);
  });

  it("plans steps whose ids are snake_case and unique", () => {
    const all = ids(planOf(name, made));
    const odd = all.filter((id, index) => !/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(id) || all.indexOf(id) !== index);
    expect([odd, all.length > 0]).toEqual([[], true]);
  });

  it("plans steps that say in words what they do, and why one is left out", () => {
    const steps = planOf(name, made);
    const unclear = steps.filter(({ title, skip }) => !isClear(title) || (skip !== null && !isSaid(skip)));
    expect([unclear, steps.some(({ skip }) => skip === null)]).toEqual([[], true]);
  });

  it("plans nothing but commands of whole words, files that have a place, and reports that say something", () => {
    const actions = planOf(name, made).flatMap((step) => step.do);
    expect([actions.filter((action) => !isWhole(action)), actions.length > 0]).toEqual([[], true]);
  });

  it("takes --break-lock where it meets a claim or a move of a tag", () => {
    const meets = (action: Action): boolean => moveTag.is(action) || settleMove.is(action) || takeClaim.is(action);
    const isMet = planOf(name, made).some((step) => step.do.some(meets));
    expect(isMet && !("breakLock" in made.options)).toBe(false);
  });

  it("looks whether the remote has the commit where --allow-unpushed may be typed, and nowhere else", () => {
    expect(made.needs?.includes("pushed") === true).toBe("allowUnpushed" in made.options);
  });

  it("has a row in a table of README.md", () => {
    expect(readIn("README.md")).toMatch(new RegExp(`^\\|[^\\n]*\`(i )?${name}\\b`, "m"));
  });

  it("shadows no program of the system where it is a command of its own", () => {
    const folders = ["/bin", "/usr/bin", "/sbin", "/usr/sbin"];
    expect(name.includes("_") ? folders.filter((folder) => existsSync(`${folder}/${name}`)) : []).toEqual([]);
  });
});

it("a plan that reads what its script did not look at does not compile", () => {
  type Looking = Script<Record<never, Option>, undefined, "git">;
  const about = { about: "Tell.", options: {}, needs: ["git"] } as const;
  const seeing: Looking = { ...about, steps: (facts) => (facts.git.shallow ? [] : []) };
  // @ts-expect-error The log was not looked at.
  const blind: Looking = { ...about, steps: (facts) => (facts.log ? [] : []) };
  // @ts-expect-error Nor by the flow that it calls.
  const calling: Looking = { ...about, steps: (facts) => releaseHistory(facts, { all: true, passes: true }) };
  expect([seeing, blind, calling].map(({ needs }) => needs)).toEqual([["git"], ["git"], ["git"]]);
});

it("the scripts lie where they are found", () => {
  expect(existsSync(`${root}/scripts/docker_release_dev.ts`)).toBe(true);
});

it("every line to type that the code tells starts a workflow that is there", () => {
  const others = ["NAME", "build", "tmux", "help"];
  const told = [...sources("lib"), ...sources("thin_client")].flatMap((path) =>
    // A name that goes on with a value, as in docker_rollback_${stage}, is one of several.
    [...code(path).matchAll(/(?<![\w./-])i ([a-z]+_[a-z_]*[a-z])(?![\w$]|_\$)/g)].map(([, name = ""]) => name),
  );
  expect(told.length).toBeGreaterThan(150);
  expect([...new Set(told)].filter((name) => ![...names, ...others].includes(name))).toEqual([]);
});
