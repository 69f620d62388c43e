import { describe, expect, it } from "vitest";
import { imageLabels } from "../../lib/build/build.ts";
import type { PackageFacts } from "../../lib/doors/pyproject.ts";
import { type Command, command } from "../../lib/kinds/command.ts";
import { writeFile } from "../../lib/kinds/write_file.ts";
import { readChangelog } from "../../lib/names/changelog.ts";
import { addPackage, buildWithPackage, type PackageOptions, packageFiles } from "../../lib/packages/package_add.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import {
  changelog,
  commit,
  config,
  doing,
  engine,
  facts,
  git,
  ids,
  inputs,
  lines,
  localImage,
  refusal,
  stepOf,
  version,
} from "./factory.ts";

const image = "127.0.0.1:5001/cmamp";
const pyprojectText = '[tool.poetry]\n\n[tool.poetry.dependencies]\nfoo = "1"\n';
const text = "# cmamp-1.2.0\n- 2025-01-02\n- Change\n";
type Pyproject = NonNullable<PackageFacts["pyproject"]>;
const pyproject = (more: Partial<Pyproject> = {}): Pyproject => ({
  folder: "devops/docker_build",
  text: pyprojectText,
  value: { tool: { poetry: { dependencies: { foo: "1" } } } },
  lock: null,
  pipList: null,
  ...more,
});
const packages = (project: Partial<Pyproject> | null): PackageFacts => ({
  nested: [],
  pyproject: project && pyproject(project),
});
const world = (more: Partial<AllFacts> = {}): AllFacts =>
  facts({
    changelogText: text,
    changelog: changelog("1.2.0"),
    inputs: inputs({ dockerfileText: "ARG POETRY_MODE\nFROM scratch\nRUN test refresh\n" }),
    ...more,
  });
const add = (
  name: string,
  more: Partial<AllFacts> = {},
  options: Partial<PackageOptions> = {},
  project: Partial<Pyproject> | null = {},
) => addPackage(world(more), { name: [name], bump: "patch", ...options }, packages(project));
const build = (more: Partial<AllFacts> = {}, options: Partial<PackageOptions> = {}) =>
  buildWithPackage(world(more), { name: ["bar"], bump: "patch", ...options }, packages({}));

describe("package_add before the image", () => {
  it("asks for the package, lets poetry lock it, brings the lock back and compares", () => {
    expect(add("bar").map(({ id, title }) => [id, title])).toEqual([
      [
        "add_to_pyproject",
        "Ask for bar in devops/docker_build/pyproject.toml; the image and its changelog entry follow",
      ],
      ["resolve", "Let poetry lock bar and what it needs"],
      ["bring_lock_back", "Bring poetry.lock and pip_list.txt back to devops/docker_build"],
      ["compare", "Show what changes in the image"],
    ]);
    expect(stepOf(add("bar"), "add_to_pyproject").do).toEqual([
      {
        kind: "write_file",
        path: "devops/docker_build/pyproject.toml",
        content: `${pyprojectText.trimEnd()}\nbar = "*"\n`,
      },
    ]);
  });

  it("writes pyproject.toml as it is where it asks for the package and only the lock lacks it", () => {
    expect(doing([stepOf(add("foo"), "add_to_pyproject")], writeFile).map(({ content }) => content)).toEqual([
      pyprojectText,
    ]);
  });

  it("keeps the line ends of pyproject.toml, its mark and bytes that are no UTF-8", () => {
    const before = '\uFEFF[tool.poetry]\r\n# caf\udce9\r\n\r\n[tool.poetry.dependencies]\r\nfoo = "1"\r\n';
    expect(doing(add("bar", {}, {}, { text: before }), writeFile)[0]?.content).toBe(`${before}bar = "*"\r\n`);
  });

  it("adds to the group that is named", () => {
    expect(doing(add("bar", {}, { group: "lint" }), writeFile)[0]?.content).toContain(
      '[tool.poetry.group.lint.dependencies]\nbar = "*"\n',
    );
  });

  it.each([
    ["foo-bar", 'name = "foo-bar"', true],
    ["foo-bar", 'name = "Foo_Bar"', true],
    ["foo-bar", 'name = "foo.bar"', true],
    ["foo-bar", 'name = "foobar"', false],
    ["foo-bar", 'name = "foo-bar-baz"', false],
    ["foo-bar", ' name = "foo-bar"', false],
  ])("finds %s in a lock that says %s: %s", (name, line, isThere) => {
    const value = { tool: { poetry: { dependencies: { [name]: "1" } } } };
    expect(add(name, {}, {}, { value, lock: `[[package]]\n${line}\nversion = "1"\n` }).length === 0).toBe(isThere);
  });

  const resolve = () => stepOf(add("bar"), "resolve");
  const build = (): Command | undefined => doing([resolve()], command).find(({ argv }) => argv[1] === "buildx");
  it("resolves in a build of its own name, where poetry's own sentence is the reason of a failure", () => {
    expect(build()?.argv.join(" ")).toContain(` --tag ${image}:local-gp-resolved `);
    expect(build()?.argv).toContain("POETRY_MODE=refresh");
    expect(build()?.meaning).toEqual({
      "1": {
        why: "The image could not be built with the package: its last lines above show the cause.",
        fix: 'See whether the package index has it: "bar"; pyproject.toml and poetry.lock are as they were',
      },
    });
    // A run that was killed left the line, and nothing takes it back where the next one fails.
    const left = stepOf(add("bar", {}, {}, { value: { tool: { poetry: { dependencies: { bar: "*" } } } } }), "resolve");
    const meant = doing([left], command).flatMap(({ meaning }) => (meaning ? [meaning["1"]?.fix] : []));
    const path = "devops/docker_build/pyproject.toml";
    expect(meant).toEqual([
      `See whether the package index has it: "bar"; ${path} asked for it before this run, and still does: git checkout -- :/${path} takes that back`,
    ]);
    const reason = new RegExp(build()?.reason ?? "^$");
    expect(reason.exec("#12 1.2 Because x depends on bar (9) which doesn't match")?.[0]).toBe(
      "Because x depends on bar (9) which doesn't match",
    );
    expect(reason.exec("Could not parse version constraint: a")?.[0]).toBe("Could not parse version constraint: a");
    expect(reason.test("#12 DONE")).toBe(false);
  });

  it("builds nothing without the cache where the Dockerfile takes a nonce", () => {
    const given = inputs({ dockerfileText: "ARG POETRY_MODE RESOLVE_NONCE\nFROM scratch\n" });
    expect(lines([stepOf(add("bar", { inputs: given }), "resolve")]).join(" ")).not.toContain("--no-cache");
  });

  it("gives a meaning to the exit of the build alone", () => {
    const given = inputs({ dockerfileText: "ARG POETRY_MODE\nFROM scratch\n", hasLinks: true });
    const commands = doing([stepOf(add("bar", { inputs: given }), "resolve")], command);
    expect(commands.map(({ argv, meaning }) => [argv[0], meaning !== undefined])).toEqual([
      ["mkdir", false],
      ["cp", false],
      ["docker", true],
    ]);
    expect(resolve().do.map(({ kind }) => kind)).toEqual(["write_file", "write_file", "command"]);
  });

  it.each<[string, readonly string[], string, string]>([
    [
      "the newest local image by number",
      ["local-gp-1.9.0", "local-gp-1.10.0", "local-gp-1.2.0", "dev"],
      "local-gp-1.10.0",
      "local-gp-1.10.0",
    ],
    ["no local image without a number", ["local-gp-resolved", "dev-1.1.0", "dev"], "dev-1.1.0", "dev-1.1.0"],
    ["nobody else's local image", ["local-ann-1.9.0", "dev"], "dev", "dev"],
    ["the newest released image by number", ["dev-1.10.0", "dev-1.9.0", "dev"], "dev-1.10.0", "dev-1.10.0"],
    ["no image of prod", ["prod-1.9.0", "dev"], "dev", "dev"],
  ])("compares with %s", (_which, tags, before, name) => {
    const images = tags.map((tag) => localImage(`${image}:${tag}`));
    expect(stepOf(add("bar", { engine: engine({ images }) }), "compare")).toMatchObject({
      skip: null,
      do: [
        {
          ...{ kind: "compare_packages", before: `${image}:${before}`, after: { from: "resolve" } },
          names: [name, "the new image"],
        },
      ],
    });
  });

  it("compares with nothing where the engine has no image of it", () => {
    expect(stepOf(add("bar"), "compare").skip).toBe("the engine has no earlier image of it");
  });
});

describe("package_add is refused", () => {
  const none = {
    message: '"." has no packages that poetry locks in its image',
    why: "It takes devops/docker_build/pyproject.toml and a dev.Dockerfile that declares POETRY_MODE.",
    fix: "Start from the template: i init_runnable_dir",
  };
  it.each<[string, () => unknown, object]>([
    ["without a pyproject.toml", () => add("bar", {}, {}, null), none],
    ["where it lies elsewhere", () => add("bar", {}, {}, { folder: "." }), none],
    ["where it lies below", () => add("bar", {}, {}, { folder: "devops/docker_build/more" }), none],
    [
      "where the Dockerfile knows no poetry",
      () => add("bar", { inputs: inputs({ dockerfileText: "FROM scratch\n" }) }),
      none,
    ],
    [
      "for two packages",
      () => add("bar", {}, { name: ["a", "b"] }),
      {
        message: "2 packages were named, not one",
        why: "Each package gets its own line, lock and entry.",
        fix: "Name one: i package_add pytest-timeout",
      },
    ],
  ])("%s", (_what, run, wanted) => {
    expect(refusal(run)).toMatchObject(wanted);
  });

  it("not for a runnable dir further down", () => {
    expect(ids(add("bar", {}, {}, { folder: "sub/devops/docker_build" }))).toContain("resolve");
  });
});

describe("the image with the package", () => {
  const labels = (of: string) => imageLabels(world(), version(of), "no_update");
  const here = (more: Parameters<typeof localImage>[1], tag = "local-gp-1.2.0") => ({
    engine: engine({ images: [localImage("x:y", more), localImage(`${image}:${tag}`, more)] }),
  });

  it.each<[string, Partial<AllFacts>, string | null]>([
    ["is built", {}, null],
    ["is not built again from the same inputs", here({ labels: labels("1.2.0") }), "already built"],
    ["is built again from other inputs", here({ labels: { ...labels("1.2.0"), "dev.slipway.inputs": "x" } }), null],
    [
      "is built again from another commit",
      here({ labels: { ...labels("1.2.0"), "org.opencontainers.image.revision": commit("c") } }),
      null,
    ],
    ["is built where another has the same inputs", here({ labels: labels("1.2.0") }, "local-ann-1.2.0"), null],
  ])("%s", (_what, more, skip) => {
    const step = stepOf(build(more), "build_local");
    expect([step.skip, step.title]).toEqual([skip, `Build ${image}:local-gp-1.2.0`]);
  });

  it("is built from the lock as it is, with the cache", () => {
    const line = lines(build()).find((one) => one.startsWith("docker buildx build")) ?? "";
    expect([line.includes("POETRY_MODE=no_update"), line.includes("--no-cache")]).toEqual([true, false]);
  });

  const tagged = { git: git({ tags: { "cmamp-1.2.0": commit("a") } }) };
  it.each<[string, Partial<AllFacts>, Partial<PackageOptions>, string]>([
    ["that of the newest entry until it is released", {}, {}, "1.2.0"],
    ["the next one afterwards", tagged, {}, "1.2.1"],
    ["the next minor where that is asked", tagged, { bump: "minor" }, "1.3.0"],
    ["the one that is named", tagged, { version: version("2.0.0") }, "2.0.0"],
    ["the first one without an entry", { changelog: [], changelogText: null }, {}, "1.0.0"],
    [
      "the one that is named, without an entry",
      { changelog: [], changelogText: null },
      { version: version("0.1.0") },
      "0.1.0",
    ],
  ])("has as version %s", (_which, more, options, wanted) => {
    expect(stepOf(build(more, options), "build_local").title).toBe(`Build ${image}:local-gp-${wanted}`);
  });
});

it("what the lock came from is dropped last, whoever left it, and only where it is there", () => {
  const dropped = (...names: readonly string[]) =>
    lines(build({ engine: engine({ images: names.map((name) => localImage(`${image}:${name}`)) }) }));
  expect(dropped("local-gp-1.1.0", "local-gp-resolved").at(-1)).toBe(
    `docker image rm --force ${image}:local-gp-resolved`,
  );
  expect(dropped("local-gp-1.1.0", "local-ann-resolved").join("\n")).not.toContain("docker image rm");
});

describe("the entry of a package", () => {
  const entry = (more: Partial<AllFacts> = {}, options: Partial<PackageOptions> = {}) =>
    stepOf(build(more, options), "add_entry");
  const written = (more: Partial<AllFacts>, options: Partial<PackageOptions> = {}) => {
    const [action] = entry(more, options).do;
    return action && writeFile.is(action) ? [action.path, action.content] : [];
  };
  const withText = (content: string, more: Partial<AllFacts> = {}): Partial<AllFacts> => ({
    changelogText: content,
    ...more,
  });

  it("is told in the changelog of the runnable dir", () => {
    expect(entry().title).toBe("Tell of it in changelog.txt");
    const place = { ...facts().place, dir: "sub" };
    expect([entry({ place }).title, written({ place })[0]]).toEqual([
      "Tell of it in sub/changelog.txt",
      "sub/changelog.txt",
    ]);
  });

  const twoEntries = `${text}\n\n# cmamp-1.1.0\n- 2025-01-01\n- Old #1\n`;
  const fenced = `${text}- Log:\n\`\`\`\n# no-heading-9.9.9\n\`\`\`\n`;
  it.each<[string, Partial<AllFacts>, string]>([
    [
      "with the line ends and the mark of the file, in bytes that are no UTF-8",
      withText("\uFEFF# cmamp-1.2.0\r\n- 2025-01-02\r\n- caf\udce9\r\n"),
      "\uFEFF# cmamp-1.2.0\r\n- 2025-01-02\r\n- caf\udce9\r\n- Add package bar\r\n",
    ],
    [
      "behind a fenced block that holds a heading",
      withText(fenced, { changelog: readChangelog(fenced, "cmamp").entries }),
      `${fenced}- Add package bar\n`,
    ],
    ["at the end of the newest entry", {}, `${text}- Add package bar\n`],
    [
      "before the entry below it",
      withText(twoEntries, { changelog: readChangelog(twoEntries, "cmamp").entries }),
      "# cmamp-1.2.0\n- 2025-01-02\n- Change\n- Add package bar\n\n\n# cmamp-1.1.0\n- 2025-01-01\n- Old #1\n",
    ],
    ["where the file ends without a line break", withText(text.trimEnd()), `${text}- Add package bar`],
    ["where blanks stand at its end", withText(`${text}  \n`), `${text}- Add package bar\n  \n`],
    [
      "where a change ends with a #",
      withText("# cmamp-1.2.0\n- 2025-01-02\n- In C#\n- Change #\n"),
      "# cmamp-1.2.0\n- 2025-01-02\n- In C#\n- Change #\n- Add package bar\n",
    ],
  ])("is a line %s", (_where, more, content) => {
    expect(written(more)).toEqual(["changelog.txt", content]);
  });

  it("goes into the entry of dev, and not into that of prod with the same number", () => {
    const [prod] = changelog("prod-1.2.0");
    const [dev] = changelog("1.2.0");
    const both = "# cmamp-prod-1.2.0\n- 2025-01-02\n- Change\n\n# cmamp-1.2.0\n- 2025-01-02\n- Change\n";
    const entries = prod && dev ? [prod, { ...dev, line: 5 }] : [];
    expect(written({ changelogText: both, changelog: entries })[1]).toBe(`${both}- Add package bar\n`);
  });

  it("is not told twice", () => {
    const changes = changelog("1.2.0").map((one) => ({ ...one, changes: ["Change", "Add package bar"] }));
    expect([entry({ changelog: changes }).skip, entry().skip]).toEqual(["the entry is there", null]);
  });

  it("is a new entry where the version has none", () => {
    expect(written({ git: git({ tags: { "cmamp-1.2.0": commit("a") } }) })[1]).toBe(
      `# cmamp-1.2.1\n- 2025-01-02\n- Add package bar\n\n${text}`,
    );
  });

  it("is left to the release where it is written afterwards", () => {
    const step = entry({ config: config({ release: { changelog_update: "after_release" } }) });
    expect([step.title, step.skip, step.do]).toEqual([
      "Tell of it in changelog.txt",
      "changelog_update is after_release: the release ends with the entry",
      [],
    ]);
  });
});

describe("the files that are put back when anything fails", () => {
  it("are those that poetry and the flow write", () => {
    expect(packageFiles(world(), packages({ lock: "LOCK", pipList: null }))).toEqual({
      "devops/docker_build/pyproject.toml": pyprojectText,
      "devops/docker_build/poetry.lock": "LOCK",
      "devops/docker_build/pip_list.txt": null,
    });
  });

  it("are none where there is no pyproject.toml", () => {
    expect(packageFiles(facts(), packages(null))).toEqual({});
  });
});
