"""What notebooks, shell scripts and configuration files import and name."""

import json
import re

from python_code import read_python

# Sections of pyproject.toml that name packages without using them.
NO_USE = re.compile(r"^(project|build-system|dependency-groups|tool\.(poetry|uv|pdm|hatch|setuptools|flit)(\.|$))")
MAGIC = re.compile(r"\s*([%!?]|\w.*\?\s*$)")


def read_notebook(found, path, text):
    try:
        cells = json.loads(text or "{}").get("cells", [])
    except (ValueError, AttributeError) as error:
        found.told["broken"].append({"file": path, "line": 1, "why": str(error)})
        return
    for number, cell in enumerate(cells, 1):
        if cell.get("cell_type") == "code":
            source = cell.get("source", "")
            read_cell(found, "%s[cell %d]" % (path, number), "".join(source) if isinstance(source, list) else source)


def read_cell(found, path, source):
    lines = source.splitlines()
    if re.match(r"\s*%%(bash|sh|script|!)", source):
        return read_shell(found, path, source)
    found.words_of_lines(path, [line if MAGIC.match(line) else "" for line in lines])
    plain = [re.match(r"\s*", line).group(0) + "pass" if MAGIC.match(line) else line for line in lines]
    read_python(found, path, "\n".join(plain), lines)


def read_shell(found, path, text):
    lines = text.splitlines()
    found.imports_of_lines(path, lines)
    found.words_of_lines(path, lines)


def read_config(found, path, text):
    section, lines = "", text.splitlines()
    for index, line in enumerate(lines if path.endswith("pyproject.toml") else ()):
        heading = re.match(r"\s*\[+([^\]\[]+)\]+\s*(#.*)?$", line)
        section = heading[1].strip().strip('"') if heading else section
        if NO_USE.match(section):
            lines[index] = ""
    found.words_of_lines(path, lines)
