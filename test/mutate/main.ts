import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { randomFrom } from "../bed/random.ts";
import { readIn } from "../unit/source.ts";
import { type Group, groups } from "./groups.ts";
import { makeJudge, type Verdict } from "./judge.ts";
import { type Mutant, mutantsOf } from "./mutants.ts";

/** What unit tests and type checker together have to find, in percent. */
const bars: Readonly<Record<Group | "all", number>> = { release: 93, pure: 0, registry: 0, run: 0, all: 85 };

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "300" },
    seed: { type: "string", default: "1" },
    group: { type: "string" },
    file: { type: "string" },
    workers: { type: "string", default: String(availableParallelism()) },
  },
});

function choose(all: readonly Mutant[], count: number, seed: number): readonly Mutant[] {
  const random = randomFrom(seed);
  return all
    .map((mutant) => [random(), mutant] as const)
    .sort(([a], [b]) => a - b)
    .slice(0, count)
    .map(([, mutant]) => mutant);
}

type Row = { readonly group: Group; readonly mutant: Mutant; readonly verdict: Verdict };

/** Judges all of them, so many at a time as the machine has cores. */
async function judgeAll(mutants: readonly Mutant[], groupOf: ReadonlyMap<string, Group>): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const queue = mutants.entries();
  const worker = async () => {
    const { judge, end } = await makeJudge();
    for (const [index, mutant] of queue) {
      const verdict = await judge(mutant);
      rows.push({ group: groupOf.get(mutant.file) ?? "pure", mutant, verdict });
      if (verdict.by === null) print({ mutant, verdict });
      process.stderr.write(`\r${rows.length} of ${mutants.length} (last: ${index + 1})   `);
    }
    end();
  };
  await Promise.all(Array.from({ length: Number(values.workers) }, worker));
  process.stderr.write("\n");
  return rows;
}

function print({ mutant, verdict }: Pick<Row, "mutant" | "verdict">): void {
  const { file, line, operator, start, end, text } = mutant;
  const was = readIn(file).slice(start, end).replaceAll(/\s+/g, " ").slice(0, 70);
  process.stdout.write(`survived  ${file}:${line} ${operator}: ${was} -> ${text.slice(0, 70)}\n`);
  const catcher =
    verdict.near.length > 0 ? `a row in ${verdict.near.join(" or ")}` : "a unit test that imports the file: none does";
  process.stdout.write(`          would be caught by ${catcher}\n`);
}

const chosenGroups = groups().filter(({ name }) => !values.group || name === values.group);
const groupOf = new Map(chosenGroups.flatMap(({ name, files }) => files.map((file) => [file, name] as const)));
const files = [...groupOf.keys()].filter((file) => !values.file || file.includes(values.file)).sort();
const all = files.flatMap((file) => mutantsOf(file, readIn(file)));
const rows = await judgeAll(choose(all, Number(values.count), Number(values.seed)), groupOf);

let missed = false;
for (const name of [...chosenGroups.map((group) => group.name), "all" as const]) {
  const own = name === "all" ? rows : rows.filter(({ group }) => group === name);
  if (own.length === 0) continue;
  const count = (by: Verdict["by"]) => own.filter(({ verdict }) => verdict.by === by).length;
  const percent = (100 * (own.length - count(null))) / own.length;
  missed ||= percent < bars[name];
  process.stdout.write(
    `${name.padEnd(9)} ${String(own.length).padStart(4)} planted, ${count("tests")} found by unit tests, ${count("types")} by the type checker, ${count(null)} by neither: ${percent.toFixed(1)} %${bars[name] > 0 ? ` (bar ${bars[name]} %)` : ""}\n`,
  );
}
process.stdout.write(`${all.length} could be planted in ${files.length} files; seed ${values.seed}\n`);
process.exitCode = missed ? 1 : 0;
