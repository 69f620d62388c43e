"""What Python code imports and names, by Python's own parser."""

import ast

from found import Place


def read_python(found, path, text, lines=None):
    """`lines` are given where they are not those of the text: a notebook's cell is read without its magics."""
    if lines is None:
        found.told["files"].append(path)
    lines = text.splitlines() if lines is None else lines
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        found.told["broken"].append({"file": path, "line": getattr(error, "lineno", None) or 1, "why": str(error)})
        return found.imports_of_lines(path, lines)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        place = Place(path, lines, getattr(node, "lineno", 1))
        if isinstance(node, ast.Import):
            for alias in node.names:
                found.imports(place, [alias.name])
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.imports(place, [node.module + "." + alias.name if alias.name != "*" else node.module for alias in node.names])
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            found.words_in(place, node.value)
