"""Runs a command in the container of another dir, from one that has the engine."""

import subprocess
import sys


def run_dockerized(dir_name: str, *argv: str, stage: str = "dev") -> int:
    """Gives the command's exit code; it sees the same files, on /app."""
    where = ["--quiet", "--dir", dir_name, "--stage", stage]
    return subprocess.run(["i", "docker_cmd", *where, "--", *argv]).returncode


if __name__ == "__main__":
    sys.exit(run_dockerized(*sys.argv[1:]))
