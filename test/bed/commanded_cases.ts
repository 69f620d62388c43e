import { type Case, unused, used } from "./package_case.ts";

/** Uses that are commands. */
export const commanded: readonly Case[] = [
  used(
    "in-docker",
    "a program of the Dockerfile",
    "named",
    { "devops/docker_build/extra.Dockerfile": 'FROM x\nCMD ["dockertool", "--serve"]\n' },
    { scripts: ["dockertool"] },
  ),
  used(
    "in-shell",
    "a program of a shell script, after && and with its path",
    "named",
    { "run.sh": "cd x && /venv/bin/shelltool --all\n" },
    { scripts: ["shelltool"] },
  ),
  used(
    "in-ci",
    "a program of a CI workflow",
    "named",
    { ".github/workflows/ci.yml": "jobs:\n  a:\n    steps:\n      - run: citool check .\n" },
    { scripts: ["citool"] },
  ),
  used(
    "in-compose",
    "the command of a compose file",
    "named",
    { "compose.yml": 'services:\n  web:\n    image: x\n    command: ["composetool", "app:app"]\n' },
    { scripts: ["composetool"] },
  ),
  used("in-make", "a recipe of a Makefile", "named", { Makefile: "lint:\n\t@maketool .\n" }, { scripts: ["maketool"] }),
  used("in-tasks", "a task of pyproject.toml", "named", {}, { scripts: ["tasktool"] }),
  used(
    "in-hook",
    "a hook of pre-commit",
    "named",
    { ".pre-commit-config.yaml": "repos:\n- repo: local\n  hooks:\n  - id: x\n    entry: hooktool --fix\n" },
    { scripts: ["hooktool"] },
  ),
  used(
    "in-python",
    "started by Python code",
    "named",
    { "starts.py": 'import subprocess\nsubprocess.run(["pytool", "-x"])\n' },
    { scripts: ["pytool"] },
  ),
  used(
    "in-system",
    "in a command line that Python code puts together",
    "named",
    { "sys_use.py": 'import helpers.hsystem as hsystem\nx = 1\nhsystem.system(f"systool {x} | cat")\n' },
    { scripts: ["systool"] },
  ),
  used("as-module", "python -m", "named", { "mod.sh": "python3 -m as_module.cli\n" }),
  used("slipway-runs", "a program that Slipway's test lists run", "Slipway runs it", {}, { scripts: ["listtool"] }),
  used(
    "installed-there",
    "a line of a script that installs it",
    "named",
    { "inst.sh": "pip install installed_there onlytool\n" },
    { scripts: ["onlytool"] },
  ),
  unused("only-said", "a comment", { "say.sh": "# saidtool\ntrue # saidtool\n" }, { scripts: ["saidtool"] }),
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
