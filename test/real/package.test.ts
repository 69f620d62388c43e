import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pythonImage } from "../../thin_client/engine/base.ts";
import { must, run, until } from "../../thin_client/engine/command.ts";
import { git } from "../bed/git.ts";
import { type NpmRegistry, startNpmRegistry } from "../bed/npm_registry.ts";
import { type PackageIndex, start } from "../bed/package_index.ts";
import { needs } from "../bed/parts.ts";
import { story } from "../bed/story.ts";
import { change, type Ground, makeGround, tinyConfig, write } from "../bed/tiny_repo.ts";
import { type Done, docker, startWith, trustingCi, workflowsIn } from "../bed/workflow.ts";

const password = "planted-index-password";
let ground: Ground;
beforeAll(async () => {
  await needs("python", "python_build");
  ground = await makeGround(1);
});
afterAll(() => ground.end());

/** Everything that a run tells or leaves in its logs; what it built has no password of anybody. */
const told = ({ stdout, stderr }: Done, repo: string): string => [stdout, stderr, ...logsOf(repo)].join("\n");
function logsOf(repo: string): string[] {
  const folder = join(repo, ".git/slipway");
  const names = readdirSync(folder, { recursive: true, withFileTypes: true });
  return names
    .filter((one) => one.isFile() && !one.parentPath.includes("/slipway/package"))
    .map((one) => readFileSync(join(one.parentPath, one.name), "latin1"));
}

/** Puts another commit in the place of the last one: with the same version, and other content. */
async function amend(repo: string, texts: Readonly<Record<string, string>>): Promise<void> {
  write(repo, texts);
  await git(repo, "commit", "--quiet", "--all", "--amend", "--message", "Other");
  await git(repo, "push", "--quiet", "--force", "origin", "HEAD");
}

describe("a Python package", story, () => {
  const name = "wheeled";
  let index: PackageIndex;
  let repo = "";
  let home = "";
  let i: ReturnType<typeof workflowsIn>;
  const files = {
    "setup.py":
      "from setuptools import setup\nimport os\nsetup(name='wheeled_app', py_modules=['wheeled'], version=os.environ['SETUPTOOLS_SCM_PRETEND_VERSION'])\n",
    "wheeled.py": "def answer():\n    return 42\n",
    "docker/Dockerfile": `FROM ${pythonImage}\nCOPY pkg/ /pkg/\n`,
    ".gitignore": "ignored*\n/docker/pkg/\n/dist/\n*.egg-info/\nbuild/\n",
  };
  const build = "[/usr/bin/python3, -m, build, --no-isolation]";
  const configured = (more = "") => ({
    "repo_config.yaml": tinyConfig({ name, registries: ground.addresses }).replace(
      "release: {",
      `release: {package: {build: ${build}, index: "${index.url}"${more}}, `,
    ),
  });
  const names = () => [...index.uploaded.keys()].sort();
  const upload = (more: Readonly<Record<string, string>> = { TWINE_USERNAME: "ada", TWINE_PASSWORD: password }) =>
    workflowsIn(repo, { env: { ...trustingCi, HOME: home, ...more } })("release_package", "--yes");

  beforeAll(async () => {
    index = await start([], { user: "ada", password });
    repo = await ground.repo(name);
    home = join(ground.dir, "home");
    await must(["mkdir", "-p", home]);
    await change(repo, { ...files, ...configured() });
    await git(repo, "tag", `${name}-1.2.0`, "HEAD~1");
    i = workflowsIn(repo, { env: { ...trustingCi, HOME: home, TWINE_USERNAME: "ada", TWINE_PASSWORD: password } });
  });
  afterAll(() => index.stop());

  it("is refused with a wrong password, which stands nowhere, and nothing is there", async () => {
    const ended = await upload({ TWINE_USERNAME: "ada", TWINE_PASSWORD: "planted-wrong-word" });
    expect([ended.code, ended.stderr]).toEqual([
      1,
      expect.stringMatching(/answered 403[\s\S]*fix: Set TWINE_USERNAME/),
    ]);
    const basic = btoa("ada:planted-wrong-word");
    for (const secret of ["planted-wrong-word", basic]) expect(told(ended, repo)).not.toContain(secret);
    expect(names()).toEqual([]);
  });

  it("is found by whoever types the same again after a run that was killed while it uploaded", async () => {
    const began = new Promise<void>((resolve) => {
      index.onUpload = () => new Promise(() => resolve());
    });
    const env = { ...process.env, HOME: home, TWINE_USERNAME: "ada", TWINE_PASSWORD: password };
    await workflowsIn(repo, { env: { HOME: home } })("trust", "--yes");
    const { kill, ended: over } = startWith(repo, env, ["release_package", "--yes"]);
    expect(await Promise.race([began, over.then(() => "it ended before")])).toBeUndefined();
    await kill();
    index.onUpload = async () => {};
    const ended = await upload();
    expect(ended.code, ended.stderr).toBe(0);
    expect(names()).toEqual(["wheeled_app-1.2.1.dev1-py3-none-any.whl", "wheeled_app-1.2.1.dev1.tar.gz"]);
    expect(told(ended, repo)).not.toContain(password);
  });

  it("is already there when it is uploaded again, also when it is built anew with other times", async () => {
    const before = new Map(index.uploaded);
    rmSync(join(repo, ".git/slipway/package"), { recursive: true, force: true });
    const ended = await upload();
    expect([ended.code, ended.stdout]).toEqual([
      0,
      expect.stringMatching(/already there .*whl\nalready there .*tar\.gz\n/),
    ]);
    expect(index.uploaded).toEqual(before);
  });

  it("takes the login from ~/.pypirc or ~/.netrc", async () => {
    await change(repo, { "wheeled.py": "def answer():\n    return 43\n" });
    const address = index.url.replace("simple", "");
    writeFileSync(join(home, ".pypirc"), `[own]\nrepository = ${address}\nusername = ada\npassword = ${password}\n`);
    const first = await upload({});
    expect(first.code, first.stderr).toBe(0);
    rmSync(join(home, ".pypirc"));
    await change(repo, { "wheeled.py": "def answer():\n    return 44\n" });
    writeFileSync(join(home, ".netrc"), `machine ${new URL(address).hostname} login ada password ${password}\n`);
    const second = await upload({});
    expect(second.code, second.stderr).toBe(0);
    expect(names().filter((file) => file.endsWith("whl"))).toHaveLength(3);
  });

  it("is refused under a version whose content is another", async () => {
    const file = "wheeled_app-1.2.1.dev3-py3-none-any.whl";
    const bytes = index.uploaded.get(file);
    await amend(repo, { "wheeled.py": "def answer():\n    return 45\n" });
    const ended = await upload();
    expect([ended.code, ended.stderr]).toEqual([2, expect.stringMatching(/has another wheeled.*dev3/)]);
    expect(index.uploaded.get(file)).toEqual(bytes);
  });

  it("is refused where the build gives another version than the commit has", async () => {
    await change(repo, { "setup.py": files["setup.py"].replace(/os\.environ\[.*?\]/, "'9.9.9'") });
    const ended = await upload();
    expect([ended.code, ended.stderr]).toEqual([
      2,
      expect.stringMatching(/is version 9\.9\.9, and its commit is 1\.2\.1\.dev/),
    ]);
    await change(repo, { "setup.py": files["setup.py"] });
  });

  it("says that the index is down", async () => {
    const other = "http://127.0.0.1:9/simple/";
    const ended = await i("release_package", "--yes", "--index", other);
    expect([ended.code, ended.stderr]).toEqual([
      1,
      expect.stringContaining("the package index 127.0.0.1:9 does not answer"),
    ]);
  });

  /** Runs a line until it starts this program, where it is killed. */
  async function killedIn(program: string, line: readonly [string, ...string[]]): Promise<void> {
    const bin = join(ground.dir, `killed-${line[0]}`);
    const real = (await must(["sh", "-c", 'command -v "$1"', "sh", program.split(" ")[0] ?? ""])).trim();
    const [, word = "*"] = program.split(" ");
    const shim = `#!/bin/sh\ncase $1 in ${word}) : > '${bin}/reached'; exec sleep 60 ;; esac\nexec '${real}' "$@"\n`;
    write(bin, { [program.split(" ")[0] ?? ""]: shim });
    await must(["chmod", "-R", "755", bin]);
    const env = { ...process.env, ...trustingCi, HOME: home, PATH: `${bin}:${process.env["PATH"]}` };
    const run = startWith(repo, env, line);
    await until(() => existsSync(join(bin, "reached")), 60_000);
    await run.kill();
  }

  it("gets into an image, whose label says the version that pip installs, also after runs that were killed", async () => {
    const ended = await upload();
    expect(ended.code, ended.stderr).toBe(0);
    const dist = `.git/slipway/package/${name}/dist`;
    const copy = ["release_dist_copy", dist, "docker/pkg"] as const;
    await killedIn("cp", copy);
    const copied = await i(...copy);
    expect(copied.code, copied.stderr).toBe(0);
    const image = `${ground.addresses["r1"]}/wheeled-image`;
    const nowhere = await i("release_deploy", "-i", "docker/", "-n", "127.0.0.1:9/wheeled", "-t", "feature-doodad");
    expect([nowhere.code, nowhere.stderr]).toEqual([1, expect.stringContaining('stopped at step "push"')]);
    const deploy = ["release_deploy", "-i", "docker/", "-n", image, "-t", "feature-doodad"] as const;
    await killedIn("docker push", deploy);
    const deployed = await i(...deploy);
    expect(deployed.code, deployed.stderr).toBe(0);
    const reference = `${image}:feature-doodad`;
    const format = '{{index .Config.Labels "org.opencontainers.image.version"}}';
    const version = await docker("image", "inspect", "--format", format, reference);
    expect(version).toMatch(/^1\.2\.1\.dev\d$/);
    const { hostname } = new URL(index.url);
    const pip = (from: string) =>
      `python3 -m pip install --quiet --break-system-packages --root-user-action=ignore ${from} && python3 -c "import importlib.metadata as m; print(m.version('wheeled_app'))"`;
    const inside = (text: string) => docker("run", "--rm", reference, "sh", "-ec", text);
    const fromIndex = pip(`--index-url ${index.url}/ --trusted-host ${hostname} wheeled_app==${version}`);
    expect(await inside(fromIndex)).toBe(version);
    expect(await inside(pip("--no-index /pkg/*.whl"))).toBe(version);
    // Without --pre nobody gets a development version.
    const plain = await run([
      "docker",
      "run",
      "--rm",
      reference,
      "sh",
      "-ec",
      pip(`--index-url ${index.url}/ --trusted-host ${hostname} 'wheeled_app<1'`),
    ]);
    expect(plain.code).not.toBe(0);
  });

  it("is copied alone: what an earlier build left goes, and without one the dir is there and that is told", async () => {
    await change(repo, { "wheeled.py": "def answer():\n    return 46\n" });
    expect((await upload()).code).toBe(0);
    const dist = `.git/slipway/package/${name}/dist`;
    expect((await i("release_dist_copy", dist, "docker/pkg")).code).toBe(0);
    expect(readdirSync(join(repo, "docker/pkg")).sort()).toEqual(readdirSync(join(repo, dist)).sort());
    const none = await i("release_dist_copy", "dist", "docker/pkg", "docker/pkg/more");
    expect([none.code, none.stdout]).toEqual([0, expect.stringContaining("warning: dist has no package")]);
    expect(readdirSync(join(repo, "docker/pkg/more"))).toEqual([]);
  });

  it("deploys no image with the package of another commit", async () => {
    await change(repo, { "wheeled.py": "def answer():\n    return 47\n" });
    const image = `${ground.addresses["r1"]}/wheeled-image`;
    const ended = await i("release_deploy", "-i", "docker/", "-n", image, "-t", "feature-other");
    expect([ended.code, ended.stderr]).toEqual([
      2,
      expect.stringMatching(/docker\/pkg\/wheeled.*is version .*, and its commit is/),
    ]);
  });
});

describe("a package of npm", story, () => {
  const name = "npmed";
  let registry: NpmRegistry;
  let repo = "";
  let home = "";
  const publish = () =>
    workflowsIn(repo, { env: { ...trustingCi, HOME: home, npm_config_userconfig: join(home, ".npmrc") } })(
      "release_package",
      "--yes",
    );
  const view = async (what: string) =>
    JSON.parse(await must(["npm", "view", "npmed-app", what, "--json", "--registry", registry.url])) as unknown;
  beforeAll(async () => {
    registry = await startNpmRegistry(join(ground.dir, "verdaccio"));
    home = join(ground.dir, "npm_home");
    await must(["mkdir", "-p", home]);
    repo = await ground.repo(name);
    const config = tinyConfig({ name, registries: ground.addresses });
    await change(repo, {
      "repo_config.yaml": config.replace(
        "release: {",
        `release: {package: {kind: npm, dir: js, index: "${registry.url}"}, `,
      ),
      "js/package.json": '{"name": "npmed-app", "version": "0.0.0", "main": "a.js"}\n',
      "js/a.js": "module.exports = 1;\n",
    });
  });
  afterAll(() => registry.stop());

  it("is refused to who is not logged in", async () => {
    const ended = await publish();
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringMatching(/npm did not get through[\s\S]*npm login/)]);
  });

  it("is published once, as a development version that nobody gets by latest", async () => {
    writeFileSync(join(home, ".npmrc"), registry.npmrc);
    const ended = await publish();
    expect(ended.code, ended.stderr).toBe(0);
    expect(told(ended, repo)).not.toContain(registry.npmrc.split("=")[1]?.trim());
    expect(await view("versions")).toEqual(expect.arrayContaining(["0.1.0-dev.2"]));
    const again = await publish();
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining("already there npmed-app-0.1.0-dev.2.tgz")]);
  });

  it("is refused under a version whose content is another, and as a release is the latest", async () => {
    await amend(repo, { "js/a.js": "module.exports = 2;\n" });
    const ended = await publish();
    expect([ended.code, ended.stderr]).toEqual([2, expect.stringContaining("has another npmed-app@0.1.0-dev.2")]);
    await git(repo, "tag", `${name}-1.0.0`);
    const released = await publish();
    expect(released.code, released.stderr).toBe(0);
    expect(await view("dist-tags")).toMatchObject({ latest: "1.0.0", dev: "0.1.0-dev.2" });
  });

  it("says that the registry is down", async () => {
    registry.stop();
    writeFileSync(join(home, ".npmrc"), "fetch-retries = 0\n");
    await change(repo, { "js/a.js": "module.exports = 3;\n" });
    const ended = await publish();
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining("npm did not get through")]);
  });
});
