import { describe, expect, it } from "vitest";
import {
  chooseChallenge,
  covers,
  parseChallenges,
  parseToken,
  scopeTexts,
  tokenRequest,
} from "../../lib/model/oci/challenge.ts";

const bearer = (realm: string) => ({ scheme: "bearer", params: { realm, service: "s" } });

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
    ["", []],
    [',,, "', []],
  ])("%s", (header, expected) => {
    expect(parseChallenges(header)).toEqual(expected);
  });

  it("answers Bearer before Basic", () => {
    expect(chooseChallenge(parseChallenges('Basic realm="x", Bearer realm="https://r"'))?.scheme).toBe("bearer");
    expect(chooseChallenge(parseChallenges("Basic"))?.scheme).toBe("basic");
    expect(chooseChallenge(parseChallenges("Negotiate abc=="))).toBeNull();
  });

  it("merges scopes by repository", () => {
    expect(
      scopeTexts([
        { path: "b", actions: ["pull"] },
        { path: "a", actions: ["pull"] },
        { path: "b", actions: ["push", "pull"] },
      ]),
    ).toEqual(["repository:a:pull", "repository:b:pull,push"]);
  });

  it.each([
    [["repository:a:pull,push"], ["repository:a:pull"], true],
    [["repository:a:pull"], ["repository:a:pull,push"], false],
    [["repository:a:pull"], ["repository:b:pull"], false],
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
    expect(request?.url).toBe("https://r/t");
    expect(new URLSearchParams(request?.form).get("refresh_token")).toBe("id");
  });

  it.each([
    ["http://r/t", true, false],
    ["http://r/t", false, true],
    ["ftp://r/t", false, false],
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
    [{ token: "" }, null],
    [null, null],
  ])("%j", (json, expected) => {
    expect(parseToken(json)).toEqual(expected);
  });
});
