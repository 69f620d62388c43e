"""
Tells what this Python has installed and what the code of a repo names, as one JSON text. Reads only; Python 3.8 or newer.

The one argument is JSON: `root`, and relative to it `dirs` to read and `without`, the folders in them to leave out;
`markers` are names of files whose presence matters. It decides nothing: who uses what is lib/python/package_use.ts.
"""

import fnmatch
import json
import os
import re
import sys

from found import Found, text_of
from installed import distributions, known_words
from other_files import read_config, read_notebook, read_shell
from python_code import read_python

PRUNED = {".git", "node_modules", "__pycache__", ".tox", ".nox", ".mypy_cache", ".pytest_cache", "site-packages"}
SHELL = ("*.sh", "*.bash", "*.zsh", "*.mk", "*.service", "Dockerfile*", "*.Dockerfile", "*.dockerfile")
SHELL += ("Makefile", "makefile", "GNUmakefile", "justfile", "Justfile", "Procfile", "Jenkinsfile", "crontab")
CONFIG = ("*.yml", "*.yaml", "*.cfg", "*.ini", "*.toml", "*.conf")
CONFIG += ("package.json", "devcontainer.json", "tasks.json", "launch.json", "settings.json")
LISTS = ("environment*.y*ml", "conda*.y*ml", "meta.yaml", "poetry.toml", "repo_config.yaml")


def main(asked):
    installed = list(distributions())
    repo = Repo(asked, Found(known_words(installed)))
    for folder in asked["dirs"]:
        repo.read_folder(folder)
    told = {"python": sys.version.split()[0], "distributions": installed, **repo.found.told}
    json.dump(told, sys.stdout)


class Repo:
    def __init__(self, asked, found):
        self.root, self.without, self.markers = asked["root"], set(asked["without"]), asked["markers"]
        self.found = found

    def read_folder(self, folder):
        for here, folders, files in os.walk(os.path.join(self.root, folder)):
            near = os.path.relpath(here, self.root)
            folders[:] = [name for name in sorted(folders) if not self.is_left_out(os.path.normpath(os.path.join(near, name)))]
            for name in sorted(files):
                self.note_markers(name, os.path.normpath(os.path.join(near, name)))
                if os.path.isfile(os.path.join(here, name)):
                    self.read_file(os.path.join(here, name), os.path.normpath(os.path.join(near, name)))

    def is_left_out(self, path):
        name = os.path.basename(path)
        return name in PRUNED or path in self.without or os.path.exists(os.path.join(self.root, path, "pyvenv.cfg"))

    def note_markers(self, name, path):
        for marker in self.markers:
            if fnmatch.fnmatch(name, marker):
                self.found.told["markers"].append({"file": path, "marker": marker})

    def read_file(self, full, path):
        name = os.path.basename(path)
        read = reader_of(name, full)
        if read:
            read(self.found, path, text_of(full))


def reader_of(name, full):
    """What reads a file of this name; without a suffix, its first line tells. Lists of packages are read by nobody: they use none."""

    def fits(patterns):
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)

    if name.endswith((".py", ".pyi", ".pyw")):
        return read_python
    if name.endswith((".pyx", ".pxd")):
        return lambda found, path, text: found.imports_of_lines(path, text.splitlines())
    if name.endswith(".ipynb"):
        return read_notebook
    if fits(LISTS):
        return None
    if fits(CONFIG):
        return read_config
    if fits(SHELL):
        return read_shell
    first = text_of(full) if "." not in name else ""
    return read_python if re.match(r"#!.*python", first) else read_shell if re.match(r"#!.*sh\b", first) else None


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
