import { describe, expect, it } from "vitest";
import { repositoryOf } from "../../lib/names/address.ts";
import { fixOf, ownWords, RegistryError, reasonOf, ruleIn, rules, whereOf } from "../../lib/oci/rules/failure.ts";

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
  ] as const)("is fixed where it is %s", (reason, fix) => {
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

  const named = { named: "hub", path: "acme/cmamp" };
  it.each([
    [
      "TAG_INVALID: The image tag 'dev' already exists in the 'cmamp' repository and cannot be overwritten because the repository is immutable.",
      "immutable",
    ],
    ["ImageTagAlreadyExistsException: The image tag 'dev' already exists", "immutable"],
    ["PRECONDITION: Failed to process request due to 'cmamp:dev' configured as immutable.", "immutable"],
    [
      "DENIED: adding 10.2 MiB of storage resource, which when updated to current usage of 95.0 MiB will exceed the configured upper limit of 100.0 MiB.",
      "quota",
    ],
    ["LimitExceededException: The operation did not succeed because it would have exceeded a service limit", "quota"],
    ["DENIED: project quota exceeded", "quota"],
    [
      "PROJECTPOLICYVIOLATION: current image with 3 vulnerabilities cannot be pulled due to configured policy in 'Prevent images with vulnerability severity of \"High\" or higher from running.'",
      "scan",
    ],
    ["PROJECTPOLICYVIOLATION: The image is not signed by cosign.", "scan"],
    ["DENIED: download is blocked by Xray's download blocking policy", "scan"],
    ["NAME_UNKNOWN: The repository with name 'cmamp' does not exist in the registry with id '123456789012'", "missing"],
    ["name unknown: repository name not known to registry", "missing"],
    ["NOT_FOUND: project acme not found", "missing"],
    ["manifest for hub/cmamp:dev-1.0.0 not found: manifest unknown: manifest unknown", "removed"],
    ['failed to resolve reference "hub/cmamp:dev-1.0.0": hub/cmamp:dev-1.0.0: not found', "removed"],
  ] as const)("%j is a rule of its own: %s", (words, name) => {
    const rule = ruleIn(words);
    expect(rule).toBe(rules[name]);
    expect(rule?.fix(named)).not.toMatch(/aws|undefined/);
  });

  it.each([
    "DENIED: requested access to the resource is denied",
    "UNAUTHORIZED: who?",
    "MANIFEST_BLOB_UNKNOWN: blob",
    "",
    "dev: digest: sha256:1 size: 2",
  ])("%j is no rule of its own", (words) => expect(ruleIn(words)).toBeNull());

  it("is fixed in ECR by a line to type, for the account of the registry", () => {
    const address = "1.dkr.ecr.eu-north-1.amazonaws.com/acme";
    const registry = { name: "hub", kind: "ecr", address, profile: "ck", required: true } as const;
    const where = whereOf(repositoryOf(registry, "cmamp"));
    const [name, account] = ["--repository-name acme/cmamp", "--region eu-north-1 --profile ck"];
    expect(rules.immutable.fix(where)).toBe(
      `aws ecr put-image-tag-mutability ${name} --image-tag-mutability MUTABLE ${account}`,
    );
    expect(rules.missing.fix(where)).toBe(
      `aws ecr create-repository ${name} ${account}; or have releases do it: create: true for hub in repo_config.yaml`,
    );
  });

  it("is told as it is where there is no secret", () => {
    expect(ownWords("token s3cret-token")).toBe("token s3cret-token");
  });
});
