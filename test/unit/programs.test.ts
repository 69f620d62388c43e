import { describe, expect, it } from "vitest";
import { dockerClient, poetryIn } from "../../lib/container/programs.ts";
import { command } from "../../lib/kinds/command.ts";
import { writeFile } from "../../lib/kinds/write_file.ts";
import { parseVersion, type Version } from "../../lib/names/version.ts";
import { pick, universal } from "../../lib/run/options.ts";
import { cutAtWords } from "../../lib/run/parse_options.ts";
import { doing, engine, facts, localImage, refusal } from "./factory.ts";

describe("the words of another program", () => {
  const cut = (line: string) => cutAtWords({ ...universal, ...pick("stage", "version") }, line.split(" ")).join(" ");
  it.each([
    ["ps --all", "-- ps --all"],
    ["--dry-run ps -a", "--dry-run -- ps -a"],
    ["--stage local lock --no-update", "--stage local -- lock --no-update"],
    ["-s local -v 1.2.0 show", "-s local -v 1.2.0 -- show"],
    ["--stage=local show -s x", "--stage=local -- show -s x"],
    ["-n -- --version", "-n -- --version"],
    ["run -- x", "-- run -- x"],
    ["--help", "--help"],
  ])("of `%s` are `%s`", (line, expected) => {
    expect(cut(line)).toBe(expected);
  });
});

describe("i docker", () => {
  const run = (...words: string[]) => dockerClient(facts({ place: { ...facts().place, cwd: "sub" } }), { words });
  it("hands every word on, where the person stands", () => {
    expect(doing(run("run", "a b", "$X"), command)).toMatchObject([
      { argv: ["docker", "run", "a b", "$X"], cwd: "sub", interactive: true },
    ]);
  });

  it.each([["-p", "x"], ["-px"], ["--password", "x"], ["--password=x"]])("refuses login %j %s", (...words) => {
    expect(refusal(() => run("login", ...words)).fix).toContain("--password-stdin");
  });

  it.each([
    ["login", "--password-stdin"],
    ["run", "-p", "80:80"],
  ])("takes %s %s", (...words) => {
    expect(run(...words)).toHaveLength(1);
  });

  it("refuses no words", () => {
    expect(refusal(() => run()).fix).toContain("i docker -- --help");
  });
});

describe("i poetry", () => {
  const world = (dir: string) =>
    facts({
      place: { ...facts().place, dir },
      engine: engine({ images: [localImage("127.0.0.1:5001/cmamp:local-gp-1.2.0")] }),
    });
  const run = (dir: string, stage: "local" | "prod" = "local") =>
    poetryIn(world(dir), { stage, asRoot: false, entrypoint: true, words: ["add", "a b"] });

  it.each([
    [".", "/app/devops/docker_build"],
    ["opt", "/app/opt/devops/docker_build"],
  ])("runs of %s in %s", (dir, inside) => {
    const file = doing(run(dir), writeFile).find(({ path }) => path.includes("/run/"));
    expect(file?.content).toContain(`\ncd ${inside} || exit\n`);
  });

  it("carries its words in a file, so that no entrypoint splits them", () => {
    const file = doing(run("."), writeFile).find(({ path }) => path.includes("/cmd/"));
    expect(file?.content).toMatch(/^exec poetry add 'a b'$/m);
  });

  it("refuses prod, which has no pyproject.toml of the repo", () => {
    expect(refusal(() => run(".", "prod")).fix).toBe("Use another stage: i poetry --stage dev add 'a b'");
  });
});

describe("the step of another program", () => {
  const run = (version?: Version) =>
    poetryIn(facts({ changelog: [] }), {
      stage: "dev",
      asRoot: true,
      entrypoint: true,
      words: ["lock", "--no-update"],
      version,
    });

  it("is called by its first word", () => {
    expect(dockerClient(facts(), { words: ["ps", "--all"] }).map(({ id, title }) => [id, title])).toEqual([
      ["docker", "docker ps"],
    ]);
    expect(run().map(({ id, title }) => [id, title])).toEqual([
      ["docker_pull", "Pull 127.0.0.1:5001/cmamp:dev"],
      ["poetry", "poetry lock in 127.0.0.1:5001/cmamp:dev"],
    ]);
  });

  it("runs in the image of the version that is named, as root where that is asked, and talks to the person", () => {
    const steps = run(parseVersion("1.1.0"));
    const start = doing(steps, command).find(({ container }) => container);
    expect([start?.env["IMAGE"], start?.interactive]).toEqual(["127.0.0.1:5001/cmamp:dev-1.1.0", true]);
    expect(doing(steps, writeFile).find(({ path }) => path.endsWith(".yml"))?.content).toContain('"user": "0:0"');
  });

  it.each<[string, () => unknown, object]>([
    [
      "docker without words",
      () => dockerClient(facts(), { words: [] }),
      {
        message: "no words for docker were given",
        why: "All that follows i docker goes to docker as it is.",
        fix: "Type i docker -- --help for docker's own help, i docker --help for this one's",
      },
    ],
    [
      "poetry without words",
      () => poetryIn(facts(), { stage: "dev", asRoot: false, entrypoint: true, words: [] }),
      { message: "no words for poetry were given" },
    ],
    [
      "a password on the command line",
      () => dockerClient(facts(), { words: ["login", "-p", "x"] }),
      {
        message: "a password was typed on the command line",
        why: "Everyone on this machine can read the words of a running program.",
        fix: "i docker_login asks for it; a script pipes it: i docker login --username ada --password-stdin HOST",
      },
    ],
    [
      "poetry in prod",
      () => poetryIn(facts(), { stage: "prod", asRoot: false, entrypoint: true, words: ["lock"] }),
      {
        message: "poetry does not run in a prod container",
        why: "It works on pyproject.toml and poetry.lock of the repo, and prod mounts none of it.",
      },
    ],
  ])("is refused: %s", (_what, run, wanted) => {
    expect(refusal(run)).toMatchObject(wanted);
  });
});
