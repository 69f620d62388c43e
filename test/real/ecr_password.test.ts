import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { registryClient, repositoryOf } from "../../lib/oci/registry.ts";
import { type Aws, region } from "../bed/aws.ts";
import { type EcrGround, makeEcrGround } from "../bed/ecr_ground.ts";
import { handImage } from "../bed/hand_image.ts";

const image = handImage("in ecr", [100, 40_000]);
let at: EcrGround;
let aws: Aws;
beforeAll(async () => {
  at = await makeEcrGround();
  aws = at.aws;
});
afterAll(() => at.end());
beforeEach(() => {
  aws.fleet.forget();
  aws.fleet.lasting(12 * 3600);
});

const repo = (name: string) =>
  repositoryOf({ name: "ecr", kind: "ecr", required: true, region, address: aws.proxy.address }, name);
const from = () => repositoryOf({ name: "real", kind: "oci", required: true, address: aws.real.address }, "source");

/** Counts what the registry refuses for a password that has run out, and does something at the first so many requests. */
function watchLogin(name: string, count = Number.POSITIVE_INFINITY, then = () => {}) {
  const seen = { requests: 0, refused: 0 };
  aws.proxy.fault(name, (one) => {
    seen.requests += 1;
    if (seen.requests === count) then();
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
    const client = registryClient({ env: at.dockerEnv() });
    await Promise.all([client.head(repo("kept"), "dev"), client.manifest(repo("kept"), "dev")]);
    expect([(await client.head(repo("kept"), "dev"))?.digest, at.asked()]).toEqual([image.digest, 1]);
  });

  it("is asked for again when its time is over, before the registry refuses it", async () => {
    aws.fleet.lasting(0);
    const seen = watchLogin("kept");
    const client = registryClient({ env: at.dockerEnv() });
    await client.head(repo("kept"), "dev");
    expect([(await client.head(repo("kept"), "dev"))?.digest, at.asked(), seen.refused]).toEqual([image.digest, 2, 0]);
  });

  it("is asked for again in mid-copy when the registry says that it has run out", async () => {
    await aws.repository("copied");
    const seen = watchLogin("copied", 5, () => aws.fleet.expire());
    const job = { from: from(), to: [repo("copied")], digest: image.digest, tag: "dev" };
    expect(await registryClient({ env: at.dockerEnv() }).copy(job)).toMatchObject([{ outcome: "copied" }]);
    expect([at.asked(), seen.refused > 0]).toEqual([2, true]);
  });

  it("takes the place of docker's login of yesterday", async () => {
    const client = registryClient({ env: at.dockerEnv(at.stale()) });
    expect(await client.head(repo("kept"), "dev")).toMatchObject({ digest: image.digest });
    expect(at.asked()).toBe(1);
  });

  it("that AWS does not give is an error with AWS's words", async () => {
    aws.fleet.refuse("ecr:GetAuthorizationToken", "AccessDeniedException");
    const refused = registryClient({ env: at.dockerEnv() }).head(repo("kept"), "dev");
    await expect(refused).rejects.toMatchObject({
      reason: "denied",
      why: expect.stringContaining(
        "cannot get a password of ECR (eu-north-1): The login is valid but not allowed to do this.",
      ),
    });
    aws.fleet.refuse("ecr:GetAuthorizationToken", null);
  });
});
