"""What was found in the files of a repo, and the ways to note it that all readers share."""

import os
import re
import sys

LIMIT = 2_000_000
# A name as it stands in code: `goog.cloud.storage`, `some-tool`.
WORD = re.compile(r"[A-Za-z0-9_][\w-]*(?:\.[\w-]+)*")
IMPORT = re.compile(r"\s*(?:>>> )?(?:from\s+([A-Za-z_][\w.]*)\s+c?import\s+(\w+)|c?import\s+([A-Za-z_][\w., ]*))")


def text_of(path):
    try:
        if os.path.getsize(path) > LIMIT:
            return ""
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


class Found:
    """`words` are the names of what is installed: commands, modules, distributions."""

    def __init__(self, words):
        self.words = words
        self.told = {"files": [], "imports": [], "words": [], "markers": [], "broken": []}

    def imports(self, place, names):
        if names[0].split(".")[0] not in getattr(sys, "stdlib_module_names", ()):
            self.told["imports"].append({**place.told, "names": names})

    def words_in(self, place, text):
        """Notes each name of something installed that stands in a text of code."""
        for word in dict.fromkeys(WORD.findall(text)):
            parts = word.split(".")
            known = next((at for at, part in enumerate(parts) if part in self.words), 0 if word in self.words else None)
            if known is not None:
                self.told["words"].append({**place.told, "word": ".".join(parts[known:])})

    def words_of_lines(self, path, lines):
        """The same for the lines of a file without Python's syntax; a comment is no code."""
        for number, line in enumerate(lines, 1):
            self.words_in(Place(path, lines, number), re.sub(r"(^|\s)#(?!!).*", "", line))

    def imports_of_lines(self, path, lines):
        for number, line in enumerate(lines, 1):
            found = IMPORT.match(line)
            if found:
                names = [found[1] + "." + found[2]] if found[1] else [part.split()[0] for part in found[3].split(",") if part.split()]
                for name in names:
                    self.imports(Place(path, lines, number), [name])


class Place:
    """Where something stands: file, line, and the line's text."""

    def __init__(self, file, lines, line):
        self.told = {"file": file, "line": line, "text": (lines[line - 1] if line <= len(lines) else "").rstrip()[:300]}
