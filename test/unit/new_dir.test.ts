import { describe, expect, it } from "vitest";
import { type InitOptions, initRunnableDir } from "../../lib/flows/runnable_dir.ts";
import { announce } from "../../lib/kinds/announce.ts";
import { writeFile } from "../../lib/kinds/write_file.ts";
import type { AllFacts, NewDir } from "../../lib/model/facts.ts";
import { doing, facts, refusal, stepOf } from "./factory.ts";

const file = (text: string, executable = false) => ({ text, executable });
const template = {
  "repo_config.yaml": file("name: sample\nrelease:\n  build_args: {BASE_IMAGE: debian}  # note\n  more: samples\n"),
  "changelog.txt": file("# sample-1.0.0\n"),
  "devops/docker_build/pyproject.toml": file('name = "sample"\n'),
  "devops/run.sh": file("echo sample\n", true),
  "pyproject.toml.md": file("a sample\n"),
};
type Seen = Partial<NewDir> & Pick<Partial<AllFacts>, "place">;
const init = ({ place, ...more }: Seen = {}, options: Partial<InitOptions> = {}) =>
  initRunnableDir(
    facts(place ? { place } : {}),
    { name: "opt", ...options },
    { template, existing: [], ownTests: null, codeAt: null, otherImages: [], ...more },
  );
const contentOf = (path: string, ...given: Parameters<typeof init>) =>
  doing(init(...given), writeFile).find((one) => one.path === path)?.content;
const inSub = { place: { ...facts().place, dir: "sub" } };

describe("init_runnable_dir", () => {
  it("writes the template's files, each with its mode, and tells what comes next", () => {
    const steps = init();
    expect(steps.map(({ id, title, skip }) => [id, title, skip])).toEqual([
      ["write_template", "Add 5 files of the toolchain to .", null],
      ["tell", "Show what to do next", null],
    ]);
    expect(doing(steps, writeFile).map(({ path, ...one }) => [path, "mode" in one ? one.mode : null])).toEqual([
      ["repo_config.yaml", null],
      ["changelog.txt", null],
      ["devops/docker_build/pyproject.toml", null],
      ["devops/run.sh", "0755"],
      ["pyproject.toml.md", null],
    ]);
    expect(stepOf(steps, "tell").do).toEqual([
      {
        kind: "announce",
        text: "Next: set the addresses in repo_config.yaml, git add --all && git commit, then i docker_release_dev",
        data: { added: Object.keys(template), kept: [] },
      },
    ]);
  });

  it("writes below the dir that is made", () => {
    expect(doing(init(inSub), writeFile).map(({ path }) => path)[0]).toBe("sub/repo_config.yaml");
    expect(stepOf(init(inSub), "write_template").title).toBe("Add 5 files of the toolchain to sub");
  });

  it("leaves sample and tests of the template out where a dir has its own, and gates on the fast ones alone", () => {
    const config = "release:\n  gates: [fast, slow, qa]\n";
    const files = ["conftest.py", "pytest.ini", "sample/a.py", "test/test_a.py", "devops/run.sh", "repo_config.yaml"];
    const own = { template: Object.fromEntries(files.map((path) => [path, file(config)])), ownTests: "tests/" };
    expect(doing(init({ ...inSub, ...own }), writeFile)).toMatchObject([
      { path: "sub/devops/run.sh", content: config },
      { path: "sub/repo_config.yaml", content: "release:\n  gates: [fast]\n" },
    ]);
    expect(doing(init({ ...inSub, ...own }), announce)[0]?.text).toContain("sub/tests/ is there");
    expect(doing(init({ ...own, ownTests: null }), writeFile).map(({ path }) => path)).toEqual(files);
  });

  it("keeps what is there, and says so", () => {
    const existing = ["changelog.txt", "devops/run.sh"];
    const steps = init({ ...inSub, existing });
    expect([stepOf(steps, "write_template").title, doing(steps, announce)[0]]).toEqual([
      "Add 3 files of the toolchain to sub",
      {
        kind: "announce",
        text: [
          "kept sub/changelog.txt, which was there",
          "kept sub/devops/run.sh, which was there",
          "Next: set the addresses in repo_config.yaml, git add --all && git commit, then i docker_release_dev",
        ].join("\n"),
        data: {
          added: ["repo_config.yaml", "devops/docker_build/pyproject.toml", "pyproject.toml.md"],
          kept: existing,
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
    expect(contentOf("repo_config.yaml", { ...filled, codeAt: "git@git.acme.org:acme/tools.git" })).toBe(
      "repo_info:\n  github_repo_account: acme\n  github_host_name: git.acme.org\nghcr: ghcr.io/acme\n",
    );
    for (const codeAt of [null, "/srv/tools.git"])
      expect(contentOf("repo_config.yaml", { ...filled, codeAt })).toBe(text);
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

  it.each<[string, Seen, Partial<InitOptions>, object]>([
    [
      "without a name",
      {},
      { name: undefined },
      {
        message: "no name was given",
        why: "A runnable dir has an image of its own, unique in the repo.",
        fix: "Pass one: i init_runnable_dir --name cmamp",
      },
    ],
    [
      "with another dir's name",
      {
        otherImages: [
          { dir: "x", image: "other" },
          { dir: "y", image: "opt" },
        ],
      },
      {},
      {
        message: 'the image name "opt" is taken by y',
        why: "Tags, claims and logs of all runnable dirs share one namespace.",
        fix: "Choose another --name",
      },
    ],
  ])("is refused %s", (_what, more, options, wanted) => {
    expect(refusal(() => init(more, options))).toMatchObject(wanted);
  });
});
