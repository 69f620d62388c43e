import { describe, expect, it } from "vitest";
import { bytes, dayOf, fineSeconds, minute, seconds, shortDigest } from "../../lib/text/units.ts";
import { digest } from "./factory.ts";

describe("a report writes", () => {
  it.each([
    [new Date(2026, 0, 2, 0, 0, 0), "2026-01-02"],
    [new Date(2026, 10, 21, 23, 59, 59), "2026-11-21"],
  ])("%s as the day %s of whoever reads it", (time, expected) => {
    expect(dayOf(time.getTime())).toBe(expected);
  });

  it.each([
    [0, "0 s"],
    [59.4, "59 s"],
    [59.5, "1 min 0 s"],
    [60, "1 min 0 s"],
    [75, "1 min 15 s"],
    [119.7, "2 min 0 s"],
    [3600, "60 min 0 s"],
  ])("%d seconds as %s", (value, expected) => {
    expect(seconds(value)).toBe(expected);
  });

  it.each([
    [0, "< 0.1 s"],
    [0.049, "< 0.1 s"],
    [0.05, "0.1 s"],
    [3.21, "3.2 s"],
    [9.94, "9.9 s"],
    [9.95, "10 s"],
    [61, "1 min 1 s"],
  ])("%d seconds of a step as %s", (value, expected) => {
    expect(fineSeconds(value)).toBe(expected);
  });

  it.each([
    [0, "0 B"],
    [0.4, "0 B"],
    [1, "1 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [99_900, "99.9 kB"],
    [100_000, "100 kB"],
    [1_000_000, "1.0 MB"],
    [123_456_789, "123 MB"],
    [1_200_000_000, "1.2 GB"],
    [2_500_000_000_000, "2.5 TB"],
    [1_000_000_000_000_000, "1000 TB"],
  ])("%d bytes as %s", (value, expected) => {
    expect(bytes(value)).toBe(expected);
  });

  it.each([
    ["2026-01-02T10:00:59.000Z", "2026-01-02 10:00 UTC"],
    ["2026-01-02T10:00", "2026-01-02 10:00 UTC"],
    ["2026-01-02T10:0", "2026-01-02T10:0"],
    ["at 2026-01-02T10:00", "at 2026-01-02T10:00"],
    ["<b>", "<b>"],
    ["", ""],
  ])("the time %j as %j", (at, expected) => {
    expect(minute(at)).toBe(expected);
  });

  it.each([
    [digest("a"), "sha256:aaaaaaaaaaaa"],
    ["sha256:aaaaaaaaaaaa", "sha256:aaaaaaaaaaaa"],
    [`x${digest("a")}`, `x${digest("a")}`],
    [`${digest("a")} x`, `${digest("a")} x`],
  ])("the digest %s as %s", (text, expected) => {
    expect(shortDigest(text)).toBe(expected);
  });
});
