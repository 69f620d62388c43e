import { spawnSync } from "node:child_process";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { imageLabels } from "../../lib/build/build.ts";
import { bringLockBack, buildLocal } from "../../lib/build/local.ts";
import { type Command, command } from "../../lib/kinds/command.ts";
import { type WriteFile, writeFile } from "../../lib/kinds/write_file.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import { config, digest, engine, facts, inputs, lines, refusal, stepOf, version } from "../unit/factory.ts";

const options = { cache: true, buildArg: [], poetryMode: "no_update" } as const;
type Options = Parameters<typeof buildLocal>[1];
const step = (world: Partial<AllFacts> = {}, more: Partial<Options> = {}) =>
  stepOf(buildLocal(facts(world), { ...options, ...more }), "build_local");
const commands = (...given: Parameters<typeof step>): Command[] => step(...given).do.filter(command.is);
const build = (...given: Parameters<typeof step>): Command => {
  const last = commands(...given).at(-1);
  if (last?.argv[1] === "buildx") return last;
  throw new Error("the step does not end with the build");
};
const words = (...given: Parameters<typeof step>) => build(...given).argv.join(" ");
const files = (...given: Parameters<typeof step>): WriteFile[] => step(...given).do.filter(writeFile.is);
/** The folder below the Git dir that a build has for itself. */
const folderOf = (more: Parameters<typeof inputs>[0] = {}) =>
  files({ inputs: inputs(more) })[0]
    ?.path.split("/")
    .slice(0, -1)
    .join("/");
const both = ["linux/amd64", "linux/arm64"];

describe("the step that builds", () => {
  it("is called by the image's name, and makes the image that later steps use", () => {
    expect([step().title, step().id]).toEqual(["Build 127.0.0.1:5001/cmamp:local-gp-1.2.0", "build_local"]);
  });

  it("writes Dockerfile, for the builder's own frontend, and ignore file out of the tree, beside each other", () => {
    const dockerfileText = "# syntax=docker/dockerfile:1\nFROM scratch\n";
    const given = inputs({ dockerfileText, ignoreText: "*\n" });
    expect(files({ inputs: given })).toEqual([
      {
        kind: "write_file",
        path: expect.stringMatching(/^\.git\/slipway\/build\/[0-9a-f]{12}\/dev\.Dockerfile$/),
        content: "FROM scratch\n",
      },
      {
        kind: "write_file",
        path: expect.stringMatching(/^\.git\/slipway\/build\/[0-9a-f]{12}\/dev\.Dockerfile\.dockerignore$/),
        content: "*\n",
      },
    ]);
  });

  it("builds with that Dockerfile, and reads the digest that the builder writes beside it", () => {
    const folder = folderOf();
    expect(words()).toContain(` --file ${folder}/dev.Dockerfile `);
    expect(words()).toContain(` --metadata-file ${folder}/metadata.json `);
    expect(build().digestFile).toBe(`${folder}/metadata.json`);
  });

  it("has a folder of its own for each Dockerfile and each content", () => {
    const all = [{}, { dockerfile: "a/dev.Dockerfile" }, { hash: "d".repeat(64) }].map(folderOf);
    expect(new Set(all).size).toBe(3);
    expect(folderOf()).toBe(all[0]);
  });

  it.each([
    ["another build of the same has given the image its name", 'image "127.0.0.1:5001/cmamp:dev": already exists'],
    [
      "the engine has cleaned up after a removed image of the same layers",
      `failed to prepare extraction snapshot "extract-242491480-nCtP ${digest("a")}": parent snapshot ${digest("b")} does not exist: not found`,
    ],
  ])("builds again where %s meanwhile", (_, said) => {
    expect(`ERROR: failed to solve: ${said}`).toMatch(new RegExp(build().again ?? "^$"));
    expect("ERROR: failed to solve: process did not complete").not.toMatch(new RegExp(build().again ?? ""));
  });

  it("writes below the Git dir of the repo that owns the runnable dir", () => {
    const place = { ...facts().place, gitDir: "/repo/.git/modules/sub" };
    expect(files({ place })[0]?.path).toMatch(/^\.git\/modules\/sub\/slipway\/build\//);
  });
});

describe("the words of a build", () => {
  it("end with the folder that is sent", () => {
    expect(words().endsWith(" --load .")).toBe(true);
    expect(words({ inputs: inputs({ context: "sub" }) }).endsWith(" --load sub")).toBe(true);
  });

  it.each<[string, readonly string[], string | null]>([
    ["no platform where none is named", [], null],
    ["one platform", ["linux/arm64"], " --platform linux/arm64 "],
    ["several platforms as one word", both, " --platform linux/amd64,linux/arm64 "],
  ])("name %s", (_what, platforms, wanted) => {
    const text = words({ platforms });
    expect(wanted === null ? !text.includes("--platform") : text.includes(wanted)).toBe(true);
  });

  it("give each build argument that the Dockerfile declares", () => {
    const text =
      "ARG AM_CONTAINER_VERSION INSTALL_DIND POETRY_MODE CLEAN_UP_INSTALLATION RESOLVE_NONCE\nFROM scratch\n";
    const args = build({ inputs: inputs({ dockerfileText: text }) }, { poetryMode: "update" }).argv.flatMap(
      (word, index, all) => (all[index - 1] === "--build-arg" ? [word] : []),
    );
    expect(args).toEqual([
      "SOURCE_DATE_EPOCH=1735800000",
      "AM_CONTAINER_VERSION=1.2.0",
      "INSTALL_DIND=False",
      "POETRY_MODE=update",
      "CLEAN_UP_INSTALLATION=True",
      "RESOLVE_NONCE=1735800000",
    ]);
  });

  it("leave to the Dockerfile what it says itself of what it installs", () => {
    const dockerfileText = "ARG INSTALL_DIND=True CLEAN_UP_INSTALLATION\nARG POETRY_MODE=x\nFROM scratch\n";
    const text = words({ inputs: inputs({ dockerfileText }) });
    expect(text).not.toContain("INSTALL_DIND");
    expect(text).toContain("--build-arg POETRY_MODE=no_update --build-arg CLEAN_UP_INSTALLATION=True ");
    const other = inputs({ dockerfileText: "ARG INSTALL_DIND CLEAN_UP_INSTALLATION=False\nFROM scratch\n" });
    expect(words({ inputs: other })).toContain("--build-arg INSTALL_DIND=False ");
    expect(words({ inputs: other })).not.toContain("CLEAN_UP_INSTALLATION");
  });

  it("give secrets by the names of variables, each once", () => {
    const settings = config({ release: { secrets: ["PIP_INDEX_URL", "A"] } });
    expect(build({ config: settings }, { secret: ["A", "B"] }).argv.join(" ")).toContain(
      "--secret id=PIP_INDEX_URL,env=PIP_INDEX_URL --secret id=A,env=A --secret id=B,env=B ",
    );
  });

  it("give no nonce where nothing is resolved", () => {
    const dockerfileText = "ARG RESOLVE_NONCE\nFROM scratch\n";
    expect(words({ inputs: inputs({ dockerfileText }) })).not.toContain("RESOLVE_NONCE");
  });

  it.each<[string, Options["poetryMode"], string]>([
    ["FROM scratch\nARG POETRY_MODE\nRUN test $POETRY_MODE = refresh\n", "refresh", "POETRY_MODE=refresh"],
    ["FROM scratch\nARG POETRY_MODE\n", "refresh", "POETRY_MODE=update"],
    ["FROM scratch\nARG POETRY_MODE\n", "no_update", "POETRY_MODE=no_update"],
    ["FROM scratch\nARG POETRY_MODE\nRUN test $POETRY_MODE = refresh\n", "update", "POETRY_MODE=update"],
  ])("ask a Dockerfile for the mode that it knows: %j in mode %s is %s", (dockerfileText, poetryMode, wanted) => {
    expect(words({ inputs: inputs({ dockerfileText }) }, { poetryMode })).toContain(` ${wanted} `);
  });

  it("say so where they update instead of a refresh", () => {
    const title = (dockerfileText: string) =>
      buildLocal(facts({ inputs: inputs({ dockerfileText }) }), { cache: true, poetryMode: "refresh", buildArg: [] })[0]
        ?.title;
    expect(title("ARG POETRY_MODE\nFROM scratch\n")).toMatch(
      / \(the Dockerfile knows no refresh: every package is updated\)$/,
    );
    expect(title("ARG POETRY_MODE\nRUN test refresh\nFROM scratch\n")).not.toContain("(");
  });

  it.each([
    ["ARG POETRY_MODE\nFROM scratch\n", ["build_local", "bring_lock_back"]],
    ["FROM scratch\n", ["build_local"]],
  ])("resolve by default where the Dockerfile %j knows of it", (dockerfileText, wanted) => {
    const steps = buildLocal(facts({ inputs: inputs({ dockerfileText }) }), { cache: true, buildArg: [] });
    expect(steps.map(({ id }) => id)).toEqual(wanted);
  });
});

describe("a context with links", () => {
  const staged = (context: string) =>
    lines([step({ inputs: inputs({ hasLinks: true, context, entries: ["a", "b"] }) })]).map((line) =>
      line.replaceAll(/\.git\/slipway\/build\/[0-9a-f]{12}/g, "FOLDER"),
    );

  it.each([
    [".", "cp -R -L -p a b FOLDER/context/"],
    ["sub", "cp -R -L -p sub/a sub/b FOLDER/context/"],
  ])("of %s is copied with the links followed, and the copy is sent", (context, copy) => {
    const [made, copied, built, ...more] = staged(context);
    expect([made, copied, built?.endsWith(" --load FOLDER/context"), more]).toEqual([
      "mkdir -p FOLDER/context",
      copy,
      true,
      [],
    ]);
  });

  it("is the only one that is copied", () => {
    expect(commands()).toHaveLength(1);
  });
});

describe("a build by a builder", () => {
  it("is pushed by it, and not loaded", () => {
    const line = build({ builder: "far" });
    expect([line.elsewhere, line.argv.includes("--push"), line.argv.includes("--load")]).toEqual([true, true, false]);
    expect(words({ builder: "far" })).toContain(" --builder far ");
  });

  it("is looked for by its name first", () => {
    const [look] = commands({ builder: "far" });
    expect([look?.argv, look?.meaning?.["1"]?.why]).toEqual([
      ["docker", "buildx", "inspect", "far"],
      "docker buildx has no builder far that it could reach.",
    ]);
  });

  it("of the engine itself stays there", () => {
    const line = build();
    expect(["elsewhere" in line, line.argv.includes("--push"), line.argv.includes("--builder")]).toEqual([
      false,
      false,
      false,
    ]);
  });

  it("logs docker in to the first registry where AWS is behind it", () => {
    const env = { AWS_ENDPOINT_URL: "http://127.0.0.1:1" };
    expect(
      [commands({ builder: "far", env }), commands({ env }), commands({ builder: "far" })].map((all) =>
        all.map(({ argv }) => argv[1]),
      ),
    ).toEqual([["buildx", "login", "buildx"], ["buildx"], ["buildx", "buildx"]]);
  });

  it("needs no registry to be planned", () => {
    expect(commands({ builder: "far", config: config({ container_registry_info: {} }) })).toHaveLength(2);
  });
});

describe("the classic image store", () => {
  const classic = engine({ store: "classic" });
  it("is refused for several platforms", () => {
    expect(refusal(() => step({ engine: classic, platforms: both }))).toMatchObject({
      message: "this engine cannot hold an image of linux/amd64 and linux/arm64",
      why: "Its classic image store keeps one platform of an image.",
      fix: "Turn the containerd image store on in the engine's settings, or name a builder that pushes: --builder NAME",
      kind: "engine",
    });
  });

  it.each<[string, Partial<AllFacts>]>([
    ["one platform", { engine: classic, platforms: ["linux/amd64"] }],
    ["no platform that is named", { engine: classic }],
    ["several that a builder pushes", { engine: classic, platforms: both, builder: "far" }],
    ["several in the containerd store", { platforms: both }],
  ])("is no hindrance for %s", (_what, world) => {
    expect(step(world).id).toBe("build_local");
  });
});

describe("labels of an image", () => {
  const inputsOf = (world: Partial<AllFacts>) =>
    imageLabels(facts(world), version("1.2.0"), "prod")["dev.slipway.inputs"];
  it("differ by the platforms, each of which counts", () => {
    const all = [
      inputsOf({}),
      inputsOf({ platforms: both }),
      inputsOf({ platforms: ["linux/arm64"] }),
      inputsOf({ platforms: ["linux/amd64linux/arm64"] }),
    ];
    expect(new Set(all).size).toBe(4);
    expect(inputsOf({ platforms: ["linux/amd64"] })).toBe(inputsOf({}));
  });

  const lock = ["devops/docker_build/pip_list.txt", "devops/docker_build/poetry.lock"];
  it.each<[string, readonly string[], string, string | undefined]>([
    ["nothing where all files are the commit's", [], "no_update", undefined],
    ["which are not", ["a.py", "b.py"], "no_update", "a.py, b.py"],
    ["the first five", ["1", "2", "3", "4", "5", "6", "7"], "no_update", "1, 2, 3, 4, 5 and 2 more"],
    ["nothing of the lock where the build brings it back", lock, "update", undefined],
    ["nothing of the lock where the build refreshes it", lock, "refresh", undefined],
    ["the lock where it is taken as it is", lock, "no_update", lock.join(", ")],
    ["what is beside the lock", [...lock, "a.py"], "update", "a.py"],
  ])("say of the context %s", (_what, other, mode, files) => {
    const text = imageLabels(facts({ inputs: inputs({ other }) }), version("1.2.0"), mode)["dev.slipway.context"];
    expect(text).toBe(files && `with files that are not the commit's: ${files}`);
  });
});

describe("the lock", () => {
  const bring = (more: Partial<AllFacts> = {}) => bringLockBack(facts(more), "build_local");
  it.each([
    [".", "devops/docker_build"],
    ["sub/dir", "sub/dir/devops/docker_build"],
  ])("of %s comes back to %s, byte for byte, as the caller's", (dir, folder) => {
    const step = bring({ place: { ...facts().place, dir } });
    expect([step.title, step.do]).toEqual([
      `Bring poetry.lock and pip_list.txt back to ${folder}`,
      [
        {
          kind: "command",
          argv: [
            ...["docker", "run", "--rm", "--pull", "never", "--network", "none", "--user", "1000:1000"],
            ...[
              "--entrypoint",
              "sh",
              "--mount",
              `type=bind,source=/repo/${folder},target=/out`,
              { from: "build_local" },
              "-c",
            ],
            expect.stringContaining("bring poetry.lock.out poetry.lock && bring pip_list.txt pip_list.txt"),
          ],
          env: {},
          cwd: ".",
        },
      ],
    ]);
  });

  /** What the container does, with two folders of this machine in the place of its own. */
  function brought(image: Readonly<Record<string, string>>) {
    const dir = mkdtempSync(join(tmpdir(), "slipway-lock-"));
    const [out, install] = [join(dir, "out"), join(dir, "install")];
    for (const folder of [out, install]) mkdirSync(folder);
    for (const [name, text] of Object.entries(image)) writeFileSync(join(install, name), text);
    writeFileSync(join(out, "real.lock"), "old lock\n");
    chmodSync(join(out, "real.lock"), 0o666);
    symlinkSync("real.lock", join(out, "poetry.lock"));
    writeFileSync(join(out, "poetry.lock.slipway-new-0"), "half of a killed run");
    writeFileSync(join(out, "pip_list.txt"), "old list\n");
    const text = String(bring().do.find(command.is)?.argv.at(-1));
    const here = text.replaceAll("/out/", `${out}/`).replaceAll("/install/", `${install}/`);
    const { status } = spawnSync("sh", ["-c", here], { cwd: dir });
    const files = Object.fromEntries(
      ["poetry.lock", "pip_list.txt"].map((name) => [name, readFileSync(join(out, name), "utf8")]),
    );
    const mode = (statSync(join(out, "real.lock")).mode & 0o777).toString(8);
    const isLink = lstatSync(join(out, "poetry.lock")).isSymbolicLink();
    const left = readdirSync(out).filter((name) => name.startsWith("real.lock.") || name.startsWith("pip_list.txt."));
    rmSync(dir, { recursive: true });
    return { status, files, mode, isLink, left };
  }

  it("keeps mode and link of the files that it replaces, and leaves nothing beside them", () => {
    expect(brought({ "poetry.lock.out": "new lock\n", "pip_list.txt": "new list\n" })).toEqual({
      ...{ status: 0, mode: "666", isLink: true, left: [] },
      files: { "poetry.lock": "new lock\n", "pip_list.txt": "new list\n" },
    });
  });

  it("changes neither of the files where it cannot bring both", () => {
    const { status, files } = brought({ "poetry.lock.out": "new lock\n" });
    expect([status, files]).toEqual([1, { "poetry.lock": "old lock\n", "pip_list.txt": "old list\n" }]);
  });
});
