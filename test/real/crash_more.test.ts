import { existsSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { branchTag } from "../../lib/names/dev_version.ts";
import type { SignedEntry } from "../../lib/names/log.ts";
import { type CrashGround, inEngine, type Spot } from "../bed/crash_ground.ts";
import { commitAll, git } from "../bed/git.ts";
import { type Github, ourHost, startGithub } from "../bed/github.ts";
import { type HandImage, handImage, pushByHand, repositoryAt } from "../bed/hand_image.ts";
import { startLabelled } from "../bed/labelled.ts";
import { writeLog } from "../bed/log.ts";
import { type PackageIndex, start } from "../bed/package_index.ts";
import { ensurePythonBase } from "../bed/python_base.ts";
import { pushTo, releaseByHand } from "../bed/released.ts";
import { makeSampleRepo } from "../bed/sample_repo.ts";
import type { Swept } from "../bed/sweep.ts";
import { type Row, sweepRows } from "../bed/swept.ts";
import { tinyImage } from "../bed/tiny.ts";
import { change, tinyConfig, write } from "../bed/tiny_repo.ts";
import { startTrapProxy } from "../bed/trap_proxy.ts";
import { treeOf } from "../bed/watch.ts";
import { startWebhook, type Webhook } from "../bed/webhook.ts";
import { makeWheel } from "../bed/wheel.ts";
import { docker, workflowsIn } from "../bed/workflow.ts";

let webhook: Webhook;
let slack = "";
let uploads: PackageIndex;
let packages = "";
let github: Github;
/** A repo on GitHub for each spot. */
const onGithub = ({ image }: Spot) => `team/${image}`;
const githubEnv = (spot: Spot) => ({ ...github.env, GH_REPO: `${ourHost}/${onGithub(spot)}` });

const old = handImage("old", [100, 1000]);

const readIfThere = (path: string): string | null => (existsSync(path) ? readFileSync(path, "utf8") : null);

const innerFiles = ({ repo }: Spot) => Promise.resolve(treeOf(join(repo, "inner")));

/** An image that was built for a platform on another machine from the repo's commit. */
function native(commit: string, architecture: string): HandImage {
  const labels = {
    "org.opencontainers.image.version": "1.0.0",
    "org.opencontainers.image.revision": commit,
  };
  return handImage(`native ${architecture}`, [100, 1000], { architecture, labels });
}

const rows: Readonly<Record<string, Row>> = {
  "an announcement": {
    moments: true,
    line: ["release_announce", "--version", "1.0.0"],
    gates: [],
    before: ({ repo }, { ground }) => releaseByHand(ground, repo, [{ stage: "dev", version: "1.0.0", image: old }]),
    env: ({ image }) => ({ SLACK_WEBHOOK_URL: `${slack}/hook/${image}/secret` }),
    also: async ({ image }) => ({ messages: webhook.texts.filter((text) => text.includes(`*${image}-1.0.0*`)).length }),
    told: ({ image }, again) => {
      if (!again.stderr.includes("may be in the channel")) return null;
      const isThere = webhook.texts.some((text) => text.includes(`*${image}-1.0.0*`));
      return ["--version", "1.0.0", isThere ? "--posted" : "--post-again", "--yes"];
    },
    has: ["announce: intent", "announce: message", "announce: log", "claim: ref"],
    least: 15,
    interrupted: /^announce: message/,
    terminated: /^announce: message/,
  },
  "a log that is put together again": {
    line: ["release_log", "--repair"],
    gates: [],
    before: async ({ repo, image }, { ground }) => {
      await releaseByHand(ground, repo, [{ stage: "dev", version: "1.0.0", image: old }]);
      const ref = `refs/slipway/log/${image}`;
      // The ref names a tag of the log's last commit.
      await git(`${repo}.git`, "tag", "--annotate", "spoilt", "--message", "x", ref);
      await git(`${repo}.git`, "update-ref", ref, "refs/tags/spoilt");
      await git(`${repo}.git`, "tag", "--delete", "spoilt");
    },
    only: /^repair/,
    interrupted: /^repair/,
    has: ["repair: ref"],
    least: 3,
  },
  "a mirror": {
    moments: true,
    line: ["release_mirror", "--version", "1.0.0"],
    gates: [],
    before: ({ repo }, { ground }) =>
      releaseByHand(ground, repo, [{ stage: "dev", version: "1.0.0", image: old, keys: ["r1"] }]),
    // Within a copy and a move it is docker_release_dev; other things come before and after them.
    only: /^(copy_to_others: manifest|flip_dev: (intent|dev in r2)|end)/,
    has: ["copy_to_others: manifest to r2", "flip_dev: intent", "flip_dev: dev in r2", "end: intent taken back"],
    least: 12,
    interrupted: /manifest to r2|dev in r2/,
    elsewhere: /manifest to r2|dev in r2/,
  },
  "releases that were made without Slipway": {
    line: ["release_adopt"],
    gates: [],
    before: async ({ repo, image }, { ground }) => {
      await git(repo, "tag", `${image}-0.9.0`);
      for (const key of ["r1", "r2"])
        for (const tag of ["dev-0.9.0", "dev"]) await pushTo(ground, key, { name: image, tag, image: old });
    },
    has: ["end: log"],
    least: 3,
  },
  "images that nobody needs": {
    moments: true,
    line: ["release_prune"],
    gates: [],
    before: async ({ repo, image }, { ground }) => {
      const images = [1, 2, 3].map((nth) => [`1.0.0-dev.${nth}.g${String(nth).repeat(12)}`, nth] as const);
      const follow = [branchTag("gone")];
      const entries = images.map(([tag, nth]): SignedEntry => {
        const commit = String(nth).repeat(40);
        const { digest } = handImage(tag, [100]);
        return {
          ...{ type: "branch", branch: "gone", commit, version: `1.0.0.dev${nth}`, tag, follow, digest },
          ...{ registries: ["r1", "r2"], at: `2025-02-0${nth}T10:00:00.000Z`, by: "ann", host: "ci" },
        };
      });
      for (const key of ["r1", "r2"])
        for (const [tag] of images) await pushTo(ground, key, { name: image, tag, image: handImage(tag, [100]) });
      await writeLog(`${repo}.git`, image, entries);
    },
    has: ["remove_r1: image out of r1", "remove_r2: image out of r2"],
    least: 6,
    interrupted: /image out of/,
    elsewhere: /image out of r2/,
  },
  "an index of images that were built elsewhere": {
    line: ["release_merge_index", "--version", "1.0.0", "--images", "local-ada-1.0.0,local-bob-1.0.0"],
    gates: [],
    before: async ({ repo, image }, { ground }) => {
      const commit = await git(repo, "rev-parse", "HEAD");
      const at = repositoryAt(ground.addresses["r1"] ?? "", image);
      await pushByHand(at, native(commit, "amd64"), { tag: "local-ada-1.0.0" });
      await pushByHand(at, native(commit, "arm64"), { tag: "local-bob-1.0.0" });
    },
    only: /index$|copy_to_others|flip_dev: dev in r2|release_claim/,
    has: ["index", "copy_to_others: manifest to r2"],
    least: 9,
    elsewhere: /index$|manifest to r2/,
  },
  "an image that is shared": {
    line: ["docker_share_local", "--version", "1.0.0"],
    built: true,
    has: ["docker_push: docker push", "docker_push: manifest sent by the engine"],
    least: 6,
    alone: /docker push|manifest/,
    interrupted: /docker push/,
  },
  "an image that is taken": {
    line: ["docker_take_local", "--from", "bob", "--version", "1.0.0"],
    built: true,
    before: async ({ image }, { addresses }) => {
      const name = `${addresses["r1"]}/${image}`;
      await docker("tag", `${name}:local-root-1.0.0`, `${name}:local-bob-1.0.0`);
      await docker("push", "--quiet", `${name}:local-bob-1.0.0`);
      await docker("rmi", `${name}:local-bob-1.0.0`, `${name}:local-root-1.0.0`);
    },
    also: inEngine,
    has: ["take_local: docker pull", "take_local: docker tag"],
    least: 6,
    alone: /docker pull/,
    interrupted: /docker pull/,
  },
  "a container that is patched": {
    line: ["docker_patch", "--name", "by-hand"],
    built: true,
    before: async ({ image }, { addresses }) => {
      await startLabelled(image, "root", `${addresses["r1"]}/${image}:local-root-1.0.0`);
    },
    also: inEngine,
    has: ["docker_commit: docker commit"],
    least: 3,
    alone: /docker commit/,
  },
  "a new runnable dir": {
    moments: true,
    line: ["init_runnable_dir", "--dir", "inner", "--name", "inner"],
    gates: [],
    also: innerFiles,
    writes: true,
    only: /repo_config|changelog|entrypoint|pytest\.ini|pip_list/,
    has: ["inner/repo_config.yaml", "inner/changelog.txt"],
    least: 5,
  },
  "a package that is uploaded": {
    moments: true,
    line: ["release_package"],
    gates: [],
    before: async ({ repo, image }, { addresses }) => {
      const index = `http://${packages}/packages/${image}/simple/`;
      const own = `package: {build: [cp, -r, made, dist], index: "${index}"}`;
      const config = tinyConfig({ name: image, registries: addresses, gates: [] });
      const { file, bytes } = makeWheel({ name: image, version: "0.1.dev2" });
      write(repo, { "repo_config.yaml": config.replace("release: {", `release: {${own}, `), "made/.keep": "" });
      // Two files, so that a run may be ended between them.
      for (const name of [file, file.replace("py3", "py2")]) writeFileSync(join(repo, "made", name), bytes);
      await commitAll(repo, "Build a package");
      await git(repo, "push", "--quiet", "origin", "HEAD");
      const allowed = await workflowsIn(repo)("trust", "--yes");
      if (allowed.code !== 0) throw new Error(allowed.stderr);
    },
    also: ({ image }) =>
      Promise.resolve([...uploads.uploaded.keys()].filter((file) => file.startsWith(`${image}-`)).sort()),
    has: ["snapshot: git clone", "upload: upload"],
    least: 4,
    interrupted: /upload/,
  },
  "an issue": {
    line: ["gh_create_issue", "--title", "It's $(x)", "--body", "Why"],
    gates: [],
    before: (spot) => Promise.resolve(void github.repo(onGithub(spot))),
    env: githubEnv,
    also: (spot) => Promise.resolve(github.repo(onGithub(spot)).issues),
    has: ["create: issue"],
    least: 3,
    interrupted: /create: issue/,
  },
  "a workflow that is started": {
    line: ["gh_workflow_run", "fast_tests"],
    gates: [],
    before: async (spot) => {
      github.repo(onGithub(spot)).tip = await git(spot.repo, "rev-parse", "HEAD");
    },
    env: githubEnv,
    also: (spot) => Promise.resolve(github.repo(onGithub(spot)).runs.map(({ file, event }) => [file, event])),
    has: ["start_1: dispatch"],
    least: 3,
  },
  "the files of a CI": {
    line: ["init_ci", "--slipway", "helpers/slipway"],
    gates: [],
    also: ({ repo }) => {
      const folder = join(repo, ".github/workflows");
      const files = existsSync(folder) ? readdirSync(folder) : [];
      return Promise.resolve(files.map((file) => [file, readFileSync(join(folder, file), "utf8")]));
    },
    writes: true,
    has: [".github/workflows/"],
    least: 3,
  },
  "files that repos share": {
    moments: true,
    line: ["sync_common_files", "peers/one", "peers/two", "--keep", "--delete"],
    gates: [],
    before: async ({ repo }) => {
      const config = readFileSync(join(repo, "repo_config.yaml"), "utf8");
      const texts = { "kit/a.md": "a\n", "kit/b.md": "b\n", "c.md": "c\n" };
      const list = "common_files: {copy: [kit, c.md]}\n";
      await change(repo, { ...texts, ".gitignore": "peers\n", "repo_config.yaml": `${config}${list}` });
      for (const peer of ["one", "two"].map((name) => join(repo, "peers", name))) {
        write(peer, { "kit/a.md": "other\n", "kit/old.md": "b\n", "kit/gone.md": "gone\n", "c.md": "c\r\n" });
        await commitAll(peer, "Start");
        write(peer, { "kit/a.md": "in no commit\n" });
      }
      symlinkSync("/nowhere", join(repo, "peers/one/link"));
      renameSync(join(repo, "peers/one/link"), join(repo, "peers/one/c.md"));
    },
    also: ({ repo }) => Promise.resolve(["one", "two"].map((peer) => treeOf(join(repo, "peers", peer), [".git"]))),
    writes: true,
    has: ["sync_1: kit/a.md.kept.", "sync_1: kit/a.md", "sync_1: c.md", "sync_2: kit/b.md"],
    least: 8,
  },
  "a changelog entry": {
    moments: true,
    line: ["changelog_add", "--message", "Another image"],
    gates: [],
    also: ({ repo }) => Promise.resolve(readFileSync(join(repo, "changelog.txt"), "utf8")),
    writes: true,
    has: ["add_entry: changelog.txt"],
    least: 1,
  },
  "files that linters change": {
    line: ["lint", "--all"],
    gates: [],
    before: async ({ repo, image }) => {
      const fix = "for f; do grep -q fixed $f || echo fixed >>$f; done";
      const lint = `lint: {image: "${tinyImage}", files: {text: {names: ["*.md"], check: [[sh, -c, "${fix}", sh]]}}}`;
      const config = readFileSync(join(repo, "repo_config.yaml"), "utf8");
      await change(repo, { "repo_config.yaml": `${config}${lint}\n`, "a.md": `${image}\n`, "b.md": "b\n" });
      const allowed = await workflowsIn(repo)("trust", "--yes");
      if (allowed.code !== 0) throw new Error(allowed.stderr);
    },
    also: ({ repo }) =>
      Promise.resolve(["a.md", "b.md"].map((path) => readFileSync(join(repo, path), "utf8").includes("fixed"))),
    has: ["lint: docker compose"],
    least: 3,
    alone: /docker compose/,
    interrupted: /docker compose/,
  },
  "a tool in a container": {
    line: ["tools_run", "mark", "--", "sh", "-c", "echo marked >marked.md"],
    gates: [],
    before: async ({ repo, image }) => {
      const text = `FROM ${tinyImage}\nRUN sleep 2 && echo ${image} >/name\n`;
      await change(repo, { "devops/tools/mark.Dockerfile": text });
    },
    also: ({ repo }) => Promise.resolve(readIfThere(join(repo, "marked.md"))),
    has: ["build_tool: docker buildx", "tools_run: docker compose"],
    least: 6,
    alone: /docker compose/,
    interrupted: /docker buildx/,
  },
  "services that are started": {
    line: ["service_up"],
    gates: [],
    before: withServices,
    also: async (spot) => {
      const found = await servicesOf(spot);
      // The next spot needs the addresses of this one's network.
      await workflowsIn(spot.repo)("service_down", "--volumes", "--yes");
      return found;
    },
    only: /start_services: docker/,
    has: ["start_services: docker compose"],
    least: 3,
    interrupted: /docker compose/,
  },
  "services that are taken down": {
    line: ["service_down", "--volumes"],
    gates: [],
    before: async (spot) => {
      await withServices(spot);
      const { code, stderr } = await workflowsIn(spot.repo)("service_up");
      if (code !== 0) throw new Error(stderr);
    },
    also: servicesOf,
    only: /docker rm/,
    has: ["service_down: docker rm"],
    least: 3,
  },
  "a pointer that is rolled": {
    line: ["git_roll_submodule", "amp"],
    gates: [],
    before: withSubmodule,
    also: async ({ repo }) => {
      const pointers = await Promise.all([git(repo, "rev-parse", "HEAD:amp"), git(`${repo}-amp`, "rev-parse", "main")]);
      const commits = (await git(repo, "log", "--format=%s")).replaceAll(/[0-9a-f]{12}/g, "COMMIT");
      return { isNewest: pointers[0] === pointers[1], commits, changed: await git(repo, "status", "--porcelain") };
    },
    only: /git (merge|commit)/,
    has: ["roll_0: git merge", "roll_0: git commit"],
    least: 6,
    interrupted: /git merge/,
    terminated: /git merge/,
  },
  "a merge of main": {
    line: ["git_merge_master"],
    gates: [],
    before: async ({ repo }) => {
      await git(repo, "checkout", "--quiet", "-b", "work");
      await git(repo, "commit", "--quiet", "--allow-empty", "--message", "Mine");
      await pushFar(repo);
    },
    also: ({ repo }) => git(repo, "log", "--format=%s", "-3"),
    only: /git merge/,
    has: ["merge_0: git merge"],
    least: 3,
  },
  "a pull": {
    line: ["git_pull"],
    gates: [],
    before: ({ repo }) => pushFar(repo),
    also: ({ repo }) => git(repo, "log", "--format=%s"),
    only: /git merge/,
    has: ["pull_0: git merge"],
    least: 3,
  },
  "files that are cleaned": {
    line: ["git_clean"],
    gates: [],
    before: ({ repo }) => {
      write(repo, { "left/one": "", "left/two": "", ".env": "A=1\n" });
      return Promise.resolve();
    },
    also: ({ repo }) => git(repo, "status", "--porcelain", "--ignored"),
    has: ["clean_0: git clean"],
    least: 3,
  },
  "a branch that is created": {
    line: ["git_create_branch", "--branch", "feature"],
    gates: [],
    also: ({ repo }) => git(repo, "for-each-ref", "--format=%(refname)%(upstream)", "refs/heads"),
    only: /git (switch|push)/,
    has: ["create: git switch", "push: git push"],
    least: 6,
    interrupted: /git push/,
  },
  "branches that main has": {
    line: ["git_branch_delete_merged", "--remote"],
    gates: [],
    before: async ({ repo }) => {
      await git(repo, "branch", "merged");
      await git(repo, "push", "--quiet", "--set-upstream", "origin", "merged");
      await git(repo, "fetch", "--quiet");
    },
    // What the clone remembers of the remote is the next fetch's to tidy up.
    also: ({ repo }) => git(repo, "for-each-ref", "--format=%(refname)", "refs/heads"),
    only: /git (update-ref|push)/,
    has: ["delete_0: git update-ref", "delete_remote_0: git push"],
    least: 6,
    interrupted: /git update-ref/,
  },
  "a comparison of packages": {
    line: ["compare_packages", "local-root-1.0.0", "local-root-1.0.0"],
    built: true,
    leavesNothing: true,
    has: ["docker create"],
    least: 3,
    alone: /docker create/,
  },
};

/** Commits a service, which ends as soon as it is told to. */
async function withServices({ repo }: Spot): Promise<void> {
  const config = readFileSync(join(repo, "repo_config.yaml"), "utf8");
  const sleeper = `{image: "${tinyImage}", command: [sleep, "600"], stop_signal: SIGKILL, volumes: ["data:/data"]}`;
  await change(repo, {
    "repo_config.yaml": `${config}services: {compose_file: services.yml, ready: {sleeper: ["true"]}}\n`,
    "services.yml": `services: {sleeper: ${sleeper}}\nvolumes: {data: }\n`,
  });
}

/** What the engine has of the services of a repo, by how it is. */
async function servicesOf({ image }: Spot): Promise<unknown> {
  const filter = ["--filter", `name=slipway-root-${image}-`];
  const containers = await docker("ps", "--all", ...filter, "--format", "{{.State}}");
  const others = await Promise.all(["network", "volume"].map((kind) => docker(kind, "ls", ...filter, "--quiet")));
  return { containers, others: others.map((ids) => ids.split("\n").filter((id) => id !== "").length) };
}

/** Makes the first of two commits a submodule. The remote has no branch, whose commit would be another in each repo. */
async function withSubmodule({ repo }: Spot): Promise<void> {
  const source = `${repo}-amp`;
  write(source, { file: "one\n" });
  await commitAll(source, "One");
  await git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", source, "amp");
  await commitAll(repo, "Add amp");
  write(source, { file: "two\n" });
  await commitAll(source, "Two");
  await git(`${repo}.git`, "update-ref", "-d", "refs/heads/main");
}

/** Puts a commit on the remote's main that the clone has not. */
async function pushFar(repo: string): Promise<void> {
  const far = await git(repo, "commit-tree", "-p", "main", "-m", "Far", "main^{tree}");
  await git(repo, "push", "--quiet", "origin", `${far}:refs/heads/main`);
  await git(repo, "update-ref", "refs/remotes/origin/main", "main");
}

/** An index with what is added, from the first spot on that needs it. */
let index: Promise<PackageIndex> | undefined;
async function withPython({ repo, image }: Spot, { addresses }: CrashGround): Promise<void> {
  const base = await ensurePythonBase();
  index ??= start([
    { name: "alpha", version: "1.0.0", requires: ["beta"] },
    { name: "beta", version: "1.0.0" },
  ]);
  const buildArgs = { PACKAGE_INDEX: (await index).url };
  await git(repo, "rm", "--quiet", "-r", ".");
  await makeSampleRepo({ dir: repo, name: image, base, registries: { oci: addresses["r1"] ?? "" }, buildArgs });
  await git(repo, "push", "--quiet", "origin", "HEAD");
  const built = await workflowsIn(repo)("docker_build_local", "--poetry-mode", "no_update");
  if (built.code !== 0) throw new Error(built.stderr);
}
const packageFiles = ["pyproject.toml", "poetry.lock", "pip_list.txt"].map((file) => `devops/docker_build/${file}`);

/** The released image, which the engine has no more. */
const onlyInRegistry: Omit<Swept, "line"> = {
  built: true,
  before: async ({ image }, { addresses }) => {
    const name = `${addresses["r1"]}/${image}`;
    for (const tag of ["dev-1.0.0", "dev"]) {
      await docker("tag", `${name}:local-root-1.0.0`, `${name}:${tag}`);
      await docker("push", "--quiet", `${name}:${tag}`);
    }
    await docker("rmi", ...["dev-1.0.0", "dev", "local-root-1.0.0"].map((tag) => `${name}:${tag}`));
  },
  also: inEngine,
};

const parts: Readonly<Record<string, Swept>> = {
  "an image that is pulled": { line: ["docker_pull", "--stage", "dev"], ...onlyInRegistry },
  "an image that is pulled in many dirs": {
    line: ["docker_pull", "--stage", "dev", "--dirs", "all"],
    ...onlyInRegistry,
  },
  "a package that is added": {
    line: ["package_add", "alpha"],
    gates: [],
    before: withPython,
    also: async (spot, on) => ({
      engine: await inEngine(spot, on),
      files: [...packageFiles, "changelog.txt"].map((file) => readFileSync(join(spot.repo, file), "utf8")),
    }),
  },
};

sweepRows(
  {
    prefix: "more",
    more: async () => {
      webhook = await startWebhook();
      const proxy = await startTrapProxy(new URL(webhook.url).host);
      slack = `http://${proxy.address}`;
      uploads = await start([]);
      const before = await startTrapProxy(new URL(uploads.url).host);
      packages = before.address;
      github = await startGithub();
      return { slack: proxy, packages: before, github };
    },
    after: async () => {
      await Promise.all([uploads?.stop(), (await index)?.stop()]);
    },
  },
  rows,
  parts,
);
