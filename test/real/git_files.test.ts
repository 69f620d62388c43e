import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lookAtNewDir } from "../../lib/init/look_new_dir.ts";
import type { BuildInputs } from "../../lib/plan/facts.ts";
import { commitAll, git } from "../bed/git.ts";
import { type Ground, type Place, startGround, writeTo } from "../steps/ground.ts";

let ground: Ground;
let number = 0;
beforeAll(async () => {
  ground = await startGround({ registries: 1 });
});
afterAll(() => ground.end());

/** A committed runnable dir in a repo of its own, whose dev image holds its devops folder. */
async function newPlace(): Promise<Place> {
  number += 1;
  const at = ground.place(`own${number}`);
  await git(at.dir, "init", "--quiet", "--initial-branch=main");
  at.write("devops/docker_build/dev.Dockerfile", "FROM scratch\nCOPY devops /devops\n");
  at.write("devops/docker_build/dockerignore.dev", "*\n!devops\n");
  at.write("devops/setup.sh", "echo one\n");
  at.write("lib/code.py", "one\n");
  await commitAll(at.dir, "Start");
  return at;
}
const inputs = async (at: Place): Promise<BuildInputs> => (await at.look(["inputs"])).inputs;

describe("what Git ignores is in no context", () => {
  it.each<[string, (at: Place) => void]>([
    [".gitignore", (at) => at.write("devops/.gitignore", "*.env\n.gitignore\n")],
    [".git/info/exclude", (at) => at.write(".git/info/exclude", "*.env\n")],
    [
      "the user's own core.excludesFile",
      (at) =>
        at.write(".git/config", `${at.read(".git/config")}[core]\nexcludesFile=${at.write("../mine", "*.env\n")}\n`),
    ],
  ])("by %s, and the image is the same with it and without it", async (_how, ignore) => {
    const at = await newPlace();
    const before = await inputs(at);
    at.write("devops/token.env", "TOKEN=abc\n");
    expect((await inputs(at)).other).toEqual(["devops/token.env"]);
    ignore(at);
    const after = await inputs(at);
    expect([after.hash, after.other]).toEqual([before.hash, []]);
    expect(after.ignoreText).toContain("\n/devops/token.env");
  });

  it("but what is committed is, whether a rule ignores it or not", async () => {
    const at = await newPlace();
    at.write(".git/info/exclude", "setup.sh\n");
    expect(await inputs(at)).toMatchObject({ other: [], ignoreText: "*\n!devops\n" });
  });

  it("in a submodule too", async () => {
    const at = await newPlace();
    await addSubmodule(at, "devops/sub");
    writeTo(join(at.dir, "devops/sub/.git_ignored"), "x");
    writeTo(join(at.dir, ".git/modules/devops/sub/info/exclude"), ".git_ignored\n");
    expect(await inputs(at)).toMatchObject({
      other: [],
      ignoreText: "*\n!devops\n\n/devops/sub/.git\n/devops/sub/.git_ignored",
    });
  });
});

/** A submodule of one file, `in.txt`. */
async function addSubmodule(at: Place, path: string): Promise<void> {
  const from = `${at.dir}-sub`;
  writeTo(join(from, "in.txt"), "one\n");
  await commitAll(from, "Start");
  await git(at.dir, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", from, path);
  await commitAll(at.dir, "Submodule");
}

describe("a context that is not the commit's", () => {
  it.each<[string, (at: Place) => unknown, readonly string[]]>([
    ["has a file that Git does not know", (at) => at.write("devops/new.sh", "x"), ["devops/new.sh"]],
    ["has a changed file", (at) => at.write("devops/setup.sh", "echo two\n"), ["devops/setup.sh"]],
    ["lacks a file", (at) => unlinkSync(join(at.dir, "devops/setup.sh")), ["devops/setup.sh"]],
    [
      "has a file that is assumed unchanged",
      async (at) => {
        await git(at.dir, "update-index", "--assume-unchanged", "devops/setup.sh");
        at.write("devops/setup.sh", "echo two\n");
      },
      ["devops/setup.sh"],
    ],
    [
      "has a file that is skipped",
      async (at) => {
        await git(at.dir, "update-index", "--skip-worktree", "devops/setup.sh");
        at.write("devops/setup.sh", "echo two\n");
      },
      ["devops/setup.sh"],
    ],
    [
      "lacks what a sparse checkout left out",
      (at) => git(at.dir, "sparse-checkout", "set", "--no-cone", "/*", "!/devops/setup.sh"),
      ["devops/setup.sh"],
    ],
    [
      "has a file that may be run and is committed as one that may not",
      async (at) => {
        await git(at.dir, "config", "core.fileMode", "false");
        chmodSync(join(at.dir, "devops/setup.sh"), 0o755);
      },
      ["devops/setup.sh"],
    ],
    [
      "has a file that a filter changes on its way in and out",
      async (at) => {
        await git(at.dir, "config", "filter.x.clean", "git show HEAD:devops/setup.sh");
        at.write(".git/info/attributes", "*.sh filter=x\n");
        at.write("devops/setup.sh", "echo two\n");
      },
      ["devops/setup.sh"],
    ],
    [
      "has line ends that only this clone has",
      async (at) => {
        await git(at.dir, "config", "core.autocrlf", "true");
        at.write("devops/setup.sh", "echo one\r\n");
      },
      ["devops/setup.sh"],
    ],
    [
      "has a link that leads to a folder with what Git ignores",
      async (at) => {
        at.write(".git/info/exclude", "secret.env\n");
        at.write("lib/secret.env", "x");
        await link(at, "devops/lib", "../lib");
        await commitAll(at.dir, "Link");
        at.write("lib/new.py", "x");
      },
      ["lib/new.py"],
    ],
    [
      "has a link that leads elsewhere than the committed one",
      async (at) => {
        await link(at, "devops/code", "../lib/code.py");
        at.write("lib/other.py", "one\n");
        await commitAll(at.dir, "Link");
        unlinkSync(join(at.dir, "devops/code"));
        await git(at.dir, "update-index", "--assume-unchanged", "devops/code");
        await link(at, "devops/code", "../lib/other.py");
      },
      ["devops/code"],
    ],
    [
      "has a repo that Git does not know",
      async (at) => {
        writeTo(join(at.dir, "devops/nested/in.txt"), "x");
        await git(join(at.dir, "devops/nested"), "init", "--quiet");
      },
      ["devops/nested/in.txt"],
    ],
    [
      "has a submodule at another commit, though Git is told not to look",
      async (at) => {
        await addSubmodule(at, "devops/sub");
        await git(at.dir, "config", "submodule.devops/sub.ignore", "all");
        writeTo(join(at.dir, "devops/sub/in.txt"), "two\n");
        await commitAll(join(at.dir, "devops/sub"), "Two");
      },
      ["devops/sub/in.txt"],
    ],
    [
      "lacks a submodule",
      async (at) => {
        await addSubmodule(at, "devops/sub");
        await git(at.dir, "submodule", "--quiet", "deinit", "--force", "devops/sub");
      },
      ["devops/sub"],
    ],
    [
      "is read by a Dockerfile that is not the commit's",
      async (at) => {
        at.write("devops/docker_build/dockerignore.dev", "*\n!lib\n");
        await commitAll(at.dir, "Ignore");
        await git(at.dir, "update-index", "--assume-unchanged", "devops/docker_build/dev.Dockerfile");
        at.write("devops/docker_build/dev.Dockerfile", "FROM scratch\nCOPY lib /lib\n");
      },
      ["devops/docker_build/dev.Dockerfile"],
    ],
    [
      "is built with a config that is not the commit's",
      async (at) => {
        await git(at.dir, "update-index", "--skip-worktree", "repo_config.yaml");
        at.write("repo_config.yaml", `${at.read("repo_config.yaml")}release: {build_args: {B: "2"}}\n`);
      },
      ["repo_config.yaml"],
    ],
  ])("%s", async (_what, change, other) => {
    const at = await newPlace();
    expect((await inputs(at)).other).toEqual([]);
    await change(at);
    expect((await inputs(at)).other).toEqual(other);
  });
});

async function link(at: Place, path: string, target: string): Promise<void> {
  symlinkSync(target, join(at.dir, path));
  await git(at.dir, "add", path);
}

describe("a context is the commit's", () => {
  it.each<[string, (at: Place) => unknown]>([
    [
      "with the content that Git LFS names",
      async (at) => {
        const oid = createHash("sha256").update("big\n").digest("hex");
        at.write("devops/big.bin", `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize 4\n`);
        await commitAll(at.dir, "Pointer");
        await git(at.dir, "update-index", "--assume-unchanged", "devops/big.bin");
        at.write("devops/big.bin", "big\n");
      },
    ],
    [
      "with line ends that .gitattributes gives every clone",
      async (at) => {
        at.write(".gitattributes", "*.bat text eol=crlf\n");
        at.write("devops/run.bat", "echo one\r\n");
        await commitAll(at.dir, "Attributes");
      },
    ],
    [
      "with a link to another folder of the repo",
      async (at) => {
        await link(at, "devops/lib", "../lib");
        await commitAll(at.dir, "Link");
      },
    ],
    ["with other files beside what the ignore file keeps", (at) => at.write("lib/code.py", "two\n")],
    ["with a submodule as it is named", (at) => addSubmodule(at, "devops/sub")],
    [
      "without what the ignore file leaves out",
      (at) => {
        rmSync(join(at.dir, "lib"), { recursive: true });
        mkdirSync(join(at.dir, "away"));
        renameSync(join(at.dir, "changelog.txt"), join(at.dir, "away/changelog.txt"));
        writeFileSync(join(at.dir, "changelog.txt"), "");
      },
    ],
  ])("%s", async (_what, change) => {
    const at = await newPlace();
    await change(at);
    expect((await inputs(at)).other).toEqual([]);
  });

  it("and the same image where a checkout changed line ends alone, of which those in the image itself are told", async () => {
    const at = await newPlace();
    const before = await inputs(at);
    await git(at.dir, "config", "core.autocrlf", "true");
    const [dockerfile, own] = ["devops/docker_build/dev.Dockerfile", "devops/setup.sh"];
    for (const path of [dockerfile, own, "devops/docker_build/dockerignore.dev", "repo_config.yaml"])
      at.write(path, at.read(path).replaceAll("\n", "\r\n"));
    expect(await inputs(at)).toMatchObject({
      ...{ hash: before.hash, dockerfileText: before.dockerfileText, ignoreText: before.ignoreText },
      other: [dockerfile, "devops/docker_build/dockerignore.dev", own],
    });
    at.write(own, "echo two\r\n");
    expect((await inputs(at)).hash).not.toBe(before.hash);
  });

  it("of the outermost repo, and of the submodule that owns the runnable dir at its own commit", async () => {
    const outer = await newPlace();
    await addSubmodule(outer, "amp");
    const inner = { ...outer, dir: join(outer.dir, "amp") };
    for (const name of [
      "repo_config.yaml",
      "devops/docker_build/dev.Dockerfile",
      "devops/docker_build/dockerignore.dev",
    ])
      writeTo(join(inner.dir, name), outer.read(name));
    await commitAll(inner.dir, "Runnable");
    expect(await inputsIn(outer, "amp")).toMatchObject({ context: "amp", other: [] });
    await commitAll(outer.dir, "Runnable inside");
    expect((await lookAtNewDir(await outer.look([]))).otherImages.map(({ dir }) => dir)).toEqual(["amp"]);
    writeTo(join(inner.dir, "devops/docker_build/dev.Dockerfile"), "FROM scratch\n");
    expect((await inputsIn(outer, "amp")).other).toEqual(["amp/devops/docker_build/dev.Dockerfile"]);
  });
});

const inputsIn = async (at: Place, dir: string): Promise<BuildInputs> =>
  (await at.look(["inputs"], {}, "--dir", join(at.dir, dir))).inputs;
