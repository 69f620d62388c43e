import { describe, expect, it } from "vitest";
import { imageLabels } from "../../lib/flows/build.ts";
import { bringLockBack, buildLocal } from "../../lib/flows/local.ts";
import type { Facts } from "../../lib/model/facts.ts";
import type { Action, Command } from "../../lib/model/plan.ts";
import { config, engine, facts, inputs, lines, refusal, stepOf, version } from "./factory.ts";

const options = { cache: true, buildArg: [], poetryMode: "no_update" } as const;
type Options = Parameters<typeof buildLocal>[1];
const step = (world: Partial<Facts> = {}, more: Partial<Options> = {}) =>
  stepOf(buildLocal(facts(world), { ...options, ...more }), "build_local");
const commands = (...given: Parameters<typeof step>): Command[] =>
  step(...given).do.filter((action): action is Command => action.kind === "command");
const build = (...given: Parameters<typeof step>): Command => {
  const last = commands(...given).at(-1);
  if (last?.argv[1] === "buildx") return last;
  throw new Error("the step does not end with the build");
};
const words = (...given: Parameters<typeof step>) => build(...given).argv.join(" ");
const files = (...given: Parameters<typeof step>): Extract<Action, { kind: "write_file" }>[] =>
  step(...given).do.filter((action): action is Extract<Action, { kind: "write_file" }> => action.kind === "write_file");
/** The folder below the Git dir that a build has for itself. */
const folderOf = (more: Parameters<typeof inputs>[0] = {}) =>
  files({ inputs: inputs(more) })[0]
    ?.path.split("/")
    .slice(0, -1)
    .join("/");
const both = ["linux/amd64", "linux/arm64"];

describe("the step that builds", () => {
  it("is called by the image's name, and makes the image that later steps use", () => {
    expect([step().title, step().yields]).toEqual(["Build 127.0.0.1:5001/cmamp:local-gp-1.2.0", "image"]);
  });

  it("writes Dockerfile and ignore file out of the tree, beside each other", () => {
    const given = inputs({ dockerfileText: "FROM scratch\n", ignoreText: "*\n" });
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

  it("builds again where another build of the same has given the image its name meanwhile", () => {
    expect('ERROR: failed to solve: image "127.0.0.1:5001/cmamp:dev": already exists').toMatch(
      new RegExp(build().again ?? "^$"),
    );
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
    ).toEqual([["login", "buildx"], ["buildx"], ["buildx"]]);
  });

  it("needs no registry to be planned", () => {
    expect(commands({ builder: "far", config: config({ container_registry_info: {} }) })).toHaveLength(1);
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

  it.each<[string, Partial<Facts>]>([
    ["one platform", { engine: classic, platforms: ["linux/amd64"] }],
    ["no platform that is named", { engine: classic }],
    ["several that a builder pushes", { engine: classic, platforms: both, builder: "far" }],
    ["several in the containerd store", { platforms: both }],
  ])("is no hindrance for %s", (_what, world) => {
    expect(step(world).id).toBe("build_local");
  });
});

describe("labels of an image", () => {
  const inputsOf = (world: Partial<Facts>) => imageLabels(facts(world), version("1.2.0"), "prod")["dev.slipway.inputs"];
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
});

describe("the lock", () => {
  const bring = (more: Partial<Facts> = {}) => bringLockBack(facts(more));
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
              { digest: "@image" },
              "-c",
            ],
            "cp /install/poetry.lock.out /out/poetry.lock && cp /install/pip_list.txt /out/pip_list.txt",
          ],
          env: {},
          cwd: ".",
        },
      ],
    ]);
  });
});
