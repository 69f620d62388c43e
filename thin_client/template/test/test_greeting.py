import os
import subprocess
import sys

import pytest

from sample import greet


def test_greets_by_name() -> None:
    assert greet("Ada") == "Hello, Ada!"


def test_greets_the_world_without_a_name() -> None:
    assert greet(" ") == "Hello, world!"


@pytest.mark.slow
def test_runs_as_a_program() -> None:
    run = subprocess.run([sys.executable, "-m", "sample", "Ada"], capture_output=True, text=True, check=True)
    assert run.stdout == "Hello, Ada!\n"


@pytest.mark.superslow
def test_greets_whatever_bytes_it_is_given() -> None:
    for _ in range(5):
        name = os.urandom(100_000).hex()
        assert greet(name) == f"Hello, {name}!"
