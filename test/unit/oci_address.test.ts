import { describe, expect, it } from "vitest";
import type { Registry } from "../../lib/config/registry.ts";
import { accountOfRepository, apiUrl, isCleaning, isLoopback, repositoryOf } from "../../lib/names/address.ts";
import { refusal } from "./factory.ts";

const registry = (address: string, more: Partial<Registry> = {}): Registry => ({
  name: "ck",
  kind: "oci",
  required: true,
  address,
  ...more,
});

describe("address of a repository", () => {
  it.each([
    ["127.0.0.1:5000", "cmamp", "http", "127.0.0.1:5000", "cmamp", "127.0.0.1:5000/cmamp"],
    ["127.9.8.7:5000/acme", "cmamp", "http", "127.9.8.7:5000", "acme/cmamp", "127.9.8.7:5000/acme/cmamp"],
    ["[::1]:5000", "cmamp", "http", "[::1]:5000", "cmamp", "[::1]:5000/cmamp"],
    ["localhost/acme", "cmamp", "http", "localhost", "acme/cmamp", "localhost/acme/cmamp"],
    ["ghcr.io/acme/", "cmamp", "https", "ghcr.io", "acme/cmamp", "ghcr.io/acme/cmamp"],
    ["causify", "cmamp", "https", "registry-1.docker.io", "causify/cmamp", "causify/cmamp"],
    ["docker.io/causify", "cmamp", "https", "registry-1.docker.io", "causify/cmamp", "causify/cmamp"],
    ["index.docker.io/a/b/", "c/d", "https", "registry-1.docker.io", "a/b/c/d", "a/b/c/d"],
    ["registry-1.docker.io", "debian", "https", "registry-1.docker.io", "library/debian", "debian"],
    ["ghcr.io", "cmamp", "https", "ghcr.io", "cmamp", "ghcr.io/cmamp"],
    ["host:65535/a_b/c__d/e-f.g///", "x", "https", "host:65535", "a_b/c__d/e-f.g/x", "host:65535/a_b/c__d/e-f.g/x"],
    ["A-b.c-D:1", "x", "https", "A-b.c-D:1", "x", "A-b.c-D:1/x"],
    ["", "debian", "https", "registry-1.docker.io", "library/debian", "debian"],
    ["docker.io", "debian", "https", "registry-1.docker.io", "library/debian", "debian"],
    ["[2001:db8::1]", "cmamp", "https", "[2001:db8::1]", "cmamp", "[2001:db8::1]/cmamp"],
    ["[2001:db8::1]:5000/a/b", "c", "https", "[2001:db8::1]:5000", "a/b/c", "[2001:db8::1]:5000/a/b/c"],
    [
      "harbor.example.com/team/platform",
      "cmamp",
      "https",
      "harbor.example.com",
      "team/platform/cmamp",
      "harbor.example.com/team/platform/cmamp",
    ],
    [
      "acme.jfrog.io/docker-local/team/sub",
      "cmamp",
      "https",
      "acme.jfrog.io",
      "docker-local/team/sub/cmamp",
      "acme.jfrog.io/docker-local/team/sub/cmamp",
    ],
    [
      "registry.gitlab.com/group/sub/project",
      "cmamp",
      "https",
      "registry.gitlab.com",
      "group/sub/project/cmamp",
      "registry.gitlab.com/group/sub/project/cmamp",
    ],
    [
      "acme.azurecr.io/samples/ns",
      "cmamp",
      "https",
      "acme.azurecr.io",
      "samples/ns/cmamp",
      "acme.azurecr.io/samples/ns/cmamp",
    ],
    [
      "europe-docker.pkg.dev/my-project/repo/sub",
      "cmamp",
      "https",
      "europe-docker.pkg.dev",
      "my-project/repo/sub/cmamp",
      "europe-docker.pkg.dev/my-project/repo/sub/cmamp",
    ],
    [
      "registry.example.com:8443/a/b/c",
      "cmamp",
      "https",
      "registry.example.com:8443",
      "a/b/c/cmamp",
      "registry.example.com:8443/a/b/c/cmamp",
    ],
    ["localhost.example.com:443", "a/b", "https", "localhost.example.com:443", "a/b", "localhost.example.com:443/a/b"],
  ])("%s with %s", (address, image, ...expected) => {
    const { scheme, host, path, reference } = repositoryOf(registry(address), image);
    expect([scheme, host, path, reference]).toEqual(expected);
  });

  it.each([
    ["https://ghcr.io/acme", "https:"],
    ["ghcr.io/Acme", "Acme"],
    ["ghcr.io/a:tag", "a:tag"],
    ["gh cr.io/acme", "gh cr.io"],
    ["ghcr.io//acme", ""],
    ["ghcr.io/a._b", "a._b"],
    ["ghcr.io/-a", "-a"],
    ["ghcr.io/a-", "a-"],
    ["-bad.io", "-bad.io"],
    ["bad-.io", "bad-.io"],
    ["ghcr.io:123456", "ghcr.io:123456"],
    ["x [::1]:1", "x [::1]:1"],
  ])("refuses %s for %j and names the registry to correct", (address, bad) => {
    expect(refusal(() => repositoryOf(registry(address), "cmamp"))).toMatchObject({
      message: `"${address}" is no address of a registry: "${bad}" cannot stand in it`,
      why: "An address is host[:port][/namespace] in lower case, without https:// and without a tag (Distribution's reference grammar).",
      fix: "Write the address of ck in repo_config.yaml as in 127.0.0.1:5000, ghcr.io/acme or causify.",
    });
  });

  it("refuses an image that is no name", () => {
    expect(refusal(() => repositoryOf(registry("ghcr.io"), "a:b")).message).toContain('"a:b" cannot stand in it');
  });

  it("keeps name, kind, region and profile of the config, and only what it says", () => {
    const plain = { registry: "ck", kind: "oci", scheme: "https", host: "x.io", path: "a", reference: "x.io/a" };
    expect(repositoryOf(registry("x.io", { kind: "ecr", region: "eu-north-1", profile: "ck" }), "a")).toEqual({
      ...plain,
      ...{ kind: "ecr", region: "eu-north-1", profile: "ck" },
    });
    expect(Object.entries(repositoryOf(registry("x.io"), "a"))).toEqual(Object.entries(plain));
  });

  it.each([
    [{ host: "1.dkr.ecr.eu-north-1.amazonaws.com" }, { region: "eu-north-1" }],
    [{ host: "1.dkr.ecr-fips.us-east-1.amazonaws.com" }, { region: "us-east-1" }],
    [
      { host: "1.dkr.ecr.eu-north-1.amazonaws.com", region: "x", profile: "ck" },
      { region: "x", profile: "ck" },
    ],
    [{ host: "127.0.0.1:5001", profile: "ck" }, { profile: "ck" }],
    [{ host: "ecr.eu-north-1.amazonaws.com" }, {}],
  ])("of %j asks AWS with %j", (repository, account) => {
    expect(Object.entries(accountOfRepository(repository))).toEqual(Object.entries(account));
  });

  it("asks under /v2/", () => {
    expect(apiUrl(repositoryOf(registry("causify"), "cmamp"), "manifests/dev").href).toBe(
      "https://registry-1.docker.io/v2/causify/cmamp/manifests/dev",
    );
  });

  it.each([
    ["127.0.0.1", true],
    ["127.0.0.1:80", true],
    ["[::1]:5000", true],
    ["127.1.22.333:5000", true],
    ["localhost", true],
    ["127.0.0", false],
    ["127.0.0.1:80x", false],
    ["127.0.0.1234", false],
    ["x127.0.0.1", false],
    ["::1", false],
    ["", false],
    ["128.0.0.1", false],
    ["127.0.0.1.evil.com", false],
    ["localhost.evil.com:80", false],
  ])("%s is loopback: %s", (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });

  it.each([
    ["causify", "dockerhub", true],
    ["docker.io/causify", "oci", false],
    ["127.0.0.1:5000", "dockerhub", false],
    ["ghcr.io/acme", "ghcr", false],
  ] as const)("%s of kind %s removes itself what no tag names: %s", (address, kind, expected) => {
    expect(isCleaning(repositoryOf({ ...registry(address), kind }, "cmamp"))).toBe(expected);
  });
});
