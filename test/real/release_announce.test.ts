import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Announcing, announced, image, kept, startAnnouncing } from "../bed/announcing.ts";
import { handImage } from "../bed/hand_image.ts";
import { writeLog } from "../bed/log.ts";
import { changes } from "../bed/oracle.ts";
import { pushTo, releaseByHand } from "../bed/released.ts";
import { change, changelog } from "../bed/tiny_repo.ts";

let at: Announcing;
beforeAll(async () => {
  at = await startAnnouncing();
});
afterAll(() => at.end());

describe("release_announce", () => {
  it("posts changelog and verified digest once, with a record, and is already done the second time", async () => {
    const repo = await at.releasedRepo("once");
    await change(repo, {
      "changelog.txt": changelog("once", "1.0.0").replace("What changed", "<!channel> & *all* of <@U1>"),
    });
    at.webhook.answer();
    for (const registry of at.ground.registries) registry.forget();
    const plan = await at.announce(repo, "--version", "1.0.0", "--dry-run", "--json");
    expect([plan.code, at.webhook.texts], plan.stderr).toEqual([0, []]);
    const first = await at.announce(repo, "--version", "1.0.0", "--json");
    expect(first.code, first.stderr).toBe(0);
    expect(first.states["announce"]).toBe("done");
    expect(at.webhook.texts).toEqual([
      [
        ":rocket: *The new image has been released:*",
        "*once-1.0.0* (2025-02-01)",
        "- &lt;!channel&gt; &amp; *all* of &lt;@U1&gt; for 1.0.0",
        "",
        `Verified as \`${image.digest}\` in`,
        ...Object.values(at.ground.addresses).map((address) => `- \`${address}/once:dev-1.0.0\``),
        "Get it with `i docker_pull`",
      ].join("\n"),
    ]);
    const again = await at.announce(repo, "--version", "1.0.0");
    expect([again.code, again.stdout]).toEqual([0, expect.stringMatching(/is already announced by \w+ on \d{4}-/)]);
    expect(at.webhook.texts.length).toBe(1);
    expect(await announced(repo)).toMatchObject([{ stage: "dev", version: "1.0.0", digest: image.digest }]);
    expect(at.ground.registries.flatMap(({ requests }) => changes(requests()))).toEqual([]);
    expect(plan.stdout + first.stdout + first.stderr + (await kept(repo))).not.toContain(at.webhook.secret);
  });

  it("asks before it takes a version that nobody typed", async () => {
    const repo = await at.releasedRepo("asked");
    at.webhook.answer();
    const refused = await at.announce(repo);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("Announce asked dev 1.0.0 in Slack?")]);
    expect((await at.announce(repo, "--yes")).code).toBe(0);
    expect(at.webhook.texts.length).toBe(1);
  });

  it("is done once: whoever types it while it is being posted is told who does it", async () => {
    const repo = await at.releasedRepo("race");
    const other = await at.ground.clone(repo, "race-other");
    at.webhook.answer();
    const { comes, go } = at.webhook.hold();
    const first = at.announce(repo, "--version", "1.0.0");
    await comes;
    const second = await at.announce(other, "--version", "1.0.0");
    go();
    expect((await first).code).toBe(0);
    expect([second.code, second.stderr]).toEqual([2, expect.stringMatching(/root on \S+ \(process \d+\)/)]);
    expect([at.webhook.texts.length, (await announced(repo)).length]).toEqual([1, 1]);
  });

  it("of prod tells how to pull prod, and of a hotfix that prod stays where it is", async () => {
    const repo = await at.releasedRepo("shipped");
    await releaseByHand(at.ground, repo, [
      { stage: "prod", version: "1.0.0", image: handImage("prod 1.0.0") },
      { stage: "prod", version: "1.1.0", image: handImage("prod 1.1.0") },
      { stage: "prod", version: "1.0.1", image: handImage("prod 1.0.1"), isHotfix: true },
    ]);
    at.webhook.answer();
    expect((await at.announce(repo, "--stage", "prod", "--yes")).code).toBe(0);
    expect((await at.announce(repo, "--stage", "prod", "--version", "1.0.1")).code).toBe(0);
    expect(at.webhook.texts[0]).toMatch(/\*shipped-prod-1\.1\.0\*[\s\S]*Get it with `i docker_pull --stage prod`$/);
    expect(at.webhook.texts[1]).toMatch(
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
        await releaseByHand(at.ground, repo, [{ stage: "dev", version: "1.0.0", image }]);
        await pushTo(at.ground, "r2", { name: "drifting", tag: "dev-1.0.0", image: handImage("another") });
      },
      /dev-1\.0\.0 in r2 is sha256:\w+, not sha256:/,
    ],
    [
      "taken-back",
      "of a version that was rolled back",
      async (repo) => {
        await releaseByHand(at.ground, repo, [
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
    const repo = await at.ground.repo(name);
    await prepare(repo);
    at.webhook.answer();
    const { code, stderr } = await at.announce(repo, "--version", "1.0.0");
    expect([code, at.webhook.texts]).toEqual([2, []]);
    expect(stderr).toMatch(error);
  });
});
