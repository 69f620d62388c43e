import { describe, expect, it } from "vitest";
import { claimRef, flipRef, takeOver } from "../../lib/model/claim.ts";
import { commit, owner } from "./factory.ts";

const held = owner({ run: "" });
const other = { user: "ann", host: "desk", boot: "boot-9", nonce: "n2" };

describe("a claim is taken over", () => {
  it.each([
    [
      "by the same CI run, whatever its machine",
      owner({ run: "77" }),
      owner({ ...other, run: "77" }),
      true,
      "the same CI run 77 goes on",
    ],
    ["by the same user when its process is dead", held, owner(), false, "its process 42 on this machine is gone"],
    [
      "by the same user when the machine started anew",
      held,
      owner({ boot: "boot-2" }),
      true,
      "its process 42 on this machine is gone",
    ],
    [
      "by anyone on the same commit after ten minutes",
      held,
      owner({ ...other, at: held.at + 601 }),
      true,
      "it is of the same commit and was not renewed for 10 minutes",
    ],
    [
      "by anyone on the same commit after an hour",
      held,
      owner({ ...other, at: held.at + 3629 }),
      true,
      "it is of the same commit and was not renewed for 60 minutes",
    ],
  ])("%s", (_name, before, me, lives, why) => {
    expect(takeOver(before, me, lives)).toEqual({ allowed: true, why });
  });
});

describe("a claim is left to its owner", () => {
  const late = held.at + 6_000;
  it.each([
    ["whose process lives on this machine", held, owner(), true],
    ["who is another user of the same machine, dead or alive", held, owner({ user: "ann" }), false],
    [
      "who has the same name on another machine, which tells nothing of the process",
      held,
      owner({ host: "desk" }),
      false,
    ],
    ["who is elsewhere and renewed it less than ten minutes ago", held, owner({ ...other, at: held.at + 600 }), false],
    ["who works on another commit, however old", held, owner({ ...other, commit: commit("b"), at: late }), false],
    ["who is another CI run", owner({ run: "77" }), owner({ ...other, run: "78" }), false],
    ["when neither is a CI run", owner({ run: "" }), owner({ ...other, run: "" }), false],
  ])("%s", (_name, before, me, lives) => {
    expect(takeOver(before, me, lives).allowed).toBe(false);
  });

  it("who is named with machine, process and time", () => {
    expect(takeOver(held, owner(other), false).why).toBe(
      "gp on laptop (process 42) has held it since 1970-01-01T00:16:40.000Z",
    );
  });
});

it("names its refs under the prefix of the config", () => {
  expect([claimRef("refs/heads/s", "cmamp-1.2.0"), flipRef("refs/slipway", "cmamp")]).toEqual([
    "refs/heads/s/claim/cmamp-1.2.0",
    "refs/slipway/flip/cmamp",
  ]);
});
