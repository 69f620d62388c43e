import { describe, expect, it } from "vitest";
import type { Registry } from "../../lib/config/registry.ts";
import { repositoryOf } from "../../lib/names/address.ts";
import { credentialSources, helperFor, hostOfKey, parseAuth } from "../../lib/oci/rules/credentials.ts";

const repo = (address: string, more: Partial<Registry> = {}) =>
  repositoryOf({ name: "r", kind: "oci", required: true, address, ...more }, "cmamp");
const hubKey = "https://index.docker.io/v1/";

describe("credential order", () => {
  it.each([
    ["https://index.docker.io/v1/", "registry-1.docker.io"],
    ["docker.io", "registry-1.docker.io"],
    ["index.docker.io", "registry-1.docker.io"],
    ["registry-1.docker.io", "registry-1.docker.io"],
    ["https://ghcr.io", "ghcr.io"],
    ["http://ghcr.io/v2/a/b", "ghcr.io"],
    ["", ""],
    ["127.0.0.1:5000", "127.0.0.1:5000"],
  ])("key %s means %s", (key, host) => {
    expect(hostOfKey(key)).toBe(host);
  });

  it.each([
    ["dXNlcjpwYTpzcw==", { username: "user", password: "pa:ss" }],
    ["w7w6w6Q=", { username: "ü", password: "ä" }],
    ["dTpwAA==", { username: "u", password: "p" }],
    ["dTo=", { username: "u", password: "" }],
    ["OnA=", null],
    ["dXA=", null],
    ["!!", null],
    ["", null],
  ])("auth %s", (auth, expected) => {
    expect(parseAuth(auth)).toEqual(expected);
  });

  it("prefers the host's helper to the store, and both to auths", () => {
    const config = {
      credHelpers: { "ghcr.io": "gh" },
      credsStore: "desktop",
      auths: { "ghcr.io": { auth: "dTpw" }, [hubKey]: { identitytoken: "id" } },
    };
    expect(credentialSources(config, {}, repo("ghcr.io/acme"))).toEqual([
      { from: "helper", helper: "gh", key: "credHelpers", server: "ghcr.io" },
      { from: "login", username: "u", password: "p" },
    ]);
    expect(credentialSources(config, {}, repo("causify"))).toEqual([
      { from: "helper", helper: "desktop", key: "credsStore", server: hubKey },
      { from: "identity_token", token: "id" },
    ]);
  });

  it("uses GITHUB_TOKEN for ghcr.io alone, after docker's login", () => {
    const env = { GITHUB_TOKEN: "t", GITHUB_ACTOR: "me" };
    const config = { auths: { "ghcr.io": { auth: "dTpw" } } };
    expect(
      credentialSources(config, env, repo("ghcr.io/acme")).map((one) => "username" in one && one.username),
    ).toEqual(["u", "me"]);
    expect(credentialSources(config, env, repo("quay.io/acme"))).toEqual([]);
    expect(credentialSources(config, env, repo("127.0.0.1:5000", { kind: "ghcr" }))).toEqual([]);
  });

  it.each([
    [
      { identitytoken: "id", username: "u", password: "p" },
      { from: "identity_token", token: "id" },
    ],
    [
      { identitytoken: "", username: "u", password: "p" },
      { from: "login", username: "u", password: "p" },
    ],
    [
      { username: "u", password: "p", auth: "dXNlcjpwYQ==" },
      { from: "login", username: "u", password: "p" },
    ],
    [
      { username: "u", auth: "dXNlcjpwYQ==" },
      { from: "login", username: "user", password: "pa" },
    ],
    [
      { password: "p", auth: "dXNlcjpwYQ==" },
      { from: "login", username: "user", password: "pa" },
    ],
    [
      { username: 7, password: "p", auth: "dXNlcjpwYQ==" },
      { from: "login", username: "user", password: "pa" },
    ],
    [{ username: "u", password: "" }, undefined],
    [{ auth: 7 }, undefined],
    [{}, undefined],
  ])("of the login %j is %j", (entry, source) => {
    expect(credentialSources({ auths: { "https://ghcr.io/v2/": entry } }, {}, repo("ghcr.io/acme"))).toEqual(
      source ? [source] : [],
    );
  });

  it.each([
    [
      { credHelpers: { "https://index.docker.io/v1/": "hub" }, credsStore: "desktop" },
      { helper: "hub", key: "credHelpers" },
    ],
    [
      { credHelpers: { "ghcr.io": "gh" }, credsStore: "desktop" },
      { helper: "desktop", key: "credsStore" },
    ],
    [
      { credHelpers: { "docker.io": "" }, credsStore: "desktop" },
      { helper: "desktop", key: "credsStore" },
    ],
    [{ credsStore: "" }, undefined],
    [{ credsStore: 7 }, undefined],
    [null, undefined],
  ])("the helper of Docker Hub in %j is %j", (config, helper) => {
    expect(helperFor(config, "registry-1.docker.io")).toEqual(helper);
  });

  it("calls itself slipway to ghcr.io where nobody is named, and takes no empty token", () => {
    expect(credentialSources({}, { GITHUB_TOKEN: "t", GITHUB_ACTOR: "" }, repo("ghcr.io/acme"))).toEqual([
      { from: "login", username: "slipway", password: "t", variable: "GITHUB_TOKEN" },
    ]);
    expect(credentialSources({}, { GITHUB_TOKEN: "", GITHUB_ACTOR: "me" }, repo("ghcr.io/acme"))).toEqual([]);
  });

  it.each([
    [{}, { region: "eu-north-1" }],
    [
      { region: "us-east-1", profile: "ck" },
      { region: "us-east-1", profile: "ck" },
    ],
  ])("asks AWS for ECR with %j, the region of the host where none is given", (more, account) => {
    const ecr = repo("123456789012.dkr.ecr.eu-north-1.amazonaws.com", { kind: "ecr", ...more });
    expect(credentialSources(null, {}, ecr)).toEqual([{ from: "ecr", ...account }]);
  });

  it.each([null, [], "x", { auths: [], credHelpers: 1 }, { auths: { "ghcr.io": null } }])(
    "finds nothing in %j",
    (config) => {
      expect(credentialSources(config, {}, repo("ghcr.io/acme"))).toEqual([]);
    },
  );
});
