import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Aws, region, secretKey } from "../bed/aws.ts";
import { type EcrGround, github, makeEcrGround } from "../bed/ecr_ground.ts";
import { changes, digestsAt, refsOf } from "../bed/oracle.ts";
import { filesWithSecrets, watchWords } from "../bed/secrets.ts";
import { workflowsIn } from "../bed/workflow.ts";

/** What may stand in docker's own file and nowhere else; base64 of the first bytes finds the rest too. */
const planted = ["planted-ecr-", btoa("AWS:planted-ecr"), github, btoa(`ada:${github}`), secretKey] as const;
let at: EcrGround;
let aws: Aws;
beforeAll(async () => {
  at = await makeEcrGround();
  aws = at.aws;
});
afterAll(() => at.end());
beforeEach(() => aws.fleet.forget());

/** A repo whose image is released to ECR and to a registry as ghcr.io, in this order. */
const repoOf = (name: string, more = "") =>
  at.ground.repo(name, {
    registries: { ecr: aws.proxy.address, ghcr: at.ground.addresses["r1"] ?? "" },
    kinds: { ecr: `kind: ecr, region: ${region}${more}`, ghcr: "kind: ghcr" },
    gates: [],
  });
const tokens = { GITHUB_TOKEN: github, GITHUB_ACTOR: "ada" };

describe("docker_login", () => {
  it("logs in to all registries at once, and shows no password to anyone", async () => {
    const dir = await repoOf("entered");
    const env = { ...at.dockerEnv(), ...tokens };
    const i = workflowsIn(dir, { env });
    const watching = watchWords(planted);
    const plan = await i("docker_login", "--dry-run");
    const planJson = await i("docker_login", "--dry-run", "--json");
    expect([plan.code, at.asked()]).toEqual([0, 0]);
    const line = `aws ecr get-login-password --region ${region} | docker login --username AWS --password-stdin`;
    expect(plan.stdout).toContain(`> ${line} ${aws.proxy.address}\n`);
    const { code, stdout, stderr } = await i("docker_login");
    expect(code, stderr).toBe(0);
    const config = join(env.DOCKER_CONFIG, "config.json");
    const { auths } = JSON.parse(readFileSync(config, "utf8"));
    const words = (address: string) => atob(auths[address].auth);
    expect([words(aws.proxy.address), words(at.ground.addresses["r1"] ?? "")]).toEqual([
      `AWS:${aws.fleet.passwords().at(-1)}`,
      `ada:${github}`,
    ]);
    expect(watching.end().found).toEqual([]);
    const shown = [plan, planJson, { stdout, stderr }].map((one) => one.stdout + one.stderr).join("");
    expect(planted.filter((secret) => shown.includes(secret))).toEqual([]);
    expect(filesWithSecrets(dir, planted)).toEqual([]);
    expect(filesWithSecrets(env.HOME, planted)).toEqual([{ path: config, mode: "600" }]);
  });

  it("leaves ECR to Amazon's own helper where docker asks that", async () => {
    const dir = await repoOf("helped");
    const env = at.dockerEnv({}, { credHelpers: { [aws.proxy.address]: "ecr-login" } });
    const { code, states, stderr } = await workflowsIn(dir, { env })(
      "docker_login",
      "--target-registries",
      "ecr",
      "--json",
    );
    expect([code, states, at.asked()], stderr).toEqual([0, { login_ecr: "already" }, 0]);
  });

  it("says what to type where nobody is logged in to AWS", async () => {
    const dir = await repoOf("unknown");
    const env = { ...at.dockerEnv(), AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
    const { code, stderr } = await workflowsIn(dir, { env })("docker_login", "--target-registries", "ecr");
    expect([code, stderr]).toEqual([1, expect.stringContaining("cannot get a password of ECR (eu-north-1)")]);
    expect(stderr).toContain("fix: Log in: aws sso login; or give keys: aws configure");
  });
});

describe("a release to ECR", () => {
  it.each([
    [
      "absent",
      null,
      "ecr has no repository absent",
      `aws ecr create-repository --repository-name absent --region ${region}; or have releases do it: create: true for ecr in repo_config.yaml`,
    ],
    [
      "frozen",
      "IMMUTABLE",
      "repository frozen of ecr has immutable tags, and dev has to move",
      `aws ecr put-image-tag-mutability --repository-name frozen --image-tag-mutability MUTABLE --region ${region}`,
    ],
  ] as const)("is refused before anything changes where the repository is %s", async (name, mutability, what, fix) => {
    const dir = await repoOf(name);
    if (mutability) await aws.repository(name, mutability);
    for (const registry of [aws.real, ...at.ground.registries]) registry.forget();
    aws.fleet.forget();
    const before = await refsOf(`${dir}.git`);
    const { code, stderr } = await workflowsIn(dir, { env: { ...at.dockerEnv(), ...tokens } })(
      "docker_release_dev",
      "--yes",
    );
    expect([code, stderr]).toEqual([2, expect.stringContaining(`stopped at step "preflight": ${what}\n`)]);
    expect(stderr).toContain(`fix: ${fix}\n`);
    const changed = [aws.real, ...at.ground.registries].flatMap((registry) => changes(registry.requests()));
    expect([changed, aws.fleet.changes(), await refsOf(`${dir}.git`)]).toEqual([[], [], before]);
  });

  it("makes a repository where it may, logs docker in anew before the push, and a pull too: a login of yesterday is none to stumble over", async () => {
    const dir = await repoOf("shipped", ", create: true");
    aws.proxy.fault("shipped", aws.fleet.login);
    const auths = { ...at.stale(), [at.ground.addresses["r1"] ?? ""]: { auth: btoa(`ada:${github}`) } };
    const watching = watchWords(planted);
    const env = at.dockerEnv(auths);
    const { code, stdout, stderr } = await workflowsIn(dir, { env })("docker_release_dev", "--yes");
    expect(code, stderr).toBe(0);
    expect(aws.fleet.changes()).toEqual(["ecr:CreateRepository"]);
    const kept = JSON.parse(readFileSync(join(env.DOCKER_CONFIG, "config.json"), "utf8"));
    expect(aws.fleet.passwords().map((password) => btoa(`AWS:${password}`))).toContain(
      kept.auths[aws.proxy.address].auth,
    );
    const [digest] = await digestsAt([aws.real.address], "shipped:dev-1.0.0");
    // It is told once, and each registry beside it.
    expect([stdout.split(String(digest)).length, stdout.match(/:dev-1\.0\.0, /g)?.length]).toEqual([2, 2]);
    expect(watching.end().found).toEqual([]);
    expect(planted.filter((secret) => (stdout + stderr).includes(secret))).toEqual([]);
    expect(filesWithSecrets(dir, planted)).toEqual([]);
    const pulled = await workflowsIn(dir, { env: at.dockerEnv(at.stale()) })("docker_pull");
    expect(pulled.code, pulled.stderr).toBe(0);
  });
});
