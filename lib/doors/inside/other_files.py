"""What notebooks, shell scripts and configuration files import, run and name."""

import json
import re

from found import Place
from python_code import read_python

# Sections of pyproject.toml that name packages without using them.
NO_USE = re.compile(r"^(project|build-system|dependency-groups|tool\.(poetry|uv|pdm|hatch|setuptools|flit)(\.|$))")
NOT_A_TOOL = {"poetry", "uv", "pdm", "hatch", "setuptools", "flit", "project"}


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
    lines, plain = source.splitlines(), []
    if re.match(r"\s*%%(bash|sh|script|!)", source):
        return read_shell(found, path, "\n".join(lines[1:]))
    for number, line in enumerate(lines, 1):
        magic = re.match(r"\s*[%]+(load_ext|reload_ext|matplotlib)\b\s*(\S*)", line)
        if magic:
            found.imports(Place(path, lines, None, number, line), ["matplotlib" if magic[1] == "matplotlib" else magic[2] or "_"])
        if line.lstrip().startswith("!"):
            found.line(path, number, line.lstrip(" !"), "shell")
        is_magic = re.match(r"\s*([%!?]|\w.*\?\s*$)", line)
        plain.append(re.match(r"\s*", line).group(0) + "pass" if is_magic else line)
    read_python(found, path, "\n".join(plain), lines)


def read_shell(found, path, text):
    lines = text.splitlines()
    found.read_imports_of_lines(path, lines, 1)
    start, whole = 1, ""
    for number, line in enumerate(lines, 1):
        start = start if whole else number
        if line.rstrip().endswith("\\"):
            whole += line.rstrip()[:-1] + " "
            continue
        found.line(path, start, whole + line, "shell")
        whole = ""
    found.line(path, start, whole, "shell")


def read_config(found, path, text):
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        heading = re.match(r"\s*\[+([^\]\[]+)\]+\s*(#.*)?$", line)
        if heading and path.endswith((".toml", ".cfg", ".ini")):
            section = heading[1].strip().strip('"')
            tool = section[5:] if section.startswith("tool.") else section
            if re.split(r"[.:]", tool)[0] not in NOT_A_TOOL:
                found.told["sections"].append({"file": path, "line": number, "text": line.strip(), "section": tool})
            continue
        if not (path.endswith("pyproject.toml") and NO_USE.match(section)):
            found.line(path, number, line, "config")
