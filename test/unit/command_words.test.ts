import { describe, expect, it } from "vitest";
import { commandsIn } from "../../lib/model/command_words.ts";

const tools = ["black", "isort", "gunicorn", "tool", "tee", "find"];

describe("what a line runs", () => {
  it.each([
    ["black .", ["black"]],
    ["RUN --mount=type=cache,target=/x tool --all", ["tool"]],
    ['CMD ["gunicorn", "app"]', ["gunicorn"]],
    ['    command: ["gunicorn", "app"]', ["gunicorn"]],
    ["- run: black .", ["black"]],
    ["\t@black .", ["black"]],
    ["A=1 B=2 black", ["black"]],
    ["cd x && /venv/bin/black . | tee y", ["black", "tee"]],
    ["sudo -u ada black", ["black"]],
    ["timeout 5 black", ["black"]],
    ["find . | xargs -n 1 black", ["find", "black"]],
    ["poetry run black", ["black"]],
    ['bash -c "black ."', ["black"]],
    ["if black; then isort; fi", ["black", "isort"]],
    ["x=$(black --version)", ["black"]],
    ["i docker_cmd --cmd 'black .'", ["black"]],
    ['lint = "black ."', ["black"]],
    ["echo black", []],
    ["# black .", []],
    ["pip install black", []],
    ["python3 -m pip install -r x black", []],
    ["RUN apt-get install -y black", []],
    ["  - name: black", []],
    ["    image: black", []],
    ["git commit -m black", []],
  ])("%s", (line, programs) => {
    expect(commandsIn(line).programs.filter((word) => tools.includes(word))).toEqual(programs);
  });

  it.each([
    ["python -m black.cli x", ["black.cli"]],
    ["/venv/bin/python3.11 -m black", ["black"]],
    ["server -k uvicorn.workers.Worker", ["uvicorn.workers.Worker"]],
    ["server --worker-class=gevent", ["gevent"]],
    ["addopts = -p xdist", ["xdist"]],
    ["plugins = pydantic.mypy", ["pydantic.mypy"]],
    ["uvicorn app.main:app", ["app.main"]],
    ["git commit -m black", []],
  ])("and names as a module: %s", (line, modules) => {
    expect(commandsIn(line).modules).toEqual(modules);
  });
});
