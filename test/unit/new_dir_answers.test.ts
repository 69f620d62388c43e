import { describe, expect, it } from "vitest";
import { type OldTexts, readOldConfig } from "../../lib/config/config_of_the_original.ts";
import {
  accountFrom,
  type NewDir,
  parseAccount,
  parseDockerfile,
  parseTestCommand,
  registryOf,
  shownTest,
  testsFrom,
  usualBase,
} from "../../lib/config/new_dir.ts";
import { parseRegistryAddress, registryLines } from "../../lib/config/registry.ts";
import { type NeedSources, poetryLine, pythonNeeds } from "../../lib/python/python_needs.ts";
import { newDir, refusal } from "./factory.ts";

describe("what runs the tests of a dir", () => {
  const manifest = (value: object) => ({ "package.json": JSON.stringify(value) });
  it.each<[string, Partial<NewDir>, string]>([
    ["pytest where a test is", { files: ["a.py", "b/test_a.py", "package.json"] }, "pytest"],
    ["pytest where its settings are", { files: ["a.py"], ownTests: "pytest.ini" }, "pytest"],
    ["the script of npm", { files: ["package.json"], texts: manifest({ scripts: { test: "tap" } }) }, "npm test"],
    [
      "the script of another manager, by its lock",
      { files: ["package.json", "pnpm-lock.yaml"], texts: manifest({ scripts: { test: "tap" } }) },
      "pnpm test",
    ],
    [
      "not what npm init leaves",
      { files: ["package.json"], texts: manifest({ scripts: { test: 'echo "Error: no test specified" && exit 1' } }) },
      "none",
    ],
    ["vitest", { files: ["package.json"], texts: manifest({ devDependencies: { vitest: "3" } }) }, "npx vitest run"],
    ["make", { files: ["Makefile"], texts: { Makefile: "all:\n\ntest: all\n\ttrue\n" } }, "make test"],
    ["no variable of make", { files: ["Makefile"], texts: { Makefile: "test := 1\n" } }, "none"],
    ["go", { files: ["go.mod"] }, "go test ./..."],
    ["cargo", { files: ["Cargo.toml"] }, "cargo test"],
    ["pytest where Python has no tests yet", { files: ["a.py"] }, "pytest"],
    ["pytest where nothing is", {}, "pytest"],
    ["nothing where nobody knows", { files: ["main.rb"] }, "none"],
    ["go, whatever script of Python lies deep in it", { files: ["go.mod", "tools/gen.py"] }, "go test ./..."],
  ])("is %s", (_what, more, wanted) => {
    expect(shownTest(testsFrom(newDir(more)))).toBe(wanted);
  });

  it("is typed as words without a shell", () => {
    expect(parseTestCommand(" npx  vitest run ")).toEqual(["npx", "vitest", "run"]);
    expect([parseTestCommand("pytest"), parseTestCommand("none")]).toEqual(["pytest", []]);
    for (const text of ["a; b", "a && b", "echo 'a'", "$(x)", "a\u202e", ""])
      expect(refusal(() => parseTestCommand(text)).fix).toContain("npm test");
  });
});

it.each([
  [["package.json"], "node:22-bookworm-slim"],
  [["go.mod"], "golang:1-bookworm"],
  [["Cargo.toml"], "rust:1-slim-bookworm"],
  [["main.rb"], null],
  [["a.py", "package.json"], null],
  [[], null],
])("a new image for %j starts from %j", (files, wanted) => {
  expect(usualBase(newDir({ files }))).toBe(wanted);
});

describe("account and registries", () => {
  it.each([
    ["git@github.com:Acme/x.git", "github.com/Acme", "ghcr.io/acme"],
    ["https://gitlab.com/acme/team/x", "gitlab.com/acme/team", "registry.gitlab.com/acme/team"],
    ["/srv/x.git", null, null],
    ["git@host:x.git", null, null],
    ["https://git.acme.org/a b/x", null, null],
  ])("of the remote %s are %s and %s", (remote, account, registry) => {
    const found = accountFrom(remote);
    expect(found && `${found.host}/${found.account}`).toBe(account);
    expect(found && registryOf(found)).toBe(registry);
  });

  it.each(["acme", "github.com", "github.com/", "github.com/a: b", "a/b", "github.com/../x", "-x.y/z"])(
    "are not taken from %j",
    (text) => {
      expect(refusal(() => parseAccount(text)).fix).toBe("Write it like github.com/acme");
    },
  );

  it("are written short where the host says what the registry is", () => {
    expect(
      registryLines([
        "ghcr.io/a",
        "ghcr.io/b",
        "127.0.0.2:5000",
        "123456789012.dkr.ecr.eu-north-1.amazonaws.com",
        "acme",
      ]),
    ).toEqual([
      "ghcr: ghcr.io/a",
      'ghcr.io_b: {address: "ghcr.io/b", kind: ghcr}',
      '127.0.0.2_5000: {address: "127.0.0.2:5000", kind: oci}',
      "ecr: 123456789012.dkr.ecr.eu-north-1.amazonaws.com",
      "dockerhub: acme",
    ]);
  });

  it.each(["https://ghcr.io/a", "ghcr.io/A", "ghcr.io/", "a:tag", "a b", "a@b", "x: y", "", "$(x)", "ghcr.io/a:1"])(
    "are no address like %j",
    (text) => {
      expect(refusal(() => parseRegistryAddress(text)).message).toBe(`"${text}" is no address of a registry`);
    },
  );
});

it("a Dockerfile is one of the dir, or new", () => {
  expect([parseDockerfile("Dockerfile"), parseDockerfile("Dockerfile.dev"), parseDockerfile("new")]).toEqual([
    ...["Dockerfile", "Dockerfile.dev", null],
  ]);
  expect(refusal(() => parseDockerfile("../Dockerfile")).fix).toContain("--dockerfile Dockerfile");
});

describe("the Python packages of a repo", () => {
  const none: NeedSources = {
    requirements: null,
    devRequirements: null,
    setupPy: null,
    setupCfg: null,
    pyproject: undefined,
  };
  const read = (more: Partial<NeedSources>) => {
    const { taken, left } = pythonNeeds({ ...none, ...more });
    return [...taken.map((need) => `${need.group} ${poetryLine(need)}`), ...left.map((line) => `left ${line}`)];
  };
  it.each<[string, Partial<NeedSources>, readonly string[]]>([
    [
      "requirements.txt",
      {
        requirements:
          'a\nB.c [x, y] >= 1, < 2  # why\nd==1.0 \\\n  --hash=sha256:00\ne~=1.4; python_version < "3"\n#f\n-r g.txt\nh @ https://x\nA==2\n./i\n"j"\n',
        devRequirements: "k\n",
      },
      [
        'main a = "*"',
        'main B.c = {version = ">=1,<2", extras = ["x", "y"]}',
        'main d = "==1.0"',
        'main e = {version = "~=1.4", markers = "python_version < \\"3\\""}',
        'dev k = "*"',
        ...["left requirements.txt: -r g.txt", "left requirements.txt: h @ https://x"],
        ...["left requirements.txt: ./i", 'left requirements.txt: "j"'],
      ],
    ],
    [
      "setup.py",
      { setupPy: "setup(\n  install_requires=[\n 'a>=1', # b\n \"c[d]\",\n],)" },
      ['main a = ">=1"', 'main c = {version = "*", extras = ["d"]}'],
    ],
    [
      "setup.py that makes its list",
      { setupPy: "setup(install_requires=read('a'))" },
      ["left setup.py: install_requires"],
    ],
    ["setup.py that adds to it", { setupPy: "install_requires=['a' + b]" }, ["left setup.py: install_requires"]],
    [
      "setup.cfg",
      { setupCfg: "[options]\ninstall_requires =\n  a\n  b>1\nzip_safe = no\n" },
      ['main a = "*"', 'main b = ">1"'],
    ],
    [
      "pyproject.toml",
      {
        pyproject: {
          project: { dependencies: ["a (>=1)", 3] },
          "dependency-groups": { dev: ["b", { "include-group": "c" }] },
          tool: {
            poetry: {
              dependencies: { python: "^3", d: "^1", e: { version: "1", extras: ["f"] }, g: { git: "https://x" } },
              group: { dev: { dependencies: { h: "*" } } },
            },
          },
        },
      },
      [
        ...[
          'main a = ">=1"',
          'main d = "^1"',
          'main e = {version = "1", extras = ["f"]}',
          'dev h = "*"',
          'dev b = "*"',
        ],
        ...["left pyproject.toml: 3", "left pyproject.toml: g", 'left pyproject.toml: {"include-group":"c"}'],
      ],
    ],
  ])("are read from %s", (_what, more, wanted) => {
    expect(read(more)).toEqual(wanted);
  });
});

describe("repo_config.py of the Python toolchain", () => {
  const text = [
    'def get_name() -> str:\n    return "//sorr"\n',
    'def get_repo_map() -> Dict[str, str]:\n    """\n    Return a mapping.\n    """\n    repo_map: Dict[str, str] = {"sorr": "sorrentum/sorrentum"}\n    return repo_map\n',
    'def get_host_name() -> str:\n    return "github.com"\n',
    'def get_invalid_words() -> List[str]:\n    return ["one", "tw$o"]\n',
    'def get_docker_base_image_name() -> str:\n    """\n    Return a base name.\n    """\n    base_image_name = "cmamp"\n    return base_image_name\n',
  ].join("\n\n");
  const ecr = "665840871993.dkr.ecr.us-east-1.amazonaws.com";
  const old = (more: Partial<OldTexts> = {}) => readOldConfig({ repoConfig: text, others: [], ...more });

  it("gives names, account and words", () => {
    expect(old()).toEqual({
      ...{ repoName: "sorr", imageName: "cmamp", account: { host: "github.com", account: "sorrentum" } },
      ...{ invalidWords: ["one"], registries: [] },
    });
  });

  it.each([
    [`export AM_ECR_BASE_PATH="${ecr}"\n`, [ecr]],
    [`os.environ["CSFY_ECR_BASE_PATH"] = '${ecr}'\n`, [ecr]],
    ["CSFY_ECR_BASE_PATH: ghcr.io/acme\n", ["ghcr.io/acme"]],
    ["CSFY_ECR_BASE_PATH: ghcr.io/$OWNER\nCSFY_ECR_BASE_PATH=`x`\n", []],
  ])("gives the registry that a script beside it has: %j", (script, wanted) => {
    expect(old({ others: [script] }).registries).toEqual(wanted);
  });

  it.each([
    ["is not there", null, "there is no repo_config.py to adopt"],
    [
      "computes its name",
      'def get_docker_base_image_name():\n    return os.environ["X"]\n',
      "repo_config.py does not say",
    ],
    ["has no name", "", "repo_config.py does not say the name of the image"],
  ])("that %s is refused", (_what, repoConfig, message) => {
    expect(refusal(() => old({ repoConfig })).message).toContain(message);
  });
});
