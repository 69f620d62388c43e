import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { loadTemplate } from "../../lib/doors/template.ts";
import { commitAll, git } from "../bed/git.ts";
import { write } from "../bed/tiny_repo.ts";

const base = mkdtempSync(join(tmpdir(), "template-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));
const { template } = loadTemplate(base);
const ofTemplate = (path: string) => ({ [path]: template[path]?.text ?? "" });

const cases: Readonly<Record<string, readonly [files: Readonly<Record<string, string>>, found: string | null]>> = {
  "no file": [{}, null],
  "what an earlier run left": [
    { ...ofTemplate("conftest.py"), ...ofTemplate("pytest.ini"), ...ofTemplate("test/test_greeting.py") },
    null,
  ],
  "settings of its own": [{ "pytest.ini": "[pytest]\n" }, "pytest.ini"],
  "a conftest.py of its own": [{ "conftest.py": "import pytest\n" }, "conftest.py"],
  "a section of pyproject.toml": [{ "pyproject.toml": "[tool.pytest.ini_options]\n" }, "pyproject.toml"],
  "a pyproject.toml without that section": [{ "pyproject.toml": "[tool.black]\n" }, null],
  "a section of setup.cfg": [{ "setup.cfg": "[metadata]\n[tool:pytest]\n" }, "setup.cfg"],
  "a section of tox.ini": [{ "tox.ini": "[tox]\n[pytest]\n" }, "tox.ini"],
  "a tox.ini without that section": [{ "tox.ini": "[tox]\n" }, null],
  "a folder of tests": [{ "tests/test_a.py": "" }, "tests/"],
  "a test in the folder that the template uses": [{ "test/test_a.py": "" }, "test/"],
  "a folder test that holds no test": [{ "test/data.json": "{}" }, null],
};

it("a checkout whose Git writes Windows line ends has none in the toolchain", async () => {
  const [repo, clone] = [join(base, "toolchain"), join(base, "toolchain clone")];
  const files = Object.entries(template).filter(([path]) => path.startsWith("devops/"));
  write(repo, Object.fromEntries([...files.map(([path, { text }]) => [path, text] as const), ["other.txt", "a\n"]]));
  await git(base, "init", "--quiet", repo);
  await commitAll(repo, "Start");
  await git(base, "clone", "--quiet", "--config", "core.autocrlf=true", repo, clone);
  expect(readFileSync(join(clone, "other.txt"), "utf8")).toBe("a\r\n");
  const changed = files.filter(([path, { text }]) => readFileSync(join(clone, path), "utf8") !== text);
  expect(changed.map(([path]) => path)).toEqual([]);
});

it.each(Object.entries(cases))("a dir with %s shows whether it has tests of its own", (name, [files, found]) => {
  const dir = join(base, name);
  write(dir, files);
  expect(loadTemplate(dir).ownTests).toBe(found);
});
