import { readFileSync } from "node:fs";
import { join } from "node:path";
import { record } from "../../../lib/kinds/record.ts";
import type { Pass } from "../../../lib/names/log.ts";
import { type Plan, stepsOf } from "../../../lib/plan/plan.ts";
import { must } from "../../../thin_client/engine/command.ts";
import { type Aws, region, startAws } from "../aws.ts";
import { commitAll, git } from "../git.ts";
import { type HandImage, handImage, imageAt, repositoryAt } from "../hand_image.ts";
import { labelled, startLabelled } from "../labelled.ts";
import { writeLog } from "../log.ts";
import { type HandRelease, pushTo, releaseByHand, tagByHand } from "../released.ts";
import { tinyImage } from "../tiny.ts";
import { change, changelog, type Ground, makeGround, write } from "../tiny_repo.ts";
import { docker } from "../workflow.ts";
import type { Known } from "./names.ts";
import { type Planner, plannerIn } from "./planner.ts";

export const worldNames = ["fresh", "local", "dev", "prod"] as const;
export type WorldName = (typeof worldNames)[number];
/** A repo in a certain state, and what differs in it from run to run. */
export type World = { readonly repo: string; readonly known: Known };

/** The worlds of the goldens, and what plans in them. */
export type Worlds = {
  readonly planner: Planner;
  readonly of: Readonly<Record<WorldName, World>>;
  readonly end: () => Promise<void>;
};

type Tools = { readonly ground: Ground; readonly aws: Aws; readonly planner: Planner };
/** A repo with the names of its hashes. */
type Made = { readonly repo: string; readonly hashes: Readonly<Record<string, string>> };

const makers = { fresh: makeFresh, local: makeLocal, dev: makeDev, prod: makeProd };

/** Makes them side by side, with three registries, one of them ECR's, and AWS. */
export async function makeWorlds(): Promise<Worlds> {
  const [ground, aws] = await Promise.all([makeGround(3), startAws()]);
  // A repo that has common files of all others.
  write(join(ground.dir, "peer"), { "use.py": "import beta\n" });
  await commitAll(join(ground.dir, "peer"), "Start");
  const tools = { ground, aws, planner: await plannerIn(ground.dir, aws.env) };
  const made = await Promise.all(
    worldNames.map(async (name) => [name, await worldOf(tools, await makers[name](tools))] as const),
  );
  const of = Object.fromEntries(made) as Record<WorldName, World>;
  const end = async () => {
    const boxes = await labelled(imageIn("local"));
    if (boxes.length > 0) await docker("rm", "--force", ...boxes);
    await Promise.all([ground.end(), aws.end()]);
  };
  return { planner: tools.planner, of, end };
}

/** Two runs on one engine have names of their own, all of one length. */
const imageIn = (world: WorldName): string => `golden${String(process.pid).padStart(7, "0")}${world.padEnd(5, "x")}`;

async function worldOf({ ground }: Tools, { repo, hashes }: Made): Promise<World> {
  const [head = "", before = ""] = (await git(repo, "log", "--format=%H")).split("\n");
  const addresses = Object.entries(ground.addresses).map(([key, address]) => [address, `ADDRESS_OF_${key}`]);
  const checkout = join(import.meta.dirname, "../../..");
  const texts = {
    ...Object.fromEntries(addresses),
    ...{ [repo]: "REPO", [ground.dir]: "GROUND", [checkout]: "SLIPWAY" },
    ...{ [repo.split("/").at(-1) ?? ""]: "golden", "123456789012": "ACCOUNT" },
  };
  return { repo, known: { texts, hashes: { [head]: "COMMIT", [before]: "COMMIT_BEFORE", ...hashes } } };
}

/** A repo in which each workflow has something to plan: packages, end-to-end tests, registries of three kinds. */
async function makeRepo({ ground, planner }: Tools, world: WorldName, log: string): Promise<string> {
  const kinds = { r2: `kind: ecr, region: ${region}`, r3: "kind: ghcr" };
  const repo = await ground.repo(imageIn(world), { kinds, gates: ["fast", "slow", "qa"] });
  const text = (path: string) => readFileSync(join(repo, path), "utf8");
  const folder = "devops/docker_build";
  await change(repo, {
    "changelog.txt": log,
    "repo_config.yaml": `${text("repo_config.yaml").replace(
      "release: {",
      "release: {end_to_end: {dev: {argv: [sh, end_to_end.sh]}}, ",
    )}common_files: {copy: [use.py]}\nservices: {compose_file: services.yml, ready: {database: [query]}, needed_by: []}\n`,
    [`${folder}/dev.Dockerfile`]: `${text(`${folder}/dev.Dockerfile`)}ARG POETRY_MODE\n`,
    [`${folder}/pyproject.toml`]:
      '[tool.poetry]\nname = "golden"\n\n[tool.poetry.dependencies]\npython = "^3.11"\nalpha = "*"\n',
    [`${folder}/poetry.lock`]: '[[package]]\nname = "alpha"\nversion = "1.0.0"\n',
    "use.py": "import alpha\n",
    "docker/Dockerfile": "FROM scratch\n",
    "services.yml": `services: {database: {image: "${tinyImage}", ports: ["5432"], volumes: ["data:/data"]}}\nvolumes: {data: }\n`,
  });
  // In a fresh clone nobody has allowed yet what it asks for.
  if (world !== "fresh") await planner(repo, [{ workflow: "trust", words: ["--yes"] }]);
  return repo;
}

/** Nothing was built yet. */
async function makeFresh(tools: Tools): Promise<Made> {
  return { repo: await makeRepo(tools, "fresh", changelog(imageIn("fresh"), "1.0.0")), hashes: {} };
}

/** 1.0.0 was built and tested, here and by bob and cyd on machines of their own; a container of it runs. */
async function makeLocal(tools: Tools): Promise<Made> {
  const { ground } = tools;
  const name = imageIn("local");
  const repo = await makeRepo(tools, "local", changelog(name, "1.0.0"));
  const { reference, digest, labels } = await build(tools, repo, "1.0.0");
  const others = [
    { tag: "local-bob-1.0.0", architecture: "amd64" },
    { tag: "local-cyd-1.0.0", architecture: "arm64" },
  ].map((one) => ({ ...one, image: handImage(one.tag, [100], { architecture: one.architecture, labels }) }));
  for (const { tag, image } of others) await pushTo(ground, "r1", { name, tag, image });
  const passes = await passesOf(tools, repo, "1.0.0");
  const theirs = others.flatMap(({ image, architecture }) =>
    passes.map((pass) => ({ ...pass, digest: image.digest, platform: `linux/${architecture}` })),
  );
  await recordPasses(repo, [...passes, ...theirs]);
  const box = await startLabelled(name, "ada", reference);
  await docker("rename", box, `${name}_box`);
  const named = others.map(({ tag, image }) => [image.digest, tag] as const);
  return { repo, hashes: { ...digestNames([[digest, "local-1.0.0"], ...named]), [box]: "CONTAINER" } };
}

/** dev 1.0.0 was released, and then 1.1.0 from the image that the engine has; 1.2.0 is the next. */
async function makeDev(tools: Tools): Promise<Made> {
  const { ground, aws } = tools;
  const name = imageIn("dev");
  const repo = await makeRepo(tools, "dev", changelog(name, "1.2.0", "1.1.0", "1.0.0"));
  const { reference, digest } = await build(tools, repo, "1.1.0");
  await recordPasses(repo, await passesOf(tools, repo, "1.1.0"));
  const tagged = (tag: string) => `${ground.addresses["r1"]}/${name}:${tag}`;
  for (const tag of ["dev-1.1.0", "dev"]) await docker("tag", reference, tagged(tag));
  await docker("push", "--quiet", tagged("dev-1.1.0"));
  const pushed = await imageAt(repositoryAt(ground.addresses["r1"] ?? "", name), "dev-1.1.0");
  const releases = [released("dev", "1.0.0"), { ...released("dev", "1.1.0"), image: pushed }];
  await releaseAll(tools, repo, releases);
  await aws.repository(name);
  return { repo, hashes: { ...digestNames([[digest, "dev-1.1.0"]]), ...digestsOf(releases) } };
}

/**
 * dev and prod 1.0.0 and 1.1.0 were released, dev 1.1.0 not to r3; services run 1.0.0. prod 1.1.1 and dev 1.2.0 are the
 * next; of prod 1.1.1 the engine has what stands for an image and a candidate.
 */
async function makeProd(tools: Tools): Promise<Made> {
  const { ground, aws } = tools;
  const name = imageIn("prod");
  const log = [changelog(`${name}-prod`, "1.1.1"), changelog(name, "1.2.0", "1.1.0", "1.0.0")].join("\n");
  const repo = await makeRepo(tools, "prod", log);
  const releases = [
    ...[released("dev", "1.0.0"), released("prod", "1.0.0")],
    ...[{ ...released("dev", "1.1.0"), keys: ["r1", "r2"] }, released("prod", "1.1.0")],
  ];
  await releaseAll(tools, repo, releases);
  const candidate = {
    name,
    tag: "prod-ada-0a1b2c3d4",
    image: handImage("golden candidate", [100], { created: "2025-01-01T00:00:00Z" }),
  };
  for (const key of Object.keys(ground.addresses)) await pushTo(ground, key, candidate);
  const standIn = await standInFor(`${ground.addresses["r1"]}/${name}`, await git(repo, "rev-parse", "HEAD"), releases);
  await aws.repository(name);
  for (const family of [`${name}-prod`, `${name}-preprod`])
    await aws.service(family, `${ground.addresses["r2"]}/${name}:prod-1.0.0`);
  const named = digestNames([
    [candidate.image.digest, "candidate"],
    [standIn, "prod-1.1.1"],
  ]);
  return { repo, hashes: { ...named, ...digestsOf(releases) } };
}

/** Makes an image that says it stands on dev 1.1.0, as prod 1.1.1 and as the commit's candidate; gives its digest. */
async function standInFor(repository: string, commit: string, releases: readonly HandRelease[]): Promise<string> {
  const base = releases.find(({ stage, version }) => stage === "dev" && version === "1.1.0");
  const tags = ["prod-1.1.1", `prod-ada-${commit.slice(0, 9)}`].map((tag) => `${repository}:${tag}`);
  const labels = { name: `${repository}:dev-1.1.0`, digest: base?.image.digest };
  await must(
    [
      ...["docker", "buildx", "build", "--provenance=false", "--sbom=false", "--load"],
      ...tags.flatMap((tag) => ["--tag", tag]),
      ...Object.entries(labels).flatMap(([key, text]) => ["--label", `org.opencontainers.image.base.${key}=${text}`]),
      "-",
    ],
    { input: `FROM ${tinyImage}\n` },
  );
  return docker("image", "inspect", "--format", "{{.Id}}", tags[0] ?? "");
}

const released = (stage: "dev" | "prod", version: string): HandRelease => ({
  stage,
  version,
  image: handImage(`golden ${stage} ${version}`),
});

async function releaseAll({ ground }: Tools, repo: string, releases: readonly HandRelease[]): Promise<void> {
  await releaseByHand(ground, repo, releases);
  await tagByHand(repo, releases);
}

const digestNames = (rows: readonly (readonly [digest: string, of: string])[]): Readonly<Record<string, string>> =>
  Object.fromEntries(rows.map(([digest, of]) => [digest.replace("sha256:", ""), `DIGEST_OF_${of}`]));

const digestsOf = (releases: readonly { stage: string; version: string; image: HandImage }[]) =>
  digestNames(releases.map(({ stage, version, image }) => [image.digest, `${stage}-${version}`]));

type Built = { readonly reference: string; readonly digest: string; readonly labels: Readonly<Record<string, string>> };

/** Builds `local-ada-X.Y.Z` for real: only so it has the labels that say what it was built from. */
async function build({ ground, planner }: Tools, repo: string, version: string): Promise<Built> {
  const words = ["--version", version, "--poetry-mode", "no_update", "--json", "--quiet"];
  const [done] = await planner(repo, [{ workflow: "docker_build_local", words }]);
  if (done?.code !== 0) throw new Error(done?.printed);
  const reference = `${ground.addresses["r1"]}/${repo.split("/").at(-1)}:local-ada-${version}`;
  const [digest, labels] = await Promise.all(
    ["{{.Id}}", "{{json .Config.Labels}}"].map((form) => docker("image", "inspect", "--format", form, reference)),
  );
  return { reference, digest: digest ?? "", labels: JSON.parse(labels ?? "{}") as Built["labels"] };
}

/** What the gates would record of a local image if they ran. */
async function passesOf({ planner }: Tools, repo: string, version: string): Promise<readonly Pass[]> {
  const words = ["--stage", "local", "--version", version, "--dry-run", "--json"];
  const lines = ["fast", "slow", "qa"].map((list) => ({ workflow: `run_${list}_tests`, words }));
  const plans = (await planner(repo, lines)).map(({ printed }) => JSON.parse(printed) as Plan);
  const actions = plans.flatMap((plan) => stepsOf(plan).flatMap((step) => step.do));
  return actions.flatMap((one) => (record.is(one) && one.entry.type === "pass" ? [one.entry] : []));
}

/** The clone has seen them, so that --offline knows them whatever is typed before. */
async function recordPasses(repo: string, passes: readonly Pass[]): Promise<void> {
  const image = repo.split("/").at(-1) ?? "";
  const entries = passes.map((pass) => ({ ...pass, at: "2025-01-20T10:00:00.000Z", by: "ada", host: "laptop" }));
  await writeLog(`${repo}.git`, image, entries);
  const log = `slipway/log/${image}`;
  await git(repo, "fetch", "--quiet", "origin", `+refs/${log}:refs/slipway-seen/${log}`);
}
