"""
Lets poetry use another package index than PyPI without the lock telling so.

`add URL` names the index in pyproject.toml of the current folder as the one to use instead of PyPI, and fits the lock,
if there is one, to it. `remove URL` takes the index out of the lock again: it is then the lock that PyPI gives, good
for any index.
"""

import re
import sys
from pathlib import Path

import poetry.__version__
from poetry.factory import Factory

PYPI = "https://pypi.org/simple"
NAME = "package-index"
PYPROJECT = Path("pyproject.toml")
LOCK = Path("poetry.lock")
SOURCE = re.compile(
    rf'\[package\.source\]\ntype = "legacy"\nurl = "[^"]*"\nreference = "{NAME}"\n\n'
)


def main(action: str, url: str) -> None:
    if url.rstrip("/") != PYPI:
        {"add": add, "remove": remove}[action](url)


def add(url: str) -> None:
    text = PYPROJECT.read_text()
    PYPROJECT.write_text(
        f'{text}\n[[tool.poetry.source]]\nname = "{NAME}"\nurl = "{url}"\n{priority()}\n'
    )
    if LOCK.exists():
        write_lock(name_source(LOCK.read_text(), url))


def remove(url: str) -> None:
    text = SOURCE.sub("", LOCK.read_text())
    if url in text:
        raise SystemExit(f"error: poetry.lock still names {url}")
    write_lock(text)


def priority() -> str:
    """The word for "instead of PyPI" changed twice."""
    version = tuple(int(part) for part in poetry.__version__.__version__.split(".")[:2])
    if version < (1, 5):
        return "default = true"
    return 'priority = "default"' if version < (2, 0) else 'priority = "primary"'


def name_source(text: str, url: str) -> str:
    """Packages of no named source are PyPI's; poetry keeps their locked versions only if the source is the same."""
    head, *packages = text.split("[[package]]\n")
    tail = ""
    if packages:
        packages[-1], mark, tail = packages[-1].partition("[metadata]\n")
        tail = mark + tail
    source = f'[package.source]\ntype = "legacy"\nurl = "{url}"\nreference = "{NAME}"\n\n'
    named = [each if "[package.source]" in each else split_extras(each, source) for each in packages]
    return "[[package]]\n".join([head, *named]) + tail


def split_extras(package: str, source: str) -> str:
    """The extras of the project itself follow the last package."""
    body, mark, rest = package.partition("[extras]\n")
    return body + source + mark + rest


def write_lock(text: str) -> None:
    """Poetry trusts a lock whose hash is that of pyproject.toml, the sources included."""
    LOCK.write_text(text)
    content_hash = Factory().create_poetry(Path.cwd()).locker._get_content_hash()
    LOCK.write_text(re.sub(r'(?m)^content-hash = "[^"]*"$', f'content-hash = "{content_hash}"', text))


if __name__ == "__main__":
    main(*sys.argv[1:])
