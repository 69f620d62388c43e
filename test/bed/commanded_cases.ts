import { type Case, unused, used } from "./package_case.ts";

/** Uses that are commands. */
export const commanded: readonly Case[] = [
  used(
    "in-docker",
    "a program of the Dockerfile",
    "run as a command",
    { "devops/docker_build/extra.Dockerfile": 'FROM x\nCMD ["dockertool", "--serve"]\n' },
    { scripts: ["dockertool"] },
  ),
  used(
    "in-shell",
    "a program of a shell script, after && and with its path",
    "run as a command",
    { "run.sh": "cd x && /venv/bin/shelltool --all\n" },
    { scripts: ["shelltool"] },
  ),
  used(
    "in-ci",
    "a program of a CI workflow",
    "run as a command",
    { ".github/workflows/ci.yml": "jobs:\n  a:\n    steps:\n      - run: citool check .\n" },
    { scripts: ["citool"] },
  ),
  used(
    "in-compose",
    "the command of a compose file",
    "run as a command",
    { "compose.yml": 'services:\n  web:\n    image: x\n    command: ["composetool", "app:app"]\n' },
    { scripts: ["composetool"] },
  ),
  used(
    "in-make",
    "a recipe of a Makefile",
    "run as a command",
    { Makefile: "lint:\n\t@maketool .\n" },
    { scripts: ["maketool"] },
  ),
  used("in-tasks", "a task of pyproject.toml", "run as a command", {}, { scripts: ["tasktool"] }),
  used(
    "in-hook",
    "a hook of pre-commit",
    "run as a command",
    { ".pre-commit-config.yaml": "repos:\n- repo: local\n  hooks:\n  - id: x\n    entry: hooktool --fix\n" },
    { scripts: ["hooktool"] },
  ),
  used(
    "in-python",
    "started by Python code",
    "run as a command",
    { "starts.py": 'import subprocess\nsubprocess.run(["pytool", "-x"])\n' },
    { scripts: ["pytool"] },
  ),
  used(
    "in-system",
    "in a command line that Python code puts together",
    "run as a command",
    { "sys_use.py": 'import helpers.hsystem as hsystem\nx = 1\nhsystem.system(f"systool {x} | cat")\n' },
    { scripts: ["systool"] },
  ),
  used("as-module", "python -m", "run or named as a module", { "mod.sh": "python3 -m as_module.cli\n" }),
  used("slipway-runs", "a program that Slipway's test lists run", "Slipway runs it", {}, { scripts: ["listtool"] }),
  unused(
    "only-installed",
    "a line that installs it",
    { "inst.sh": "pip install only_installed onlytool\n" },
    { scripts: ["onlytool"] },
  ),
  unused(
    "only-said",
    "a word of an echo and of a comment",
    { "say.sh": "# saidtool\necho saidtool\n" },
    { scripts: ["saidtool"] },
  ),
  unused(
    "only-listed",
    "a list of packages",
    { "requirements.txt": "only_listed\n", "environment.yml": "dependencies:\n  - listedtool\n" },
    { scripts: ["listedtool"] },
  ),
  unused(
    "only-docs",
    "the documentation",
    { "README.md": "Run `docstool`, import only_docs\n" },
    { scripts: ["docstool"] },
  ),
];
