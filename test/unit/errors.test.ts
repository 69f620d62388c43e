import { describe, expect, it } from "vitest";
import { UserError } from "../../lib/errors.ts";

describe("an error for the user", () => {
  const advice = { why: "Because.", fix: "i doctor" };

  it("is a refusal of exit code 2 unless it says otherwise", () => {
    const { name, message, why, fix, exitCode, kind } = new UserError("what", advice);
    expect({ name, message, why, fix, exitCode, kind }).toEqual({
      ...{ name: "UserError", message: "what", why: "Because.", fix: "i doctor" },
      ...{ exitCode: 2, kind: "refused" },
    });
  });

  it("keeps an exit code, a kind and a cause of its own", () => {
    const cause = new Error("first");
    const error = new UserError("what", { ...advice, exitCode: 0, kind: "engine" }, { cause });
    expect([error.exitCode, error.kind, error.cause]).toEqual([0, "engine", cause]);
  });
});
