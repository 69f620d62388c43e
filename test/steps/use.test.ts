import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { pull } from "../../lib/container/pull.ts";
import { bash, command as inContainer, login } from "../../lib/container/work_in.ts";
import { command } from "../../lib/kinds/command.ts";
import { record } from "../../lib/kinds/record.ts";
import { writeFile } from "../../lib/kinds/write_file.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import { type Step, stepsOf } from "../../lib/plan/plan.ts";
import { runTests } from "../../lib/tests/tests.ts";
import {
  active,
  config,
  digest,
  doing,
  engine,
  facts,
  found,
  lines,
  localImage,
  refusal,
  stepOf,
  version,
} from "../unit/factory.ts";

const repository = "127.0.0.1:5001/cmamp";
const images = (...tags: readonly string[]) => ({
  engine: engine({ images: tags.map((tag) => localImage(`${repository}:${tag}`, { digests: [digest("a")] })) }),
});
const options = { stage: "dev", asRoot: false, entrypoint: true } as const;

describe("without a registry", () => {
  const none = { config: config({ container_registry_info: {} }), targets: [] };
  const local = { engine: engine({ images: [localImage("cmamp:dev", { digests: [digest("a")] })] }) };
  it("nothing is pulled: the name alone is a stranger's in Docker Hub", () => {
    for (const plan of [() => bash(facts(none), options), () => pull(facts(none), { stage: "dev" })]) {
      const { message, fix } = refusal(plan);
      expect([message, fix]).toEqual([
        "there is no registry to pull cmamp:dev from",
        expect.stringContaining("container_registry_info"),
      ]);
    }
    const { why, fix } = refusal(() => bash(facts(none), options));
    // It may be the name alone that --base-name gave, in a repo that has registries.
    expect([why, fix]).toEqual([
      "Its name has no registry, and the name alone would be pulled from Docker Hub, where anybody may own it.",
      expect.stringContaining("--base-name HOST/cmamp"),
    ]);
    expect(bash(facts({ ...none, ...local }), options).map(({ id }) => id)).toEqual(["docker_bash"]);
  });
});

describe("the image that is meant", () => {
  const shell = (stage: "local" | "dev" | "prod", world: Partial<AllFacts>, of?: string) =>
    stepOf(bash(facts(world), { ...options, stage, version: of ? version(of) : undefined }), "docker_bash").title;
  it.each<[string, "local" | "dev" | "prod", string | undefined, Partial<AllFacts>, string]>([
    [
      "dev without a version is the container that fits the code",
      "dev",
      undefined,
      images("dev-1.2.0", "dev"),
      "dev-1.2.0",
    ],
    [
      "dev without a version is what a registry has of the code's",
      "dev",
      undefined,
      { registries: { ecr: { "dev-1.2.0": found(digest("a")) } } },
      "dev-1.2.0",
    ],
    ["dev without a version is dev where the code's does not exist", "dev", undefined, images("dev"), "dev"],
    ["a version that was typed is taken", "dev", "1.0.0", images("dev-1.2.0"), "dev-1.0.0"],
    [
      "local is the newest of the user that fits the code",
      "local",
      undefined,
      images("local-gp-1.2.9", "local-gp-1.2.10", "local-gp-1.3.0"),
      "local-gp-1.2.10",
    ],
    [
      "local is the newest of all where none fits",
      "local",
      undefined,
      images("local-gp-1.3.0", "local-gp-1.9.0"),
      "local-gp-1.9.0",
    ],
    ["prod without an entry is prod", "prod", undefined, images("prod"), "prod"],
  ])("%s", (_name, stage, of, world, tag) => {
    expect(shell(stage, world, of)).toBe(`Open a shell in ${repository}:${tag}`);
  });

  it.each([
    ["of another user", images("local-ann-1.2.0"), undefined, "gp has no local image of cmamp", "i docker_build_local"],
    [
      "of another version",
      images("local-gp-1.1.0"),
      "1.2.0",
      `the engine has no ${repository}:local-gp-1.2.0`,
      "--version 1.2.0",
    ],
  ])("is not a local one %s", (_name, world, of, what, fix) => {
    expect(refusal(() => shell("local", world, of))).toMatchObject({
      message: expect.stringContaining(what),
      fix: expect.stringContaining(fix),
    });
  });

  it.each([
    ["missing", {}, true],
    ["there", images("dev"), false],
  ])("is pulled where it is %s: %#", (_name, world, pulled) => {
    expect(active(bash(facts(world), options)).includes("docker_pull")).toBe(pulled);
  });
});

describe("docker_pull", () => {
  it("refuses a local image, which no registry has", () => {
    expect(refusal(() => pull(facts(), { stage: "local" })).fix).toContain("i docker_build_local");
  });

  it("pulls from the named registry under the name the engine knows", () => {
    const settings = config();
    const world = { config: settings, targets: settings.registries.slice(1) };
    expect(lines(pull(facts(world), { stage: "dev", version: version("1.2.0") }))).toEqual([
      "docker pull 127.0.0.1:5002/cmamp:dev-1.2.0",
      `docker tag 127.0.0.1:5002/cmamp:dev-1.2.0 ${repository}:dev-1.2.0`,
    ]);
  });
});

describe("a pull from ECR", () => {
  it("logs docker in first, because its login lasts twelve hours", () => {
    const address = "123456789012.dkr.ecr.eu-north-1.amazonaws.com";
    const registries = [{ name: "ecr", kind: "ecr", address, required: true } as const];
    const settings = { ...config(), registries };
    expect(lines(pull(facts({ config: settings, targets: registries }), { stage: "dev" }))).toEqual([
      `docker login --username AWS --password-stdin ${address}`,
      `docker pull ${address}/cmamp:dev`,
    ]);
  });
});

describe("docker_cmd", () => {
  const run = (more: { cmd?: string; words?: readonly string[] }) =>
    inContainer(facts(images("dev")), { ...options, words: [], ...more });
  const text = `echo "it's $HOME" | wc -c && exit 3`;
  it("carries --cmd text letter for letter in a variable, which the file runs that is the command", () => {
    const start = doing(run({ cmd: text }), command).find((one) => one.container);
    expect([start?.env["SLIPWAY_CMD"], start?.argv.at(-1)]).toEqual([text, "/slipway/cmd"]);
    const ran = (program: string) =>
      spawnSync(program, ["-c", mounted(), "/slipway/cmd"], {
        encoding: "utf8",
        env: { ...process.env, SLIPWAY_CMD: text },
      });
    const mounted = () =>
      doing(run({ cmd: text }), writeFile).find(({ path }) => path.includes("/cmd/"))?.content ?? "";
    expect(ran("sh")).toMatchObject({ status: 3, stdout: `${`it's ${process.env["HOME"]}\n`.length}\n`, stderr: "" });
  });

  it("puts no --cmd text into a file or on a command line", () => {
    expect(JSON.stringify(doing(run({ cmd: text }), writeFile))).not.toContain("wc -c");
    const starts = doing(run({ cmd: text }), command).flatMap(({ argv }) => argv);
    expect(JSON.stringify(starts)).not.toContain("wc -c");
  });

  it("passes the words after -- as they are", () => {
    const start = doing(run({ words: ["ls", "a b", "$X"] }), command).find((one) => one.container);
    expect(start?.argv.slice(-5)).toEqual(["app", "/slipway/run", "ls", "a b", "$X"]);
  });

  it("finds the thin env that a clone in the repo links to, which lies outside of it", () => {
    const thinEnv = { source: "/home/gp/.local/share/slipway/env/x/node_modules", target: "slipway/node_modules" };
    const volumes = (stage: "dev" | "prod") =>
      doing(
        inContainer(facts({ ...images("dev", "prod"), thinEnv }), { ...options, stage, words: ["true"] }),
        writeFile,
      )
        .filter(({ path }) => path.includes("/compose/"))
        .flatMap(({ content }) => JSON.parse(content).services.app.volumes as { source: string }[])
        .filter(({ source }) => source === thinEnv.source);
    expect(volumes("dev")).toMatchObject([{ target: "/app/slipway/node_modules", read_only: true }]);
    expect(volumes("prod")).toEqual([]);
  });

  it("refuses to run nothing", () => {
    expect(refusal(() => run({})).fix).toContain('--cmd "');
  });
});

describe("docker_login", () => {
  const settings = config({
    container_registry_info: {
      ecr: { address: "1.dkr.ecr.eu-north-1.amazonaws.com", region: "eu-north-1", profile: "ck" },
      "aws_ecr.test": { address: "127.0.0.1:5001", kind: "ecr" },
      ghcr: "ghcr.io/acme",
      dockerhub: "acme",
    },
  });
  const run = (env: Readonly<Record<string, string>> = {}) =>
    login(facts({ config: settings, env }), { passwordStdin: false });
  const [ecr, loopback, ghcr, hub] = doing(run({ GITHUB_TOKEN: "s3cret" }), command);

  it("asks AWS for a password that goes in by standard input", () => {
    expect([ecr?.input, ecr?.argv]).toEqual([
      { ecr: { region: "eu-north-1", profile: "ck" } },
      ["docker", "login", "--username", "AWS", "--password-stdin", "1.dkr.ecr.eu-north-1.amazonaws.com"],
    ]);
  });

  it("asks a loopback registry of kind ecr like any other", () => {
    expect(loopback?.argv).toEqual(["docker", "login", "127.0.0.1:5001"]);
  });

  it("takes GITHUB_TOKEN for ghcr by name only", () => {
    expect([ghcr?.input, JSON.stringify(run({ GITHUB_TOKEN: "s3cret" })).includes("s3cret")]).toEqual([
      ["printenv", "GITHUB_TOKEN"],
      false,
    ]);
  });

  it("names DockerHub as docker does", () => {
    expect(hub?.argv.at(-1)).toBe("docker.io");
  });

  it("refuses one password for several registries", () => {
    expect(refusal(() => login(facts(), { passwordStdin: true })).fix).toContain("--target-registries ecr");
  });
});

describe("a pass is recorded", () => {
  const run = (world: Partial<AllFacts>, pytestOpts: readonly string[] = []) =>
    doing(
      stepsOf({
        steps: runTests(
          facts({ ...images("dev-1.2.0"), ...world }),
          { stage: "dev", pytestOpts, snapshot: false },
          "fast",
        ),
      }),
      record,
    );
  it("for committed code and the whole list", () => {
    expect(run({})).toMatchObject([{ entry: { type: "pass", list: "fast", digest: digest("a") } }]);
  });

  it.each<[string, Partial<AllFacts>, readonly string[]]>([
    ["a tree that is not its commit", { tree: { differs: ["a.py"], stamp: "" } }, []],
    ["a part of the list", {}, ["-k", "one"]],
    ["an image whose digest is not known", { engine: engine() }, []],
  ])("never for %s", (_name, world, words) => {
    expect(run(world, words)).toEqual([]);
  });
});

describe("the step of a shell or command", () => {
  const here = images("dev");
  const start = (steps: readonly Step[]) => doing(steps, command).find((one) => one.container);
  const compose = (steps: readonly Step[]) =>
    doing(steps, writeFile).find(({ path }) => path.endsWith(".yml"))?.content;
  const run = (more: Partial<Parameters<typeof inContainer>[1]> = {}) =>
    inContainer(facts(here), { ...options, words: ["ls"], ...more });

  it("is called by what it runs in, and talks to the person", () => {
    const steps = [bash(facts(here), options), run(), run({ cmd: "ls" })];
    expect(steps.map((all) => [all.map(({ id }) => id), all.at(-1)?.title, start(all)?.interactive])).toEqual([
      [["docker_pull", "docker_bash"], `Open a shell in ${repository}:dev`, true],
      [["docker_pull", "docker_cmd"], `Run a command in ${repository}:dev`, true],
      [["docker_pull", "docker_cmd"], `Run a command in ${repository}:dev`, true],
    ]);
    expect(start(bash(facts(here), options))?.argv.slice(-2)).toEqual(["/slipway/run", "bash"]);
  });

  it.each([
    ["a shell", bash(facts(here), { ...options, asRoot: true, entrypoint: false, version: version("1.1.0") })],
    ["a command", run({ asRoot: true, entrypoint: false, version: version("1.1.0") })],
    ["shell text", run({ cmd: "ls", asRoot: true, entrypoint: false, version: version("1.1.0") })],
  ])("runs %s in the version that is named, as root and without the entrypoint where that is asked", (_what, steps) => {
    expect([
      start(steps)?.env["IMAGE"],
      compose(steps)?.includes('"user": "0:0"'),
      compose(steps)?.includes('"entrypoint": []'),
    ]).toEqual([`${repository}:dev-1.1.0`, true, true]);
  });

  it("is refused where nothing is to be run", () => {
    expect(refusal(() => run({ words: [] }))).toMatchObject({
      message: "no command was given",
      why: "docker_cmd runs one command in the container.",
      fix: 'Pass shell text, i docker_cmd --cmd "ls | wc -l", or words, i docker_cmd -- ls -l',
    });
  });
});

describe("a login", () => {
  const registry = (name: string, kind: string, address: string) =>
    config({ container_registry_info: { [name]: { kind, address } } });
  const run = (
    settings: AllFacts["config"],
    more: Partial<Parameters<typeof login>[1]> = {},
    env: Readonly<Record<string, string>> = {},
  ) => login(facts({ config: settings, env }), { passwordStdin: false, ...more });
  const line = (...given: Parameters<typeof run>) => lines(run(...given));
  const [hub, ghcr] = [registry("hub", "dockerhub", "acme"), registry("ghcr", "ghcr", "ghcr.io/acme")];

  it.each([
    ["hub", "login_hub"],
    ["My-Hub..x", "login_my_hub_x"],
  ])("to %s is the step %s", (name, id) => {
    expect(run(registry(name, "oci", "127.0.0.1:5001")).map((step) => [step.id, step.title])).toEqual([
      [id, `Log in to ${name} (127.0.0.1:5001)`],
    ]);
  });

  it("asks the person, for a user that was named or not, with a password that is typed or piped", () => {
    expect([line(hub), line(hub, { username: "ada" }), line(hub, { username: "ada", passwordStdin: true })]).toEqual([
      ["docker login docker.io"],
      ["docker login --username ada docker.io"],
      ["docker login --username ada --password-stdin docker.io"],
    ]);
    expect(doing(run(hub), command)[0]?.interactive).toBe(true);
  });

  it.each<[string, Parameters<typeof login>[1]["username"], Readonly<Record<string, string>>, string]>([
    ["who was named", "ada", { GITHUB_TOKEN: "x", GITHUB_ACTOR: "bot" }, "ada"],
    ["whom GitHub names", undefined, { GITHUB_TOKEN: "x", GITHUB_ACTOR: "bot" }, "bot"],
    ["the caller", undefined, { GITHUB_TOKEN: "x" }, "gp"],
  ])("to ghcr with GITHUB_TOKEN is as %s", (_who, username, env, wanted) => {
    expect(line(ghcr, { username }, env)).toEqual([`docker login --username ${wanted} --password-stdin ghcr.io`]);
  });

  it("to ghcr asks the person where there is no token, or the password is piped", () => {
    expect([line(ghcr), line(ghcr, { passwordStdin: true }, { GITHUB_TOKEN: "x" })]).toEqual([
      ["docker login ghcr.io"],
      ["docker login --password-stdin ghcr.io"],
    ]);
    expect(doing(run(ghcr, { passwordStdin: true }, { GITHUB_TOKEN: "x" }), command)[0]?.input).toBeUndefined();
  });

  it.each<[string, Partial<AllFacts>, string]>([
    ["several registries", {}, "Name one: --target-registries ecr"],
    ["no registry", { targets: [] }, "Name one: --target-registries NAME"],
  ])("with one password for %s is refused", (_what, more, fix) => {
    expect(refusal(() => login(facts(more), { passwordStdin: true }))).toMatchObject({
      message: "--password-stdin is one password, but several registries were meant",
      why: "Each registry has its own.",
      fix,
    });
  });
});
