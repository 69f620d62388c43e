import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { baseImage } from "../../thin_client/engine/base.ts";
import { must } from "../../thin_client/engine/command.ts";
import { addRemote, commitAll, git } from "../bed/git.ts";
import { ensureNpmProgram } from "../bed/npm_program.ts";
import { digestsAt } from "../bed/oracle.ts";
import { needs } from "../bed/parts.ts";
import { makePerson, type Person } from "../bed/person.ts";
import { story } from "../bed/story.ts";
import { type Ground, makeGround, write } from "../bed/tiny_repo.ts";
import { docker, workflowsIn } from "../bed/workflow.ts";

const nodeImage = `slipway-test/node:${process.pid}`;
let ground: Ground;

beforeAll(async () => {
  await needs("base", "unshare");
  ground = await makeGround(2);
});
afterAll(async () => {
  await docker("rmi", "--force", nodeImage);
  await ground?.end();
});

/** An image with this machine's Node and npm, as the usual images of Node have them. */
async function makeNodeImage(): Promise<void> {
  const context = mkdtempSync(join(tmpdir(), "node-image-"));
  try {
    const npm = (await must(["npm", "root", "--global"])).trim();
    cpSync(realpathSync(process.execPath), join(context, "node"));
    cpSync(realpathSync(join(npm, "npm")), join(context, "npm"), { recursive: true });
    write(context, {
      Dockerfile: [
        `FROM ${baseImage}`,
        "COPY node /usr/local/bin/node",
        "COPY npm /usr/local/lib/node_modules/npm",
        "RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm",
        "",
      ].join("\n"),
    });
    await docker("build", "--quiet", "--tag", nodeImage, context);
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}

describe("a Node repo with a Dockerfile", story, () => {
  const name = "shop";
  let repo = "";
  let person: Person | null = null;
  const manifest = {
    name: "@acme/shop",
    scripts: { test: "node --test" },
    dependencies: { adder: "file:adder-1.0.0.tgz" },
  };

  beforeAll(async () => {
    await makeNodeImage();
    repo = join(ground.dir, name);
    write(join(ground.dir, "adder"), {
      "package.json": JSON.stringify({ name: "adder", version: "1.0.0" }),
      "index.js": "module.exports = (one, other) => one + other;\n",
    });
    mkdirSync(repo);
    await must(["npm", "pack", "--silent", "--pack-destination", repo], { cwd: join(ground.dir, "adder") });
    write(repo, {
      "package.json": JSON.stringify(manifest),
      "test/sum.test.js":
        'require("node:test")("adds", () => require("node:assert").equal(require("adder")(1, 2), 3));\n',
      Dockerfile: `FROM ${nodeImage}\nWORKDIR /app\nCOPY package.json adder-1.0.0.tgz ./\nRUN npm install --offline\nCOPY . .\nCMD ["npm", "start"]\n`,
      ".dockerignore": "node_modules\n",
    });
    await commitAll(repo, "Start");
    await addRemote(repo);
  });
  afterAll(() => person?.end());

  it("has a released dev image in every registry after four lines and no edit", async () => {
    const i = workflowsIn(repo);
    const registries = Object.values(ground.addresses).join(",");
    const lines = [
      () => i("init_runnable_dir", "--registries", registries, "--devcontainer"),
      () => commitAll(repo, "Add the toolchain"),
      () => git(repo, "push", "--quiet"),
      () => i("docker_release_dev", "--yes"),
    ];
    expect(lines.length).toBeLessThanOrEqual(4);
    for (const line of lines) {
      const ended = await line();
      if (typeof ended === "object") expect(ended.code, ended.stderr).toBe(0);
    }
    const digests = await digestsAt(Object.values(ground.addresses), `${name}:dev-1.0.0`);
    expect(new Set(digests)).toEqual(new Set([expect.stringMatching(/^sha256:/)]));
    expect(digests).toHaveLength(2);
  });

  it("got nothing of Python, no sample, and what its Dockerfile uses alone", async () => {
    const added = (await git(repo, "diff", "--name-only", "--diff-filter=A", "HEAD~1", "HEAD")).split("\n");
    expect(added).toEqual([
      ".devcontainer/caller/devcontainer-feature.json",
      ".devcontainer/caller/install.sh",
      ".devcontainer/devcontainer.json",
      ".gitignore",
      "changelog.txt",
      "devops/.gitattributes",
      "devops/docker_build/dev.Dockerfile",
      "devops/docker_build/dockerignore.dev",
      "devops/docker_build/dockerignore.prod",
      "devops/docker_build/prod.Dockerfile",
      "repo_config.yaml",
    ]);
    expect(
      added.filter((path) => /python|pytest|poetry|\bpip\b/i.test(readFileSync(join(repo, path), "utf8"))),
    ).toEqual([]);
    expect(await git(repo, "diff", "--name-only", "--diff-filter=MD", "HEAD~1", "HEAD")).toBe("");
  });

  it("starts under the real CLI of dev containers, runs its tests there, and what it writes is the caller's", async () => {
    const program = await ensureNpmProgram("@devcontainers/cli@0.89.0", "devcontainer.js");
    const uid = 54_321;
    const dir = join(ground.dir, "person");
    person = await makePerson(dir, uid);
    // The caches of whoever runs the tests are closed to others.
    cpSync(dirname(program), join(dir, "cli"), { recursive: true });
    await must(["chown", "-R", `${uid}:${uid}`, repo]);
    chownSync(dir, uid, uid);
    chmodSync(ground.dir, 0o755);
    const devcontainer = (name: string, ...words: readonly string[]) =>
      person?.runs(repo, "node", join(dir, "cli/devcontainer.js"), name, "--workspace-folder", repo, ...words);
    const up = await devcontainer("up");
    expect(up?.code, `${up?.stdout}${up?.stderr}`).toBe(0);
    const { containerId, remoteUser } = JSON.parse(up?.stdout ?? "") as Readonly<Record<string, string>>;
    try {
      expect(remoteUser).toBe("caller");
      const tests = await devcontainer("exec", "npm", "test");
      expect(tests?.code, tests?.stderr).toBe(0);
      expect(tests?.stdout).toMatch(/pass 1/);
      const wrote = await devcontainer("exec", "sh", "-c", "id -u; pwd; echo x >made");
      expect(wrote?.stdout, wrote?.stderr).toBe(`${uid}\n/app\n`);
      expect(statSync(join(repo, "made")).uid).toBe(uid);
    } finally {
      const image = await docker("inspect", "--format", "{{.Config.Image}}", containerId ?? "");
      await docker("rm", "--force", containerId ?? "");
      await docker("rmi", "--force", image.trim(), image.trim().replace(/-uid$/, "-features"));
    }
  });
});
