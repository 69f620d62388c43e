import { describe, expect, it } from "vitest";
import { type Config, parseConfig } from "../../lib/config/config.ts";
import { config, refusal } from "./factory.ts";

const refused = (sections: object) => refusal(() => config({ ...sections }));

describe("where the code lives", () => {
  it.each([
    [{}, null],
    [{ repo_name: "tools" }, null],
    [{ github_repo_account: "your-account" }, null],
    [{ github_repo_account: "acme" }, "https://github.com/acme/cmamp"],
    [
      { repo_name: "tools", github_repo_account: "acme", github_host_name: "git.acme.org" },
      "https://git.acme.org/acme/tools",
    ],
  ])("is for %j %s", (info, source) => {
    expect(config({ repo_info: info }).source).toBe(source);
  });
});

describe("a config says", () => {
  it.each<[object, unknown, (of: Config) => unknown]>([
    [{ repo_info: { repo_name: "tools" } }, "tools", ({ repoName }) => repoName],
    [{}, "cmamp", ({ repoName }) => repoName],
    [{}, "cmamp", ({ imageName }) => imageName],
    [{}, "Task", ({ issuePrefix }) => issuePrefix],
    [{ repo_info: { issue_prefix: "Cm-Task_" } }, "Cm-Task_", ({ issuePrefix }) => issuePrefix],
    [{ runnable_dir_info: { dir_suffix: "x" } }, "x", ({ dirSuffix }) => dirSuffix],
    [{}, "cmamp", ({ dirSuffix }) => dirSuffix],
    [{}, null, ({ commandPrefix }) => commandPrefix],
    [
      { python_info: { python_version: "3.12" }, "x\n": 1 },
      ['repo_config.yaml:1 "python_info"', 'repo_config.yaml:1 "x\\n"'],
      ({ leftAlone }) => leftAlone,
    ],
    [{ runnable_dir_info: { command_prefix: "opt" } }, "opt", ({ commandPrefix }) => commandPrefix],
    [{}, false, ({ nestedHelpers }) => nestedHelpers],
    [{ runnable_dir_info: { use_helpers_as_nested_module: true } }, true, ({ nestedHelpers }) => nestedHelpers],
    [{}, { command: ["uname", "-m"], entrypoint: true }, ({ smoke }) => smoke],
    [
      { tests: { smoke: { command: ["true"], entrypoint: false } } },
      { command: ["true"], entrypoint: false },
      ({ smoke }) => smoke,
    ],
    [{}, true, ({ tests }) => tests.fast.entrypoint],
    [{ tests: { fast: { entrypoint: false } } }, false, ({ tests }) => tests.fast.entrypoint],
    [{}, {}, ({ packages }) => packages.allowUnused],
    [{ release: { gates: ["lint", "fast"] } }, [["fast"], true], ({ release }) => [release.gates, release.lint]],
    [{ release: { gates: ["fast"] } }, [["fast"], false], ({ release }) => [release.gates, release.lint]],
    [{ packages: { allow_unused: { ipdb: "typed" } } }, { ipdb: "typed" }, ({ packages }) => packages.allowUnused],
    [{ tmux: { any: "thing" } }, ['repo_config.yaml:1 "tmux"'], ({ leftAlone }) => leftAlone],
    [{ s3_bucket_info: { any: "thing" } }, "cmamp", ({ imageName }) => imageName],
  ])("%j: %j", (sections, expected, of) => {
    expect(of(config({ ...sections }))).toEqual(expected);
  });

  it.each<[object, Partial<Config["release"]>]>([
    [{ platforms: ["linux/arm64", "linux/amd64"] }, { platforms: ["linux/amd64", "linux/arm64"] }],
    [{ dev_packages: ["/venv", "/opt/a-b_c.d+e"] }, { devPackages: ["/venv", "/opt/a-b_c.d+e"] }],
    [{ build_args: { A: 1 } }, { buildArgs: { A: "1" } }],
    [{ flaky_passes: true }, { flakyPasses: true }],
    [{ channels: { develop: ["develop", "edge"] } }, { channels: { develop: ["develop", "edge"] } }],
    [
      { build_args: { A: "https://x.org/a@b", B: "git@x.org:a" } },
      { buildArgs: { A: "https://x.org/a@b", B: "git@x.org:a" } },
    ],
    [{ secrets: ["PIP_INDEX_URL"] }, { secrets: ["PIP_INDEX_URL"] }],
    [{ changelog_update: "after_release" }, { changelogUpdate: "after_release" }],
    [{ changelog_update: "before_release" }, { changelogUpdate: "before_release" }],
    [{ gates: ["qa"] }, { gates: ["qa"] }],
    [{ ref_prefix: "refs/heads/a-b/_c" }, { refPrefix: "refs/heads/a-b/_c" }],
    [
      { end_to_end: { dev: { dir: "e", argv: ["x"] }, prod: { argv: ["y"] } } },
      { endToEnd: { dev: { dir: "e", argv: ["x"] }, prod: { dir: ".", argv: ["y"] } } },
    ],
  ])("of a release %j", (section, expected) => {
    expect(config({ release: section }).release).toMatchObject(expected);
  });

  it("that nothing is ever released, and then nothing else of a release", () => {
    expect(config({ release: "none" }).release).toEqual({
      lint: false,
      none: true,
      changelogUpdate: "before_release",
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

  it("of every list of tests its command, whether it may be empty, and how it runs for prod", () => {
    const row = { command: ["make"], may_be_empty: true, prod: "from_outside" };
    const told = { command: ["make"], mayBeEmpty: true, entrypoint: true, prod: "from_outside" };
    for (const name of ["fast", "slow", "superslow", "qa"] as const) {
      const { tests } = config({ tests: { [name]: row } });
      expect(tests[name]).toEqual(told);
      expect(Object.values(tests).filter(({ mayBeEmpty }) => mayBeEmpty)).toHaveLength(1);
    }
  });

  it("of a container all that it has beside its image", () => {
    const { container } = config({
      container: {
        ...{ volumes: ["/a:/b"], ports: ["1:2"], env: { A: 1 }, env_file: ["e"], network: "lab", home: [".ssh"] },
        ...{ compose_files: ["c.yml"], pass_env: ["A_KEY"], socket: true, privileged: true, dev_tools: "tools" },
      },
    });
    expect(container).toEqual({
      ...{ volumes: ["/a:/b"], ports: ["1:2"], env: { A: "1" }, envFile: ["e"], network: "lab", home: [".ssh"] },
      ...{
        composeFiles: ["c.yml"],
        passEnv: ["A_KEY"],
        socket: true,
        privileged: true,
        dind: false,
        slipway: true,
        devTools: "tools",
      },
    });
  });

  it("of a container nothing of the host unless it is asked for", () => {
    expect(config().container).toEqual({
      ...{ volumes: [], ports: [], env: {}, envFile: [], network: null, composeFiles: [], home: [] },
      ...{ passEnv: [], socket: false, privileged: false, dind: false, slipway: false, devTools: "dev_tools" },
    });
  });

  describe("of a container by the machine", () => {
    const on = {
      "*": { network: "all" },
      "dev*": { socket: true, volumes: ["/data:/data"] },
      "dev2.lab": { socket: false, privileged: true },
      "*-ci-*": { privileged: true, socket: null },
    };
    const containerOf = (host: string, section: object = { on, volumes: ["./a:/a"] }) => {
      const value = { docker_info: { docker_image_name: "cmamp" }, container: section };
      return parseConfig({ file: "repo_config.yaml", lineOf: () => 1, value }, { host }).container;
    };

    it.each([
      ["laptop", { network: "all", socket: false, privileged: false, volumes: ["./a:/a"] }],
      ["dev1", { socket: true, privileged: false, volumes: ["/data:/data"] }],
      ["DEV1.lab.org", { socket: true, slipway: true }],
      ["dev2", { socket: true, privileged: false }],
      ["dev2.lab", { socket: false, privileged: true, slipway: false, volumes: ["/data:/data"] }],
      ["a-ci-1", { socket: false, privileged: true }],
      ["-ci-", { privileged: true }],
      ["ci-", { privileged: false }],
      ["", { network: "all", privileged: false }],
    ])("%j takes what the last pattern that fits it says", (host, expected) => {
      expect(containerOf(host)).toMatchObject(expected);
    });

    it.each([
      ["a*a", "a", false],
      ["a*a", "aa", true],
      ["*b*b*", "abab", true],
      ["*b*b*", "ab", false],
      ["d.v", "dxv", false],
    ])("%s of %s: %j", (pattern, host, socket) => {
      expect(containerOf(host, { on: { [pattern]: { socket: true } } }).socket).toBe(socket);
    });

    it.each([
      [{ "a b": {} }, "container.on.a b is no name of a machine"],
      [{ "$(id)": {} }, "container.on.$(id) is no name of a machine"],
      [{ dev: { sockets: true } }, "container.on.dev.sockets is not a known key"],
      [{ dev: { on: {} } }, "container.on.dev.on is not a known key"],
      [{ dev: { home: [".gnupg"] } }, 'container.on.dev.home names ".gnupg"'],
      [{ dev: true }, "container.on.dev is not a section"],
    ])("%j is refused on every machine", (wrong, what) => {
      expect(refusal(() => containerOf("laptop", { on: wrong })).message).toBe(`repo_config.yaml:1 ${what}`);
    });
  });

  it.each([
    [{}, "SLACK_WEBHOOK_URL"],
    [{ notify: {} }, "SLACK_WEBHOOK_URL"],
    [{ notify: { slack: "TEAM_1" } }, "TEAM_1"],
    [{ notify: { slack: "_hook" } }, "_hook"],
  ])("whom to tell of a release: %j", (sections, variable) => {
    expect(config({ ...sections }).notify).toEqual({ slack: variable });
  });
});

describe("a secret is refused in", () => {
  it.each<[object, string]>([
    [
      { release: { build_args: { INDEX: "https://ada:s3cret@x.org/simple" } } },
      "release.build_args.INDEX holds a secret",
    ],
    [{ release: { build_args: { INDEX: "https://s3cret@x.org" } } }, "release.build_args.INDEX holds a secret"],
    [{ release: { build_args: { GH_TOKEN: "s3cret" } } }, "release.build_args.GH_TOKEN holds a secret"],
    [{ release: { secrets: ["A=s3cret"] } }, "release.secrets has what is no name of a variable"],
    [{ container: { pass_env: ["A=s3cret"] } }, "container.pass_env has what is no name of a variable"],
  ])("%j, and not shown", (sections, what) => {
    const { message, fix } = refusal(() => config({ ...sections }));
    expect(message).toContain(what);
    expect(message + fix).not.toContain("s3cret");
  });
});

describe("a config is refused", () => {
  it.each<[object, string, string]>([
    [
      { release: { dev_packages: ["venv"] } },
      'release.dev_packages has "venv"',
      "Write absolute paths in the image, like /venv",
    ],
    [
      { release: { dev_packages: ["/a/../b"] } },
      'release.dev_packages has "/a/../b"',
      "Write absolute paths in the image, like /venv",
    ],
    [
      { release: { dev_packages: ["/a b"] } },
      'release.dev_packages has "/a b"',
      "Write absolute paths in the image, like /venv",
    ],
    [
      { release: { dev_packages: ["x /a"] } },
      'release.dev_packages has "x /a"',
      "Write absolute paths in the image, like /venv",
    ],
    [
      { release: { dev_packages: ["/"] } },
      'release.dev_packages has "/"',
      "Write absolute paths in the image, like /venv",
    ],
    [
      { release: { ref_prefix: "--force" } },
      'release.ref_prefix is "--force", not the start of a ref',
      "Write it like refs/heads/slipway",
    ],
    [
      { release: { ref_prefix: "refs" } },
      'release.ref_prefix is "refs", not the start of a ref',
      "Write it like refs/heads/slipway",
    ],
    [
      { release: { ref_prefix: "refs/a/" } },
      'release.ref_prefix is "refs/a/", not the start of a ref',
      "Write it like refs/heads/slipway",
    ],
    [
      { release: { ref_prefix: "refs/-a" } },
      'release.ref_prefix is "refs/-a", not the start of a ref',
      "Write it like refs/heads/slipway",
    ],
    [
      { release: { ref_prefix: "x refs/a" } },
      'release.ref_prefix is "x refs/a", not the start of a ref',
      "Write it like refs/heads/slipway",
    ],
    ...["dev", "prod-1.0.0", "local-ada-1.0.0", "dev_x", "1.2.0", "v1.2", "1", "a b", "$(x)"].map(
      (tag) =>
        [
          { release: { channels: { develop: [tag] } } },
          `release.channels.develop names "${tag}"`,
          "Use a tag that no release has, like develop, edge or latest",
        ] as [object, string, string],
    ),
    [{ release: { gates: ["none"] } }, 'release.gates names "none"', "Use: fast, slow, superslow, qa, lint"],
    [
      { release: { end_to_end: { dev: {} } } },
      "release.end_to_end.dev.argv is missing",
      "Give the words of the command: argv: [pytest, e2e]",
    ],
    [
      { release: { end_to_end: { dev: { cmd: "x" } } } },
      "release.end_to_end.dev.cmd is not a known key",
      "Known are dir, argv",
    ],
    [
      { tests: { fast: { prod: "inside" } } },
      'tests.fast.prod is "inside"',
      "Use one of: in_image, from_outside, with_dev_packages",
    ],
    [{ packages: { unused: {} } }, "packages.unused is not a known key", 'Did you mean "allow_unused"?'],
    [
      { packages: { allow_unused: { ipdb: " " } } },
      "packages.allow_unused.ipdb has no reason",
      'Write why it stays: ipdb: "typed by hand"',
    ],
    ...["Task4", "-x", "a b", "$(x)"].map(
      (text) =>
        [
          { repo_info: { issue_prefix: text } },
          `repo_info.issue_prefix is "${text}", no start of a branch's name`,
          "Write letters, like issue_prefix: CmampTask",
        ] as [object, string, string],
    ),
    [{ container: { home: [".gnupg"] } }, 'container.home names ".gnupg"', "Use: .aws, .ssh, .config/gh"],
    [{ notify: { email: "x" } }, "notify.email is not a known key", "Known are slack"],
    [{ release: { gate: [] } }, "release.gate is not a known key", 'Did you mean "gates"?'],
    [{ tests: { fst: {} } }, "tests.fst is not a known key", 'Did you mean "fast"?'],
    [{ tests: { qa: { comand: [] } } }, "tests.qa.comand is not a known key", 'Did you mean "command"?'],
    [{ container: { port: [] } }, "container.port is not a known key", 'Did you mean "ports"?'],
    [{ notifi: {} }, "notifi is not a known key", 'Did you mean "notify"?'],
    [{ package: {} }, "package is not a known key", 'Did you mean "packages"?'],
    [
      { release: { downstream: [] } },
      "release.downstream is not a known key",
      "Known are changelog_update, gates, end_to_end, platforms, build_args, secrets, dev_packages, channels, ref_prefix, remote, passes_from, flaky_passes, package, keep",
    ],
    [
      { docker_info: {} },
      "docker_info.docker_image_name is missing",
      'Add docker_info: with docker_image_name: "name" below it',
    ],
  ])("%j", (sections, what, fix) => {
    expect(refused(sections)).toMatchObject({ message: `repo_config.yaml:1 ${what}`, fix, kind: "config" });
  });

  it.each(["docker_infos", "containers", "test", "notifyy", "Release"])("where the section %s is a slip", (name) => {
    expect(refused({ [name]: {} }).message).toBe(`repo_config.yaml:1 ${name} is not a known key`);
  });

  it.each([null, undefined])("where it is %s, with the way to a whole one", (value) => {
    expect(refusal(() => parseConfig({ file: "repo_config.yaml", lineOf: () => 1, value }))).toMatchObject({
      message: "repo_config.yaml:1 is empty",
      fix: "Start from the template: i init_runnable_dir",
    });
  });

  it.each(["https://hooks.slack.com/services/T0/B0/secret", "1A", "A-B", "A B", "", "$A", "A\n"])(
    "where the webhook is %j instead of a variable, without showing it",
    (slack) => {
      const { message, fix } = refused({ notify: { slack } });
      expect([message, fix]).toEqual([
        "repo_config.yaml:1 notify.slack is not the name of a variable",
        "Write the name, e.g. slack: SLACK_WEBHOOK_URL, and set the variable in .env or in CI's secrets",
      ]);
    },
  );
});
