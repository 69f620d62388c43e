import { describe, expect, it } from "vitest";
import { apiUrl, isLoopback, repositoryOf } from "../../lib/model/oci/address.ts";
import type { Registry } from "../../lib/model/registry.ts";

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
    ["docker.io", "debian", "https", "registry-1.docker.io", "library/debian", "debian"],
    ["localhost.example.com:443", "a/b", "https", "localhost.example.com:443", "a/b", "localhost.example.com:443/a/b"],
  ])("%s with %s", (address, image, ...expected) => {
    const { scheme, host, path, reference } = repositoryOf(registry(address), image);
    expect([scheme, host, path, reference]).toEqual(expected);
  });

  it.each(["https://ghcr.io/acme", "ghcr.io/Acme", "ghcr.io/a:tag", "gh cr.io/acme", "ghcr.io//acme", "-bad.io"])(
    "refuses %s and names the registry to correct",
    (address) => {
      expect(() => repositoryOf(registry(address), "cmamp")).toThrowError(
        expect.objectContaining({ fix: expect.stringContaining("address of ck") }),
      );
    },
  );

  it("keeps region and profile of the config", () => {
    expect(repositoryOf(registry("x.io", { region: "eu-north-1", profile: "ck" }), "a")).toMatchObject({
      region: "eu-north-1",
      profile: "ck",
    });
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
    ["128.0.0.1", false],
    ["127.0.0.1.evil.com", false],
    ["localhost.evil.com:80", false],
  ])("%s is loopback: %s", (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
});
