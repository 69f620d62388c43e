import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadCode, tryGit } from "../../lib/doors/git.ts";
import { loadProgramAsks } from "../../lib/doors/git_settings.ts";
import { findPlace } from "../../lib/doors/place.ts";
import { capture } from "../../lib/doors/shell.ts";
import { keepAllowed } from "../../lib/doors/trust.ts";
import { asVariables, mayNamePrograms, parseSettings, setAside } from "../../lib/git/git_settings.ts";

const local = (key: string, value = "sh") => ({ scope: "local", key, value });
const global = (key: string, value: string) => ({ scope: "global", key, value });

describe("a program that only the repo's config names", () => {
  it.each([
    ["filter.a.clean", [["filter.a.clean", ""]]],
    ["filter.a=b.c\nd.process", [["filter.a=b.c\nd.process", ""]]],
    ["filter.a.required", [["filter.a.required", "false"]]],
    ["merge.a.driver", [["merge.a.driver", "git merge-file --marker-size=%L -L ours -L base -L theirs %A %O %B"]]],
    ["credential.helper", [["credential.helper", ""]]],
    ["credential.https://a.b.helper", [["credential.https://a.b.helper", ""]]],
    ["core.sshcommand", [["core.sshcommand", "ssh"]]],
    ["core.askpass", [["core.askpass", ""]]],
    ["core.alternaterefscommand", [["core.alternaterefscommand", "true"]]],
    ["core.gitproxy", [["protocol.git.allow", "never"]]],
    ["remote.origin.uploadpack", [["remote.origin.uploadpack", "git-upload-pack"]]],
    ["remote.origin.receivepack", [["remote.origin.receivepack", "git-receive-pack"]]],
    ["remote.origin.vcs", [["remote.origin.vcs", ""]]],
  ])("is set aside: %j", (key, settings) => {
    for (const scope of ["local", "worktree"])
      expect(setAside([{ scope, key, value: "sh" }])).toEqual({ keys: [key], settings });
    expect(mayNamePrograms(key)).toBe(true);
    expect(setAside([global(key, "sh")])).toEqual({ keys: [], settings: [] });
  });

  it("gives way to what the person has of the same name", () => {
    const both = [global("core.sshcommand", "ssh -i mine"), local("core.sshcommand")];
    expect(setAside(both).settings).toEqual([["core.sshcommand", "ssh -i mine"]]);
    const helpers = [
      global("credential.helper", "store"),
      local("credential.helper"),
      global("credential.helper", "b"),
    ];
    expect(setAside(helpers).settings).toEqual([
      ["credential.helper", ""],
      ["credential.helper", "store"],
      ["credential.helper", "b"],
    ]);
  });

  it.each([
    ["user.name", "sh"],
    ["remote.origin.url", "x"],
    ["core.editor", "sh"],
    ["filter.lfs.clean", "git-lfs clean -- %f"],
    ["filter.lfs.process", "git-lfs filter-process"],
    ["filter.lfs.required", "true"],
  ])("is none: %s = %s", (key, value) => {
    expect(setAside([local(key, value)]).keys).toEqual([]);
  });

  it.each([
    ["filter.lfs.clean", "git-lfs clean -- %f; sh"],
    ["filter.lfs.clean", "./git-lfs clean"],
  ])("is no git-lfs: %s = %s", (key, value) => {
    expect(setAside([local(key, value)]).keys).toEqual([key]);
  });
});

it("settings are read with their scope, also without a value, and given after those that are there", () => {
  expect(parseSettings("global\0a.b\nc\nd\0local\0e.f\0")).toEqual([global("a.b", "c\nd"), local("e.f", "true")]);
  expect(asVariables({ GIT_CONFIG_COUNT: "1" }, [["a.b", "c"]])).toEqual({
    GIT_CONFIG_COUNT: "2",
    GIT_CONFIG_KEY_1: "a.b",
    GIT_CONFIG_VALUE_1: "c",
  });
});

describe("what a container may have written into the Git dir", () => {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "slipway-written-")));
  beforeAll(() => {
    for (const folder of ["repo/.git/slipway", "repo/.git/hooks", "repo/sub", "theirs"])
      mkdirSync(join(dir, folder), { recursive: true });
    writeFileSync(join(dir, "repo/.git/config"), "");
    for (const folder of ["repo", "repo/sub"]) writeFileSync(join(dir, folder, "repo_config.yaml"), "");
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const place = (folder = "repo") => findPlace(join(dir, folder));

  it("is mounted to be read only where it names programs, unless it is a link", () => {
    const [config, hooks] = [join(dir, "repo/.git/config"), join(dir, "repo/.git/hooks")];
    expect(place().gitPrograms).toEqual([config, hooks]);
    rmSync(hooks, { recursive: true });
    symlinkSync(join(dir, "theirs"), hooks);
    expect(place().gitPrograms).toEqual([config]);
  });

  it.each(["slipway/logs", "slipway"])("leads Slipway's own files nowhere else: %s", (name) => {
    const path = join(dir, "repo/.git", name);
    rmSync(path, { recursive: true, force: true });
    symlinkSync(join(dir, "theirs"), path);
    expect(() => place()).toThrow(`"${path}" is a link`);
    rmSync(path);
  });

  it("names no folder as a Git dir that is none", () => {
    writeFileSync(join(dir, "repo/sub/.git"), `gitdir: ${join(dir, "theirs")}\n`);
    expect(() => place("repo/sub")).toThrow(`leads to "${join(dir, "theirs")}", which is no Git dir`);
  });
});

describe("a look at a repo", () => {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "slipway-quiet-")));
  const [repo, marker, globalConfig] = [join(dir, "repo"), join(dir, "marker"), join(dir, "gitconfig")];
  const env = { PATH: process.env["PATH"], HOME: dir, GIT_CONFIG_GLOBAL: globalConfig, GIT_CONFIG_NOSYSTEM: "1" };
  const git = (...words: string[]) => tryGit(repo, env, words);
  const place = {
    root: repo,
    owner: repo,
    dir: ".",
    cwd: ".",
    gitDir: join(repo, ".git"),
    gitMounts: [],
    gitPrograms: [],
  };
  const program = join(dir, "program");
  beforeAll(async () => {
    mkdirSync(repo);
    writeFileSync(globalConfig, "");
    writeFileSync(program, `#!/bin/sh\ntouch ${marker}\ncat\n`);
    chmodSync(program, 0o755);
    await git("init", "--quiet");
    writeFileSync(join(repo, ".gitattributes"), "* filter=odd\n");
    await git("add", "--all");
    await git("commit", "--quiet", "--message", "One");
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  /** Looks at a file of the same content and another time, which Git has to compare. */
  const look = async () => {
    rmSync(marker, { force: true });
    writeFileSync(join(repo, ".gitattributes"), "* filter=odd\n");
    const { dirty } = await loadCode(place, env);
    return [dirty, existsSync(marker)];
  };

  it("runs no filter, no monitor and no hook of its own config, and says so, unless a person allowed that one", async () => {
    await git("config", "filter.odd.clean", program);
    await git("config", "core.fsmonitor", program);
    for (const hook of ["post-index-change", "reference-transaction"]) {
      writeFileSync(join(repo, ".git/hooks", hook), `#!/bin/sh\ntouch ${marker}\n`);
      chmodSync(join(repo, ".git/hooks", hook), 0o755);
    }
    expect(await look()).toEqual([[], false]);
    const asks = await loadProgramAsks(repo, env);
    expect(asks.map(({ text }) => text)).toEqual([`Git runs filter.odd.clean = ${JSON.stringify(program)}`]);
    keepAllowed(repo, env, asks);
    expect(await look()).toEqual([[], true]);
    await git("config", "filter.odd.clean", `${program} again`);
    expect(await look()).toEqual([[], false]);
    await git("config", "filter.odd.clean", program);
    keepAllowed(repo, env, []);
  });

  it("runs no program that looks at a signature, and none that the address of a remote names", async () => {
    const words = ["cat-file", "commit", "HEAD"];
    const signed = (await git(...words)).stdout.replace("\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n\n");
    const made = await tryGit(repo, env, ["hash-object", "-t", "commit", "-w", "--stdin"], signed);
    await git("update-ref", "HEAD", made.stdout.trim());
    const settings = { "gpg.program": program, "log.showSignature": "true", "protocol.ext.allow": "always" };
    for (const [key, value] of Object.entries(settings)) await git("config", key, value);
    const looks = [
      ["log", "-1", "--format=%ct"],
      ["ls-remote", `ext::touch ${marker}`],
    ];
    const ran = async (look: (words: readonly string[]) => Promise<unknown>) => {
      const all: boolean[] = [];
      for (const words of looks) {
        rmSync(marker, { force: true });
        await look(words);
        all.push(existsSync(marker));
      }
      return all;
    };
    expect(await ran((words) => git(...words))).toEqual([false, false]);
    expect(await ran((words) => capture(["git", "-C", repo, ...words], { cwd: repo, env }))).toEqual([true, true]);
    for (const key of Object.keys(settings)) await git("config", "--unset", key);
  });

  it("runs no filter of a submodule's own config", async () => {
    await tryGit(dir, env, ["clone", "--quiet", "repo", "inner"]);
    await git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", join(dir, "inner"), "sub/inner");
    await git("commit", "--quiet", "--message", "Submodule");
    await git("-C", "sub/inner", "config", "filter.inner.clean", program);
    mkdirSync(join(repo, ".git/modules/sub/inner/info"), { recursive: true });
    writeFileSync(join(repo, ".git/modules/sub/inner/info/attributes"), "* filter=inner\n");
    rmSync(marker, { force: true });
    writeFileSync(join(repo, "sub/inner/.gitattributes"), "* filter=odd\n");
    expect([(await loadCode(place, env)).dirty, existsSync(marker)]).toEqual([[], false]);
    await capture(["git", "-C", repo, "status"], { cwd: repo, env });
    expect(existsSync(marker)).toBe(true);
  });

  it("fetches nothing for a submodule, whose own config names what is run for that", async () => {
    await git("config", "fetch.recurseSubmodules", "true");
    await git("-C", "sub/inner", "config", "remote.origin.uploadpack", `touch ${marker}`);
    const fetch = ["fetch", "--quiet", join(dir, "inner"), "HEAD"];
    rmSync(marker, { force: true });
    expect([(await git(...fetch)).code, existsSync(marker)]).toEqual([0, false]);
    await capture(["git", "-C", repo, ...fetch], { cwd: repo, env });
    expect(existsSync(marker)).toBe(true);
  });
});
