import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../../lib/errors.ts";
import { type PostMessage, postMessage } from "../../lib/report/post_message.ts";
import { digest } from "../unit/factory.ts";
import { type Acted, type Acting, type Actor, refused, startActing } from "./acting.ts";
import { type OciServer, type Reply, startOciServer } from "./oci_server.ts";

let acting: Acting;
/** A server that is no registry here: it takes messages. */
let hook: OciServer;
beforeAll(async () => {
  acting = await startActing();
  [hook] = acting.registries as [OciServer];
});
afterEach(() => {
  hook.reply = () => null;
});
afterAll(() => acting.end());

const secret = "planted-secret";
const address = () => `http://${hook.address}/services/T00/${secret}`;
let count = 0;
const team = (url: string | null = address()): Actor => {
  count += 1;
  return acting.actor(`told${count}`, { webhook: url ?? "" });
};
const message = ({ image }: Actor): PostMessage =>
  postMessage({
    ...{ variable: "TEAM", text: "It is *out*", image },
    entry: { type: "announce", stage: "dev", version: "1.0.0", digest: digest("a"), channel: "slack" },
  });
const post = (actor: Actor): Promise<Acted> => actor.act([message(actor)]);
/** Lets the webhook answer so, one message after the other, and then take them. */
function answer(...replies: readonly Reply[]): void {
  const left = [...replies];
  hook.reply = () => left.shift() ?? { status: 200, body: "ok" };
}
const posted = () => hook.asked.filter(({ path }) => path.startsWith("/services/"));
const no = (actor: Actor) => post(actor).then(refused);

describe("a message to the team", () => {
  it("is posted once, as JSON, and recorded", async () => {
    answer();
    const actor = team();
    const before = posted().length;
    expect((await actor.act([message(actor), message(actor)])).states).toEqual(["done", "already"]);
    const [asked, ...more] = posted().slice(before);
    expect(more).toEqual([]);
    expect(asked).toMatchObject({ method: "POST", path: `/services/T00/${secret}` });
    expect(asked?.headers).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "user-agent": "slipway",
    });
    expect(JSON.parse(String(asked?.body))).toEqual({ text: "It is *out*" });
    expect(actor.refs.entries).toMatchObject(
      ["announcing", "announce"].map((type) => ({ type, version: "1.0.0", channel: "slack", by: "gp" })),
    );
  });

  it("is posted again where the webhook was asked too much, when it says", async () => {
    answer({ status: 429, headers: { "retry-after": "2" } }, { status: 503 });
    const [before, asked] = [acting.clock.now(), posted().length];
    const ended = await post(team());
    expect(ended.states).toEqual(["done"]);
    expect(ended.shown).toBe(
      "[1/1] Do 1\nthe webhook answered 429; once more in 2 s\nthe webhook answered 503; once more in 1 s\n      Done in 3 s\n",
    );
    expect(posted().length - asked).toBe(3);
    expect(acting.clock.now() - before).toBe(2500);
  });

  it.each([
    [{ status: 429, headers: { "retry-after": "0" } }, 3],
    [{ status: 429, headers: { "retry-after": "61" } }, 1],
  ] as const)("is given up after %j", async (reply, times) => {
    answer(reply, reply, reply);
    const before = posted().length;
    expect(await no(team())).toEqual({
      ...{ kind: "webhook", exitCode: 1 },
      what: 'try stopped at step "1": the webhook in TEAM answered 429',
      why: "It gave no reason. Nothing is recorded as announced.",
      fix: "Run the same command again later",
    });
    expect(posted().length - before).toBe(times);
  });

  it("that is refused is told in the webhook's words, but for any part of its address", async () => {
    answer({ status: 404, body: `no\n  service ${secret} at ${address()} in /services/T00/${secret}` });
    const before = posted().length;
    expect(await no(team())).toMatchObject({
      what: 'try stopped at step "1": the webhook in TEAM answered 404',
      why: "It said: no service *** at *** in ***. Nothing is recorded as announced.",
      fix: "Look at the webhook in Slack, set TEAM to one that works, then run the same command again",
    });
    expect(posted().length - before).toBe(1);
    answer({ status: 403, body: "key abcdef of T00" });
    expect((await no(team(`${address()}?key=abcdef`))).why).toContain("It said: key *** of T00.");
  });

  it.each([
    [500, "Run the same command again later"],
    [499, "Look at the webhook in Slack"],
  ])("that fails with %i has a line to type", async (status, fix) => {
    answer({ status }, { status }, { status });
    expect((await no(team())).fix).toContain(fix);
  });

  it("may have been taken where no answer comes, or the connection is lost", async () => {
    hook.reply = () => {
      acting.clock.advance(10_000);
      return "hang";
    };
    const line = "i release_announce --stage dev --version 1.0.0";
    const look = `Check the channel: if the message is there, run ${line} --posted; if not, run ${line} --post-again`;
    expect(await no(team())).toMatchObject({
      what: 'try stopped at step "1": the webhook did not answer within 10 s',
      fix: look,
    });
    answer("reset");
    expect(await no(team())).toMatchObject({
      what: 'try stopped at step "1": the connection to the webhook was lost',
      fix: look,
    });
  });

  it("is recorded before, and posted by no second run until a person has looked", async () => {
    const actor = team();
    const types = () => actor.refs.entries.map((entry) => [entry.type, "withdrawn" in entry]);
    const line = "i release_announce --stage dev --version 1.0.0";
    const before = posted().length;
    answer("reset");
    await no(actor);
    expect(types()).toEqual([["announcing", false]]);
    expect(await no(actor)).toEqual({
      ...{ kind: "refused", exitCode: 2 },
      what: `try stopped at step "1": the message about ${actor.image} 1.0.0 may be in the channel already`,
      why: "A run ended between posting and recording, and the team is told only once.",
      fix: `Check the channel: if the message is there, run ${line} --posted; if not, run ${line} --post-again`,
    });
    expect(posted().length - before).toBe(1);
    answer();
    expect((await actor.act([postMessage({ ...message(actor), again: true })])).states).toEqual(["done"]);
    expect(posted().length - before).toBe(2);
    expect(types()).toEqual([
      ["announcing", false],
      ["announce", false],
    ]);
  });

  it.each([[{ status: 404 }], [{ status: 503 }]])(
    "that the channel refused with %j is taken back, and may be posted by the next run",
    async (reply) => {
      const actor = team();
      answer(reply, reply, reply);
      await no(actor);
      answer();
      expect((await post(actor)).states).toEqual(["done"]);
      expect(actor.refs.entries.map((entry) => [entry.type, "withdrawn" in entry])).toEqual([
        ["announcing", false],
        ["announcing", true],
        ["announcing", false],
        ["announce", false],
      ]);
    },
  );

  it("that the channel refused may be there to the next run where that could not be written", async () => {
    const actor = team();
    answer({ status: 404 });
    let appended = 0;
    const swap: Actor["refs"]["swap"] = async (...given) => {
      appended += 1;
      if (appended > 1) throw new Error("gone");
      return actor.refs.swap(...given);
    };
    const ended = await actor.act([message(actor)], { refs: async () => ({ ...actor.refs, swap }) });
    expect(refused(ended).what).toContain("the webhook in TEAM answered 404");
    expect((await no(actor)).what).toContain("may be in the channel already");
  });

  it("was not sent where the webhook cannot be reached", async () => {
    const closed = await startOciServer();
    await closed.stop();
    expect(await no(team(`http://${closed.address}/services/x`))).toMatchObject({
      what: 'try stopped at step "1": the webhook could not be reached',
      why: "It said: ECONNREFUSED. Nothing is recorded as announced.",
      fix: "Run the same command again later",
    });
  });

  it("that was posted and not recorded is told as that", async () => {
    answer();
    const actor = team();
    const fail = (error: Error) => async () => ({
      ...actor.refs,
      swap: (...given: Parameters<Actor["refs"]["swap"]>) =>
        given[1]?.some(({ entry }) => entry.type === "announce") ? Promise.reject(error) : actor.refs.swap(...given),
    });
    const denied = new UserError("no right to push", { why: "W.", fix: "Ask", exitCode: 3 });
    const ended = await actor.act([message(actor)], { refs: fail(denied) });
    expect(refused(ended)).toMatchObject({
      what: 'try stopped at step "1": the message was posted, but that could not be recorded: no right to push',
      why: "W.",
      fix: "Ask, then record it: i release_announce --stage dev --version 1.0.0 --posted",
      exitCode: 3,
    });
    const other = team();
    const bug = async () => ({ ...other.refs, swap: () => Promise.reject(new Error("a bug")) });
    expect((await other.act([message(other)], { refs: bug })).error).toEqual(new Error("a bug"));
    expect((await no(actor)).what).toContain("may be in the channel already");
  });
});

describe("the address of a webhook", () => {
  it("has to be set", async () => {
    const unset = {
      what: 'try stopped at step "1": TEAM is not set',
      why: expect.stringContaining("is a secret, so it comes from a variable"),
      fix: expect.stringContaining("export TEAM=..., in .env, or in CI's secrets"),
    };
    expect(await no(team(null))).toMatchObject(unset);
    expect(await no(team("  "))).toMatchObject(unset);
  });

  it.each([
    "no-address",
    "http://example.com/x",
    "ftp://127.0.0.1/x",
    "http://localhost.example.com/x",
    "http://a127.0.0.1/x",
  ])("%s is none, and is not shown", async (url) => {
    const told = await no(team(url));
    expect(told.what).toBe('try stopped at step "1": TEAM does not hold the https address of a webhook');
    expect(JSON.stringify(told)).not.toContain(url);
  });

  it("may be http on this machine, and have spaces around it", async () => {
    answer();
    expect((await post(team(` ${address()}\n`))).states).toEqual(["done"]);
    expect((await post(team(address().replace("127.0.0.1", "localhost")))).states).toEqual(["done"]);
    for (const url of ["http://[::1]:1/x", "https://127.0.0.1:1/x"])
      expect((await no(team(url))).what).toContain("the webhook could not be reached");
  });
});
