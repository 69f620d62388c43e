"""What this Python has installed: names, modules, commands and entry points of each distribution."""

import csv
import glob
import os
import re
import sys
from importlib import metadata

from found import text_of


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
