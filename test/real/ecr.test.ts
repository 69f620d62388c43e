import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { registryClient, repositoryOf } from "../../lib/doors/registry.ts";
import { type Aws, region, secretKey, startAws } from "../bed/aws.ts";
import { handImage } from "../bed/hand_image.ts";
import { changes, digestsAt, refsOf } from "../bed/oracle.ts";
import { filesWithSecrets, watchWords } from "../bed/secrets.ts";
import { type Ground, makeGround } from "../bed/tiny_repo.ts";
import { workflowsIn } from "../bed/workflow.ts";

const image = handImage("in ecr", [100, 40_000]);
const github = "planted-github-token-77c1";
/** What may stand in docker's own file and nowhere else; base64 of the first bytes finds the rest too. */
const planted = ["planted-ecr-", btoa("AWS:planted-ecr"), github, btoa(`ada:${github}`), secretKey] as const;
let ground: Ground;
let aws: Aws;

beforeAll(async () => {
  [ground, aws] = await Promise.all([makeGround(1, { login: { user: "ada", password: github } }), startAws()]);
});
afterAll(() => Promise.all([ground.end(), aws.end()]));
beforeEach(() => {
  aws.fleet.forget();
  aws.fleet.lasting(12 * 3600);
});

const asked = () => aws.fleet.calls().filter((call) => call === "ecr:GetAuthorizationToken").length;
const repo = (name: string) =>
  repositoryOf({ name: "ecr", kind: "ecr", required: true, region, address: aws.proxy.address }, name);
const from = () => repositoryOf({ name: "real", kind: "oci", required: true, address: aws.real.address }, "source");

/** An environment with docker's configuration of its own. */
function dockerEnv(auths: Readonly<Record<string, unknown>> = {}, more: object = {}) {
  const folder = mkdtempSync(join(ground.dir, "home-"));
  const config = join(folder, ".docker");
  mkdirSync(config);
  symlinkSync(join(process.env["DOCKER_CONFIG"] ?? "/root/.docker", "cli-plugins"), join(config, "cli-plugins"));
  writeFileSync(join(config, "config.json"), JSON.stringify({ auths, ...more }), { mode: 0o600 });
  return { ...process.env, ...aws.env, DOCKER_CONFIG: config, HOME: folder };
}
const stale = () => ({ [aws.proxy.address]: { auth: btoa("AWS:of-yesterday") } });

/** Counts what the registry refuses for a password that has run out, and does something at the first so many requests. */
function watchLogin(name: string, at = Number.POSITIVE_INFINITY, then = () => {}) {
  const seen = { requests: 0, refused: 0 };
  aws.proxy.fault(name, (one) => {
    seen.requests += 1;
    if (seen.requests === at) then();
    const verdict = aws.fleet.login(one);
    if (verdict?.kind === "reply" && verdict.status === 403) seen.refused += 1;
    return verdict;
  });
  return seen;
}

describe("a password of ECR", () => {
  beforeAll(async () => {
    await aws.repository("kept");
    await aws.push("kept", "dev", image);
    await aws.push("source", "dev", image);
  });

  it("is asked of AWS once, however many requests there are", async () => {
    const client = registryClient({ env: dockerEnv() });
    await Promise.all([client.head(repo("kept"), "dev"), client.manifest(repo("kept"), "dev")]);
    expect([(await client.head(repo("kept"), "dev"))?.digest, asked()]).toEqual([image.digest, 1]);
  });

  it("is asked for again when its time is over, before the registry refuses it", async () => {
    aws.fleet.lasting(1);
    const seen = watchLogin("kept");
    const client = registryClient({ env: dockerEnv() });
    await client.head(repo("kept"), "dev");
    await pause(600);
    expect([(await client.head(repo("kept"), "dev"))?.digest, asked(), seen.refused]).toEqual([image.digest, 2, 0]);
  });

  it("is asked for again in mid-copy when the registry says that it has run out", async () => {
    await aws.repository("copied");
    const seen = watchLogin("copied", 5, () => aws.fleet.expire());
    const job = { from: from(), to: [repo("copied")], digest: image.digest, tag: "dev" };
    expect(await registryClient({ env: dockerEnv() }).copy(job)).toMatchObject([{ outcome: "copied" }]);
    expect([asked(), seen.refused > 0]).toEqual([2, true]);
  });

  it("takes the place of docker's login of yesterday", async () => {
    const client = registryClient({ env: dockerEnv(stale()) });
    expect(await client.head(repo("kept"), "dev")).toMatchObject({ digest: image.digest });
  });

  it("that AWS does not give is an error with AWS's words", async () => {
    aws.fleet.refuse("ecr:GetAuthorizationToken", "AccessDeniedException");
    const refused = registryClient({ env: dockerEnv() }).head(repo("kept"), "dev");
    await expect(refused).rejects.toMatchObject({
      reason: "denied",
      why: expect.stringContaining(
        "cannot get a password of ECR (eu-north-1): The login is valid, and may not do this.",
      ),
    });
    aws.fleet.refuse("ecr:GetAuthorizationToken", null);
  });
});

/** A repo whose image is released to ECR and to a registry as ghcr.io, in this order. */
const repoOf = (name: string) =>
  ground.repo(name, {
    registries: { ecr: aws.proxy.address, ghcr: ground.addresses["r1"] ?? "" },
    kinds: { ecr: `kind: ecr, region: ${region}`, ghcr: "kind: ghcr" },
    gates: [],
  });
const tokens = { GITHUB_TOKEN: github, GITHUB_ACTOR: "ada" };

describe("docker_login", () => {
  it("logs in to all registries at once, and shows no password to anyone", async () => {
    const dir = await repoOf("entered");
    const env = { ...dockerEnv(), ...tokens };
    const i = workflowsIn(dir, { env });
    const watching = watchWords(planted);
    const plan = await i("docker_login", "--dry-run");
    const planJson = await i("docker_login", "--dry-run", "--json");
    expect([plan.code, asked()]).toEqual([0, 0]);
    const line = `aws ecr get-login-password --region ${region} | docker login --username AWS --password-stdin`;
    expect(plan.stdout).toContain(`> ${line} ${aws.proxy.address}\n`);
    const { code, stdout, stderr } = await i("docker_login");
    expect(code, stderr).toBe(0);
    const config = join(env.DOCKER_CONFIG, "config.json");
    const { auths } = JSON.parse(readFileSync(config, "utf8"));
    const words = (address: string) => atob(auths[address].auth);
    expect([words(aws.proxy.address), words(ground.addresses["r1"] ?? "")]).toEqual([
      `AWS:${aws.fleet.passwords().at(-1)}`,
      `ada:${github}`,
    ]);
    expect(watching.end()).toMatchObject({ found: [] });
    const shown = [plan, planJson, { stdout, stderr }].map((one) => one.stdout + one.stderr).join("");
    expect(planted.filter((secret) => shown.includes(secret))).toEqual([]);
    expect(filesWithSecrets(dir, planted)).toEqual([]);
    expect(filesWithSecrets(env.HOME, planted)).toEqual([{ path: config, mode: "600" }]);
  });

  it("leaves ECR to Amazon's own helper where docker asks that", async () => {
    const dir = await repoOf("helped");
    const env = dockerEnv({}, { credHelpers: { [aws.proxy.address]: "ecr-login" } });
    const { code, states, stderr } = await workflowsIn(dir, { env })(
      "docker_login",
      "--target-registries",
      "ecr",
      "--json",
    );
    expect([code, states, asked()], stderr).toEqual([0, { login_ecr: "already" }, 0]);
  });

  it("says what to type where nobody is logged in to AWS", async () => {
    const dir = await repoOf("unknown");
    const env = { ...dockerEnv(), AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
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
      `aws ecr create-repository --repository-name absent --region ${region}`,
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
    for (const registry of [aws.real, ...ground.registries]) registry.forget();
    aws.fleet.forget();
    const before = await refsOf(`${dir}.git`);
    const { code, stderr } = await workflowsIn(dir, { env: { ...dockerEnv(), ...tokens } })(
      "docker_release_dev",
      "--yes",
    );
    expect([code, stderr]).toEqual([2, expect.stringContaining(`stopped at step "preflight": ${what}\n`)]);
    expect(stderr).toContain(`fix: ${fix}\n`);
    const changed = [aws.real, ...ground.registries].flatMap((registry) => changes(registry.requests()));
    expect([changed, aws.fleet.changes(), await refsOf(`${dir}.git`)]).toEqual([[], [], before]);
  });

  it("logs docker in anew before the push, so that a login of yesterday is none to stumble over", async () => {
    const dir = await repoOf("shipped");
    await aws.repository("shipped");
    const auths = { ...stale(), [ground.addresses["r1"] ?? ""]: { auth: btoa(`ada:${github}`) } };
    const watching = watchWords(planted);
    const i = workflowsIn(dir, { env: dockerEnv(auths) });
    const { code, stdout, stderr } = await i("docker_release_dev", "--yes");
    expect(code, stderr).toBe(0);
    const [digest] = await digestsAt([aws.real.address], "shipped:dev-1.0.0");
    expect(stdout.split(String(digest)).length).toBe(5);
    expect(watching.end().found).toEqual([]);
    expect(planted.filter((secret) => (stdout + stderr).includes(secret))).toEqual([]);
    expect(filesWithSecrets(dir, planted)).toEqual([]);
  });
});
