import { describe, expect, it } from "vitest";
import {
  canResume,
  contentRange,
  delayBeforeRetry,
  heldBytes,
  parseRetryAfter,
  restOfUpload,
} from "../../lib/oci/rules/retry.ts";

const now = Date.UTC(2030, 0, 1);
const at = (attempt: number) => ({ attempt, now, jitter: 0.5 });
const MiB = 1024 * 1024;

describe("back-off", () => {
  it.each([
    ["3", 3000],
    [" 12 ", 12_000],
    ["0", 0],
    ["3s", null],
    ["x3", null],
    [undefined, null],
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
    [{ status: 429, retryAfter: "60" }, 1, 60_000],
    [{ status: 429, retryAfter: "61" }, 1, null],
    [{ status: 429, retryAfter: null }, 1, 250],
    [{ status: 429, retryAfter: "soon" }, 2, 500],
    [{ status: 408 }, 1, 250],
    [{ status: 500 }, 1, 250],
    [{ status: 502 }, 4, 2000],
    [{ status: "reset" }, 5, null],
    [{ status: 499 }, 1, null],
    [{ status: 505 }, 1, null],
    [{ status: 400, retryAfter: "1" }, 1, null],
    [{ status: 503 }, 5, null],
    [{ status: 400 }, 1, null],
    [{ status: 401 }, 1, null],
    [{ status: 404 }, 1, null],
    [{ status: 501 }, 1, null],
  ] as const)("%j at try %i waits %s ms", (outcome, attempt, expected) => {
    expect(delayBeforeRetry(outcome, at(attempt))).toBe(expected);
  });
});

it.each([
  [0, 188],
  [0.5, 250],
  [1, 313],
])("a jitter of %d spreads the first wait to %i ms", (jitter, expected) => {
  expect(delayBeforeRetry({ status: 503 }, { attempt: 1, now, jitter })).toBe(expected);
});

describe("resuming", () => {
  it.each([
    ["oci", true],
    ["dockerhub", true],
    ["ghcr", true],
    ["ecr", false],
  ] as const)("is something that %s can: %s", (kind, expected) => {
    expect(canResume(kind)).toBe(expected);
  });

  it.each([
    ["0-99", 100],
    ["bytes=0-99", 100],
    ["0-0", 0],
    [" 0-99 ", 100],
    ["10-99", 0],
    ["x0-99", 0],
    ["0-99x", 0],
    ["0-1", 2],
    ["", 0],
    [undefined, 0],
    ["5-9", 0],
    [null, 0],
  ])("Range %s means %i bytes", (range, expected) => {
    expect(heldBytes(range)).toBe(expected);
  });

  it.each([
    ["oci", 10, 100, [[10, 100]]],
    ["oci", 0, 1, [[0, 1]]],
    ["oci", 0, 0, []],
    ["dockerhub", 1, 9, [[1, 9]]],
    ["ghcr", 4 * MiB, 8 * MiB, [[4 * MiB, 8 * MiB]]],
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
