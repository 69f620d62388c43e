import { describe, expect, it } from "vitest";
import { announce } from "../../lib/kinds/announce.ts";
import type { ChangelogEntry } from "../../lib/names/changelog.ts";
import type { Announced, Announcing, Flipped, Released, SignedEntry } from "../../lib/names/log.ts";
import type { AllFacts, RegistryFacts } from "../../lib/plan/facts.ts";
import { type AnnounceOptions, announcement, announceRelease, asksAnnounce } from "../../lib/report/announce.ts";
import { postMessage } from "../../lib/report/post_message.ts";
import {
  changelog,
  commit,
  config,
  digest,
  doing,
  facts,
  found,
  ids,
  logged,
  refusal,
  stepOf,
  version,
} from "./factory.ts";

const image = digest("a");
const ecr = { registry: "ecr", repository: "127.0.0.1:5001/cmamp" };
const hub = { registry: "dockerhub", repository: "127.0.0.1:5002/cmamp" };
const ref = "refs/slipway/claim/cmamp-1.2.0";
const release = (of: string, more: Partial<Released> = {}) =>
  logged({
    type: "release",
    stage: "dev",
    version: of,
    digest: image,
    commit: commit("a"),
    registries: ["ecr", "dockerhub"],
    ...more,
  });
const told = (more: Partial<Announced> = {}, signed: Partial<SignedEntry> = {}) =>
  logged({ type: "announce", stage: "dev", version: "1.2.0", digest: image, channel: "slack", ...more }, signed);
const announcing = (more: Partial<Announcing>) =>
  logged({ type: "announcing", stage: "dev", version: "1.2.0", digest: image, channel: "slack", ...more });
const flip = (to: string, why: Flipped["why"], more: Partial<Flipped> = {}) =>
  logged({
    type: "flip",
    id: `f${to}${why}`,
    tag: "dev",
    version: to,
    to: image,
    from: {},
    why,
    registries: ["ecr", "dockerhub"],
    ...more,
  });
const everywhere = (tag = "dev-1.2.0", hash = image): RegistryFacts => ({
  ecr: { [tag]: found(hash) },
  dockerhub: { [tag]: found(hash) },
});
const plan = (more: Partial<AllFacts> = {}, options: Partial<AnnounceOptions> = {}) => {
  const world = facts({ registries: everywhere(), log: [release("1.2.0")], ...more });
  return announceRelease(world, { stage: "dev", ...options }, world.registries);
};
const text = (...given: Parameters<typeof plan>): string[] =>
  doing(plan(...given), postMessage)[0]?.text.split("\n") ?? [];

describe("release_announce", () => {
  it("claims the version, reads its tag back, tells the team and records that it did", () => {
    expect(plan().map(({ id, title }) => [id, title])).toEqual([
      ["claim", "Claim 1.2.0, so that it is announced once"],
      ["verify", "Read dev-1.2.0 back"],
      ["announce", "Announce dev-1.2.0 in Slack"],
      ["release_claim", "Release the claim"],
      ["tell", "Report that it is announced"],
    ]);
    expect(stepOf(plan(), "claim").do).toEqual([{ kind: "claim", ref }]);
    expect(stepOf(plan(), "verify").do).toEqual([
      { kind: "verify_digest", tag: "dev-1.2.0", digest: image, places: [ecr, hub] },
    ]);
    expect(stepOf(plan(), "release_claim").do).toEqual([{ kind: "release_claim", ref }]);
    expect(stepOf(plan(), "tell").do).toEqual([
      {
        kind: "announce",
        text: "cmamp dev-1.2.0 is announced in Slack",
        data: { tag: "dev-1.2.0", digest: image },
      },
    ]);
  });

  it("posts to the webhook that a variable holds, with the entry that says so", () => {
    const [post] = doing(plan({ config: config({ notify: { slack: "TEAM_HOOK" } }) }), postMessage);
    expect(post).toMatchObject({
      variable: "TEAM_HOOK",
      image: "cmamp",
      entry: { type: "announce", stage: "dev", version: "1.2.0", digest: image, channel: "slack" },
    });
  });

  const open = { log: [release("1.2.0"), announcing({})] };
  it("posts again a message that was left open where a person saw that it is not there", () => {
    const posts = (postAgain?: boolean) => doing(plan(open, { postAgain }), postMessage);
    expect([posts(), posts(true)]).toMatchObject([[expect.not.objectContaining({ again: true })], [{ again: true }]]);
  });

  it("posts nothing where a person saw that it is there, and records that", () => {
    const steps = plan(open, { posted: true });
    expect(doing(steps, postMessage)).toEqual([]);
    expect(stepOf(steps, "announce")).toMatchObject({
      title: "Record that dev-1.2.0 is announced",
      do: [
        {
          ...{ kind: "record", image: "cmamp" },
          entry: { type: "announce", stage: "dev", version: "1.2.0", digest: image, channel: "slack" },
        },
      ],
    });
  });

  it("believes no look into the channel where no message was left open, nor two of them", () => {
    const line = "i release_announce --stage dev --version 1.2.0";
    for (const look of [{ posted: true }, { postAgain: true }])
      for (const entries of [[], [announcing({}), announcing({ withdrawn: true })], [announcing({ version: "1.1.0" })]])
        expect(refusal(() => plan({ log: [release("1.2.0"), ...entries] }, look))).toMatchObject({
          message: "no message about cmamp dev 1.2.0 was left open",
          why: "A person checks the channel only if a run ended between posting and recording.",
          fix: `Announce it: ${line}`,
        });
    expect(refusal(() => plan(open, { posted: true, postAgain: true }))).toMatchObject({
      message: "--posted and --post-again were both given",
      why: "The message either is in the channel or is not.",
      fix: `Check the channel, then run ${line} with the one that applies`,
    });
  });

  it("tells what is released, what changed, where it is by digest and how to get it", () => {
    expect(text()).toEqual([
      ":rocket: *The new image has been released:*",
      "*cmamp-1.2.0* (2025-01-02)",
      "- Change",
      "",
      `Verified as \`${image}\` in`,
      "- `127.0.0.1:5001/cmamp:dev-1.2.0`",
      "- `127.0.0.1:5002/cmamp:dev-1.2.0`",
      "Get it with `i docker_pull`",
    ]);
  });

  it("speaks of prod for a prod release", () => {
    const more = { registries: everywhere("prod-1.2.0"), log: [release("1.2.0", { stage: "prod" })] };
    expect([text(more, { stage: "prod" })[1], text(more, { stage: "prod" }).at(-1)]).toEqual([
      "*cmamp-prod-1.2.0* (2025-01-02)",
      "Get it with `i docker_pull --stage prod`",
    ]);
  });

  it("asks users for the version where the stage stays another, or for none where it is this one", () => {
    const more = { log: [release("1.2.0"), flip("1.3.0", "release")] };
    expect(text(more, { version: version("1.2.0") }).at(-1)).toBe(
      "`dev` stays 1.3.0; get this one with `i docker_pull --stage dev --version 1.2.0`",
    );
    expect(text({ log: [release("1.2.0"), flip("1.2.0", "release")] }).at(-1)).toBe("Get it with `i docker_pull`");
  });

  const many = (count: number): ChangelogEntry[] =>
    changelog("1.2.0").map((entry) => ({
      ...entry,
      changes: Array.from({ length: count }, (_, index) => `<${index}> & more`),
    }));
  it.each([
    [30, "- &lt;29&gt; &amp; more", 30],
    [31, "- and 1 more, see changelog.txt", 31],
    [40, "- and 10 more, see changelog.txt", 31],
  ])("of %s changes ends with %j, and calls nobody", (count, last, shown) => {
    const lines = text({ changelog: many(count) });
    expect([lines[2], lines[shown + 1], lines[shown + 2]]).toEqual(["- &lt;0&gt; &amp; more", last, ""]);
  });

  it("names no registry that is behind by choice", () => {
    const more = {
      log: [release("1.2.0", { registries: ["ecr"] })],
      registries: { ecr: { "dev-1.2.0": found(image) }, dockerhub: {} },
    };
    expect(text(more).filter((line) => line.startsWith("- `"))).toEqual(["- `127.0.0.1:5001/cmamp:dev-1.2.0`"]);
    expect(stepOf(plan(more), "verify").do).toMatchObject([{ places: [ecr] }]);
  });

  it("names each registry that has the version, targets or not, whatever other tags they have", () => {
    const tags = { "dev-1.1.0": found(digest("b")), "dev-1.2.0": found(image) };
    const more = { registries: { ecr: tags, dockerhub: tags }, targets: config().registries.slice(0, 1) };
    expect(stepOf(plan(more), "verify").do).toMatchObject([{ places: [ecr, hub] }]);
  });
});

describe("a version that was announced", () => {
  const log = [
    release("1.2.0"),
    told({}, { at: "2025-01-03T00:00:00Z" }),
    told({}, { at: "2025-01-04T00:00:00Z", by: "bob" }),
  ];
  it("is not announced again; the last announcement is told", () => {
    const skip = "already announced by bob on 2025-01-04";
    expect(plan({ log }).map((step) => step.skip)).toEqual([null, skip, skip, null, null]);
    expect(doing(plan({ log }), announce)[0]?.text).toBe(`cmamp dev-1.2.0 is ${skip}`);
  });

  it.each<[string, SignedEntry]>([
    ["of another version", told({ version: "1.1.0" })],
    ["of another stage", told({ stage: "prod" })],
    ["that was only confirmed", logged({ type: "confirm", stage: "dev", version: "1.2.0", digest: image, line: "x" })],
  ])("is not one %s", (_what, entry) => {
    expect(announcement({ log: [entry] }, { stage: "dev", version: version("1.2.0") })).toBeUndefined();
    expect(ids(plan({ log: [release("1.2.0"), entry] }).filter(({ skip }) => skip === null))).toHaveLength(5);
  });
});

describe("the question before the team is told", () => {
  const asks = (log: readonly SignedEntry[], of?: string) =>
    asksAnnounce(facts({ log }), { stage: "dev", version: of === undefined ? undefined : version(of) });
  it("names the version that nobody typed", () => {
    expect(asks([release("1.1.0"), release("1.2.0")])).toBe("Announce cmamp dev 1.2.0 in Slack?");
  });

  it.each<[string, readonly SignedEntry[], string | undefined]>([
    ["it was typed", [release("1.2.0")], "1.2.0"],
    ["nothing was released", [], undefined],
    ["it is announced", [release("1.2.0"), told()], undefined],
  ])("is none where %s", (_when, log, of) => {
    expect(asks(log, of)).toBeNull();
  });
});

describe("an announcement is refused", () => {
  const pulled = "A release is announced when every registry shows its digest.";
  const back = [release("1.2.0"), flip("1.2.0", "release"), flip("1.1.0", "rollback", { reason: "it breaks" })];
  const look = "Check it: i release_status; fix it: i release_mirror --stage dev --version 1.2.0";
  it.each<[string, Partial<AllFacts>, Partial<AnnounceOptions>, object]>([
    [
      "where nothing is released",
      { log: [] },
      {},
      {
        message: "nothing of cmamp is released as dev",
        why: "Only what can be pulled is announced, and the log has no such release.",
        fix: "Release it: i docker_release_dev",
      },
    ],
    [
      "where the version is not released",
      {},
      { version: version("1.3.0") },
      { message: "cmamp 1.3.0 is not released as dev", fix: "Release it: i docker_release_dev --version 1.3.0" },
    ],
    [
      "where it was rolled back",
      { log: back },
      { version: version("1.2.0") },
      {
        message: "1.2.0 was rolled back to 1.1.0 by ann on 2025-01-02",
        why: "They said: it breaks. Users would be told to pull a version that was rolled back.",
        fix: "Announce the next version when it is released: i docker_release_dev",
      },
    ],
    [
      "where it was rolled back without a word",
      { log: [release("1.2.0"), flip("1.2.0", "release"), flip("1.1.0", "rollback")] },
      { version: version("1.2.0") },
      { why: "Users would be told to pull a version that was rolled back." },
    ],
    [
      "where a registry does not answer",
      { registries: { ...everywhere(), dockerhub: { "dev-1.2.0": { state: "unknown", why: "timeout" } } } },
      {},
      {
        message: `dev-1.2.0 in dockerhub is not known, not ${image}`,
        why: `It does not answer: timeout. ${pulled}`,
        fix: "Try again when it answers",
        kind: "unreachable",
      },
    ],
    [
      "where a registry lacks it",
      { registries: { ...everywhere(), dockerhub: { "dev-1.2.0": { state: "absent" } } } },
      {},
      { message: `dev-1.2.0 in dockerhub is absent, not ${image}`, why: pulled, fix: look, kind: "drift" },
    ],
    [
      "where all have lost it",
      { registries: { ecr: { "dev-1.2.0": { state: "absent" } }, dockerhub: {} } },
      {},
      { message: `dev-1.2.0 in ecr is absent, not ${image}`, why: pulled },
    ],
    [
      "where a registry has another image, of which the log knows the version",
      {
        log: [release("1.1.0", { digest: digest("b") }), release("1.2.0")],
        registries: { ...everywhere(), dockerhub: { "dev-1.2.0": found(digest("b")) } },
      },
      {},
      {
        message: `dev-1.2.0 in dockerhub is ${digest("b")}, not ${image}`,
        why: `It is 1.1.0. ${pulled}`,
        fix: look,
        kind: "drift",
      },
    ],
    [
      "where all have another image, of which the log knows nothing",
      { registries: everywhere("dev-1.2.0", digest("b")) },
      {},
      { message: `dev-1.2.0 in ecr is ${digest("b")}, not ${image}`, why: pulled },
    ],
  ])("%s", (_when, more, options, wanted) => {
    expect(refusal(() => plan(more, options))).toMatchObject(wanted);
  });

  it("not for another tag that differs", () => {
    const tags = { "dev-1.2.0": found(image), "dev-1.1.0": found(digest("b")) };
    expect(ids(plan({ registries: { ecr: tags, dockerhub: { ...tags, "dev-1.1.0": found(digest("c")) } } }))).toContain(
      "announce",
    );
  });
});
