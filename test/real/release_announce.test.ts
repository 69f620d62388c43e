import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { git } from "../bed/git.ts";
import { handImage } from "../bed/hand_image.ts";
import { writeLog } from "../bed/log.ts";
import { changes, logOf } from "../bed/oracle.ts";
import { pushTo, releaseByHand } from "../bed/released.ts";
import { change, changelog, type Ground, makeGround } from "../bed/tiny_repo.ts";
import { type Answer, startWebhook, type Webhook } from "../bed/webhook.ts";
import { workflowsIn } from "../bed/workflow.ts";

let ground: Ground;
let webhook: Webhook;
beforeAll(async () => {
  [ground, webhook] = await Promise.all([makeGround(2), startWebhook()]);
});
afterAll(async () => {
  await webhook.stop();
  await ground.end();
});

const image = handImage("announced");
/** A repo with 1.0.0 released as dev in both registries. */
async function releasedRepo(name: string): Promise<string> {
  const repo = await ground.repo(name);
  await releaseByHand(ground, repo, [{ stage: "dev", version: "1.0.0", image }]);
  return repo;
}
const announce = (repo: string, ...words: readonly string[]) =>
  workflowsIn(repo, { env: { SLACK_WEBHOOK_URL: webhook.url } })("release_announce", ...words);
const announced = async (repo: string) =>
  (await logOf(`${repo}.git`, repo.split("/").at(-1) ?? "")).filter(({ type }) => type === "announce");

/** Every text below a repo's and its remote's Git dir, objects unpacked. */
async function kept(repo: string): Promise<string> {
  const own = join(repo, ".git", "slipway");
  const files = readdirSync(own, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const texts = files.map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
  return [...texts, await git(`${repo}.git`, "log", "--all", "--glob=refs/slipway", "--format=%B", "--patch")].join(
    "\n",
  );
}

describe("release_announce", () => {
  it("posts changelog and verified digest once, with a record, and is already done the second time", async () => {
    const repo = await releasedRepo("once");
    await change(repo, {
      "changelog.txt": changelog("once", "1.0.0").replace("What changed", "<!channel> & *all* of <@U1>"),
    });
    webhook.answer();
    for (const registry of ground.registries) registry.forget();
    const plan = await announce(repo, "--version", "1.0.0", "--dry-run", "--json");
    expect([plan.code, webhook.texts], plan.stderr).toEqual([0, []]);
    const first = await announce(repo, "--version", "1.0.0", "--json");
    expect(first.code, first.stderr).toBe(0);
    expect(first.states["announce"]).toBe("done");
    expect(webhook.texts).toEqual([
      [
        ":rocket: *The new image has been released:*",
        "*once-1.0.0* (2025-02-01)",
        "- &lt;!channel&gt; &amp; *all* of &lt;@U1&gt; for 1.0.0",
        "",
        `Verified as \`${image.digest}\` in`,
        ...Object.values(ground.addresses).map((address) => `- \`${address}/once:dev-1.0.0\``),
        "Get it with `i docker_pull`",
      ].join("\n"),
    ]);
    const again = await announce(repo, "--version", "1.0.0");
    expect([again.code, again.stdout]).toEqual([0, expect.stringMatching(/is already announced by \w+ on \d{4}-/)]);
    expect(webhook.texts.length).toBe(1);
    expect(await announced(repo)).toMatchObject([{ stage: "dev", version: "1.0.0", digest: image.digest }]);
    expect(ground.registries.flatMap(({ requests }) => changes(requests()))).toEqual([]);
    expect(plan.stdout + first.stdout + first.stderr + (await kept(repo))).not.toContain(webhook.secret);
  });

  it("asks before it takes a version that nobody typed", async () => {
    const repo = await releasedRepo("asked");
    webhook.answer();
    const refused = await announce(repo);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("Announce asked dev 1.0.0 in Slack?")]);
    expect((await announce(repo, "--yes")).code).toBe(0);
    expect(webhook.texts.length).toBe(1);
  });

  it("is done once by two who type it at the same time", async () => {
    const repo = await releasedRepo("race");
    const other = await ground.clone(repo, "race-other");
    webhook.answer();
    const ends = await Promise.all([repo, other].map((dir) => announce(dir, "--version", "1.0.0")));
    expect(ends.map(({ code }) => code).sort()[0]).toBe(0);
    expect([webhook.texts.length, (await announced(repo)).length]).toEqual([1, 1]);
  });

  it("of prod tells how to pull prod, and of a hotfix that prod stays where it is", async () => {
    const repo = await releasedRepo("shipped");
    await releaseByHand(ground, repo, [
      { stage: "prod", version: "1.0.0", image: handImage("prod 1.0.0") },
      { stage: "prod", version: "1.1.0", image: handImage("prod 1.1.0") },
      { stage: "prod", version: "1.0.1", image: handImage("prod 1.0.1"), isHotfix: true },
    ]);
    webhook.answer();
    expect((await announce(repo, "--stage", "prod", "--yes")).code).toBe(0);
    expect((await announce(repo, "--stage", "prod", "--version", "1.0.1")).code).toBe(0);
    expect(webhook.texts[0]).toMatch(/\*shipped-prod-1\.1\.0\*[\s\S]*Get it with `i docker_pull --stage prod`$/);
    expect(webhook.texts[1]).toMatch(
      /`prod` stays 1\.1\.0; get this one with `i docker_pull --stage prod --version 1\.0\.1`$/,
    );
  });
});

describe("release_announce posts nothing", () => {
  it.each<[string, string, (repo: string) => Promise<unknown>, RegExp]>([
    [
      "unreleased",
      "of a version that is not released",
      async () => {},
      /unreleased 1\.0\.0 is not released as dev\n.*\n +fix: Release it: i docker_release_dev --version 1\.0\.0/,
    ],
    [
      "drifting",
      "when a registry has another image",
      async (repo) => {
        await releaseByHand(ground, repo, [{ stage: "dev", version: "1.0.0", image }]);
        await pushTo(ground, "r2", { name: "drifting", tag: "dev-1.0.0", image: handImage("another") });
      },
      /dev-1\.0\.0 in r2 is sha256:\w+, not sha256:/,
    ],
    [
      "taken-back",
      "of a version that was rolled back",
      async (repo) => {
        await releaseByHand(ground, repo, [
          { stage: "dev", version: "0.9.0", image: handImage("before") },
          { stage: "dev", version: "1.0.0", image },
        ]);
        const signed = { at: "2025-03-01T10:00:00.000Z", by: "bob", host: "ci" };
        const flip = {
          type: "flip",
          id: "back",
          tag: "dev",
          version: "0.9.0",
          to: handImage("before").digest,
        } as const;
        const back = {
          ...flip,
          from: {},
          why: "rollback",
          reason: "it breaks",
          registries: ["r1", "r2"],
          ...signed,
        } as const;
        await writeLog(`${repo}.git`, "taken-back", [back]);
      },
      /1\.0\.0 was rolled back to 0\.9\.0 by bob on 2025-03-01\n +why: They said: it breaks\./,
    ],
  ])("%s: %s", async (name, _why, prepare, error) => {
    const repo = await ground.repo(name);
    await prepare(repo);
    webhook.answer();
    const { code, stderr } = await announce(repo, "--version", "1.0.0");
    expect([code, webhook.texts]).toEqual([2, []]);
    expect(stderr).toMatch(error);
  });

  it.each([
    ["", /SLACK_WEBHOOK_URL is not set/],
    ["http://example.com/planted0123", /does not hold the https address of a webhook/],
    ["planted0123", /does not hold the https address of a webhook/],
  ])("to what is no webhook, and does not show it: '%s'", async (url, error) => {
    const repo = await releasedRepo(`no-webhook${url.length}`);
    const i = workflowsIn(repo, { env: { SLACK_WEBHOOK_URL: url } });
    const { code, stdout, stderr } = await i("release_announce", "--version", "1.0.0", "--json");
    expect([code, stderr]).toEqual([2, expect.stringMatching(error)]);
    expect(stdout + stderr).not.toContain("planted0123");
    expect(await announced(repo)).toEqual([]);
  });

  it("where repo_config.yaml holds the address instead of a variable's name, and does not show it", async () => {
    const repo = await releasedRepo("open-secret");
    const text = readFileSync(join(repo, "repo_config.yaml"), "utf8");
    await change(repo, { "repo_config.yaml": `${text}notify: {slack: "https://hooks.example/planted0123"}\n` });
    const { code, stdout, stderr } = await announce(repo, "--version", "1.0.0");
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/repo_config\.yaml:\d+ notify\.slack is not the name of a variable/),
    ]);
    expect(stdout + stderr).not.toContain("planted0123");
  });
});

describe("a webhook that", () => {
  const busy: Answer = { status: 500, body: "rollout" };
  it("fails twice is asked until it takes the message, once", async () => {
    const repo = await releasedRepo("patient");
    webhook.answer(busy, { status: 429, headers: { "retry-after": "0" } });
    const { code, stderr } = await announce(repo, "--version", "1.0.0");
    expect(code, stderr).toBe(0);
    expect([webhook.texts.length, (await announced(repo)).length]).toEqual([3, 1]);
  });

  it.each<[string, readonly Answer[], number, RegExp]>([
    [
      "keeps failing",
      [busy, busy, busy],
      3,
      /answered 500\n +why: It said: rollout\. Nothing is recorded.*\n +fix: Type the same command again later/,
    ],
    [
      "is gone",
      [{ status: 404, body: "no_service at ECHO" }],
      1,
      /answered 404\n +why: It said: no_service at \S*\*\*\*/,
    ],
    ["sends on elsewhere", [{ status: 302, headers: { location: "http://127.0.0.1:1/" } }], 1, /answered 302/],
    ["never answers", ["late"], 1, /did not answer within 10 s[\s\S]*the message may be there/],
  ])(
    "%s is an error that is not recorded and shows no address, and the same command again goes on",
    async (why, answers, posts, error) => {
      const repo = await releasedRepo(why.replaceAll(" ", "-"));
      const echo = new URL(webhook.url).pathname;
      webhook.answer(
        ...answers.map((one) => (one === "late" || !one.body ? one : { ...one, body: one.body.replace("ECHO", echo) })),
      );
      const { code, stdout, stderr } = await announce(repo, "--version", "1.0.0", "--json");
      expect([code, webhook.texts.length], stderr).toEqual([1, posts]);
      expect(stderr).toMatch(error);
      expect(JSON.parse(stdout)).toMatchObject({ error: { kind: "webhook" } });
      expect(stdout + stderr + (await kept(repo))).not.toContain(webhook.secret);
      expect(await announced(repo)).toEqual([]);
      webhook.answer();
      expect((await announce(repo, "--version", "1.0.0")).code).toBe(0);
      expect((await announced(repo)).length).toBe(1);
    },
  );
});
