import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { NewDir } from "../config/new_dir.ts";
import { exists, filesIn, readRepoText } from "./files.ts";

const folder = fileURLToPath(new URL("../../thin_client/template", import.meta.url));
const plainFolder = fileURLToPath(new URL("../../thin_client/template_plain", import.meta.url));

type Template = Pick<NewDir, "template" | "plain" | "existing" | "ownTests">;

/** The files of the template, which of them a dir already has, and where tests of its own show. */
export function loadTemplate(dir: string): Template {
  const files = namedFiles(folder);
  const template = Object.fromEntries(
    files.map(([path, file]) => [
      path,
      { text: readFileSync(file, "utf8"), executable: (statSync(file).mode & 0o100) !== 0 },
    ]),
  );
  const paths = files.map(([path]) => path);
  const plain = Object.fromEntries(namedFiles(plainFolder).map(([path, file]) => [path, readFileSync(file, "utf8")]));
  const existing = paths.filter((path) => exists(join(dir, path)));
  return { template, plain, existing, ownTests: findTests(dir, template) };
}

/** The files of dev containers that a repo has, by their paths from its root. */
export const loadDevcontainers = (root: string): readonly string[] =>
  exists(join(root, ".devcontainer"))
    ? filesBelow(join(root, ".devcontainer")).map((file) => relative(root, file))
    : [];

/** The files below a folder by the names that they get; Node and bun list a folder in different orders. */
const namedFiles = (at: string): (readonly [path: string, file: string])[] =>
  filesBelow(at)
    .map((file) => [nameOf(relative(at, file)), file] as const)
    .sort(([one], [other]) => (one < other ? -1 : 1));

/** npm packs no file called .gitignore, so the template's has another name. */
const nameOf = (path: string): string => (path === "gitignore" ? ".gitignore" : path);

/** Files in which pytest finds its settings, and what stands in them then (pytest, "Configuration file formats"). */
const testConfigs: readonly (readonly [file: string, section: RegExp])[] = [
  ["pytest.ini", /^/],
  [".pytest.ini", /^/],
  ["conftest.py", /^/],
  ["pyproject.toml", /^\[tool\.pytest\b/m],
  ["tox.ini", /^\[pytest\]/m],
  ["setup.cfg", /^\[tool:pytest\]/m],
];

/** The first sign of tests that are not the template's, whose own files an earlier run may have left; null without one. */
function findTests(dir: string, template: Template["template"]): string | null {
  const config = testConfigs.find(([file, section]) => {
    const text = readRepoText(dir, file);
    return text !== null && text !== template[file]?.text && section.test(text);
  });
  if (config) return config[0];
  if (filesIn(join(dir, "tests")).some(isTest)) return "tests/";
  return filesIn(join(dir, "test")).some((name) => isTest(name) && !template[`test/${name}`]) ? "test/" : null;
}

const isTest = (name: string): boolean => name.endsWith(".py") && name !== "__init__.py";

const filesBelow = (at: string): string[] =>
  readdirSync(at, { withFileTypes: true }).flatMap((entry) => {
    const path = join(at, entry.name);
    if (!entry.isDirectory()) return entry.name.endsWith(".pyc") ? [] : [path];
    return ["__pycache__", ".pytest_cache"].includes(entry.name) ? [] : filesBelow(path);
  });
