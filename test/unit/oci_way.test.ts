import { describe, expect, it } from "vitest";
import { isInsecure, isNamed, nearMiss, wayTo } from "../../lib/oci/rules/way.ts";
import { noProxyCases } from "../bed/no_proxy_cases.ts";
import { refusal } from "./factory.ts";

const https = new URL("https://registry.test:5000/v2/");
const http = new URL("http://registry.test:5000/v2/");
const host = (url: URL, env: Readonly<Record<string, string>>, config: unknown = null) =>
  wayTo(url, env, config).proxy?.url.host ?? null;

describe("NO_PROXY", () => {
  it.each([
    ...noProxyCases,
    // As curl documents it; curl 7.88 compares addresses of IPv6 letter by letter.
    ["2001:DB8:0::7", "[2001:db8::7]", true] as const,
    ["2001:db8::/32", "[2001:db8::7]", true] as const,
  ])("%j of %j: direct is %j", (noProxy, name, isDirect) => {
    expect(isNamed(name, noProxy)).toBe(isDirect);
  });

  it.each([
    ["a.test,registry.test:5000", "registry.test:5000"],
    ["https://registry.test/", "https://registry.test/"],
    ["*.test", "*.test"],
    ["other.test:80", null],
    ["*", null],
    ["", null],
  ])("%j was meant for registry.test by %j", (noProxy, entry) => {
    expect(nearMiss("registry.test", noProxy)).toBe(entry);
  });

  it("sends past the proxy what it names, and only that", () => {
    const env = { HTTPS_PROXY: "http://proxy.test:3128", NO_PROXY: "registry.test" };
    expect([https, new URL("https://ghcr.io/")].map((url) => host(url, env))).toEqual([null, "proxy.test:3128"]);
  });
});

describe("the proxy of a request", () => {
  it.each([
    [https, { HTTPS_PROXY: "http://a:1", HTTP_PROXY: "http://b:2" }, "a:1"],
    [http, { HTTPS_PROXY: "http://a:1", HTTP_PROXY: "http://b:2" }, "b:2"],
    [https, { HTTP_PROXY: "http://b:2" }, null],
    [https, { https_proxy: "http://c:3", HTTPS_PROXY: "http://a:1" }, "c:3"],
    [https, { https_proxy: "", HTTPS_PROXY: "http://a:1" }, "a:1"],
    [https, { HTTPS_PROXY: "a:1" }, "a:1"],
    [https, { HTTPS_PROXY: "http://a:1", no_proxy: ".test", NO_PROXY: "other" }, null],
    [new URL("http://127.0.0.1:5000/"), { HTTP_PROXY: "http://b:2" }, null],
    [new URL("https://localhost:5000/"), { HTTPS_PROXY: "http://b:2" }, null],
    [new URL("http://[::1]:5000/"), { HTTP_PROXY: "http://b:2" }, null],
  ])("of %s with %j is %j", (url, env, proxy) => {
    expect(host(url, env)).toBe(proxy);
  });

  const settings = { httpProxy: "http://d:4", httpsProxy: "http://e:5", noProxy: "other.test" };
  it.each([
    [{}, "e:5"],
    [{ HTTPS_PROXY: "http://a:1" }, "a:1"],
    [{ NO_PROXY: "registry.test" }, null],
    [{ DOCKER_HOST: "tcp://far.test:2376" }, "f:6"],
    [{ DOCKER_HOST: "unix:///run/docker.sock" }, "e:5"],
  ])("stands in docker's configuration behind %j: %j", (env, proxy) => {
    const far = { httpsProxy: "http://f:6" };
    expect(host(https, env, { proxies: { default: settings, "tcp://far.test:2376": far } })).toBe(proxy);
  });

  it("is told without its user and password, which are secrets", () => {
    const { proxy } = wayTo(https, { HTTPS_PROXY: "http://ada:s%40cret@proxy.test:3128" }, null);
    expect(proxy).toMatchObject({
      from: "HTTPS_PROXY",
      variable: "HTTPS_PROXY",
      authorization: `Basic ${btoa("ada:s@cret")}`,
    });
    expect(proxy?.url.href).toBe("http://proxy.test:3128/");
    expect(proxy?.secrets).toEqual(["s%40cret", "s@cret", btoa("ada:s@cret")]);
  });

  it.each(["socks5://ada:s3cret@proxy.test", "http://", "ht tp://ada:s3cret@x"])(
    "is refused as %j, without its words",
    (value) => {
      const { message, why, fix } = refusal(() => wayTo(https, { HTTPS_PROXY: value }, null));
      expect([message, fix]).toEqual(["HTTPS_PROXY is no URL of a proxy", "export HTTPS_PROXY=http://HOST:PORT"]);
      expect(`${message} ${why}`).not.toContain("s3cret");
    },
  );
});

describe("an engine's insecure registries", () => {
  const config = {
    IndexConfigs: { "docker.io": { Secure: true }, "plain.test:5000": { Secure: false } },
    InsecureRegistryCIDRs: ["::1/128", "127.0.0.0/8", "192.0.2.0/28", "2001:db8::/32"],
  };
  it.each([
    ["plain.test:5000", true],
    ["plain.test", false],
    ["docker.io", false],
    ["other.test:5000", false],
    ["192.0.2.7:5000", true],
    ["192.0.2.17:5000", false],
    ["192.0.2.700", false],
    ["[2001:db8:1::7]:5000", true],
    ["[2001:db9::7]", false],
    ["[::1]:5000", true],
  ])("have %s: %j", (host, isPlain) => {
    expect(isInsecure(host, config)).toBe(isPlain);
    expect(isInsecure(host, undefined)).toBe(false);
  });
});
