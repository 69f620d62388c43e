import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Announcing, announced, kept, startAnnouncing } from "../bed/announcing.ts";
import { change } from "../bed/tiny_repo.ts";
import type { Answer } from "../bed/webhook.ts";
import { workflowsIn } from "../bed/workflow.ts";

let at: Announcing;
beforeAll(async () => {
  at = await startAnnouncing();
});
afterAll(() => at.end());

describe("release_announce posts nothing", () => {
  it.each([
    ["", /SLACK_WEBHOOK_URL is not set/],
    ["http://example.com/planted0123", /does not hold the https address of a webhook/],
    ["planted0123", /does not hold the https address of a webhook/],
  ])("to what is no webhook, and does not show it: '%s'", async (url, error) => {
    const repo = await at.releasedRepo(`no-webhook${url.length}`);
    const i = workflowsIn(repo, { env: { SLACK_WEBHOOK_URL: url } });
    const { code, stdout, stderr } = await i("release_announce", "--version", "1.0.0", "--json");
    expect([code, stderr]).toEqual([2, expect.stringMatching(error)]);
    expect(stdout + stderr).not.toContain("planted0123");
    expect(await announced(repo)).toEqual([]);
  });

  it("where repo_config.yaml holds the address instead of a variable's name, and does not show it", async () => {
    const repo = await at.releasedRepo("open-secret");
    const text = readFileSync(join(repo, "repo_config.yaml"), "utf8");
    await change(repo, { "repo_config.yaml": `${text}notify: {slack: "https://hooks.example/planted0123"}\n` });
    const { code, stdout, stderr } = await at.announce(repo, "--version", "1.0.0");
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
    const repo = await at.releasedRepo("patient");
    at.webhook.answer(busy, { status: 429, headers: { "retry-after": "0" } });
    const { code, stderr } = await at.announce(repo, "--version", "1.0.0");
    expect(code, stderr).toBe(0);
    expect([at.webhook.texts.length, (await announced(repo)).length]).toEqual([3, 1]);
  });

  it.each<[string, readonly Answer[], number, RegExp]>([
    [
      "keeps failing",
      [busy, busy, busy],
      3,
      /answered 500\n +why: It said: rollout\. Nothing is recorded.*\n +fix: Run the same command again later/,
    ],
    [
      "is gone",
      [{ status: 404, body: "no_service at ECHO" }],
      1,
      /answered 404\n +why: It said: no_service at \S*\*\*\*/,
    ],
    ["sends on elsewhere", [{ status: 302, headers: { location: "http://127.0.0.1:1/" } }], 1, /answered 302/],
    ["never answers", ["late"], 1, /did not answer within 10 s[\s\S]*if the message is there, run/],
  ])(
    "%s is an error that is not recorded and shows no address; it goes on, where the message may be there after a look",
    async (why, answers, posts, error) => {
      const repo = await at.releasedRepo(why.replaceAll(" ", "-"));
      const echo = new URL(at.webhook.url).pathname;
      at.webhook.answer(
        ...answers.map((one) => (one === "late" || !one.body ? one : { ...one, body: one.body.replace("ECHO", echo) })),
      );
      const { code, stdout, stderr } = await at.announce(repo, "--version", "1.0.0", "--json");
      expect([code, at.webhook.texts.length], stderr).toEqual([1, posts]);
      expect(stderr).toMatch(error);
      expect(JSON.parse(stdout)).toMatchObject({ error: { kind: "webhook" } });
      expect(stdout + stderr + (await kept(repo))).not.toContain(at.webhook.secret);
      expect(await announced(repo)).toEqual([]);
      at.webhook.answer();
      const again = await at.announce(repo, "--version", "1.0.0");
      if (answers.some((one) => one === "late")) {
        expect([again.code, again.stderr], again.stderr).toEqual([2, expect.stringContaining("may be in the channel")]);
        expect(at.webhook.texts).toEqual([]);
        expect((await at.announce(repo, "--version", "1.0.0", "--post-again")).code).toBe(0);
      } else expect(again.code, again.stderr).toBe(0);
      expect((await announced(repo)).length).toBe(1);
    },
  );
});
