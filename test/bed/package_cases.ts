/** What one case installs into the image: the metadata that installers leave, and the files that an import would find. */
export type Installed = {
  /** Files below site-packages with their texts; by default a package called as the distribution is. */
  readonly files?: Readonly<Record<string, string>>;
  /** Installed without a RECORD, as the operating system does: only the names of what is at the top. */
  readonly tops?: readonly string[];
  readonly scripts?: readonly string[];
  readonly groups?: Readonly<Record<string, string>>;
  readonly requires?: readonly string[];
};
export type Case = {
  /** The rule that the case shows. */
  readonly rule: string;
  readonly name: string;
  readonly state: "used" | "unused" | "allowed" | "unknown";
  readonly why: string;
  /** Null where the image does not have it. */
  readonly installed: Installed | null;
  /** Files of the repo, path -> text. */
  readonly repo?: Readonly<Record<string, string>>;
};

const used = (name: string, rule: string, why: string, repo: Case["repo"], installed: Installed = {}): Case => ({
  ...{ rule, name, state: "used", why, installed },
  ...(repo ? { repo } : {}),
});
const unused = (name: string, rule: string, repo: Case["repo"] = {}, installed: Installed = {}): Case => ({
  ...{ rule, name, state: "unused", why: "nothing names it", installed, repo },
});
const one = (path: string, text = ""): Installed => ({ files: { [path]: text } });

/** Uses that are imports. */
const imported: readonly Case[] = [
  used("plain", "an import", "imported", { "plain_use.py": "import plain\n" }),
  used("from-deep", "from a.b import c", "imported", { "deep_use.py": "from from_deep.inner import thing\n" }),
  used(
    "PyYaml-like",
    "an import name unlike the package's",
    "imported",
    { "yamly.py": "import yamllike\n" },
    one("yamllike/__init__.py"),
  ),
  used("single-file", "a package of one module", "imported", { "single.py": "import onefile\n" }, one("onefile.py")),
  used(
    "native-one",
    "a compiled module",
    "imported",
    { "native.py": "import nativeone\n" },
    one("nativeone.cpython-311-x86_64-linux-gnu.so"),
  ),
  used(
    "system-one",
    "installed by the operating system, without a RECORD",
    "imported",
    { "system.py": "import systop\n" },
    { tops: ["systop"] },
  ),
  used("in-function", "inside a function", "imported", { "lazy.py": "def f():\n    import in_function\n" }),
  used("conditional", "in try with a fallback", "imported", {
    "cond.py": "try:\n    import conditional\nexcept ImportError:\n    conditional = None\n",
  }),
  used("typing-only", "under TYPE_CHECKING", "imported", {
    "typed.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from typing_only import T\n",
  }),
  used("by-importlib", "importlib.import_module", "imported", {
    "dyn.py": 'import importlib\nimportlib.import_module("by_importlib.sub")\n',
  }),
  used("by-dunder", "__import__", "imported", { "dunder.py": '__import__("by_dunder")\n' }),
  used("by-fstring", "import_module of an f-string", "imported", {
    "fs.py": 'from importlib import import_module\nimport_module(f"by_fstring.{1}")\n',
  }),
  used("by-importorskip", "pytest.importorskip", "imported", {
    "test/test_skip.py": 'import pytest\npytest.importorskip("by_importorskip")\n',
  }),
  used("by-keyword", "import_module(name=...)", "imported", {
    "kw.py": 'import importlib\nimportlib.import_module(name="by_keyword")\n',
  }),
  used("by-loop", "import_module of what a loop gives", "imported", {
    "loop.py": 'import importlib\nfor name in ("by_loop", "json"):\n    importlib.import_module(name)\n',
  }),
  used("by-exec", "exec of a text", "imported", { "ex.py": 'exec("import by_exec")\n' }),
  used("by-dash-c", "python -c in a shell script", "imported", {
    "dash.sh": "x=1; python3 -c 'import sys; import by_dash_c'\n",
  }),
  used("by-find-spec", "find_spec", "imported", {
    "spec.py": 'from importlib.util import find_spec\nfind_spec("by_find_spec")\n',
  }),
  used(
    "goog-storage",
    "one of a namespace, from a.b import c",
    "imported",
    { "gs.py": "from goog.cloud import storage\n" },
    one("goog/cloud/storage/__init__.py"),
  ),
  unused("goog-bigquery", "another of the same namespace", {}, one("goog/cloud/bigquery/__init__.py")),
  used(
    "old-ns-a",
    "one of an old-style namespace",
    "imported",
    { "oldns.py": "import oldns.a\n" },
    {
      files: {
        "oldns/__init__.py": "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n",
        "oldns/a/__init__.py": "",
      },
    },
  ),
  unused(
    "old-ns-b",
    "another of the same old-style namespace",
    {},
    {
      files: {
        "oldns/__init__.py": "__import__('pkg_resources').declare_namespace(__name__)\n",
        "oldns/b/__init__.py": "",
      },
    },
  ),
  used("in-notebook", "in a cell of a notebook, beside magics", "imported", {
    "n.ipynb": JSON.stringify({
      cells: [
        { cell_type: "markdown", source: "import nb_text" },
        { cell_type: "code", source: ["%matplotlib inline\n", "!ls\n", "import in_notebook\n"] },
      ],
    }),
  }),
  unused("nb-text", "in the text of a notebook"),
  used("in-broken", "in a file that this Python cannot parse", "imported", {
    "old.py": 'import in_broken\nprint "two"\n',
  }),
  used("in-script", "in a Python program without an ending", "imported", {
    "bin/tool": "#!/usr/bin/env python3\nimport in_script\n",
  }),
  used("in-stub-file", "in a .pyi file", "imported", { "typed/x.pyi": "import in_stub_file\n" }),
  used("in-cython", "in Cython", "imported", { "fast.pyx": "cimport in_cython\n" }),
  used("in-heredoc", "in Python inside a shell script", "imported", {
    "job.sh": "python3 - <<EOF\nimport in_heredoc\nEOF\n",
  }),
  unused("in-comment", "in a comment and in a docstring", {
    "com.py": '"""\nUses import in_comment\n"""\n# import in_comment\n',
  }),
  unused("relative", "a relative import of the repo's own", {
    "pack/__init__.py": "from . import relative\n",
    "pack/relative.py": "",
  }),
  unused("hidden", "a module of the repo hides it", { "hidden/__init__.py": "", "uses_hidden.py": "import hidden\n" }),
  used("folder", "a folder without __init__.py does not hide it", "imported", {
    "folder/build.sh": "true\n",
    "uses_folder.py": "import folder\n",
  }),
  used("itself", "a file of its name does not hide it from itself", "imported", {
    "jobs/itself.py": "import itself\n",
    "jobs/__init__.py": "",
  }),
  unused("elsewhere", "only in a runnable dir of its own below this one", {
    "inner/repo_config.yaml": "docker_info:\n  docker_image_name: inner\n",
    "inner/use.py": "import elsewhere\n",
  }),
  unused(
    "carries-tests",
    "only its test folder has the name that the repo imports",
    { "t.py": "import carried\n" },
    { files: { "carries_tests/__init__.py": "", "tests/__init__.py": "" } },
  ),
  unused("vendored", "only in a virtual environment inside the repo", {
    "env3/pyvenv.cfg": "",
    "env3/x.py": "import vendored\n",
  }),
];

/** Uses that are commands. */
const commanded: readonly Case[] = [
  used(
    "in-docker",
    "a program of the Dockerfile",
    "run as a command",
    { "devops/docker_build/extra.Dockerfile": 'FROM x\nCMD ["dockertool", "--serve"]\n' },
    { scripts: ["dockertool"] },
  ),
  used(
    "in-shell",
    "a program of a shell script, after && and with its path",
    "run as a command",
    { "run.sh": "cd x && /venv/bin/shelltool --all\n" },
    { scripts: ["shelltool"] },
  ),
  used(
    "in-ci",
    "a program of a CI workflow",
    "run as a command",
    { ".github/workflows/ci.yml": "jobs:\n  a:\n    steps:\n      - run: citool check .\n" },
    { scripts: ["citool"] },
  ),
  used(
    "in-compose",
    "the command of a compose file",
    "run as a command",
    { "compose.yml": 'services:\n  web:\n    image: x\n    command: ["composetool", "app:app"]\n' },
    { scripts: ["composetool"] },
  ),
  used(
    "in-make",
    "a recipe of a Makefile",
    "run as a command",
    { Makefile: "lint:\n\t@maketool .\n" },
    { scripts: ["maketool"] },
  ),
  used("in-tasks", "a task of pyproject.toml", "run as a command", {}, { scripts: ["tasktool"] }),
  used(
    "in-hook",
    "a hook of pre-commit",
    "run as a command",
    { ".pre-commit-config.yaml": "repos:\n- repo: local\n  hooks:\n  - id: x\n    entry: hooktool --fix\n" },
    { scripts: ["hooktool"] },
  ),
  used(
    "in-python",
    "started by Python code",
    "run as a command",
    { "starts.py": 'import subprocess\nsubprocess.run(["pytool", "-x"])\n' },
    { scripts: ["pytool"] },
  ),
  used(
    "in-system",
    "in a command line that Python code puts together",
    "run as a command",
    { "sys_use.py": 'import helpers.hsystem as hsystem\nx = 1\nhsystem.system(f"systool {x} | cat")\n' },
    { scripts: ["systool"] },
  ),
  used("as-module", "python -m", "run or named as a module", { "mod.sh": "python3 -m as_module.cli\n" }),
  used("slipway-runs", "a program that Slipway's test lists run", "Slipway runs it", {}, { scripts: ["listtool"] }),
  unused(
    "only-installed",
    "a line that installs it",
    { "inst.sh": "pip install only_installed onlytool\n" },
    { scripts: ["onlytool"] },
  ),
  unused(
    "only-said",
    "a word of an echo and of a comment",
    { "say.sh": "# saidtool\necho saidtool\n" },
    { scripts: ["saidtool"] },
  ),
  unused(
    "only-listed",
    "a list of packages",
    { "requirements.txt": "only_listed\n", "environment.yml": "dependencies:\n  - listedtool\n" },
    { scripts: ["listedtool"] },
  ),
  unused(
    "only-docs",
    "the documentation",
    { "README.md": "Run `docstool`, import only_docs\n" },
    { scripts: ["docstool"] },
  ),
];

/** Uses of which nothing but a name, or not even that, is to be seen. */
const named: readonly Case[] = [
  used(
    "pytest-like-plugin",
    "a plugin of pytest, which is used",
    "plugin of pytest",
    {},
    { groups: { pytest11: "x" } },
  ),
  unused("flake8-plugin", "a plugin of something that is not used", {}, { groups: { "flake8.extension": "X1" } }),
  used(
    "plain-plugin",
    "a plugin of a package that is imported",
    "plugin of plain",
    {},
    { groups: { "plain.exporters": "x" } },
  ),
  used("excelish", "named in engine=", "named in a text", { "xl.py": 'import plain\nplain.read(engine="excelish")\n' }),
  used("dj-app", "in INSTALLED_APPS", "named in a text", { "settings.py": 'INSTALLED_APPS = ["dj_app", "mine"]\n' }),
  used("psycopg2-binary", "the driver of a Django backend", "named in a text", {
    "dj.py": 'D = {"ENGINE": "django.db.backends.postgresql"}\n',
  }),
  used("log-fmt", "a class by its dotted name", "named in a text", {
    "logs.py": 'C = {"()": "log_fmt.json.Formatter"}\n',
  }),
  used("sqldriver", "a driver in an address", "named in a text", { "db.py": 'U = "postgresql+sqldriver://host/db"\n' }),
  used("s3fs", "an address that fsspec opens with it", "named in a text", { "s3.py": 'P = "s3://bucket/key"\n' }),
  used("workers", "the worker class of a server", "run or named as a module", {
    Procfile: "web: server -k workers.Asgi app:app\n",
  }),
  used("parquetish", "an optional backend of a package that is used", "optional backend of rich-host", {
    "host.py": "import rich_host\n",
  }),
  used(
    "rich-host",
    "the package with the optional backends",
    "imported",
    {},
    { requires: ['parquetish; extra == "parquet"', 'devish; extra == "test"'] },
  ),
  unused("devish", "only the development of a used package asks for it"),
  used("configured-tool", "a section of its own in pyproject.toml", "configured", {}),
  used(
    "types-plain",
    "types of a package that is imported",
    "types for an import",
    {},
    one("plain-stubs/__init__.pyi"),
  ),
  unused("types-nobody", "types of a package that is not imported", {}, one("nobody-stubs/__init__.pyi")),
  used("meta", "no module of its own, brings one that is used", "brings plain", {}, { files: {}, requires: ["plain"] }),
  unused("meta-none", "no module of its own, brings nothing that is used", {}, { files: {}, requires: ["nobody"] }),
  { ...unused("brought", "nothing names it, but a used package brings it"), why: "bringer brings it anyway" },
  used(
    "bringer",
    "the package that brings it",
    "imported",
    { "br.py": "import bringer\n" },
    { requires: ["brought>=1"] },
  ),
  unused("colour", "a word that is no name of a package here", { "col.py": 'x = "colour"\nprint("colour", x)\n' }),
  { ...unused("by-hand", "in the allow-list"), state: "allowed", why: "typed by hand in the container" },
  {
    ...unused("not-here", "not in the image, and nothing names it"),
    state: "unknown",
    why: "does not have it",
    installed: null,
  },
  {
    ...used("absent-used", "not in the image, but imported", "imported", { "abs.py": "import absent_used\n" }),
    installed: null,
  },
  unused("plainly-unused", "nothing at all"),
];

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
