"""
Tells what this Python has installed and what the code of a repo names, as one JSON text. Reads only; Python 3.8 or newer.

The one argument is JSON: `root`, and relative to it `dirs` to read and `without`, the folders in them to leave out;
`markers` are names of files whose presence matters. It decides nothing: who uses what is lib/model/package_use.ts.
"""

import ast
import csv
import fnmatch
import glob
import json
import os
import re
import sys
from importlib import metadata

PRUNED = {".git", "node_modules", "__pycache__", ".tox", ".nox", ".mypy_cache", ".pytest_cache", "site-packages"}
SHELL = ("*.sh", "*.bash", "*.zsh", "*.mk", "*.service", "Dockerfile*", "*.Dockerfile", "*.dockerfile")
SHELL += ("Makefile", "makefile", "GNUmakefile", "justfile", "Justfile", "Procfile", "Jenkinsfile", "crontab")
CONFIG = ("*.yml", "*.yaml", "*.cfg", "*.ini", "*.toml", "*.conf")
CONFIG += ("package.json", "devcontainer.json", "tasks.json", "launch.json", "settings.json")
LISTS = ("environment*.y*ml", "conda*.y*ml", "meta.yaml", "poetry.toml", "repo_config.yaml")
# Sections of pyproject.toml that name packages without using them.
NO_USE = re.compile(r"^(project|build-system|dependency-groups|tool\.(poetry|uv|pdm|hatch|setuptools|flit)(\.|$))")
NOT_A_TOOL = {"poetry", "uv", "pdm", "hatch", "setuptools", "flit", "project"}
RUNS = re.compile(r"(^|_)(system|popen|run|call|check_call|check_output|cmd|command|exec\w*|which|spawn\w*|shell)($|_)", re.I)
IMPORTS = re.compile(r"import|^(find_spec|find_loader|resolve_name|run_module|get_loader)$", re.I)
IDENTIFIER = re.compile(r"^[A-Za-z_][\w-]*$")
DOTTED = re.compile(r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+(:[A-Za-z_]\w*)?$")
URL = re.compile(r"^([a-z][a-z0-9]*(\+[a-z0-9_]+)?)://")
LIMIT = 2_000_000


def main(asked):
    installed = list(distributions())
    seen = Seen(asked, known_words(installed))
    for folder in asked["dirs"]:
        seen.read_folder(folder)
    told = {"python": sys.version.split()[0], "distributions": installed, **seen.told}
    json.dump(told, sys.stdout)


def distributions():
    own = os.environ.get("VIRTUAL_ENV") or "/venv"
    paths = [path for path in glob.glob(own + "/lib/python3*/site-packages") if path not in sys.path]
    seen = set()
    for dist in metadata.distributions(path=paths + sys.path[1:]):
        name = (dist.metadata["Name"] or "").strip()
        key = re.sub(r"[-_.]+", "-", name).lower()
        if name and key not in seen:
            seen.add(key)
            yield about(dist, name)


def about(dist, name):
    record = dist.read_text("RECORD")
    files = [row[0] for row in csv.reader(record.splitlines()) if row] if record else []
    tops = (dist.read_text("top_level.txt") or "").split()
    entries = [(entry.group, entry.name) for entry in dist.entry_points]
    bins = [os.path.basename(path) for path in files if re.match(r"^(\.\./)+bin/[^/]+$", path)]
    groups = {}
    for group, entry in entries:
        groups.setdefault(group, []).append(entry)
    scripts = groups.pop("console_scripts", []) + groups.pop("gui_scripts", [])
    modules = modules_of(dist, files) or tops or [name.replace("-", "_").replace(".", "_")]
    is_empty = bool(record) and not modules_of(dist, files) and not tops
    return {
        "name": name,
        "version": dist.version,
        "modules": [] if is_empty else sorted(set(modules)),
        "scripts": sorted(set(scripts + bins)),
        "groups": groups,
        "requires": [required(text) for text in dist.requires or []],
    }


def required(text):
    extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)", text)
    return {"name": re.match(r"[\w.-]*", text).group(0), "extra": extra.group(1) if extra else None}


def modules_of(dist, files):
    """The shortest names that only this distribution has: `google.cloud.storage`, not the shared `google`."""
    tree = {}
    for path in files:
        parts = path.split("/")
        if parts[0].endswith((".dist-info", ".data", ".egg-info")) or parts[0].startswith(("..", "/", "__editable__", "__pycache__")):
            continue
        if not parts[-1].endswith((".py", ".pyi", ".so", ".pyd")):
            continue
        node = tree
        for part in parts[:-1]:
            # A folder and a file may have one name; Python takes the folder.
            node[part] = node.get(part) or {}
            node = node[part]
        node.setdefault(parts[-1].split(".")[0], None)
    return list(branches(dist, tree, ()))


def branches(dist, tree, above):
    for name, node in tree.items():
        path = above + (name,)
        if node is None:
            if name != "__init__":
                yield ".".join(path)
        elif "__init__" in node and not is_namespace(dist, path):
            yield ".".join(path)
        else:
            yield from branches(dist, node, path)


def is_namespace(dist, path):
    text = text_of(str(dist.locate_file("/".join(path) + "/__init__.py")))
    return "declare_namespace" in text or "extend_path" in text


def known_words(installed):
    words = set()
    for dist in installed:
        words.update(dist["scripts"])
        words.update(module.split(".")[0] for module in dist["modules"])
        words.update({dist["name"], dist["name"].lower(), dist["name"].lower().replace("-", "_")})
    return words


def text_of(path):
    try:
        if os.path.getsize(path) > LIMIT:
            return ""
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


class Seen:
    def __init__(self, asked, words):
        self.root, self.without, self.markers = asked["root"], set(asked["without"]), asked["markers"]
        self.words = words
        self.told = {"files": [], "imports": [], "names": [], "lines": [], "sections": [], "markers": [], "broken": []}

    def read_folder(self, folder):
        for here, folders, files in os.walk(os.path.join(self.root, folder)):
            near = os.path.relpath(here, self.root)
            kept = [name for name in sorted(folders) if not self.is_left_out(here, os.path.normpath(os.path.join(near, name)))]
            folders[:] = kept
            for name in sorted(files):
                self.read_file(os.path.join(here, name), os.path.normpath(os.path.join(near, name)))

    def is_left_out(self, here, path):
        name = os.path.basename(path)
        return name in PRUNED or path in self.without or os.path.exists(os.path.join(self.root, path, "pyvenv.cfg"))

    def read_file(self, full, path):
        name = os.path.basename(path)
        for marker in self.markers:
            if fnmatch.fnmatch(name, marker):
                self.told["markers"].append({"file": path, "marker": marker})
        if not os.path.isfile(full):
            return
        fits = lambda patterns: any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
        if name.endswith((".py", ".pyi", ".pyw")):
            self.read_python(path, text_of(full))
        elif name.endswith((".pyx", ".pxd")):
            self.read_imports_of_lines(path, text_of(full).splitlines(), 1)
        elif name.endswith(".ipynb"):
            self.read_notebook(path, text_of(full))
        elif fits(LISTS):
            return
        elif name == "pyproject.toml" or fits(CONFIG):
            self.read_config(path, text_of(full))
        elif fits(SHELL):
            self.read_shell(path, text_of(full))
        elif "." not in name:
            text = text_of(full)
            if re.match(r"#!.*python", text):
                self.read_python(path, text)
            elif re.match(r"#!.*sh\b", text):
                self.read_shell(path, text)

    def read_python(self, path, text, lines=None):
        if lines is None:
            self.told["files"].append(path)
        lines = text.splitlines() if lines is None else lines
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError) as error:
            self.told["broken"].append({"file": path, "line": getattr(error, "lineno", None) or 1, "why": str(error)})
            return self.read_imports_of_lines(path, lines, 1)
        self.computes = False
        for node in ast.walk(tree):
            self.read_node(Place(path, lines, node), node)
        for node in ast.walk(tree) if self.computes else ():
            if text_in(node) and (IDENTIFIER.match(node.value) or DOTTED.match(node.value)):
                self.imports(Place(path, lines, node), [node.value])

    def read_node(self, place, node):
        if isinstance(node, ast.Import):
            for alias in node.names:
                self.imports(place, [alias.name])
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            self.imports(place, [node.module + "." + alias.name if alias.name != "*" else node.module for alias in node.names])
        elif isinstance(node, ast.Call):
            self.read_call(place, node)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values):
                self.by_name(place, "key", text_in(key), text_in(value))
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            self.read_assignment(place, node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            self.read_text(place, node.value)

    def read_code(self, place, text):
        """Python inside a text: `exec("import x")`, `["python", "-c", "import x"]`."""
        if re.match(r"\s*(import|from)\s+\w", text):
            self.read_imports_of_lines(place.file, re.split(r"[;\n]", text), place.line, place.text)

    def read_call(self, place, node):
        name = last_name(node.func)
        first = node.args[0] if node.args else None
        if IMPORTS.search(name):
            self.read_import_call(place, node, first)
        for text in filter(None, map(text_in, [*node.args, *[each for arg in node.args for each in getattr(arg, "elts", [])]])):
            self.read_code(place, text)
        if RUNS.search(name):
            self.line(place.file, place.line, command_in(node), "command")
        for keyword in node.keywords:
            self.by_name(place, "key", keyword.arg, text_in(keyword.value))

    def read_import_call(self, place, node, first):
        given = [first] + [keyword.value for keyword in node.keywords if keyword.arg in ("name", "module")]
        names = [beginning(each) for each in given if beginning(each)]
        for name in names:
            self.imports(place, [name.rstrip(".").replace(":", ".")])
        # What is imported is computed: it may be any module that the file names.
        self.computes = self.computes or not names

    def read_assignment(self, place, node):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        name = last_name(targets[0])
        values = node.value.elts if isinstance(node.value, (ast.List, ast.Tuple, ast.Set)) else [node.value]
        for value in values:
            self.by_name(place, "list" if len(values) > 1 or value is not node.value else "key", name, text_in(value))

    def read_text(self, place, text):
        if DOTTED.match(text) and (text.split(".")[0] in self.words or text.startswith("django.")):
            self.told["names"].append({**place.told, "how": "dotted", "key": None, "value": text})
        url = URL.match(text)
        if url:
            self.told["names"].append({**place.told, "how": "url", "key": None, "value": url.group(1)})

    def by_name(self, place, how, key, value):
        if key and value and IDENTIFIER.match(value) and value in self.words:
            self.told["names"].append({**place.told, "how": how, "key": key, "value": value})

    def imports(self, place, names):
        if names[0].split(".")[0] not in getattr(sys, "stdlib_module_names", ()):
            self.told["imports"].append({**place.told, "names": names})

    def read_imports_of_lines(self, path, lines, first, whole=None):
        for number, line in enumerate(lines, first):
            number = number if whole is None else first
            found = re.match(r"\s*(?:>>> )?(?:from\s+([A-Za-z_][\w.]*)\s+c?import\s+(\w+)|c?import\s+([A-Za-z_][\w., ]*))", line)
            if found:
                names = [found[1] + "." + found[2]] if found[1] else [part.split()[0] for part in found[3].split(",") if part.split()]
                for name in names:
                    self.imports(Place(path, lines, None, number, whole or line), [name])

    def read_notebook(self, path, text):
        try:
            cells = json.loads(text or "{}").get("cells", [])
        except (ValueError, AttributeError) as error:
            self.told["broken"].append({"file": path, "line": 1, "why": str(error)})
            return
        for number, cell in enumerate(cells, 1):
            if cell.get("cell_type") == "code":
                source = cell.get("source", "")
                self.read_cell("%s[cell %d]" % (path, number), "".join(source) if isinstance(source, list) else source)

    def read_cell(self, path, source):
        lines, plain = source.splitlines(), []
        if re.match(r"\s*%%(bash|sh|script|!)", source):
            return self.read_shell(path, "\n".join(lines[1:]))
        for number, line in enumerate(lines, 1):
            magic = re.match(r"\s*[%]+(load_ext|reload_ext|matplotlib)\b\s*(\S*)", line)
            if magic:
                self.imports(Place(path, lines, None, number, line), ["matplotlib" if magic[1] == "matplotlib" else magic[2] or "_"])
            if line.lstrip().startswith("!"):
                self.line(path, number, line.lstrip(" !"), "shell")
            is_magic = re.match(r"\s*([%!?]|\w.*\?\s*$)", line)
            plain.append(re.match(r"\s*", line).group(0) + "pass" if is_magic else line)
        self.read_python(path, "\n".join(plain), lines)

    def read_shell(self, path, text):
        lines = text.splitlines()
        self.read_imports_of_lines(path, lines, 1)
        start, whole = 1, ""
        for number, line in enumerate(lines, 1):
            start = start if whole else number
            if line.rstrip().endswith("\\"):
                whole += line.rstrip()[:-1] + " "
                continue
            self.line(path, start, whole + line, "shell")
            whole = ""
        self.line(path, start, whole, "shell")

    def read_config(self, path, text):
        section = ""
        for number, line in enumerate(text.splitlines(), 1):
            heading = re.match(r"\s*\[+([^\]\[]+)\]+\s*(#.*)?$", line)
            if heading and path.endswith((".toml", ".cfg", ".ini")):
                section = heading[1].strip().strip('"')
                tool = section[5:] if section.startswith("tool.") else section
                if re.split(r"[.:]", tool)[0] not in NOT_A_TOOL:
                    self.told["sections"].append({"file": path, "line": number, "text": line.strip(), "section": tool})
                continue
            if not (path.endswith("pyproject.toml") and NO_USE.match(section)):
                self.line(path, number, line, "config")

    def line(self, path, number, text, kind):
        for code in re.findall(r"\s-c\s+(?:'([^']*)'|\"([^\"]*)\")", text):
            self.read_code(Place(path, [], None, number, text.strip()), code[0] or code[1])
        if self.words.intersection(re.findall(r"[A-Za-z0-9_][\w-]*", text)):
            self.told["lines"].append({"file": path, "line": number, "text": text.strip()[:1000], "kind": kind})


class Place:
    """Where something stands: file, line, and the line's text."""

    def __init__(self, file, lines, node, line=None, text=None):
        self.file = file
        self.line = line or getattr(node, "lineno", 1)
        self.text = text or (lines[self.line - 1] if self.line <= len(lines) else "")

    @property
    def told(self):
        return {"file": self.file, "line": self.line, "text": self.text.rstrip()[:300]}


def last_name(node):
    return getattr(node, "attr", None) or getattr(node, "id", "")


def text_in(node):
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def beginning(node):
    """A text, or the fixed text that an f-string starts with."""
    if isinstance(node, ast.JoinedStr) and node.values:
        return text_in(node.values[0])
    return text_in(node)


def command_in(node):
    """The command line that a call is given as a text or as a list of words; what is not known yet is `{}`."""
    words = []
    for argument in node.args:
        for part in argument.elts if isinstance(argument, (ast.List, ast.Tuple)) else [argument]:
            if isinstance(part, ast.JoinedStr):
                words.append("".join(text_in(value) or "{}" for value in part.values))
            else:
                words.append(text_in(part) or "{}")
    return " ".join(words)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
