import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Answer } from "../in_process.ts";
import { naming, unmeasured } from "./names.ts";
import { render } from "./render.ts";
import { rowsOf, type Typed } from "./rows.ts";
import { type World, type WorldName, type Worlds, worldNames } from "./worlds.ts";

/** Where the goldens lie, as `<world>/<workflow>[.<row>].json`. */
export const folder = fileURLToPath(new URL("../../goldens", import.meta.url));

/** What is printed today, by the path of its golden. */
export async function printedToday({ planner, of }: Worlds): Promise<ReadonlyMap<string, string>> {
  const all = worldNames.map(async (name) => {
    const rows = rowsOf(name);
    const lines = rows.map(({ workflow, words }) => ({ workflow, words: ["--dry-run", "--json", ...words] }));
    const answers = await planner(of[name].repo, lines, "asked");
    return rows.map((row, index) => [pathOf(name, row), goldenOf(of[name], row, answers[index])] as const);
  });
  return new Map((await Promise.all(all)).flat());
}

export const pathOf = (world: WorldName, { golden }: Typed): string => `${world}/${golden}.json`;

/** The workflows that show what was measured. */
const measuring = ["docker_images_ls_repo", "docker_ps", "docker_stats"];

function goldenOf({ known }: World, { workflow, words }: Typed, answer: Answer | undefined): string {
  if (answer === undefined) throw new Error(`${workflow} was not planned`);
  const name = naming(known);
  const text = measuring.includes(workflow) ? (one: string) => unmeasured(name(one)) : name;
  const printed = named(JSON.parse(answer.printed), text) as object;
  const typed = [workflow, ...words].map((word) => (/^[\w.:/,=@^-]+$/.test(word) ? word : `'${word}'`));
  return render({ typed: typed.join(" "), code: answer.code, ...printed });
}

const template = "thin_client/template";
const checkout = fileURLToPath(new URL("../../..", import.meta.url));
/** The texts of the template by the file that has them. */
const templates = new Map(
  readdirSync(join(checkout, template), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [readFileSync(path, "utf8"), path.replace(checkout, "")] as const),
);

/** Every text in a value by its name; a long one that is a file of the template by its path. */
function named(value: unknown, name: (text: string) => string): unknown {
  if (typeof value === "string") {
    const path = value.includes("\n") ? templates.get(value) : undefined;
    return path === undefined ? name(value) : { "as in": path };
  }
  if (Array.isArray(value)) return value.map((one) => named(one, name));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [name(key), named(one, name)]));
}

/** What is kept, by path. */
export function kept(): ReadonlyMap<string, string> {
  const paths = readdirSync(folder, { recursive: true })
    .map(String)
    .filter((path) => path.endsWith(".json"));
  return new Map(paths.map((path) => [path, readFileSync(join(folder, path), "utf8")]));
}
