import { type Case, one, unused, used } from "./package_case.ts";

/** Uses of which nothing but a name, or not even that, is to be seen. */
export const named: readonly Case[] = [
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
  used("excelish", "named in engine=", "named", { "xl.py": 'import plain\nplain.read(engine="excelish")\n' }),
  used("dj-app", "in INSTALLED_APPS", "named", { "settings.py": 'INSTALLED_APPS = ["dj_app", "mine"]\n' }),
  used("log-fmt", "a class by its dotted name", "named", {
    "logs.py": 'C = {"()": "log_fmt.json.Formatter"}\n',
  }),
  used("sqldriver", "a driver in an address", "named", { "db.py": 'U = "postgresql+sqldriver://host/db"\n' }),
  used("workers", "the worker class of a server", "named", {
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
  used("configured-tool", "a section of its own in pyproject.toml", "named", {}),
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
  used("colour", "its name in a text", "named", { "col.py": 'x = "the colour of it"\n' }),
  unused("colours", "a name that only begins the same, and an attribute", {
    "cols.py": 'x = "colour"\nx.colours = 1\n',
  }),
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
