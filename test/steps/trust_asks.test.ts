import { cpSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Ask } from "../../lib/config/trust.ts";
import { git } from "../bed/git.ts";
import { root } from "../unit/source.ts";
import { type Ground, type Place, startGround, writeTo } from "./ground.ts";
import { allow, keptIn, open, revoke, show } from "./trust_ground.ts";

let ground: Ground;
beforeAll(async () => {
  ground = await startGround({ registries: 0 });
});
afterAll(() => ground.end());

/** Files of a runnable dir by their path, with `../` those of the repo, whose `repo_config.yaml` gets sections more. */
type Files = Readonly<Record<string, string>>;
const config = (sections: string): Files => ({ "repo_config.yaml": sections });
const container = (keys: string): Files => config(`container: {${keys}}\n`);
type Row = readonly [
  what: string,
  files: Files,
  asked: readonly string[],
  change: Files,
  askedAgain: readonly string[],
];

const flow = (path: string, more = "") => `the workflow t/scripts/${path}${more} runs on this machine as you`;
const tests = (stage: string, words: string, folder = "t") =>
  `the end-to-end tests of ${stage} run on this machine as you: ${words} (in ${folder})`;
const endToEnd = (words: string, dir = ".") =>
  config(`release: {end_to_end: {dev: {dir: ${dir}, argv: [${words}]}}}\n`);
const outside = (volume: string) => `containers get what lies outside of the repo: ${volume}`;
const added = (path: string) => `containers get whatever ${path} and what it names add`;
const reached = (ports: string) => `containers are reached on all addresses of this machine: ports ${ports}`;
const yours = (name: string) => `containers get the value of your ${name}`;
const variable = (name: string) => `.env sets ${name} for what Slipway starts`;
const hook = (path: string) => `the tag of a release runs ${path} on this machine`;
const plainService = "services:\n  db:\n    image: postgres\n";
const base = "services: {app: {extends: {file: base.yml, service: app}}}\n";

const rows: readonly Row[] = [
  ["nothing", {}, [], { "README.md": "x" }, []],
  ["a workflow", { "scripts/a.ts": "1" }, [flow("a.ts")], { "scripts/a.ts": "2" }, [`changed: ${flow("a.ts")}`]],
  [
    "another workflow beside it",
    { "scripts/a.ts": "1" },
    [flow("a.ts")],
    { "scripts/b.ts": "1" },
    [`new: ${flow("b.ts")}`],
  ],
  [
    "what a workflow imports",
    { "scripts/a.ts": 'import { b } from "../lib/b.js";', "lib/b.ts": 'export * from "./c";', "lib/c.ts": "1" },
    [flow("a.ts", ", with t/lib/b.ts, t/lib/c.ts")],
    { "lib/c.ts": "2" },
    [`changed: ${flow("a.ts", ", with t/lib/b.ts, t/lib/c.ts")}`],
  ],
  [
    "a package that a workflow imports of the repo's own",
    { "scripts/a.ts": 'await import("left-pad");', "../node_modules/left-pad/index.js": "1" },
    [flow("a.ts", ", with node_modules/left-pad")],
    { "../node_modules/left-pad/index.js": "2" },
    [`changed: ${flow("a.ts", ", with node_modules/left-pad")}`],
  ],
  ["no workflow", { "scripts/a-b.ts": "1", "scripts/a.sh": "1" }, [], { "lib/x.ts": "1" }, []],
  [
    "privileged",
    container("privileged: true"),
    ["containers are privileged: they may do here whatever root may"],
    container("privileged: true, env: {A: b}"),
    [],
  ],
  [
    "an engine of its own",
    container("privileged: true, dind: true"),
    [
      "containers are privileged: they may do here whatever root may",
      "containers run an engine of their own, whose images and containers stay in a volume of yours",
    ],
    container("privileged: true, dind: true, env: {A: b}"),
    [],
  ],
  [
    "the engine's socket",
    container("socket: true"),
    ["containers get the engine's socket, through which they may become root here"],
    container("privileged: true"),
    ["new: containers are privileged: they may do here whatever root may"],
  ],
  [
    "tests of a prod image from outside",
    config("tests: {fast: {prod: from_outside}, qa: {prod: from_outside}}\n"),
    ["containers of the fast tests of prod get the engine's socket"],
    config("tests: {slow: {prod: from_outside}}\n"),
    ["new: containers of the slow tests of prod get the engine's socket"],
  ],
  [
    "an absolute path",
    container("volumes: ['/etc:/x']"),
    [outside("/etc:/x")],
    container("volumes: ['/etc:/y']"),
    [`new: ${outside("/etc:/y")}`],
  ],
  [
    "a path of the home",
    container("volumes: ['~/.netrc:/x:ro']"),
    [outside("~/.netrc:/x:ro")],
    container("volumes: ['~/x:/x']"),
    [`new: ${outside("~/x:/x")}`],
  ],
  [
    "a path above the repo",
    container("volumes: ['./a/../../../b:/b', './a:/a', '../c:/c']"),
    [outside("./a/../../../b:/b")],
    container("volumes: ['../../b:/b']"),
    [`new: ${outside("../../b:/b")}`],
  ],
  [
    "the Git dir",
    container("volumes: ['../.git/hooks:/x']"),
    [outside("../.git/hooks:/x")],
    container("volumes: ['../.git:/x']"),
    [`new: ${outside("../.git:/x")}`],
  ],
  [
    "a volume of the engine",
    container("volumes: ['data:/x']"),
    [outside("data:/x")],
    container("volumes: ['./data:/x']"),
    [],
  ],
  [
    "folders of the home",
    container("home: [.ssh, .aws]"),
    [".ssh", ".aws"].map((name) => `containers get ~/${name} of your home`),
    container("home: [.config/gh]"),
    ["new: containers get ~/.config/gh of your home"],
  ],
  [
    "variables",
    container("pass_env: [TOKEN]"),
    [yours("TOKEN")],
    container("pass_env: [TOKEN, KEY]"),
    [`new: ${yours("KEY")}`],
  ],
  [
    "a file of variables that takes some of whoever starts it",
    { ...container("env_file: [a.env, plain.env]"), "a.env": "TOKEN\n", "plain.env": "# Mine\nA=b\n" },
    ["containers get variables, of yours too, by a.env"],
    { "a.env": "A=${TOKEN}\n" },
    ["changed: containers get variables, of yours too, by a.env"],
  ],
  [
    "a file of variables outside",
    container("env_file: [/etc/environment]"),
    ["containers get variables, of yours too, by /etc/environment"],
    container("env_file: []"),
    [],
  ],
  [
    "ports on all addresses",
    container("ports: ['80:80', '127.0.0.1:81:81', '[::1]:82:82']"),
    [reached("80:80")],
    container("ports: ['0.0.0.0:80:80', '1270.0.0.1:1:1']"),
    [`new: ${reached("0.0.0.0:80:80")}`, `new: ${reached("1270.0.0.1:1:1")}`],
  ],
  [
    "a network",
    container("network: host"),
    ["containers are in a network of others: host"],
    container("network: other"),
    ["changed: containers are in a network of others: other"],
  ],
  [
    "a compose file",
    { ...container("compose_files: [more.yml]"), "more.yml": "a" },
    [added("more.yml")],
    { "more.yml": "b" },
    [`changed: ${added("more.yml")}`],
  ],
  [
    "a compose file that another one names",
    { ...container("compose_files: [more.yml]"), "more.yml": base, "base.yml": "include: [last.yml]", "last.yml": "a" },
    [added("more.yml")],
    { "last.yml": "b" },
    [`changed: ${added("more.yml")}`],
  ],
  [
    "variables of a compose file",
    { ...container("compose_files: [more.yml]"), "more.yml": "privileged: $P", ".env": "P=false" },
    [added("more.yml")],
    { ".env": "P=true" },
    [`changed: ${added("more.yml")}`],
  ],
  [
    "secrets of a build",
    config("release: {secrets: [TOKEN]}\n"),
    ["builds get the value of your TOKEN"],
    config("release: {secrets: [KEY]}\n"),
    ["new: builds get the value of your KEY"],
  ],
  [
    "the build of a Python package",
    { "pyproject.toml": "1" },
    ["a package is built on this machine as you: python3 -m build (in t)"],
    { "setup.py": "1" },
    ["changed: a package is built on this machine as you: python3 -m build (in t)"],
  ],
  [
    "the build of a package of npm",
    { ...config("release: {package: {kind: npm, dir: js}}\n"), "js/package.json": "1" },
    ["a package is built on this machine as you: npm pack (in t/js)"],
    { "js/package.json": "2" },
    ["changed: a package is built on this machine as you: npm pack (in t/js)"],
  ],
  [
    "a package's own build",
    { ...config("release: {package: {build: [sh, make.sh]}}\n"), "make.sh": "1" },
    ["a package is built on this machine as you: sh make.sh (in t)"],
    { "make.sh": "2" },
    ["changed: a package is built on this machine as you: sh make.sh (in t)"],
  ],
  [
    "linters in an image of others",
    config("lint: {image: ghcr.io/team/linters:1}\n"),
    ["linters run on this repo, as you, in an image of others: ghcr.io/team/linters:1"],
    config("lint: {image: ghcr.io/team/linters:2}\n"),
    ["changed: linters run on this repo, as you, in an image of others: ghcr.io/team/linters:2"],
  ],
  [
    "services that ask for nothing",
    { ...config("services: {compose_file: s.yml}\n"), "s.yml": plainService },
    [],
    { "s.yml": `${plainService}volumes: {data: }\n` },
    [],
  ],
  [
    "a service that is privileged",
    { ...config("services: {compose_file: s.yml}\n"), "s.yml": `${plainService}    privileged: true\n` },
    ["the service db is privileged: it may do on this machine whatever root may"],
    { "s.yml": `${plainService}    privileged: true\n    command: other\n` },
    ["changed: the service db is privileged: it may do on this machine whatever root may"],
  ],
  [
    "what services of another dir ask for, by a file that theirs names",
    {
      ...config("services: {of: ../other}\n"),
      "../other/repo_config.yaml": "services: {compose_file: s.yml}\n",
      "../other/s.yml": `${plainService}    extends: {file: base.yml, service: db}\n`,
      "../other/base.yml": "1",
    },
    ['the service db has extends: {"file":"base.yml","service":"db"}'],
    { "../other/base.yml": "2" },
    ['changed: the service db has extends: {"file":"base.yml","service":"db"}'],
  ],
  ["linters in an image of its own", config("lint: {image: dev}\n"), [], config("lint: {image: dev_tools}\n"), []],
  ["a package that nobody builds", { "package.json": "1" }, [], { "package.json": "2" }, []],
  [
    "end-to-end tests",
    endToEnd("make, all"),
    [tests("dev", "make all")],
    endToEnd("make, 'all; x'"),
    [`changed: ${tests("dev", "make 'all; x'")}`],
  ],
  [
    "a file of end-to-end tests",
    { ...endToEnd("sh, e.sh", "e2e"), "e2e/e.sh": "1" },
    [tests("dev", "sh e.sh", "t/e2e")],
    { "e2e/e.sh": "2" },
    [`changed: ${tests("dev", "sh e.sh", "t/e2e")}`],
  ],
  [
    "a folder of end-to-end tests",
    { ...endToEnd("pytest, e2e"), "e2e/a/b.py": "1" },
    [tests("dev", "pytest e2e")],
    { "e2e/a/b.py": "2" },
    [`changed: ${tests("dev", "pytest e2e")}`],
  ],
  [
    "caches that they leave",
    { ...endToEnd("pytest, e2e"), "e2e/b.py": "1" },
    [tests("dev", "pytest e2e")],
    { "e2e/__pycache__/b.pyc": "2" },
    [],
  ],
  [
    "variables of .env",
    { "../.env": "NODE_OPTIONS=-r ./x\nAWS_REGION=x\n" },
    [variable("NODE_OPTIONS")],
    { "../.env": "NODE_OPTIONS=-r ./y\n" },
    [`changed: ${variable("NODE_OPTIONS")}`],
  ],
  [
    "a variable of .env beside it",
    { "../.env": "FOO=1\n" },
    [variable("FOO")],
    { "../.env": "FOO=1\nAWS_REGION=y\nBAR=2\n" },
    [`new: ${variable("BAR")}`],
  ],
  [
    "a hook",
    { "../.git/hooks/pre-push": "a" },
    [hook(".git/hooks/pre-push")],
    { "../.git/hooks/pre-push": "b" },
    [`changed: ${hook(".git/hooks/pre-push")}`],
  ],
  [
    "a hook's own files",
    { "../.git/hooks/pre-push": "exec sh tools/check.sh\n", "../tools/check.sh": "1" },
    [hook(".git/hooks/pre-push")],
    { "../tools/check.sh": "2" },
    [`changed: ${hook(".git/hooks/pre-push")}`],
  ],
  ["hooks that no tag runs", { "../.git/hooks/pre-commit": "a" }, [], { "../.git/hooks/post-merge": "b" }, []],
  [
    "the hook of git lfs",
    {
      "../.git/hooks/pre-push":
        '#!/bin/sh\ncommand -v git-lfs >/dev/null 2>&1 || { printf >&2 "\\n%s\\n\\n" "Not found."; exit 2; }\ngit lfs pre-push "$@"\n',
    },
    [],
    {
      "../.git/hooks/pre-push":
        '#!/bin/sh\ncommand -v git-lfs >/dev/null 2>&1 || { printf >&2 "$(x)" "Not found."; exit 2; }\ngit lfs pre-push "$@"\n',
    },
    [`new: ${hook(".git/hooks/pre-push")}`],
  ],
];

describe("what a repo asks for, and what asks again:", () => {
  const put = (place: Place, files: Files) => {
    const head = "docker_info: {docker_image_name: t}\n";
    for (const [path, text] of Object.entries(files))
      place.write(path, path === "repo_config.yaml" ? head + text : text);
  };
  const undo = (place: Place, files: Files) => {
    for (const path of Object.keys(files)) rmSync(join(place.dir, path), { force: true });
  };

  it.each(rows)("%s", async (_what, files, asked, change, askedAgain) => {
    rmSync(join(ground.repo, "t"), { recursive: true, force: true });
    const place = ground.place("t");
    put(place, files);
    try {
      expect(await open(place)).toEqual(asked.map((text) => `new: ${text}`));
      expect((await allow(place)).code).toBe(0);
      expect(await open(place)).toEqual([]);
      const before = (await show(place)).map(({ id }) => id);
      expect(
        keptIn(ground)
          .flatMap((path) => JSON.parse(readFileSync(path, "utf8")).allowed)
          .map(({ id }: Ask) => id),
      ).toEqual(before);
      put(place, change);
      expect(await open(place)).toEqual(askedAgain);
      undo(place, change);
      put(place, files);
      expect(await open(place)).toEqual([]);
    } finally {
      await revoke(place);
      expect(keptIn(ground)).toEqual([]);
      undo(place, { ...files, ...change });
    }
  });

  it.each([
    ["filter.odd.clean", "tools/clean %f", 'Git runs filter.odd.clean = "tools/clean %f"'],
    ["core.sshCommand", "tools/clean", 'Git runs core.sshcommand = "tools/clean"'],
    ["credential.helper", "!tools/clean", 'Git runs credential.helper = "!tools/clean"'],
    ["gpg.program", "tools/clean", 'Git runs gpg.program = "tools/clean" to sign'],
  ])("%s of .git/config", async (key, value, text) => {
    const place = ground.place("git");
    put(place, { "../tools/clean": "1" });
    await git(ground.repo, "config", key, value);
    try {
      expect(await open(place)).toEqual([`new: ${text}`]);
      await allow(place);
      expect(await open(place)).toEqual([]);
      put(place, { "../tools/clean": "2" });
      expect(await open(place)).toEqual([`changed: ${text}`]);
    } finally {
      await git(ground.repo, "config", "--unset", key);
      await revoke(place);
    }
  });
});

it("nothing is asked for by what the template has", async () => {
  const place = ground.place("fresh");
  cpSync(join(root, "thin_client/template"), place.dir, { recursive: true });
  expect(await show(place)).toEqual([]);
});

it("a .git that leads to another repo's Git dir is asked for, and no worktree's", async () => {
  const own = join(ground.dir, "other");
  await git(ground.dir, "init", "--quiet", own);
  const file = join(ground.repo, ".git");
  const place = ground.place("worktree");
  renameSync(file, `${file}.own`);
  try {
    writeTo(file, `gitdir: ${own}/.git\n`);
    expect(await open(place)).toEqual([`new: containers get the Git dir ${own}/.git`]);
    writeTo(join(own, ".git/worktrees/repo/gitdir"), `${file}\n`);
    expect(await open(place)).toEqual([]);
  } finally {
    rmSync(file);
    renameSync(`${file}.own`, file);
  }
});
