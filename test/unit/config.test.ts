import { describe, expect, it } from "vitest";
import { configOf, originalYaml, refusedConfig } from "./yaml.ts";

const image = "docker_info:\n  docker_image_name: cmamp\n";

describe("a config of the original", () => {
  it("works unchanged", async () => {
    expect(await configOf(originalYaml)).toMatchObject({
      repoName: "helpers",
      imageName: "helpers",
      source: "https://github.com/causify-ai/helpers",
      dirSuffix: "helpers",
      nestedHelpers: false,
      registries: [
        { name: "ecr", kind: "ecr", address: "623860924167.dkr.ecr.eu-north-1.amazonaws.com", required: true },
        { name: "ghcr", kind: "ghcr", address: "ghcr.io/cryptokaizen", required: true },
      ],
    });
  });

  it("may hold keys of its own that Slipway does not read", async () => {
    expect(await configOf(originalYaml.replace("invalid_words:", "release_team: dev_system"))).toMatchObject({
      imageName: "helpers",
    });
  });

  it("takes the address of ecr from CSFY_ECR_BASE_PATH where that is set", async () => {
    for (const [address, kind] of [
      ["causify", "dockerhub"],
      ["ghcr.io/acme", "ghcr"],
      ["127.0.0.1:5000", "ecr"],
    ] as const)
      expect((await configOf(originalYaml, { CSFY_ECR_BASE_PATH: address })).registries[0]).toMatchObject({
        ...{ name: "ecr", address, kind },
      });
    // What is called ecr is meant, whatever its own address says.
    const elsewhere = originalYaml.replace(/ecr: .*/, "ecr: ghcr.io/acme");
    expect((await configOf(elsewhere, { CSFY_ECR_BASE_PATH: "127.0.0.1:5000" })).registries[0]).toMatchObject({
      ...{ name: "ecr", address: "127.0.0.1:5000", kind: "ecr" },
    });
    const { registries } = await configOf(originalYaml, { CSFY_ECR_BASE_PATH: "test.ecr.path" });
    expect(registries.map(({ address }) => address)).toEqual(["test.ecr.path", "ghcr.io/cryptokaizen"]);
  });
});

describe("defaults", () => {
  it("are before_release, the gates fast, slow and qa, and refs/slipway", async () => {
    expect((await configOf(image)).release).toEqual({
      none: false,
      changelogUpdate: "before_release",
      lint: false,
      gates: ["fast", "slow", "qa"],
      endToEnd: {},
      platforms: [],
      buildArgs: {},
      secrets: [],
      devPackages: ["/venv"],
      channels: {},
      refPrefix: "refs/slipway",
      remote: null,
      passesFrom: [],
      flakyPasses: false,
      keep: 10,
      package: { kind: "python", dir: ".", build: null, index: null },
    });
  });

  it("give a list of tests no command and no leave to be empty", async () => {
    expect((await configOf(image)).tests.qa).toEqual({
      command: null,
      mayBeEmpty: false,
      entrypoint: true,
      prod: null,
    });
  });

  it("give a container nothing of the host", async () => {
    expect((await configOf(image)).container).toEqual({
      volumes: [],
      ports: [],
      env: {},
      passEnv: [],
      envFile: [],
      network: null,
      composeFiles: [],
      socket: false,
      privileged: false,
      dind: false,
      slipway: false,
      home: [],
      devTools: "dev_tools",
    });
  });

  it("know no registry", async () => {
    expect((await configOf(image)).registries).toEqual([]);
  });
});

describe("what a config says", () => {
  it.each([
    ["release: none", { release: { none: true } }],
    ["release: {changelog_update: after_release}", { release: { changelogUpdate: "after_release" } }],
    ["release: {gates: [fast, superslow]}", { release: { gates: ["fast", "superslow"] } }],
    ["release: {gates: []}", { release: { gates: [] } }],
    ["release: {passes_from: [ann, CI]}", { release: { passesFrom: ["ann", "CI"] } }],
    ["release: {remote: git@host:team/repo.git}", { release: { remote: "git@host:team/repo.git" } }],
    ["release: {ref_prefix: refs/heads/slipway}", { release: { refPrefix: "refs/heads/slipway" } }],
    ["release: {build_args: {A: 1, B: two}}", { release: { buildArgs: { A: "1", B: "two" } } }],
    [
      "release: {end_to_end: {dev: {dir: e2e, argv: [pytest, -x]}}}",
      { release: { endToEnd: { dev: { dir: "e2e", argv: ["pytest", "-x"] } } } },
    ],
    [
      "release: {end_to_end: {prod: {argv: [make]}}}",
      { release: { endToEnd: { prod: { dir: ".", argv: ["make"] } } } },
    ],
    ["tests: {fast: {command: [make, 8]}}", { tests: { fast: { command: ["make", "8"] } } }],
    ["tests: {qa: {may_be_empty: true}}", { tests: { qa: { mayBeEmpty: true } } }],
    ["tests: {mount: [data, .cache/x]}", { testMounts: ["data", ".cache/x"] }],
    ["tests: {cpus: 1.5, memory: 512m}", { testCpus: 1.5, testMemory: 512 * 2 ** 20 }],
    ["tests: {cpus: 2, memory: 4GB}", { testCpus: 2, testMemory: 4 * 2 ** 30 }],
    ["tests: {memory: 6291456}", { testCpus: null, testMemory: 6 * 2 ** 20 }],
    ["container: {socket: 1, privileged: 0}", { container: { socket: true, privileged: false, slipway: true } }],
    ["container: {socket: true, slipway: false}", { container: { socket: true, slipway: false } }],
    ["container: {on: {}}", { container: { socket: false } }],
    ["container: {env: {A: true, B: }}", { container: { env: { A: "true", B: "" } } }],
    ["container: {home: [.aws, .config/gh]}", { container: { home: [".aws", ".config/gh"] } }],
    ["runnable_dir_info: {command_prefix: opt}", { commandPrefix: "opt" }],
    ["runnable_dir_info: {use_helpers_as_nested_module: 1}", { nestedHelpers: true }],
  ])("%s", async (text, expected) => {
    expect(await configOf(`${image}${text}\n`)).toMatchObject(expected);
  });
});

describe("a config is refused with file, line and key", () => {
  it.each([
    ["relese: {}", "3 relese is not a known key", 'Did you mean "release"?'],
    ["release:\n  gate: [fast]", "4 release.gate is not a known key", 'Did you mean "gates"?'],
    ["tests:\n\n  quick: {}", "5 tests.quick is not a known key", "Known are fast, slow, superslow, qa"],
    ["tests: {cpus: 0}", '3 tests.cpus is "0", no number of cores', "cpus: 0.5"],
    ["tests: {cpus: all}", '3 tests.cpus is "all", no number of cores', "cpus: 2"],
    ["tests: {cpus: -1}", '3 tests.cpus is "-1", no number of cores', "cpus: 2"],
    ["tests: {memory: 5m}", '3 tests.memory is "5m", no memory of 6 MB or more', "memory: 512m"],
    ["tests: {memory: 1.5g}", '3 tests.memory is "1.5g", no memory', "memory: 512m"],
    ["tests: {memory: 4t}", '3 tests.memory is "4t", no memory', "or 4g"],
    ["tests: {mount: [../data]}", '3 tests.mount has "../data"', "below the runnable dir"],
    ["tests: {mount: [/data]}", '3 tests.mount has "/data"', "below the runnable dir"],
    ["tests: {mount: [a/.git]}", '3 tests.mount has "a/.git"', "below the runnable dir"],
    ["tests: {fast: {comand: [a]}}", "3 tests.fast.comand is not a known key", 'Did you mean "command"?'],
    ["container:\n  env_fil: [a]", "4 container.env_fil is not a known key", 'Did you mean "env_file"?'],
    ["release:\n  gates: [quick]", '4 release.gates names "quick"', "Use: fast, slow, superslow, qa, lint"],
    ["release:\n  gates: fast", "4 release.gates is not a list", "Write it as gates: [a, b]"],
    ["release: never", "3 release is not a section", '"release:"'],
    ["release:\n  changelog_update: later", '4 release.changelog_update is "later"', "before_release, after_release"],
    ["release:\n  end_to_end: {dev: {dir: a}}", "4 release.end_to_end.dev.argv is missing", "argv: [pytest, e2e]"],
    ["container:\n  home: [.gnupg]", '4 container.home names ".gnupg"', "Use: .aws, .ssh, .config/gh"],
    ["container:\n  socket: maybe", '4 container.socket is "maybe", not true or false', "Write true or false"],
    ["container:\n  ports: [[1]]", "4 container.ports has an item that is not a text", "quotes"],
    ["container:\n  network: [a]", "4 container.network is not a text", "one value"],
    ["container:\n  env: [A=1]", "4 container.env is not a section", '"env:"'],
  ])("%s", async (text, what, fix) => {
    expect(await refusedConfig(`${image}${text}\n`)).toMatchObject({
      message: expect.stringContaining(`repo_config.yaml:${what}`),
      fix: expect.stringContaining(fix),
      kind: "config",
    });
  });

  it.each([
    ["", "repo_config.yaml:1 "],
    ["null\n", "repo_config.yaml:1 is empty"],
    ["just text", "repo_config.yaml:1 is not a section"],
    ["- a\n- b\n", "repo_config.yaml:1 is not a section"],
    ["docker_info: cmamp\n", "repo_config.yaml:1 docker_info is not a section"],
    ["docker_info: {}\n", "repo_config.yaml:1 docker_info.docker_image_name is missing"],
    ["docker_info:\n  docker_image_name: [a]\n", "docker_info.docker_image_name is not a text"],
    ["a: 1\na: 2\n", "repo_config.yaml:2 "],
    ["a: [1\n", "repo_config.yaml:2 "],
    [`${image}a:\n\tb: 1\n`, "repo_config.yaml:4 "],
  ])("%j", async (text, what) => {
    expect((await refusedConfig(text)).message).toContain(what);
  });

  it("has an image name that a Git tag could not mean", async () => {
    expect((await refusedConfig("docker_info: {docker_image_name: cmamp-prod}")).message).toContain("reserved");
  });
});
