import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Change } from "../../lib/python/package_diff.ts";
import { ensurePythonBase } from "../bed/python_base.ts";
import { tinyImage } from "../bed/tiny.ts";
import { type Ground, makeGround, write } from "../bed/tiny_repo.ts";
import { debianOrder, pipOrder } from "../bed/version_orders.ts";
import { docker, startWorkflow, workflowsIn } from "../bed/workflow.ts";

const name = "compared";
let ground: Ground;
let repo = "";
let own = "";

type Packages = Readonly<Partial<Record<"pip" | "dpkg" | "npm", Readonly<Record<string, string>>>>>;

/** Files of an image in which these packages are installed, the way each installer leaves them. */
function installed({ pip = {}, dpkg = {}, npm = {} }: Packages, python: string): Record<string, string> {
  const files: Record<string, string> = {
    "var/lib/dpkg/status": Object.entries(dpkg)
      .map(
        ([name, version]) =>
          `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\n`,
      )
      .join("\n"),
  };
  for (const [name, version] of Object.entries(pip))
    files[`venv/lib/${python}/site-packages/${name}-${version}.dist-info/METADATA`] =
      `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`;
  for (const [name, version] of Object.entries(npm))
    files[`usr/lib/node_modules/${name}/package.json`] = JSON.stringify({ name, version });
  return files;
}

async function build(tag: string, files: Readonly<Record<string, string>>, more = ""): Promise<void> {
  const dir = join(ground.dir, tag);
  mkdirSync(dir);
  // The engine finds an image by its digest under any name, so this run's is like no other's.
  write(dir, { ...files, "run.txt": own, Dockerfile: `FROM ${tinyImage}\nCOPY . /\n${more}` });
  await docker("buildx", "build", "--quiet", "--provenance=false", "--load", "--tag", `${own}:${tag}`, dir);
}

const older: Packages = {
  pip: { Same_Name: "1.0", goes: "2.0", up: "1.9", down: "3.0.post1", epoch: "2024.1" },
  dpkg: { libc6: "2.36-9", tzdata: "2024a-0", gone: "1", tilde: "1.0~rc1-1", epoched: "9.0" },
  npm: { "left-pad": "1.9.0", "@scope/thing": "1.0.0-rc.1", old: "1.0.0" },
};
const newer: Packages = {
  pip: { "same-name": "1.0.0", comes: "1.0", up: "1.10", down: "3.0rc1", epoch: "1!1.0" },
  dpkg: { libc6: "2.36-9", tzdata: "2023c-0", new: "1", tilde: "1.0-1", epoched: "1:1.0" },
  npm: { "left-pad": "1.10.0", "@scope/thing": "1.0.0", fresh: "0.1.0" },
};
const differences = [
  ["pip", "comes", "added", null, "1.0"],
  ["pip", "down", "down", "3.0.post1", "3.0rc1"],
  ["pip", "epoch", "up", "2024.1", "1!1.0"],
  ["pip", "goes", "removed", "2.0", null],
  ["pip", "linked", "up", "1.0", "2.0"],
  ["pip", "up", "up", "1.9", "1.10"],
  ["dpkg", "epoched", "up", "9.0", "1:1.0"],
  ["dpkg", "gone", "removed", "1", null],
  ["dpkg", "new", "added", null, "1"],
  ["dpkg", "tilde", "up", "1.0~rc1-1", "1.0-1"],
  ["dpkg", "tzdata", "down", "2024a-0", "2023c-0"],
  ["npm", "@scope/thing", "up", "1.0.0-rc.1", "1.0.0"],
  ["npm", "fresh", "added", null, "0.1.0"],
  ["npm", "left-pad", "up", "1.9.0", "1.10.0"],
  ["npm", "old", "removed", "1.0.0", null],
];
/** An installation whose files are hard links into a store that nobody looks into, as some installers make. */
const linked = (version: string) =>
  `RUN mkdir -p /store /venv/lib/python3/site-packages/linked-${version}.dist-info && printf 'Name: linked\\nVersion: ${version}\\n' > /store/0f && ln /store/0f /venv/lib/python3/site-packages/linked-${version}.dist-info/METADATA\n`;

beforeAll(async () => {
  ground = await makeGround(1);
  own = `${ground.addresses["r1"]}/${name}`;
  repo = await ground.repo(name);
  await build("dev", installed(older, "python3.11"), `${linked("1.0")}VOLUME /venv\n`);
  await build("local-root-1.0.0", installed(newer, "python3.12"), `${linked("2.0")}ENTRYPOINT ["/bin/false"]\n`);
  // Long enough to read that it can be stopped in between.
  await build("dev-2.0.0", installed(older, "python3.11"), "RUN dd if=/dev/zero of=/long bs=1M count=300\n");
});
afterAll(() => ground.end());

const i = (...words: readonly string[]) => workflowsIn(repo)("compare_packages", ...words);
const changesOf = (stdout: string): unknown[] =>
  (JSON.parse(stdout) as { result: { changes: Change[] } }).result.changes.map(
    ({ ecosystem, name, change, from, to }) => [ecosystem, name, change, from, to],
  );
const containers = (tag = "dev") =>
  docker("ps", "--all", "--quiet", "--filter", "label=dev.slipway.run", "--filter", `ancestor=${own}:${tag}`);

describe("compare_packages", () => {
  it("is exact for machines: every difference and nothing else", async () => {
    const { code, stdout, stderr } = await i("dev", "local", "--json");
    expect(code, stderr).toBe(0);
    expect(changesOf(stdout)).toEqual(differences);
    expect(await containers()).toBe("");
  });

  it("is a table for a person", async () => {
    const { stdout } = await i("dev", "local-1.0.0");
    const lines = stdout.trimEnd().split("\n");
    expect([lines[0], lines.at(-1)]).toEqual(["dev -> local-1.0.0", "3 added, 3 removed, 7 up, 2 down"]);
    expect(lines.map((line) => line.split(/ +/).join(" "))).toContain("pip down down 3.0.post1 -> 3.0rc1");
  });

  it("turns round what is turned round", async () => {
    const { stdout } = await i("local", "dev", "--json");
    const turned: Readonly<Record<string, string>> = { added: "removed", removed: "added", up: "down", down: "up" };
    expect(changesOf(stdout)).toEqual(
      differences.map(([ecosystem, name, change, from, to]) => [ecosystem, name, turned[String(change)], to, from]),
    );
  });

  it.each(["SIGTERM", "SIGKILL"] as const)(
    "leaves no container behind after %s, at the latest with the next run",
    async (signal) => {
      const running = startWorkflow(repo, "compare_packages", "dev-2.0.0", "local");
      for (let turn = 0; turn < 400 && (await containers("dev-2.0.0")) === ""; turn += 1);
      expect(await containers("dev-2.0.0")).not.toBe("");
      expect(await running.kill(signal)).toBe(signal === "SIGTERM" ? 130 : 128);
      if (signal === "SIGKILL") await i("dev", "local");
      expect(await containers("dev-2.0.0")).toBe("");
    },
  );

  it("pulls an image that the engine lacks, by digest", async () => {
    await docker("push", "--quiet", `${own}:dev`);
    const pushed = await docker("image", "inspect", "--format", "{{index .RepoDigests 0}}", `${own}:dev`);
    await docker("rmi", "--force", `${own}:dev`);
    const done = await i(pushed, "local", "--json");
    expect(done.states).toEqual({ pull_1: "done", pull_2: "skipped", compare: "done" });
    expect(changesOf(done.stdout)).toEqual(differences);
    await docker("tag", pushed, `${own}:dev`);
    await docker("rmi", pushed);
  });

  it("ends as docker does for an image that is nowhere, and names the line that failed", async () => {
    const { code, stderr } = await i("dev", `${own}:dev-9.9.9`);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: .*`docker pull \S+:dev-9\.9\.9` exited with 1$/m);
  });
});

describe("the orders of versions that the tables hold", () => {
  it("are those of dpkg", async () => {
    const text = neighbours(debianOrder).map(
      ([a, b]) => `dpkg --compare-versions '${a}' lt '${b}' || echo '${a} ${b}'`,
    );
    expect(await docker("run", "--rm", "--entrypoint", "sh", await ensurePythonBase(), "-c", text.join("\n"))).toBe("");
  });

  it("are those of Python's packaging", async () => {
    const text = `from packaging.version import Version as V; print([p for p in ${JSON.stringify(neighbours(pipOrder))} if not V(p[0]) < V(p[1])])`;
    expect(await docker("run", "--rm", "--entrypoint", "python3", await ensurePythonBase(), "-c", text)).toBe("[]");
  });
});

const neighbours = (order: readonly string[]) =>
  order.slice(1).map((next, index) => [order[index] ?? "", next] as const);
