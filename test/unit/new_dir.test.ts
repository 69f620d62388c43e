import { describe, expect, it } from "vitest";
import { accountFrom, type Choice, devDockerfile, dockerfileFrom, type NewDir } from "../../lib/config/new_dir.ts";
import { asksRunnableDirs, initRunnableDirs } from "../../lib/init/runnable_dir.ts";
import { announce } from "../../lib/kinds/announce.ts";
import { writeFile } from "../../lib/kinds/write_file.ts";
import { chosenDir, doing, facts, newDir, refusal, stepOf } from "./factory.ts";

const file = (text: string, executable = false) => ({ text, executable });
const template = {
  "repo_config.yaml": file(
    "# yaml-language-server: $schema=x\nname: sample\nrelease:\n  build_args: {BASE_IMAGE: debian}  # note\n  more: samples\n",
  ),
  "changelog.txt": file("# sample-1.0.0\n"),
  [devDockerfile]: file("COPY devops/docker_build/pyproject.toml devops/run.sh /\n"),
  "devops/docker_build/pyproject.toml": file('name = "sample"\n'),
  "devops/run.sh": file("echo sample\n", true),
  "pyproject.toml.md": file("a sample\n"),
};
type Seen = Partial<NewDir> & { readonly dir?: string };
const init = ({ dir = ".", ...more }: Seen = {}, chosen: Partial<Choice> = {}) =>
  initRunnableDirs(facts(), {}, { dirs: [chosenDir({ template, ...more }, chosen, dir)] });
const contentOf = (path: string, ...given: Parameters<typeof init>) =>
  doing(init(...given), writeFile).find((one) => one.path === path)?.content;
const inSub = { dir: "sub" };
const withSchema = ({ dir = ".", ...more }: Seen = {}) =>
  initRunnableDirs(facts(), { schema: true }, { dirs: [chosenDir({ template, ...more }, {}, dir)] });
const schemaIn = (folder: string) => `# yaml-language-server: $schema=${folder}/thin_client/repo_config.schema.json`;

describe("init_runnable_dir", () => {
  it("writes the template's files, each with its mode, and tells what comes next", () => {
    const steps = init();
    expect(steps.map(({ id, title, skip }) => [id, title, skip])).toEqual([
      ["write_template", "Add 6 files of the toolchain to .", null],
      ["tell", "Show what to do next", null],
    ]);
    expect(doing(steps, writeFile).map(({ path, ...one }) => [path, "mode" in one ? one.mode : null])).toEqual([
      ["repo_config.yaml", null],
      ["changelog.txt", null],
      [devDockerfile, null],
      ["devops/docker_build/pyproject.toml", null],
      ["devops/run.sh", "0755"],
      ["pyproject.toml.md", null],
    ]);
    expect(stepOf(steps, "tell").do).toEqual([
      {
        kind: "announce",
        text: [
          ...Object.keys(template).map((path) => `added ${path}`),
          "Next: set the addresses in repo_config.yaml, git add --all && git commit, then i docker_release_dev",
        ].join("\n"),
        data: { added: Object.keys(template), kept: [] },
      },
    ]);
  });

  it("writes below the dir that is made", () => {
    expect(doing(init(inSub), writeFile).map(({ path }) => path)[0]).toBe("sub/repo_config.yaml");
    expect(stepOf(init(inSub), "write_template").title).toBe("Add 6 files of the toolchain to sub");
  });

  it("leaves sample and tests of the template out where a dir has its own, and gates on the fast ones alone", () => {
    const config = "release:\n  gates: [fast, slow, qa]\n";
    const files = ["conftest.py", "pytest.ini", "sample/a.py", "test/test_a.py", "repo_config.yaml"];
    const own = { template: Object.fromEntries(files.map((path) => [path, file(config)])), ownTests: "tests/" };
    expect(doing(init({ ...inSub, ...own }), writeFile)).toMatchObject([
      { path: "sub/repo_config.yaml", content: "release:\n  gates: [fast]\n" },
    ]);
    expect(doing(init({ ...inSub, ...own }), announce)[0]?.text).toContain("sub/tests/ is there");
    expect(doing(init({ ...own, ownTests: null }), writeFile).map(({ path }) => path)).toEqual(files);
  });

  it("begins the config with the path of its schema where that is asked for and Slipway is in the repo", () => {
    const slipwayAt = "helpers/slipway";
    const firstLine = (steps: ReturnType<typeof withSchema>) =>
      doing(steps, writeFile)
        .find(({ path }) => path.endsWith("repo_config.yaml"))
        ?.content.split("\n")[0];
    expect(firstLine(withSchema({ slipwayAt }))).toBe(schemaIn("helpers/slipway"));
    expect(firstLine(withSchema({ slipwayAt, dir: "sub" }))).toBe(schemaIn("../helpers/slipway"));
    expect(firstLine(init({ slipwayAt }))).toBe("name: opt");
    const kept = doing(withSchema({ slipwayAt, existing: ["repo_config.yaml"] }), announce)[0]?.text;
    expect(kept).toContain(`as its first: ${schemaIn("helpers/slipway")}`);
    expect(refusal(() => withSchema())).toMatchObject({ message: "Slipway is not in this repo" });
  });

  it("keeps what is there, and says so", () => {
    const existing = ["changelog.txt", "devops/run.sh"];
    const steps = init({ ...inSub, existing });
    expect([stepOf(steps, "write_template").title, doing(steps, announce)[0]]).toEqual([
      "Add 4 files of the toolchain to sub",
      {
        kind: "announce",
        text: [
          ...["repo_config.yaml", devDockerfile, "devops/docker_build/pyproject.toml", "pyproject.toml.md"].map(
            (path) => `added sub/${path}`,
          ),
          "kept sub/changelog.txt, which was there",
          "kept sub/devops/run.sh, which was there",
          "Next: set the addresses in repo_config.yaml, git add --all && git commit, then i docker_release_dev",
        ].join("\n"),
        data: {
          added: ["repo_config.yaml", devDockerfile, "devops/docker_build/pyproject.toml", "pyproject.toml.md"].map(
            (path) => `sub/${path}`,
          ),
          kept: existing.map((path) => `sub/${path}`),
        },
      },
    ]);
  });

  it("writes nothing where every file is there", () => {
    expect(stepOf(init({ existing: Object.keys(template) }), "write_template").skip).toBe("every file is there");
  });

  it("dates the first entry today, and takes host and account from the Git remote", () => {
    const changelog = file("# sample-1.0.0\n- 2025-01-01\n- First release\n");
    const text =
      "repo_info:\n  github_repo_account: your-account\n  github_host_name: github.com\nghcr: ghcr.io/your-account\n";
    const filled = { template: { "changelog.txt": changelog, "repo_config.yaml": file(text) } };
    expect(contentOf("changelog.txt", filled)).toBe("# opt-1.0.0\n- 2025-01-02\n- First release\n");
    const account = accountFrom("git@git.acme.org:acme/tools.git");
    expect(contentOf("repo_config.yaml", filled, { account })).toBe(
      "repo_info:\n  github_repo_account: acme\n  github_host_name: git.acme.org\nghcr: ghcr.io/acme\n",
    );
    for (const codeAt of [null, "/srv/tools.git"])
      expect(contentOf("repo_config.yaml", filled, { account: accountFrom(codeAt) })).toBe(text);
  });

  it.each([
    ["repo_config.yaml", "name: opt\nrelease:\n  build_args: {BASE_IMAGE: debian}  # note\n  more: samples\n"],
    ["changelog.txt", "# opt-1.0.0\n"],
    ["devops/docker_build/pyproject.toml", 'name = "opt"\n'],
    ["devops/run.sh", "echo sample\n"],
    ["pyproject.toml.md", "a sample\n"],
  ])("says the name in %s only where the file is about the image", (path, content) => {
    expect(contentOf(path)).toBe(content);
  });

  it("builds on the base image that is named, whatever signs it has", () => {
    expect(contentOf("repo_config.yaml", {}, { baseImage: "debian:12$&" })).toBe(
      'name: opt\nrelease:\n  build_args: {"BASE_IMAGE":"debian:12$&"}\n  more: samples\n',
    );
    expect(contentOf("changelog.txt", {}, { baseImage: "debian:12" })).toBe("# opt-1.0.0\n");
  });

  it("takes for the base image's line none that is further in", () => {
    const odd = { "repo_config.yaml": file("a:\n    build_args: {}\n  build_args: {}\n") };
    expect(contentOf("repo_config.yaml", { template: odd }, { baseImage: "x" })).toBe(
      'a:\n    build_args: {}\n  build_args: {"BASE_IMAGE":"x"}\n',
    );
  });

  it.each<[string, Seen, Partial<Choice>, string]>([
    ["a reserved name", {}, { name: "opt-prod" }, "is reserved"],
    [
      "another dir's name",
      {
        otherImages: [
          { dir: "x", image: "other" },
          { dir: "y", image: "opt" },
        ],
      },
      {},
      'the image name "opt" is taken by y',
    ],
  ])("is refused %s", (_what, more, chosen, wanted) => {
    expect(refusal(() => init(more, chosen)).message).toContain(wanted);
  });

  it("gives several dirs a step each, and no two of them one name", () => {
    const both = (...names: readonly [string, string]) =>
      initRunnableDirs(facts(), {}, { dirs: names.map((name, at) => chosenDir({}, { name }, `apps/${at}`)) });
    expect(both("one", "two").map(({ id }) => id)).toEqual([
      ...["write_template_apps_0", "tell_apps_0", "write_template_apps_1", "tell_apps_1"],
    ]);
    expect(refusal(() => both("one", "one")).message).toBe("two dirs would have the image one");
  });

  it("asks who has just answered, and nobody else", () => {
    const dirs = [chosenDir({ existing: ["a.txt"] }, { registries: ["ghcr.io/acme"], test: ["make", "test"] })];
    expect(asksRunnableDirs(facts(), {}, { dirs, answered: false })).toBeNull();
    expect(asksRunnableDirs(facts(), {}, { dirs, answered: true })).toBe(
      ".: the image opt for ghcr.io/acme, built from a new Dockerfile, tested by make test\nWrite these files?",
    );
  });
});

describe("a new runnable dir with code of its own", () => {
  const at = (name: string) => `devops/docker_build/${name}`;
  const plain = { [devDockerfile]: "FROM debian\nCOPY devops/docker_build/os_packages.txt /\nWORKDIR /app\n" };
  const whole = {
    [devDockerfile]: file(
      `FROM debian\nCOPY ${at("pyproject.toml")} ${at("poetry.lock")}* ${at("os_packages.txt")} /\n`,
    ),
    ...Object.fromEntries(
      [
        "dockerignore.dev",
        "dockerignore.prod",
        "prod.Dockerfile",
        "os_packages.txt",
        "poetry.lock",
        "pip_list.txt",
      ].map((name) => [at(name), file(`${name}\n`)]),
    ),
    [at("pyproject.toml")]: file('[a]\npython = "^3.11"\n\n[tool.poetry.group.dev.dependencies]\n'),
    "devops/docker_run/run_jupyter_server.sh": file("j\n", true),
    "test/test_a.py": file("t\n"),
    ".gitignore": file("*.pyc\n"),
    "repo_config.yaml": file(
      [
        ...["container_registry_info:", "  ghcr: ghcr.io/your-account", "", "release:", "  gates: [fast, slow, qa]"],
        "  # Passed to every build, e.g., BASE_IMAGE: debian:12 or PACKAGE_INDEX: https://pypi.company/simple",
        ...["  build_args: {}", "", "tests:", "  # pytest", "  fast: {prod: in_image}", "  qa: {prod: in_image}", ""],
        ...["lint:", "  files:", "    python: {}", "    node: {}", ""],
      ].join("\n"),
    ),
  };
  const paths = (...given: Parameters<typeof init>) => doing(init(...given), writeFile).map(({ path }) => path);
  const base = ["dev.Dockerfile", "dockerignore.dev", "dockerignore.prod", "prod.Dockerfile"].map(at);
  const dockerfile = 'FROM node:22\nWORKDIR /app\nUSER node\nENTRYPOINT ["node"]\n';
  const node: Seen = {
    ...{ template: whole, plain, files: ["package.json", "Dockerfile", "index.js"] },
    texts: { Dockerfile: dockerfile, "package.json": '{"dependencies": {"left-pad": "1"}}' },
  };

  it("gets what its own Dockerfile uses, which is copied, and nothing of Python", () => {
    const chosen = { dockerfile: "Dockerfile", test: ["npm", "test"], registries: ["127.0.0.1:5000", "acme"] } as const;
    expect([...paths(node, chosen)].sort()).toEqual([".gitignore", ...base, "repo_config.yaml"]);
    expect(contentOf(devDockerfile, node, chosen)?.split("\n")).toEqual([
      "# A copy of Dockerfile: the dev image is built from this file.",
      ...dockerfile.trim().split("\n"),
      "",
      expect.stringMatching(/^# The repo is mounted/),
      "USER root",
      expect.stringMatching(/^RUN .*mv node_modules \//),
      "USER node",
      "",
    ]);
    const comment = "  # Each list is a command in the container; slow, superslow and qa may have theirs beside it.";
    expect(contentOf("repo_config.yaml", node, chosen)).toBe(
      [
        ...[
          "container_registry_info:",
          '  127.0.0.1_5000: {address: "127.0.0.1:5000", kind: oci}',
          "  dockerhub: acme",
        ],
        ...["", "release:", "  gates: [fast]", "  # Passed to every build, e.g., BASE_IMAGE: debian:12"],
        ...["  build_args: {}", "", "tests:", comment],
        '  fast: {command: ["npm","test"], entrypoint: False, prod: in_image}',
        ...["  smoke: {entrypoint: False}", "", "lint:", "  files:", "    node: {}", ""],
      ].join("\n"),
    );
    expect(
      contentOf(at("dockerignore.dev"), { ...node, texts: { ...node.texts, ".dockerignore": "a\n" } }, chosen),
    ).toBe("a\n");
    expect(contentOf(".gitignore", node, chosen)).toBe("*.pyc\nnode_modules/\n");
  });

  it("comes to the same where an earlier run was killed after the copy", () => {
    const [copy = ""] = [contentOf(devDockerfile, node, { dockerfile: "Dockerfile" })];
    const later = { ...node, existing: [devDockerfile], texts: { ...node.texts, [devDockerfile]: copy } };
    expect(dockerfileFrom(newDir(later))).toBe("Dockerfile");
    expect(dockerfileFrom(newDir({ ...later, texts: { ...later.texts, [devDockerfile]: "FROM a\n" } }))).toBeNull();
  });

  it("installs the packages of Node where Node finds them, in an image of the toolchain", () => {
    const text = contentOf(devDockerfile, node, { test: [] });
    expect(text).toMatch(/WORKDIR \/\nCOPY package.json package-lock.json\* .npmrc\* .\/\nRUN .*\nWORKDIR \/app\n$/);
    expect(contentOf(at("dockerignore.dev"), node)).toContain("!package.json\n");
    const alone = { ...node, texts: { "package.json": '{"devDependencies": {"slipway": "1"}}' } };
    expect(contentOf(devDockerfile, alone)).toBe(plain[devDockerfile]);
    expect(contentOf(at("os_packages.txt"), alone, { test: ["make", "test"] })).toBe("os_packages.txt\nmake\n");
  });

  it("has no gate where nothing tests it, and says so", () => {
    const config = contentOf("repo_config.yaml", { ...node, files: ["main.rb"], texts: {} }, { test: [] });
    expect(config).toMatch(/gates: \[\][\s\S]*^tests: \{\}$/m);
    expect(config).not.toContain("lint:");
    expect(doing(init({ ...node, files: ["main.rb"] }, { test: [] }), announce)[0]?.text).toContain(
      "Nothing is a gate",
    );
  });

  it("asks for the repo's Python packages, whose lock the first build makes", () => {
    const need = { name: "a", extras: [], constraint: ">=1", marker: null } as const;
    const python: Seen = {
      ...{ template: whole, plain, files: ["app.py", "requirements.txt"] },
      needs: {
        taken: [
          { ...need, group: "main" },
          { ...need, name: "b", group: "dev" },
        ],
        left: ["requirements.txt: -e ."],
      },
    };
    expect(paths(python)).not.toContain(at("poetry.lock"));
    expect(paths(python)).toContain("devops/docker_run/run_jupyter_server.sh");
    expect(contentOf(at("pyproject.toml"), python)).toBe(
      '[a]\npython = "^3.11"\na = ">=1"\n\n[tool.poetry.group.dev.dependencies]\nb = ">=1"\n',
    );
    expect(contentOf("repo_config.yaml", python)).toContain("fast: {may_be_empty: True, prod: in_image}");
    const told = doing(init(python), announce)[0]?.text;
    expect(told).toContain("not in it, add it by hand: requirements.txt: -e .");
    expect(told).toMatch(/then i docker_release_dev --update-poetry$/);
  });
});
