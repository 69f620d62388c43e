import { describe, expect, it } from "vitest";
import { fixOf, ownWords, RegistryError, reasonOf } from "../../lib/model/oci/failure.ts";

describe("what a registry says", () => {
  it.each([
    [400, "refused"],
    [401, "denied"],
    [403, "denied"],
    [404, "not_found"],
    [405, "refused"],
    [408, "unreachable"],
    [429, "throttled"],
    [499, "refused"],
    [500, "unreachable"],
    [502, "unreachable"],
  ])("%i is %s", (status, reason) => {
    expect(reasonOf(status)).toBe(reason);
  });

  it.each([
    ["unreachable", "Run the same command again once it answers; i doctor shows which registries do."],
    ["denied", "i docker_login --target-registries hub"],
    ["not_found", "Create the repository in hub, or correct its address in repo_config.yaml."],
    ["throttled", "Wait, or log in for a higher limit: i docker_login --target-registries hub"],
    ["broken", "Do not use this image; look for a proxy that changes what hub sends, then run the same command again."],
    ["refused", "Change what hub forbids, then run the same command again."],
  ] as const)("is mended where it is %s", (reason, fix) => {
    expect(fixOf(reason, "hub")).toBe(fix);
  });

  it("is an error of exit code 1 that names the registry and the reason", () => {
    const cause = new Error("reset");
    const error = new RegistryError(
      "hub is gone",
      { registry: "hub", reason: "denied", why: "w", fix: "f" },
      { cause },
    );
    const { name, message, registry, reason, why, fix, kind, exitCode } = error;
    expect({ name, message, registry, reason, why, fix, kind, exitCode, cause: error.cause }).toEqual({
      ...{ name: "RegistryError", message: "hub is gone", registry: "hub", reason: "denied", why: "w", fix: "f" },
      ...{ kind: "registry_denied", exitCode: 1, cause },
    });
  });

  it.each([
    ['{"errors":[{"code":"DENIED","message":"no\\n way"}]}', "DENIED: no way"],
    ['{"errors":[{"code":"A","message":"b"},{"message":"c"},{"code":"D"},{}]}', "A: b; c; D;"],
    ['{"errors":["plain",7,null]}', "plain; 7; null"],
    ['{"errors":{}}', '{"errors":{}}'],
    ['{"error":"x"}', '{"error":"x"}'],
    ["null", "null"],
    ['"errors"', '"errors"'],
    ["7", "7"],
    ["<html>busy</html>", ""],
    [" \n <html>busy</html>", ""],
    ["a < b", "a < b"],
    ["  plain \u0007\t words\r\n", "plain \\u0007 words"],
    ["token s3cret-token is bad: s3cret-token", "token *** is bad: ***"],
    ['{"errors":[{"message":"s3cret-token is bad"}]}', "*** is bad"],
    ["a word with abc", "a word with abc"],
    ["with abcd", "with ***"],
    ["", ""],
    ["x".repeat(301), "x".repeat(300)],
  ])("%j is told as %j", (body, expected) => {
    expect(ownWords(body, ["s3cret-token", "abc", "abcd"])).toBe(expected);
  });

  it("is told as it is where there is no secret", () => {
    expect(ownWords("token s3cret-token")).toBe("token s3cret-token");
  });
});
