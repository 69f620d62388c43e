import { describe, expect, it } from "vitest";
import { importCycles } from "../../lib/python/import_cycles.ts";
import { importsOf } from "../../lib/python/python_imports.ts";

type Files = Readonly<Record<string, string>>;

const cyclesIn = (files: Files, roots = [".", "src"]): string[] =>
  importCycles(
    Object.entries(files).map(([path, text]) => ({ path, text })),
    roots,
  ).map((cycle) => cycle.map(({ from, line }) => `${from}:${line}`).join(" "));

const planted: Readonly<Record<string, readonly [files: Files, cycle: string]>> = {
  "two modules": [{ "a.py": "import b\n", "b.py": "x = 1\nimport a\n" }, "a.py:1 b.py:2"],
  "three modules, from": [
    { "a.py": "from b import f\n", "b.py": "from c import g\n", "c.py": "from a import h\n" },
    "a.py:1 b.py:1 c.py:1",
  ],
  "a submodule by its dots": [
    { "p/__init__.py": "", "p/a.py": "from . import b\n", "p/b.py": "from .a import f\n" },
    "p/a.py:1 p/b.py:1",
  ],
  "a package that its module asks for a name": [
    { "p/__init__.py": "from .a import f\n", "p/a.py": "from p import version\n" },
    "p/__init__.py:1 p/a.py:1",
  ],
  "import a.b": [{ "p/__init__.py": "", "p/a.py": "import q.b as b\n", "q/b.py": "import p.a\n" }, "p/a.py:1 q/b.py:1"],
  "a parent that is imported on the way": [
    { "p/__init__.py": "import m\n", "p/a.py": "", "m.py": "import p.a\n" },
    "m.py:1 p/__init__.py:1",
  ],
  "namespace packages": [{ "n/a.py": "from n import b\n", "n/b.py": "import n.a\n" }, "n/a.py:1 n/b.py:1"],
  "try, class and with": [
    {
      "a.py": "try:\n    from b import f\nexcept ImportError:\n    f = None\n",
      "b.py": "class B:\n    with x:\n        import a\n",
    },
    "a.py:2 b.py:3",
  ],
  "several lines, brackets and one line of two": [
    { "a.py": "from b import (  # (\n    f,\n    g as h,\n)\n", "b.py": "x = 1; import \\\n  a\n" },
    "a.py:1 b.py:1",
  ],
  "a module that imports itself": [{ "p/__init__.py": "", "p/a.py": "import os\nfrom p import a\n" }, "p/a.py:2"],
  "a root src, two dots": [
    { "src/p/__init__.py": "", "src/p/q/a.py": "from .. import b\n", "src/p/b.py": "from p.q.a import f\n" },
    "src/p/b.py:1 src/p/q/a.py:1",
  ],
  "else of TYPE_CHECKING": [
    { "a.py": "if TYPE_CHECKING:\n    x = 1\nelse:\n    import b\n", "b.py": "if True: import a\n" },
    "a.py:4 b.py:1",
  ],
};

const alike: Readonly<Record<string, Files>> = {
  "an import in a function": { "a.py": "import b\n", "b.py": "def f():\n    import a\n    if x:\n        import a\n" },
  "one in a method, an async function and on one line": {
    "a.py": "import b\n",
    "b.py": "class B:\n    def f(self): import a\n    async def g(self):\n        from a import x\n",
  },
  "for type checkers alone": {
    "a.py": "import b\n",
    "b.py":
      "import typing as t\nif t.TYPE_CHECKING:\n    import a\nif not TYPE_CHECKING:\n    pass\nelse:\n    from a import f\n",
  },
  "as a program alone": { "a.py": "import b\n", "b.py": 'if __name__ == "__main__":\n    import a\n' },
  "comments and strings": {
    "a.py": "import b\n",
    "b.py":
      '# import a\n\'\'\'\nimport a\n\'\'\'\nx = f"""\n{d["""\nimport a\n"""]}"""\ny = r\'\\\'\nz = "\\\nimport a"\n',
  },
  "a string that looks closed": { "a.py": "import b\n", "b.py": "x = f'{d['#']}' '''\nimport a\n'''\n" },
  "a module of the same name elsewhere": { "a.py": "import b\n", "p/b.py": "import a\n", "b.py": "import os\n" },
  "the module of a package and its parent": {
    "p/__init__.py": "from . import a\n",
    "p/a.py": "import p.b\n",
    "p/b.py": "",
  },
  "a package that imports its own part": {
    "p/__init__.py": "from p import a, _native\n",
    "p/a.py": "from . import b\n",
    "p/b.py": "",
  },
  "names that begin alike": {
    "a.py": "import b\n",
    "b.py": "import ab\nimport a_b\nimport_a = 1\n",
    "ab.py": "import os\n",
    "c.py": "",
  },
  "a relative import out of the repo": { "a.py": "from .... import b\nfrom ..x import a\n", "b.py": "import a\n" },
  "a chain": { "a.py": "import b\n", "b.py": "import c\n", "c.py": "import os, sys\n" },
};

describe("import cycles", () => {
  it.each(Object.entries(planted))("are found: %s", (_name, [files, cycle]) => {
    expect(cyclesIn(files)).toEqual([cycle]);
  });

  it.each(Object.entries(alike))("are not seen in %s", (_name, files) => {
    expect(cyclesIn(files)).toEqual([]);
  });

  it("are all found at once, each once, and what looks alike is none", () => {
    const rows = [...Object.values(planted).map(([files]) => files), ...Object.values(alike)];
    // Each in a folder of its own, from which Python imports.
    const found = rows.map((files, at) => ({ root: `r${at}`, files }));
    const cycles = found.flatMap(({ root, files }) =>
      importCycles(
        Object.entries(files).map(([path, text]) => ({ path: `${root}/${path}`, text })),
        [root, `${root}/src`],
      ),
    );
    expect(cycles).toHaveLength(Object.keys(planted).length);
  });

  it("that share a file are one each", () => {
    expect(cyclesIn({ "a.py": "import b\nimport c\n", "b.py": "import a\n", "c.py": "import a\n" })).toEqual([
      "a.py:1 b.py:1",
      "a.py:2 c.py:1",
    ]);
  });
});

describe("imports", () => {
  it("have their line, whatever is above", () => {
    const text = '"""Text\nof two lines."""\r\nx = (1,\n  2)\nimport a.b as c, d\nfrom..e import*\n';
    expect(importsOf(text)).toEqual([
      { line: 5, level: 0, module: ["a", "b"], names: null },
      { line: 5, level: 0, module: ["d"], names: null },
      { line: 6, level: 2, module: ["e"], names: ["*"] },
    ]);
  });
});
