import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { logged } from "../unit/factory.ts";
import { type Acting, refused, startActing } from "./acting.ts";
import { drop, isMove, type Moving, point, startMoving } from "./moving.ts";
import type { Asked, OciServer, Reply } from "./oci_server.ts";

let acting: Acting;
let [first, second] = [] as unknown as [OciServer, OciServer];
beforeAll(async () => {
  acting = await startActing(2);
  [first, second] = acting.registries as [OciServer, OciServer];
});
afterEach(() => {
  for (const registry of acting.registries) registry.reply = () => null;
});
afterAll(() => acting.end());

let count = 0;
function moving(): Moving {
  count += 1;
  return startMoving(acting, `moved${count}`);
}
const isLookAtDev = ({ method, path }: Asked) => method === "HEAD" && path.endsWith("/manifests/dev");
const silent: Reply = { status: 501 };
/** Puts a registry's answer in place of its own where it is asked so. */
const answer = (registry: OciServer, when: (asked: Asked) => boolean, reply: Reply) => {
  registry.reply = (asked) => (when(asked) ? reply : null);
};
const moves = ({ asked }: OciServer, { image }: Moving) =>
  asked.filter((one) => one.method === "PUT" && one.path.startsWith(`/v2/${image}/`)).length;

describe("a move of a tag", () => {
  it("points it at the image in every registry, byte for byte, and is one entry of the log", async () => {
    const here = moving();
    const ended = await here.move({ reason: "It is better" });
    expect(ended.states).toEqual(["done"]);
    expect(here.dev()).toEqual([here.next, here.next]);
    expect(here.intent()).toBeNull();
    expect(here.refs.entries).toEqual([
      {
        ...{ type: "flip", id: expect.stringMatching(/^[0-9a-f-]{36}$/), tag: "dev", version: "1.1.0", to: here.next },
        ...{ from: { r1: here.old, r2: here.old }, why: "release", reason: "It is better", registries: ["r1", "r2"] },
        ...{ at: "2025-01-03T10:00:00.000Z", by: expect.any(String), host: expect.any(String) },
      },
    ]);
    const line = (registry: OciServer) => `${registry.address}/${here.image}:dev -> ${here.next}\n`;
    expect(ended.shown).toBe(`[1/1] Do 1\n${line(first)}${line(second)}`);
  });

  it("is held by a ref with who does it and what is meant, as long as it goes on", async () => {
    const here = moving();
    await here.move();
    const [begun, ...rest] = here.refs.moved;
    expect(begun).toEqual([
      `refs/slipway/flip/${here.image}`,
      {
        ...{ id: expect.any(String), image: here.image, tag: "dev", version: "1.1.0", why: "release", to: here.next },
        places: here.seen,
        owner: expect.objectContaining({ pid: process.pid, commit: "a".repeat(40), at: 1_735_898_400 }),
      },
    ]);
    expect(rest).toEqual([[`refs/slipway/flip/${here.image}`, null]]);
  });

  it("is done already where every registry has it, and then no entry", async () => {
    const here = moving();
    await here.move();
    expect((await here.move()).states).toEqual(["already"]);
    expect(moves(first, here)).toBe(1);
    expect(here.refs.entries).toHaveLength(1);
    expect(here.intent()).toBeNull();
  });

  it("is done for the rest where one registry has it", async () => {
    const here = moving();
    point(first, here.image, here.next);
    expect((await here.move()).states).toEqual(["done"]);
    expect([moves(first, here), moves(second, here)]).toEqual([0, 1]);
  });

  it("makes a tag that was not there", async () => {
    const here = moving();
    for (const registry of acting.registries) registry.manifests.delete(`${here.image}:dev`);
    const places = here.seen.map((place) => ({ ...place, seen: null }));
    expect((await here.move({ places })).states).toEqual(["done"]);
    expect(here.dev()).toEqual([here.next, here.next]);
    expect(here.refs.entries).toMatchObject([{ from: { r1: null, r2: null } }]);
  });
});

describe("a registry that somebody else moved", () => {
  it("is left alone, and the others are put back", async () => {
    const here = moving();
    const foreign = second.put(here.image, "foreign", { v: "foreign" });
    point(second, here.image, foreign);
    const ended = await here.move();
    expect(refused(ended)).toEqual({
      ...{ kind: "drift", exitCode: 2 },
      what: `try stopped at step "1": ${second.address}/${here.image}:dev is ${foreign}, the plan saw ${here.old}`,
      why: "In r2 someone moved it outside Slipway; overwriting it could undo their work.",
      fix: expect.stringContaining("i release_status and i release_history"),
    });
    expect(here.dev()).toEqual([here.old, foreign]);
    expect(here.intent()).toBeNull();
    expect(here.refs.entries).toEqual([]);
  });

  it("is told with who did it, where the log knows", async () => {
    const here = moving();
    const flip = (to: string, version: string) =>
      logged({
        ...{ type: "flip", id: version, tag: "dev", version, to, from: {}, why: "release", registries: ["r1"] },
      });
    here.refs.entries.push(flip(here.old, "1.0.0"), flip(here.next, "1.1.0"));
    point(first, here.image, here.next);
    const other = first.put(here.image, "dev-1.2.0", { v: "1.2.0" });
    second.put(here.image, "dev-1.2.0", { v: "1.2.0" });
    const ended = await here.move({ version: "1.2.0", to: other });
    expect(refused(ended).why).toContain("In r1 ann on ci moved it to 1.1.0 at 2025-01-02T10:00:00Z; overwriting");
  });

  it("to a higher version while this one was planned is not taken down, though the plan saw what it became", async () => {
    const here = moving();
    const entry = { type: "flip", id: "1", tag: "dev", to: here.next, from: {}, why: "release" } as const;
    here.refs.entries.push(logged({ ...entry, version: "1.1.0", registries: ["r1", "r2"] }));
    for (const registry of acting.registries) point(registry, here.image, here.next);
    const places = here.seen.map((place) => ({ ...place, seen: here.next }));
    const down = { version: "1.0.0", to: here.old, places };
    expect(refused(await here.move(down))).toMatchObject({
      what: 'try stopped at step "1": dev is 1.1.0 now',
      why: "ann on ci moved it to 1.1.0 at 2025-01-02T10:00:00Z; 1.0.0 is lower, and dev goes down only by a rollback.",
    });
    expect([here.dev(), here.intent()]).toEqual([[here.next, here.next], null]);
    expect((await here.move({ ...down, why: "rollback" })).states).toEqual(["done"]);
  });

  it("had no tag when the move came to it, or has one where the plan saw none", async () => {
    const here = moving();
    let isFirst = true;
    first.reply = (asked) => {
      const isGone = isFirst && isLookAtDev(asked);
      isFirst &&= !isGone;
      return isGone ? { status: 404 } : null;
    };
    expect(refused(await here.move()).what).toContain(`:dev is absent, the plan saw ${here.old}`);
    const places = here.seen.map((place) => ({ ...place, seen: null }));
    expect(refused(await here.move({ places })).what).toContain(`:dev is ${here.old}, the plan saw none`);
  });
});

describe("a registry that fails in mid-move", () => {
  it("ends the move, and the others are put back", async () => {
    const here = moving();
    answer(second, isMove, { status: 403 });
    const ended = await here.move();
    expect(refused(ended).kind).toBe("registry_denied");
    expect(here.dev()).toEqual([here.old, here.old]);
    expect(moves(first, here)).toBe(2);
    expect(here.intent()).toBeNull();
    expect(here.refs.entries).toEqual([]);
  });

  it("leaves the move to the next command where a registry cannot be put back", async () => {
    const here = moving();
    answer(second, isMove, { status: 403 });
    let sent = 0;
    first.reply = (asked) => {
      sent += isMove(asked) ? 1 : 0;
      return isMove(asked) && sent > 1 ? { status: 403 } : null;
    };
    await here.move();
    expect(here.dev()).toEqual([here.next, here.old]);
    expect(here.intent()).toMatchObject({ version: "1.1.0", to: here.next, places: here.seen });
  });

  it("leaves a tag that it made, and that nobody can take away, to the next command", async () => {
    const here = moving();
    for (const registry of acting.registries) registry.manifests.delete(`${here.image}:dev`);
    answer(second, isMove, { status: 403 });
    await here.move({ places: here.seen.map((place) => ({ ...place, seen: null })) });
    expect(here.dev()).toEqual([here.next, null]);
    expect(here.intent()).not.toBeNull();
  });

  it("needs the image there", async () => {
    const here = moving();
    drop(second, here);
    expect(refused(await here.move())).toMatchObject({
      what: `try stopped at step "1": ${second.address}/${here.image} does not have ${here.next}`,
      why: "A tag can only be moved to an image that is there.",
      fix: expect.stringMatching(/^Copy it there: i release_mirror --target-registries r2$/m),
    });
    expect(here.dev()).toEqual([here.old, here.old]);
  });

  it("has to serve what it took", async () => {
    const here = moving();
    const foreign = second.put(here.image, "foreign", { v: "foreign" });
    let isSent = false;
    second.reply = (asked) => {
      isSent ||= isMove(asked);
      return isSent && isLookAtDev(asked)
        ? { status: 200, headers: { "docker-content-digest": foreign, "content-type": "application/json" } }
        : null;
    };
    expect(refused(await here.move())).toMatchObject({
      kind: "drift",
      what: expect.stringContaining(`:dev is ${foreign} right after it was pointed at ${here.next}`),
      why: expect.stringContaining("r2 took the move and serves another image"),
      fix: expect.stringContaining("See what it serves: i release_status; then run the same command again"),
    });
    expect(here.dev()[0]).toBe(here.old);
  });
});

describe("a registry that does not answer", () => {
  it("is named with what it was last, the others are moved, and the move stays for the next command", async () => {
    const here = moving();
    answer(second, () => true, silent);
    const ended = await here.move();
    expect(refused(ended)).toEqual({
      ...{ kind: "unreachable", exitCode: 1 },
      what: 'try stopped at step "1": r2 did not answer while dev moved to 1.1.0',
      why: `There dev was last ${here.old}; the registries that answer have ${here.next}.`,
      fix: expect.stringContaining("any command that moves the tag finishes this first"),
    });
    expect(here.dev()).toEqual([here.next, here.old]);
    expect(here.intent()).toMatchObject({ to: here.next });
    expect(here.refs.entries).toMatchObject([{ registries: ["r1"], from: { r1: here.old, r2: here.old } }]);
  });

  it("is told as absent where it had no such tag", async () => {
    const here = moving();
    answer(second, () => true, silent);
    const [one, two] = here.seen;
    const places = [one, { ...two, seen: null }] as Moving["seen"];
    expect(refused(await here.move({ places })).why).toContain("There dev was last absent;");
  });

  it("did the move all the same where a second look shows it", async () => {
    const here = moving();
    second.reply = (asked) => {
      if (!isMove(asked)) return null;
      point(second, here.image, here.next);
      return silent;
    };
    expect((await here.move()).states).toEqual(["done"]);
    expect(here.refs.entries).toMatchObject([{ registries: ["r1", "r2"] }]);
  });

  it("and only fails to write is put back with the others", async () => {
    const here = moving();
    answer(second, isMove, silent);
    expect(refused(await here.move()).kind).toBe("registry_unreachable");
    expect(here.dev()).toEqual([here.old, here.old]);
    expect(here.intent()).toBeNull();
  });

  it("changes nothing where it is all of them, and nothing was sent", async () => {
    const here = moving();
    for (const registry of acting.registries) answer(registry, () => true, silent);
    expect(refused(await here.move()).what).toContain("r1, r2 did not answer while dev moved to 1.1.0");
    expect(here.intent()).toBeNull();
    expect(here.refs.entries).toEqual([]);
  });

  it("leaves the move to the next command where it is all of them and one was sent it", async () => {
    const here = moving();
    let isSent = false;
    first.reply = (asked) => {
      isSent ||= isMove(asked);
      return isSent ? silent : null;
    };
    answer(second, () => true, silent);
    await here.move();
    expect(here.intent()).not.toBeNull();
  });
});

it("a move that Git does not let anybody hold is refused after the fifth try, with what to ask for", async () => {
  const here = moving();
  let left = 4;
  here.refs.refuse = () => {
    left -= 1;
    return left >= 0 ? "no moves here" : null;
  };
  expect((await here.move()).states).toEqual(["done"]);
  left = 5;
  expect(refused(await here.move())).toMatchObject({
    kind: "git",
    what: `try stopped at step "1": the ref refs/slipway/flip/${here.image} could not be moved on origin: no moves here`,
  });
});
