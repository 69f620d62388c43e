"""The container as a whole, driven from outside as a user does: each test starts siblings of the image under test."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import engine  # noqa: E402

pytestmark = pytest.mark.qa


@pytest.fixture(autouse=True)
def reachable_engine() -> None:
    if not os.access(engine.SOCKET, os.R_OK | os.W_OK):
        pytest.fail(f"{engine.SOCKET} is not there or not open to uid {os.getuid()}: qa tests start containers")


def run(*words: str) -> tuple[int, str, str]:
    return engine.run(list(words), Mounts=engine.code_mounts())


def test_one_word_is_a_command_line() -> None:
    assert run("printf '%s\\n' 'a b' c | tac; exit 3") == (3, "c\na b\n", "")


def test_several_words_are_an_argv() -> None:
    assert run("printf", "[%s]", "a b", "$HOME") == (0, "[a b][$HOME]", "")


def test_the_code_is_there_and_runs() -> None:
    assert run("python3", "-m", "sample", "Ada") == (0, "Hello, Ada!\n", "")


def test_the_image_is_of_the_version_asked_for(image_version: str | None) -> None:
    labels = engine.own_container()["Config"]["Labels"]
    version = labels.get("org.opencontainers.image.version")
    assert version, "the image has no label org.opencontainers.image.version"
    assert image_version in (None, version)


def test_a_prod_image_needs_neither_mount_nor_network(image_stage: str) -> None:
    if image_stage != "prod":
        pytest.skip("the code of other stages is mounted")
    assert engine.run(["python3", "-m", "sample"], NetworkMode="none") == (0, "Hello, world!\n", "")
