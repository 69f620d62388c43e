import { describe, expect, it } from "vitest";
import {
  chooseChallenge,
  covers,
  isTokenServerOf,
  parseChallenges,
  parseToken,
  scopeTexts,
  tokenRequest,
} from "../../lib/oci/rules/challenge.ts";

const bearer = (realm: string) => ({ scheme: "bearer", params: { realm, service: "s" } });

describe("a token server", () => {
  it.each([
    ["registry-1.docker.io", "auth.docker.io"],
    ["ghcr.io", "ghcr.io"],
    ["registry.gitlab.com", "gitlab.com"],
    ["registry.example.com:5000", "Auth.Example.COM"],
    ["a.b.example.co.uk", "auth.example.co.uk"],
    ["acme.azurecr.io", "acme.azurecr.io:443"],
    ["127.0.0.1:5000", "127.0.0.1:5001"],
    ["[2001:db8::1]:5000", "[2001:db8::1]"],
    ["registry.internal", "registry.internal:8080"],
    ["lscr.io", "ghcr.io"],
    ["rg.fr-par.scw.cloud", "api.scaleway.com"],
  ])("of %s may be %s", (host, server) => {
    expect(isTokenServerOf({ host }, server)).toBe(true);
    expect(isTokenServerOf({ host, tokenServer: "auth.example.org" }, server)).toBe(true);
  });

  it.each([
    ["registry-1.docker.io", "auth.docker.io.evil.example"],
    ["registry.example.com", "example.com.evil.example"],
    ["registry.example.com", "evilexample.com"],
    ["example.co.uk", "evil.co.uk"],
    ["acme.azurecr.io", "evil.azurecr.io"],
    ["acme.jfrog.io", "evil.jfrog.io"],
    ["europe-docker.pkg.dev", "evil.pkg.dev"],
    ["1.dkr.ecr.eu-north-1.amazonaws.com", "evil.s3.amazonaws.com"],
    ["127.0.0.1:5000", "127.0.0.2:5000"],
    ["10.0.0.1", "10.1.0.1"],
    ["[2001:db8::1]:5000", "[2001:db8::2]:5000"],
    ["registry", "auth"],
    ["scaleway.com", "scw.cloud"],
    ["ghcr.io", "lscr.io"],
  ])("of %s is not %s, unless the config says so", (host, server) => {
    expect(isTokenServerOf({ host }, server)).toBe(false);
    expect(isTokenServerOf({ host, tokenServer: "auth.example.org" }, server)).toBe(false);
    expect(isTokenServerOf({ host, tokenServer: server }, server)).toBe(true);
  });
});

describe("challenge", () => {
  it.each([
    [
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
      [
        {
          scheme: "bearer",
          params: {
            realm: "https://auth.docker.io/token",
            service: "registry.docker.io",
            scope: "repository:a/b:pull,push",
          },
        },
      ],
    ],
    ['Basic realm="a \\"quoted\\", b"', [{ scheme: "basic", params: { realm: 'a "quoted", b' } }]],
    [
      'BASIC realm=x, Bearer realm="https://r/t" , service = s',
      [
        { scheme: "basic", params: { realm: "x" } },
        { scheme: "bearer", params: { realm: "https://r/t", service: "s" } },
      ],
    ],
    ["realm=x, Basic", [{ scheme: "basic", params: {} }]],
    ["Basic REALM=x,", [{ scheme: "basic", params: { realm: "x" } }]],
    ['Bearer a="\\\\",b=', [{ scheme: "bearer", params: { a: "\\", b: "" } }]],
    ["Negotiate abc==", [{ scheme: "negotiate", params: { abc: "=" } }]],
    ["", []],
    [',,, "', []],
  ])("%s", (header, expected) => {
    expect(parseChallenges(header)).toEqual(expected);
  });

  it("answers Bearer before Basic", () => {
    expect(chooseChallenge(parseChallenges('Basic realm="x", Bearer realm="https://r"'))?.scheme).toBe("bearer");
    expect(chooseChallenge(parseChallenges("Basic"))?.scheme).toBe("basic");
    expect(chooseChallenge(parseChallenges("Bearer, Basic"))?.scheme).toBe("basic");
    expect(chooseChallenge(parseChallenges("Bearer service=s"))).toBeNull();
    expect(chooseChallenge(parseChallenges("Negotiate abc=="))).toBeNull();
  });

  it("merges scopes by repository", () => {
    expect(
      scopeTexts([
        { path: "b", actions: ["pull"] },
        { path: "a", actions: ["pull"] },
        { path: "b", actions: ["push", "pull"] },
        { path: "c", actions: ["push", "pull"] },
      ]),
    ).toEqual(["repository:a:pull", "repository:b:pull,push", "repository:c:pull,push"]);
  });

  it.each([
    [["repository:a:pull,push"], ["repository:a:pull"], true],
    [["repository:a:pull"], ["repository:a:pull,push"], false],
    [["repository:a:pull"], ["repository:b:pull"], false],
    [["repository:a:pull"], ["repository:a:pull", "repository:b:pull"], false],
    [["repository:h:1/a:pull"], ["repository:h:1/a:pull"], true],
    [["repository:h:1/a:pull"], ["repository:h:1/b:pull"], false],
    [[], ["repository:a:pull"], false],
    [[], [], true],
    [["repository:a:pull", "repository:b:pull"], ["repository:b:pull"], true],
  ])("a token for %j serves %j: %s", (held, wanted, expected) => {
    expect(covers(held, wanted)).toBe(expected);
  });
});

describe("token request", () => {
  it("names each scope by itself", () => {
    const request = tokenRequest(bearer("https://r/t?x=1"), ["repository:a:pull", "repository:b:pull"], {
      secure: true,
    });
    expect(request).toEqual({
      url: "https://r/t?x=1&service=s&scope=repository%3Aa%3Apull&scope=repository%3Ab%3Apull",
    });
  });

  it("posts an identity token, never in the URL", () => {
    const request = tokenRequest(bearer("https://r/t"), ["repository:a:pull"], { secure: true, identityToken: "id" });
    expect(request).toEqual({
      url: "https://r/t",
      form: "grant_type=refresh_token&refresh_token=id&client_id=slipway&service=s&scope=repository%3Aa%3Apull",
    });
  });

  it("names no service where the registry names none, and several scopes in one word of a form", () => {
    const plain = { scheme: "bearer", params: { realm: "https://r/t" } };
    expect(tokenRequest(plain, ["a", "b"], { secure: true, identityToken: "id" })?.form).toBe(
      "grant_type=refresh_token&refresh_token=id&client_id=slipway&scope=a+b",
    );
    expect(tokenRequest(plain, [], { secure: true })).toEqual({ url: "https://r/t" });
    expect(tokenRequest({ scheme: "bearer", params: {} }, [], { secure: true })).toBeNull();
  });

  it.each([
    ["http://r/t", true, false],
    ["http://r/t", false, true],
    ["ftp://r/t", false, false],
    ["ftp://r/t", true, false],
    ["https://r/t", false, true],
    ["nonsense", false, false],
  ])("realm %s of a registry with https %s is used: %s", (realm, secure, used) => {
    expect(tokenRequest(bearer(realm), [], { secure }) !== null).toBe(used);
  });

  it.each([
    [
      { token: "t", expires_in: 300 },
      { token: "t", seconds: 300 },
    ],
    [{ access_token: "t" }, { token: "t", seconds: 60 }],
    [
      { token: "t", expires_in: "soon" },
      { token: "t", seconds: 60 },
    ],
    [
      { token: "t", access_token: "other", expires_in: "90" },
      { token: "t", seconds: 90 },
    ],
    [
      { token: "t", expires_in: 0 },
      { token: "t", seconds: 60 },
    ],
    [
      { token: "t", expires_in: -5 },
      { token: "t", seconds: 60 },
    ],
    [
      { token: "t", expires_in: "1e999" },
      { token: "t", seconds: 60 },
    ],
    [{ token: 7 }, null],
    [{}, null],
    ["token", null],
    [{ token: "" }, null],
    [null, null],
  ])("%j", (json, expected) => {
    expect(parseToken(json)).toEqual(expected);
  });
});
