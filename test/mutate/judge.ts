import { type ChildProcess, fork } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { must, run } from "../../thin_client/engine/command.ts";
import { importsOf, readIn, root, sources, target } from "../unit/source.ts";
import { type Mutant, withMutant } from "./mutants.ts";

/** The tests that need no engine. */
const folders = ["test/unit", "test/steps"];

/** Who found a fault, null where nobody did, and the unit tests that import its file. */
export type Verdict = { readonly by: "tests" | "types" | null; readonly near: readonly string[] };
/** What `unit_tests.ts` is asked, and what it answers. */
export type Question = { readonly changed: readonly string[]; readonly files: readonly string[] };
export type Answer = { readonly failed: readonly string[] };

/** A copy of the project to plant faults in. */
export type Judge = { readonly judge: (mutant: Mutant) => Promise<Verdict>; readonly end: () => void };

/** Copies what Git knows of the project, or would add; the packages are linked. */
export async function makeJudge(): Promise<Judge> {
  const dir = mkdtempSync(join(tmpdir(), "slipway-mutants-"));
  const listed = await must(["git", "ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root });
  for (const file of listed.split("\n").filter(Boolean)) cpSync(join(root, file), join(dir, file));
  symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
  const tests = unitTestsIn(dir);
  const failed = await tests.failing("package.json", folders.flatMap(sources).filter(isTest));
  if (failed.length > 0) throw new Error(`tests fail without a fault planted:\n${failed.join("\n")}`);
  const judge = async (mutant: Mutant): Promise<Verdict> => {
    const code = readIn(mutant.file);
    const { near, far } = testsOf(mutant.file);
    writeFileSync(join(dir, mutant.file), withMutant(code, mutant));
    try {
      for (const files of [near, far])
        if (files.length > 0 && (await tests.failing(mutant.file, files)).length > 0) return { by: "tests", near };
      const { code: checked } = await run([join(root, "node_modules/.bin/tsc"), "--noEmit"], { cwd: dir });
      return { by: checked === 0 ? null : "types", near };
    } finally {
      writeFileSync(join(dir, mutant.file), code);
    }
  };
  const end = () => {
    tests.end();
    rmSync(dir, { recursive: true, force: true });
  };
  return { judge, end };
}

/** How long the unit tests of one fault may take: one that never ends is found. */
const patience = 60_000;

/** Unit tests in a process that stays, so that what a fault does not change is loaded once. */
function unitTestsIn(dir: string) {
  const start = () =>
    fork(join(dir, "test/mutate/unit_tests.ts"), { cwd: dir, execArgv: ["--import", "tsx"], stdio: "ignore" });
  let child: ChildProcess | null = null;
  /** Changed back since the process that stays has read it. */
  let before: string | null = null;
  const failing = (changed: string, files: readonly string[]): Promise<readonly string[]> =>
    new Promise((resolve) => {
      child ??= start();
      const asked = child;
      const answer = (failed: readonly string[]) => {
        clearTimeout(late);
        asked.removeAllListeners();
        if (!asked.connected) child = null;
        resolve(failed);
      };
      const late = setTimeout(() => asked.kill("SIGKILL"), patience);
      asked.once("message", (message) => answer((message as Answer).failed));
      asked.once("exit", () => answer([`they did not end within ${patience / 1000} s`]));
      asked.send({ changed: [join(dir, changed), ...(before === null ? [] : [before])], files } satisfies Question);
      before = join(dir, changed);
    });
  return { failing, end: () => void child?.kill("SIGKILL") };
}

const isTest = (path: string): boolean =>
  folders.some((folder) => path.startsWith(`${folder}/`)) && path.endsWith(".test.ts");

/** The unit tests that import a file themselves, and those that do by way of others. */
function testsOf(file: string): { readonly near: readonly string[]; readonly far: readonly string[] } {
  const users = importers();
  const distance = new Map<string, number>([[file, 0]]);
  const queue = [file];
  for (let next = queue.shift(); next !== undefined; next = queue.shift())
    for (const user of users.get(next) ?? []) {
      if (distance.has(user)) continue;
      distance.set(user, (distance.get(next) ?? 0) + 1);
      queue.push(user);
    }
  const tests = [...distance].filter(([path]) => isTest(path));
  const near = tests.filter(([, steps]) => steps === 1).map(([path]) => path);
  return { near, far: tests.map(([path]) => path).filter((path) => !near.includes(path)) };
}

let known: ReadonlyMap<string, readonly string[]> | undefined;

/** File -> the files that import it; the contract imports every script. */
function importers(): ReadonlyMap<string, readonly string[]> {
  if (known) return known;
  const users = new Map<string, string[]>();
  const add = (used: string, user: string) => users.set(used, [...(users.get(used) ?? []), user]);
  for (const file of ["lib", "scripts", "thin_client", ...folders, "test/bed"].flatMap(sources))
    for (const { from } of importsOf(file)) if (from.startsWith(".")) add(target(file, from), file);
  for (const script of sources("scripts")) add(script, "test/unit/contract.test.ts");
  known = users;
  return users;
}
