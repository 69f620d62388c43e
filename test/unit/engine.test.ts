import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { engineEnv, engineHome, privateEngineEnv } from "../../lib/doors/engine.ts";
import { parseSources } from "../../thin_client/engine/debian.ts";
import { assertShortHome } from "../../thin_client/engine/layout.ts";
import { isWholeEngine } from "../../thin_client/engine/packages.ts";
import { registryConfig } from "../../thin_client/engine/registries.ts";
import { parseAccessLog } from "../bed/registry.ts";

describe("engineEnv", () => {
  it("finds the engine's folder below the user's data", () => {
    expect(engineHome({ HOME: "/home/gp" })).toBe("/home/gp/.local/share/slipway/engine");
    expect(engineHome({ HOME: "/home/gp", XDG_DATA_HOME: "/data" })).toBe("/data/slipway/engine");
  });

  it.each([{ DOCKER_HOST: "tcp://there:2375" }, { DOCKER_CONTEXT: "there" }])(
    "says nothing where the user named an engine: %o",
    (own) => {
      expect(engineEnv({ HOME: "/home/gp", ...own })).toEqual({});
    },
  );

  it("says nothing while no private engine runs", () => {
    expect(engineEnv({ HOME: "/nowhere" })).toEqual({});
  });

  it("puts the private programs first once, and keeps a Docker config that the user named", () => {
    const env = { HOME: "/h", PATH: "/usr/bin:/bin", DOCKER_CONFIG: "/mine" };
    const first = privateEngineEnv(env);
    expect(first).toMatchObject({ PATH: "/h/.local/share/slipway/engine/bin:/usr/bin:/bin", DOCKER_CONFIG: "/mine" });
    expect(privateEngineEnv({ ...env, ...first })).toEqual(first);
  });
});

describe("parseSources", () => {
  it.each([
    [
      "one line",
      "deb [signed-by=/k.gpg] http://mirror/debian trixie main\ndeb-src http://mirror/src trixie main",
      [["trixie", "http://mirror/debian"]],
    ],
    [
      "a stanza",
      "Types: deb\nURIs: http://m/debian\nSuites: a a-updates\n\nTypes: deb\nEnabled: no\nURIs: http://n\nSuites: b\n",
      [
        ["a", "http://m/debian"],
        ["a-updates", "http://m/debian"],
      ],
    ],
    ["comments", "# deb http://mirror/debian trixie main\n", []],
  ])("reads %s", (_name, text, expected) => {
    expect(parseSources(text)).toEqual(expected);
  });
});

describe("registries", () => {
  it("asks for passwords only where it was given some", () => {
    const plain = { address: "127.0.0.1:5000", storage: "/data" };
    expect(JSON.parse(registryConfig(plain))).not.toHaveProperty("auth");
    expect(JSON.parse(registryConfig({ ...plain, passwords: "/pw" }))).toMatchObject({
      auth: { htpasswd: { path: "/pw" } },
    });
  });

  it("reads an access log and leaves out what is no request", () => {
    const line = '127.0.0.1 - AWS [21/Nov/2026:01:12:28 +0000] "HEAD /v2/app/manifests/1 HTTP/1.1" 404 91 "" "docker"';
    expect(parseAccessLog(`${line}\nnoise\n`)).toEqual([
      {
        method: "HEAD",
        path: "/v2/app/manifests/1",
        status: 404,
        at: new Date("2026-11-21T01:12:28Z"),
        agent: "docker",
      },
    ]);
  });
});

describe("assertShortHome", () => {
  it("refuses a folder whose sockets would have too long a path", () => {
    expect(() => assertShortHome(`/${"x".repeat(90)}`)).toThrow(
      expect.objectContaining({ fix: expect.stringContaining("XDG_DATA_HOME") }),
    );
  });

  it("counts bytes, as the kernel does", () => {
    expect(() => assertShortHome(`/${"x".repeat(69)}`)).not.toThrow();
    expect(() => assertShortHome(`/${"ä".repeat(35)}`)).toThrow("has 71 bytes, 70 is the most");
  });
});

describe("an unpacked engine", () => {
  const plugins = ["docker-buildx", "docker-compose"].map((name) => `usr/libexec/docker/cli-plugins/${name}`);
  const files = ["usr/bin/docker", "usr/sbin/dockerd", "usr/bin/containerd", "usr/bin/docker-registry", ...plugins];

  it("is whole where every program is there and none is an empty file", () => {
    const root = mkdtempSync(join(tmpdir(), "slipway-engine-"));
    const put = (file: string, text: string) => {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
    };
    for (const file of files) put(file, "program");
    const whole = isWholeEngine(root);
    const broken = files.map((file) => {
      put(file, "");
      const isEmptyFine = isWholeEngine(root);
      rmSync(join(root, file));
      const isNoneFine = isWholeEngine(root);
      put(file, "program");
      return [file, isEmptyFine, isNoneFine];
    });
    put("usr/bin/ctr", "");
    expect([whole, isWholeEngine(root)]).toEqual([true, false]);
    expect(broken).toEqual(files.map((file) => [file, false, false]));
    rmSync(root, { recursive: true });
  });
});
