import { afterAll, beforeAll, expect, it } from "vitest";
import { type Aws, region, startAws } from "../bed/aws.ts";
import { engineTags } from "../bed/engine_api.ts";
import { digestsAt, logOf } from "../bed/oracle.ts";
import { change, type Ground, makeGround } from "../bed/tiny_repo.ts";
import { type Done, docker, workflowsIn } from "../bed/workflow.ts";

// The life of prod as one story: each digest is followed from the tested image to every registry and to what runs it.
const name = "story";
const entries = (...headings: readonly string[]) =>
  headings.map((heading, index) => `# ${heading}\n- 2025-01-${20 - index}\n- Change\n`).join("\n");

let ground: Ground;
let aws: Aws;
let repo = "";
let i: (workflow: string, ...words: readonly string[]) => Promise<Done>;
const at = (tag: string) => digestsAt(Object.values(ground.addresses), `${name}:${tag}`);
const everywhere = (digest: string | undefined) => Object.keys(ground.addresses).map(() => digest);
const image = (digest: string | undefined) => `${ground.addresses["r2"]}/${name}@${digest}`;
const running = async (service = `${name}-prod`) => {
  const { containerDefinitions = [] } = await aws.definition(aws.fleet.revision(service) ?? service);
  return containerDefinitions.find((one) => one.name === "app")?.image;
};

async function done(workflow: string, ...words: readonly string[]): Promise<string> {
  const ended = await i(workflow, ...words, "--json", "--yes");
  expect(ended.code, ended.stderr).toBe(0);
  return ended.digest ?? "";
}
const passesOf = async (digest: string) =>
  (await logOf(`${repo}.git`, name)).flatMap((entry) =>
    entry.type === "pass" && entry.digest === digest ? [entry.list] : [],
  );

beforeAll(async () => {
  [ground, aws] = await Promise.all([makeGround(3), startAws()]);
  repo = await ground.repo(name, { gates: ["fast", "qa"], kinds: { r2: `kind: ecr, region: ${region}` } });
  i = workflowsIn(repo, { env: { ...process.env, ...aws.env } });
  await aws.repository(name);
  for (const service of [`${name}-prod`, `${name}-preprod`])
    await aws.service(service, `${ground.addresses["r2"]}/${name}:prod-xyz`);
  await change(repo, { "changelog.txt": entries(`${name}-1.1.0`), "app.txt": "first\n" });
});
afterAll(() => Promise.all([ground.end(), aws.end()]));

it("dev, prod, a hotfix, its rollback, a candidate, a deployment and one that fails", async () => {
  await done("docker_release_dev", "--version", "1.1.0");
  const [dev = null] = await at("dev-1.1.0");
  expect([await at("dev"), await passesOf(dev ?? "")]).toEqual([everywhere(dev ?? ""), ["fast", "qa"]]);

  const first = await done("docker_release_prod", "--version", "1.1.0");
  expect([await at("prod"), await at("prod-1.1.0")]).toEqual([everywhere(first), everywhere(first)]);
  expect(await passesOf(first)).toEqual(["fast", "qa"]);
  const label = await docker(
    "image",
    "inspect",
    "--format",
    '{{index .Config.Labels "org.opencontainers.image.base.digest"}}',
    `${ground.addresses["r1"]}/${name}:prod-1.1.0`,
  );
  expect(label).toBe(dev);

  await change(repo, { "changelog.txt": entries(`${name}-prod-1.1.1`, `${name}-1.1.0`), "app.txt": "second\n" });
  const fixed = await done("docker_release_prod", "--version", "1.1.1");
  expect(await at("prod")).toEqual(everywhere(fixed));
  expect(await passesOf(fixed)).toEqual(["fast", "qa"]);

  await done("docker_rollback_prod", "--version", "1.1.0", "--message", "it leaks");
  expect([await at("prod"), await at("prod-1.1.1")]).toEqual([everywhere(first), everywhere(fixed)]);

  const candidate = await done("docker_create_candidate");
  const [short = "none"] = await engineTags(`${ground.addresses["r1"]}/${name}`, "prod-root-*");
  expect(await at(short)).toEqual(everywhere(candidate));

  aws.fleet.next();
  const trial = ["--environment", "preprod", "--candidate", short, "--cluster", "main"];
  await done("docker_update_prod_task_definition", ...trial);
  expect(await running(`${name}-preprod`)).toBe(image(candidate));

  aws.fleet.next();
  await done("docker_update_prod_task_definition", "--version", "1.1.0", "--cluster", "main");
  expect(await running()).toBe(image(first));

  await change(repo, {
    "changelog.txt": entries(`${name}-prod-1.1.2`, `${name}-prod-1.1.1`, `${name}-1.1.0`),
    "app.txt": "third\n",
  });
  const third = await done("docker_release_prod", "--version", "1.1.2");
  aws.fleet.next("fails");
  const failed = await i("docker_update_prod_task_definition", "--version", "1.1.2", "--cluster", "main", "--yes");
  expect([failed.code, failed.stderr]).toEqual([1, expect.stringMatching(/^error: .*\n {2}why: .*\n {2}fix: /m)]);
  expect(await running()).toBe(image(first));
  expect(await at("prod-1.1.2")).toEqual(everywhere(third));
});
