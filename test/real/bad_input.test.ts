import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type BadCase, release } from "../bed/bad_case.ts";
import { oldEngine, onlyPlugins, pathWithout, sayingDocker, smallDisk } from "../bed/bad_machine.ts";
import { repoCases } from "../bed/bad_repos.ts";
import { textCases } from "../bed/bad_texts.ts";
import { wordCases } from "../bed/bad_words.ts";
import { containersWith, engineIds } from "../bed/engine_api.ts";
import { git } from "../bed/git.ts";
import { refsOf } from "../bed/oracle.ts";
import { tinyImage } from "../bed/tiny.ts";
import { type Ground, makeGround } from "../bed/tiny_repo.ts";
import { treeOf } from "../bed/watch.ts";
import { docker, workflowsIn } from "../bed/workflow.ts";

let ground: Ground;
const told: string[] = [];
beforeAll(async () => {
  ground = await makeGround(2);
});
afterAll(async () => {
  process.stdout.write(`${[`${"what is wrong".padEnd(46)}code what is said`, ...told].join("\n")}\n`);
  await ground.end();
});

type Where = { readonly repo: string; readonly remote: string; readonly name: string };

/** All that a refused command leaves alone: files, refs of repo and remote, what the engine and the registries have of the image. */
async function world({ repo, remote, name }: Where): Promise<Readonly<Record<string, unknown>>> {
  const images = Object.values(ground.addresses).map((address) => engineIds(`${address}/${name}`));
  const sent = ground.registries.flatMap((registry) =>
    registry.requests().filter(({ method, path }) => /^(PUT|PATCH)$/.test(method) && path.startsWith(`/v2/${name}/`)),
  );
  const isRepo = existsSync(join(repo, ".git"));
  return {
    files: treeOf(repo, [".git"]),
    refs: isRepo ? await git(repo, "for-each-ref") : "",
    status: isRepo ? await git(repo, "--no-optional-locks", "status", "--porcelain=v2", "--branch") : "",
    remote: existsSync(remote) ? await refsOf(remote) : "gone",
    images: (await Promise.all(images)).flat(),
    containers: await containersWith(`dev.slipway.image=${name}`),
    sent,
  };
}

let count = 0;
/** A case in a repo of its own: refused with what, why and fix, and nothing changed; gives what was said. */
async function refuses({ what, line, says, spoil, runs, code = 2 }: BadCase): Promise<string> {
  count += 1;
  const name = `bad${count}x`;
  const repo = await ground.repo(name);
  const spoiled = await spoil?.(repo, ground, name);
  const cwd = spoiled?.cwd ?? repo;
  const where = { repo: cwd, remote: `${repo}.git`, name };
  const before = await world(where);
  const [workflow = "", ...words] = line.split(" ");
  const ended = await workflowsIn(cwd, { env: spoiled?.env ?? {} })(workflow, ...words);
  told.push(
    `${what.padEnd(46)}${String(ended.code).padEnd(5)}${/^error: (.*)$/m.exec(ended.stderr)?.[1]?.slice(0, 110)}`,
  );
  expect(ended.stderr).toMatch(/^error: .+\n {2}why: .+\n {2}fix: .+/m);
  expect(/^error: (.*)$/m.exec(ended.stderr)?.[1], ended.stderr).toMatch(says);
  expect([ended.code, ended.stderr.includes("fault of Slipway")]).toEqual([code, false]);
  const { files, status, images, ...rest } = await world(where);
  expect(runs ? { ...before, ...rest } : { files, status, images, ...rest }).toEqual(before);
  return ended.stderr;
}

const named = (cases: readonly BadCase[]) => cases.map((one) => [one.what, one] as const);

describe("a repo with a mistake", () => {
  const all = [...textCases, ...repoCases];
  it.concurrent.each(named(all.filter(({ runs }) => !runs)))("%s: is refused and nothing changes", async (_, one) => {
    await refuses(one);
  });
  it.concurrent.each(named(all.filter(({ runs }) => runs)))(
    "%s: is refused, and no ref, tag or container is left of it",
    async (_, one) => {
      await refuses(one);
    },
  );
});
describe("a command with a mistake", () => {
  it.concurrent.each(named(wordCases))("%s: is refused and nothing changes", async (_, one) => {
    await refuses(one);
  });
});

const machineCases: readonly BadCase[] = [
  {
    what: "no git",
    line: release,
    says: /^git \w+.* ended with 127/,
    spoil: async () => ({ env: pathWithout(ground.dir, "git") }),
  },
  {
    what: "no bash",
    line: release,
    says: /bash was not found/,
    spoil: async () => ({ env: pathWithout(ground.dir, "bash") }),
  },
  {
    what: "no docker",
    line: release,
    says: /no Docker engine answers/,
    spoil: async () => ({ env: pathWithout(ground.dir, "docker") }),
  },
  {
    what: "no engine",
    line: release,
    says: /no Docker engine answers/,
    spoil: async () => ({ env: { DOCKER_HOST: "unix:///nowhere.sock" } }),
  },
  ...["docker_build_local --version 1.0.0", "docker_pull", "docker_cmd --cmd ls", "docker_tag_local_as_dev"].map(
    (line): BadCase => ({
      what: `no engine for ${line}`,
      line: `${line} --yes`,
      says: /no Docker engine answers$/,
      spoil: async () => ({ env: { DOCKER_HOST: "unix:///nowhere.sock" } }),
    }),
  ),
  {
    what: "no buildx to build with",
    line: "docker_build_local --version 1.0.0",
    says: /"build_local": docker has no buildx plugin/,
    spoil: async () => ({ env: onlyPlugins(ground.dir, "docker-compose") }),
  },
  {
    what: "no compose to start a container with",
    line: "docker_cmd --cmd ls",
    says: /docker has no compose plugin/,
    spoil: async (_, { addresses, dir }, name) => {
      await docker("tag", tinyImage, `${addresses["r1"]}/${name}:dev`);
      return { env: onlyPlugins(dir, "docker-buildx") };
    },
  },
  {
    what: "a docker that only complains",
    line: release,
    says: /no Docker engine answers/,
    spoil: async () => ({ env: sayingDocker(ground.dir, "permission denied") }),
  },
  {
    what: "no buildx",
    line: release,
    says: /docker has no buildx plugin/,
    spoil: async () => ({ env: onlyPlugins(ground.dir, "docker-compose") }),
  },
  {
    what: "no compose",
    line: release,
    says: /docker has no compose plugin/,
    spoil: async () => ({ env: onlyPlugins(ground.dir, "docker-buildx") }),
  },
];

describe("a machine with a fault", () => {
  it.concurrent.each(named(machineCases))("%s: is refused and nothing changes", async (_, one) => {
    await refuses(one);
  });

  it("an engine that is too old: is refused before anything changes", async () => {
    const engine = await oldEngine(ground.dir, "19.03.15");
    onTestFinished(async () => void (await engine.end()));
    const says = /the Docker engine is 19.03.15, older than 20.10/;
    await refuses({ what: "an engine that is too old", line: release, says, spoil: async () => ({ env: engine.env }) });
  });

  it("a disk with little room: is refused before anything changes", async () => {
    const disk = await smallDisk(join(ground.dir, "small"), 4_000);
    onTestFinished(async () => void (await disk.end()));
    const says = /"preflight": only \d+ MiB are free on the disk of this repo/;
    const spoil = async (repo: string) => {
      await git(ground.dir, "clone", "--quiet", `${repo}.git`, join(disk.dir, "clone"));
      return { cwd: join(disk.dir, "clone") };
    };
    await refuses({ what: "a disk with little room", line: release, says, spoil });
  });

  it("a full disk: is refused before anything changes", async () => {
    const disk = await smallDisk(join(ground.dir, "full"), 4_000);
    onTestFinished(async () => void (await disk.end()));
    const spoil = async (repo: string) => {
      await git(ground.dir, "clone", "--quiet", `${repo}.git`, join(disk.dir, "clone"));
      disk.fill(join(disk.dir, "clone"));
      return { cwd: join(disk.dir, "clone") };
    };
    const said = await refuses({ what: "a full disk", line: release, says: /^git status .* ended with 128/, spoil });
    expect(said).toContain("Out of diskspace");
  });
});
