"""What was found in the files of a repo, and the ways to note it that all readers share."""

import os
import re
import sys

IDENTIFIER = re.compile(r"^[A-Za-z_][\w-]*$")
LIMIT = 2_000_000


def text_of(path):
    try:
        if os.path.getsize(path) > LIMIT:
            return ""
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


class Found:
    """`words` are what a line must hold one of to matter: commands, modules and names of what is installed."""

    def __init__(self, words):
        self.words = words
        self.told = {"files": [], "imports": [], "names": [], "lines": [], "sections": [], "markers": [], "broken": []}

    def imports(self, place, names):
        if names[0].split(".")[0] not in getattr(sys, "stdlib_module_names", ()):
            self.told["imports"].append({**place.told, "names": names})

    def by_name(self, place, how, key, value):
        if key and value and IDENTIFIER.match(value) and value in self.words:
            self.told["names"].append({**place.told, "how": how, "key": key, "value": value})

    def line(self, path, number, text, kind):
        for code in re.findall(r"\s-c\s+(?:'([^']*)'|\"([^\"]*)\")", text):
            self.read_code(Place(path, [], None, number, text.strip()), code[0] or code[1])
        if self.words.intersection(re.findall(r"[A-Za-z0-9_][\w-]*", text)):
            self.told["lines"].append({"file": path, "line": number, "text": text.strip()[:1000], "kind": kind})

    def read_code(self, place, text):
        """Python inside a text: `exec("import x")`, `["python", "-c", "import x"]`."""
        if re.match(r"\s*(import|from)\s+\w", text):
            self.read_imports_of_lines(place.file, re.split(r"[;\n]", text), place.line, place.text)

    def read_imports_of_lines(self, path, lines, first, whole=None):
        for number, line in enumerate(lines, first):
            number = number if whole is None else first
            found = re.match(r"\s*(?:>>> )?(?:from\s+([A-Za-z_][\w.]*)\s+c?import\s+(\w+)|c?import\s+([A-Za-z_][\w., ]*))", line)
            if found:
                names = [found[1] + "." + found[2]] if found[1] else [part.split()[0] for part in found[3].split(",") if part.split()]
                for name in names:
                    self.imports(Place(path, lines, None, number, whole or line), [name])


class Place:
    """Where something stands: file, line, and the line's text."""

    def __init__(self, file, lines, node, line=None, text=None):
        self.file = file
        self.line = line or getattr(node, "lineno", 1)
        self.text = text or (lines[self.line - 1] if self.line <= len(lines) else "")

    @property
    def told(self):
        return {"file": self.file, "line": self.line, "text": self.text.rstrip()[:300]}
