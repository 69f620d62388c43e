import { describe, expect, it } from "vitest";
import { claimRef, flipRef, lifeOf, takeOver, timeOf } from "../../lib/names/claim.ts";
import { commit, owner } from "./factory.ts";

const held = owner({ run: "" });
const other = { user: "ann", host: "desk", boot: "boot-9", nonce: "n2" };

describe("a process", () => {
  it.each([
    ["lives where its pid has its start time", owner(), "100", "lives"],
    ["is gone where nobody has its pid", owner(), "", "gone"],
    ["is gone where its pid is another's by now", owner(), "101", "gone"],
    ["is gone where it had no start time", owner({ started: "" }), "", "gone"],
    ["of another PID namespace of this machine cannot be looked at", owner({ namespace: "4026532208" }), "", "unknown"],
    ["of another PID namespace is not who has its pid here", owner({ namespace: "4026532208" }), "100", "unknown"],
    ["of another machine cannot be looked at", owner({ host: "desk" }), "", "unknown"],
    ["of another boot may be of a second machine of this name", owner({ boot: "boot-2" }), "", "unknown"],
    ["that is hidden from this user cannot be looked at", owner(), null, "unknown"],
  ] as const)("%s", (_case, holder, started, life) => {
    expect(lifeOf(holder, owner(), started)).toBe(life);
  });

  it("cannot be looked at where the system has no PID namespaces", () => {
    expect(lifeOf(owner({ namespace: "" }), owner({ namespace: "" }), "")).toBe("unknown");
  });
});

describe("a claim is taken over", () => {
  const renewed = "it is of the same commit and was not renewed for 4 minutes";
  const [gone, again] = ["its process 42 on this machine is gone", "the same CI run 77 goes on"];
  const attempt = (number: string) => ({ run: "77", attempt: number });
  it.each([
    [
      "by a later attempt of the same CI run",
      owner(attempt("1")),
      owner({ ...other, ...attempt("2") }),
      "unknown",
      "now",
      again,
    ],
    ["by the same user when its process is gone", held, owner(), "gone", "now", gone],
    ["by anyone on the same commit when it is not renewed", held, owner(other), "unknown", "left", renewed],
    ["by another user of the machine when it is not renewed", held, owner({ user: "ann" }), "gone", "left", renewed],
    [
      "by another job of the same CI run when it is not renewed",
      owner(attempt("1")),
      owner({ ...other, ...attempt("1") }),
      "unknown",
      "left",
      renewed,
    ],
    ["whatever its owner's clock says", owner({ at: 9_999_999_999 }), owner(other), "unknown", "left", renewed],
  ] as const)("%s", (_name, before, me, life, when, why) => {
    expect(takeOver(before, me, life)).toEqual({ when, why });
  });
});

describe("the time of a claim", () => {
  it("is told also where it is none", () => {
    expect([timeOf(0), timeOf(9e15)]).toEqual(["1970-01-01T00:00:00.000Z", "a time that is none (9000000000000000)"]);
  });
});

describe("a claim is left to its owner", () => {
  it.each([
    ["whose process lives on this machine", held, owner(), "lives"],
    [
      "who works on another commit, however old",
      held,
      owner({ ...other, commit: commit("b"), at: 9_999_999 }),
      "unknown",
    ],
    ["who is another user on another commit, gone or not", held, owner({ user: "ann", commit: commit("b") }), "gone"],
    [
      "who is another CI run on another commit",
      owner({ run: "77" }),
      owner({ run: "78", commit: commit("b") }),
      "unknown",
    ],
  ] as const)("%s", (_name, before, me, life) => {
    expect(takeOver(before, me, life).when).toBe("never");
  });

  it("who is named with machine, process and time", () => {
    expect(takeOver(held, owner(other), "lives").why).toBe(
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
