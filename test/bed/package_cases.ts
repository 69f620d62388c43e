import { commanded } from "./commanded_cases.ts";
import { imported } from "./imported_cases.ts";
import { named } from "./named_cases.ts";
import type { Case, Installed } from "./package_case.ts";

export const packageCases: readonly Case[] = [...imported, ...commanded, ...named];

/** The files of the image that hold all packages of the cases, by path without the first slash. */
export function imageFiles(): Readonly<Record<string, string>> {
  const site = "venv/lib/python3.11/site-packages";
  const all = packageCases.flatMap(({ name, installed }) => (installed ? filesOf(name, installed) : []));
  return Object.fromEntries(all.map(([path, text]) => [`${site}/${path}`, text]));
}

function filesOf(name: string, installed: Installed): readonly (readonly [string, string])[] {
  const info = `${name.replaceAll("-", "_")}-1.0.dist-info`;
  const files = Object.entries(installed.files ?? { [`${name.replaceAll("-", "_")}/__init__.py`]: "" });
  const requires = (installed.requires ?? []).map((line) => `Requires-Dist: ${line}\n`).join("");
  const sections = {
    ...installed.groups,
    ...(installed.scripts ? { console_scripts: installed.scripts.join("\n") } : {}),
  };
  const entries = Object.entries(sections).map(
    ([group, names]) =>
      `[${group}]\n${names
        .split("\n")
        .map((each) => `${each} = x:y\n`)
        .join("")}`,
  );
  const record = [...files.map(([path]) => path), `${info}/METADATA`].map((path) => `${path},,\n`).join("");
  return [
    ...files,
    [`${info}/METADATA`, `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0\n${requires}`],
    [`${info}/entry_points.txt`, entries.join("\n")],
    installed.tops ? [`${info}/top_level.txt`, `${installed.tops.join("\n")}\n`] : [`${info}/RECORD`, record],
  ];
}

/** The repo's pyproject.toml: the cases in poetry's main table and a group of it, and in the lists of PEP 621 and 735. */
export function pyprojectText(): string {
  const names = packageCases.map(({ name }) => name);
  const some = (remainder: number) => names.filter((_name, index) => index % 4 === remainder);
  const rows = (list: readonly string[]) => list.map((name) => `${name} = "*"\n`).join("");
  const quoted = (list: readonly string[]) =>
    list.map((name) => `  "${name}[extra]>=1; python_version > '3'",\n`).join("");
  return [
    `[project]\nname = "cases"\ndependencies = [\n${quoted(some(0))}]\n`,
    `[dependency-groups]\nlint = [\n${quoted(some(1))}]\n`,
    `[tool.poetry]\nname = "cases"\n\n[tool.poetry.dependencies]\npython = "^3.11"\n${rows(some(2))}`,
    `[tool.poetry.group.dev.dependencies]\n${rows(some(3))}`,
    `[tool.configured-tool]\nlevel = 3\n`,
    `[tool.poe.tasks]\ntask = "tasktool --all"\n`,
  ].join("\n");
}
