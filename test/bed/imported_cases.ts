import { type Case, one, unused, used } from "./package_case.ts";

/** Uses that are imports. */
export const imported: readonly Case[] = [
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
  used("by-importlib", "importlib.import_module", "named", {
    "dyn.py": 'import importlib\nimportlib.import_module("by_importlib.sub")\n',
  }),
  used("by-dunder", "__import__", "named", { "dunder.py": '__import__("by_dunder")\n' }),
  used("by-fstring", "import_module of an f-string", "named", {
    "fs.py": 'from importlib import import_module\nimport_module(f"by_fstring.{1}")\n',
  }),
  used("by-importorskip", "pytest.importorskip", "named", {
    "test/test_skip.py": 'import pytest\npytest.importorskip("by_importorskip")\n',
  }),
  used("by-keyword", "import_module(name=...)", "named", {
    "kw.py": 'import importlib\nimportlib.import_module(name="by_keyword")\n',
  }),
  used("by-loop", "import_module of what a loop gives", "named", {
    "loop.py": 'import importlib\nfor name in ("by_loop", "json"):\n    importlib.import_module(name)\n',
  }),
  used("by-exec", "exec of a text", "named", { "ex.py": 'exec("import by_exec")\n' }),
  used("by-dash-c", "python -c in a shell script", "named", {
    "dash.sh": "x=1; python3 -c 'import sys; import by_dash_c'\n",
  }),
  used("by-find-spec", "find_spec", "named", {
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
