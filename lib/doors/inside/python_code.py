"""What Python code imports, computes, runs and names, by Python's own parser."""

import ast
import re

from found import IDENTIFIER, Place

RUNS = re.compile(r"(^|_)(system|popen|run|call|check_call|check_output|cmd|command|exec\w*|which|spawn\w*|shell)($|_)", re.I)
IMPORTS = re.compile(r"import|^(find_spec|find_loader|resolve_name|run_module|get_loader)$", re.I)
DOTTED = re.compile(r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+(:[A-Za-z_]\w*)?$")
URL = re.compile(r"^([a-z][a-z0-9]*(\+[a-z0-9_]+)?)://")


def read_python(found, path, text, lines=None):
    """`lines` are given where they are not those of the text: a notebook's cell is read without its magics."""
    if lines is None:
        found.told["files"].append(path)
    lines = text.splitlines() if lines is None else lines
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        found.told["broken"].append({"file": path, "line": getattr(error, "lineno", None) or 1, "why": str(error)})
        return found.read_imports_of_lines(path, lines, 1)
    code = PythonCode(found)
    for node in ast.walk(tree):
        code.read_node(Place(path, lines, node), node)
    for node in ast.walk(tree) if code.computes else ():
        if text_in(node) and (IDENTIFIER.match(node.value) or DOTTED.match(node.value)):
            found.imports(Place(path, lines, node), [node.value])


class PythonCode:
    def __init__(self, found):
        self.found = found
        # Whether it imports what is known only when it runs.
        self.computes = False

    def read_node(self, place, node):
        if isinstance(node, ast.Import):
            for alias in node.names:
                self.found.imports(place, [alias.name])
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            self.found.imports(place, [node.module + "." + alias.name if alias.name != "*" else node.module for alias in node.names])
        elif isinstance(node, ast.Call):
            self.read_call(place, node)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values):
                self.found.by_name(place, "key", text_in(key), text_in(value))
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            self.read_assignment(place, node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            self.read_text(place, node.value)

    def read_call(self, place, node):
        name = last_name(node.func)
        first = node.args[0] if node.args else None
        if IMPORTS.search(name):
            self.read_import_call(place, node, first)
        for text in filter(None, map(text_in, [*node.args, *[each for arg in node.args for each in getattr(arg, "elts", [])]])):
            self.found.read_code(place, text)
        if RUNS.search(name):
            self.found.line(place.file, place.line, command_in(node), "command")
        for keyword in node.keywords:
            self.found.by_name(place, "key", keyword.arg, text_in(keyword.value))

    def read_import_call(self, place, node, first):
        given = [first] + [keyword.value for keyword in node.keywords if keyword.arg in ("name", "module")]
        names = [beginning(each) for each in given if beginning(each)]
        for name in names:
            self.found.imports(place, [name.rstrip(".").replace(":", ".")])
        # What is imported is computed: it may be any module that the file names.
        self.computes = self.computes or not names

    def read_assignment(self, place, node):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        name = last_name(targets[0])
        values = node.value.elts if isinstance(node.value, (ast.List, ast.Tuple, ast.Set)) else [node.value]
        for value in values:
            self.found.by_name(place, "list" if len(values) > 1 or value is not node.value else "key", name, text_in(value))

    def read_text(self, place, text):
        if DOTTED.match(text) and (text.split(".")[0] in self.found.words or text.startswith("django.")):
            self.found.told["names"].append({**place.told, "how": "dotted", "key": None, "value": text})
        url = URL.match(text)
        if url:
            self.found.told["names"].append({**place.told, "how": "url", "key": None, "value": url.group(1)})


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
