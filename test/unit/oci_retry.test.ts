import { describe, expect, it } from "vitest";
import { ownWords, reasonOf } from "../../lib/model/oci/failure.ts";
import { contentRange, delayBeforeRetry, heldBytes, parseRetryAfter, restOfUpload } from "../../lib/model/oci/retry.ts";

const now = Date.UTC(2030, 0, 1);
const at = (attempt: number) => ({ attempt, now, jitter: 0.5 });
const MiB = 1024 * 1024;

describe("back-off", () => {
  it.each([
    ["3", 3000],
    [new Date(now + 5000).toUTCString(), 5000],
    [new Date(now - 5000).toUTCString(), 0],
    ["soon", null],
    [null, null],
  ])("Retry-After %s", (value, expected) => {
    expect(parseRetryAfter(value, now)).toBe(expected);
  });

  it.each([
    [{ status: "reset" }, 1, 250],
    [{ status: 503 }, 3, 1000],
    [{ status: 429, retryAfter: "7" }, 1, 7000],
    [{ status: 429, retryAfter: "3600" }, 1, null],
    [{ status: 503 }, 5, null],
    [{ status: 400 }, 1, null],
    [{ status: 401 }, 1, null],
    [{ status: 404 }, 1, null],
    [{ status: 501 }, 1, null],
  ] as const)("%j at try %i waits %s ms", (outcome, attempt, expected) => {
    expect(delayBeforeRetry(outcome, at(attempt))).toBe(expected);
  });
});

describe("resuming", () => {
  it.each([
    ["0-99", 100],
    ["bytes=0-99", 100],
    ["0-0", 0],
    ["5-9", 0],
    [null, 0],
  ])("Range %s means %i bytes", (range, expected) => {
    expect(heldBytes(range)).toBe(expected);
  });

  it.each([
    ["oci", 10, 100, [[10, 100]]],
    ["oci", 100, 100, []],
    ["oci", 101, 100, null],
    ["ecr", 10, 100, null],
    [
      "ghcr",
      MiB,
      6 * MiB,
      [
        [MiB, 5 * MiB],
        [5 * MiB, 6 * MiB],
      ],
    ],
  ] as const)("%s goes on from %i of %i", (kind, held, size, expected) => {
    expect(restOfUpload(kind, held, size)).toEqual(expected);
  });

  it("writes an inclusive Content-Range", () => {
    expect(contentRange([10, 100])).toBe("10-99");
  });
});

describe("what a registry says", () => {
  it.each([
    [401, "denied"],
    [403, "denied"],
    [404, "not_found"],
    [405, "refused"],
    [429, "throttled"],
    [502, "unreachable"],
  ])("%i is %s", (status, reason) => {
    expect(reasonOf(status)).toBe(reason);
  });

  it.each([
    ['{"errors":[{"code":"DENIED","message":"no\\n way"}]}', "DENIED: no way"],
    ["<html>busy</html>", ""],
    ["plain words", "plain words"],
    ["token s3cret-token is bad", "token *** is bad"],
    ['{"errors":[null]}', "null"],
  ])("%s", (body, expected) => {
    expect(ownWords(body, ["s3cret-token"])).toBe(expected);
  });
});
