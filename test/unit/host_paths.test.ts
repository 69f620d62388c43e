import { describe, expect, it } from "vitest";
import { composeBinds, containerIn, pathOnHost, requireOnHost } from "../../lib/formats/host_paths.ts";
import { refusal } from "./factory.ts";

const id = "0a".repeat(32);
const kept = `600 500 8:1 /data/containers/${id}/resolv.conf /etc/resolv.conf rw - ext4 /dev/vda rw`;
const socket = "601 500 0:25 /docker.sock /run/docker.sock rw - tmpfs tmpfs rw";

describe("the container that this is", () => {
  it.each([
    ["has its engine's socket and files", [kept, socket], id],
    ["has the socket at the older path", [kept, socket.replace("/run/", "/var/run/")], id],
    ["has files of an engine and no socket", [kept], null],
    [
      "is a machine with an engine",
      [socket.replace("/docker.sock /run", "/ /run"), "1 0 8:1 / / rw - ext4 x rw"],
      null,
    ],
    ["has an id that is none", [kept.replace(id, `${id}; rm`), socket], null],
    ["has a folder that is called so", [kept.replace(`/${id}/`, "/old/"), socket], null],
    ["is not told", [""], null],
  ])("where it %s", (_what, lines, expected) => {
    expect(containerIn(lines.join("\n"))).toBe(expected);
  });
});

describe("a path on the engine's machine", () => {
  const mounts = [
    { source: "/home/ada/repo", target: "/app" },
    { source: "/home/ada/cache", target: "/app/cache" },
    { source: "/run/user/1/docker.sock", target: "/var/run/docker.sock" },
  ];

  it.each([
    ["/app", "/home/ada/repo"],
    ["/app/a b/$c", "/home/ada/repo/a b/$c"],
    ["/app/cache/x", "/home/ada/cache/x"],
    ["/app/cached", "/home/ada/repo/cached"],
    ["/var/run/docker.sock", "/run/user/1/docker.sock"],
  ])("%s is the nearest mount's", (path, expected) => {
    expect(pathOnHost(mounts, path)).toBe(expected);
    expect(requireOnHost(mounts, path)).toBe(expected);
  });

  it.each(["/", "/apps", "/tmp/app", "/var/run"])("%s is none", (path) => {
    expect(pathOnHost(mounts, path)).toBeNull();
    expect(refusal(() => requireOnHost(mounts, path))).toMatchObject({
      message: `the machine of the engine does not have "${path}"`,
      why: expect.stringContaining("of those are here: /app, /app/cache, /var/run/docker.sock."),
      fix: expect.stringContaining("container: {volumes: [...]} in repo_config.yaml"),
    });
  });

  it("is the same where this is the engine's machine", () => {
    expect(requireOnHost(null, "/tmp/x")).toBe("/tmp/x");
  });

  it("is none where nothing is mounted", () => {
    expect(refusal(() => requireOnHost([], "/app")).why).toContain("of those are here: none.");
  });
});

it("a compose file binds what is a path or may be one, in either form, and no named volume", () => {
  const volumes = ["./a:/a", "/b:/b:ro", "~/c:/c", "${D}:/d", "cache:/e", "/anonymous"];
  const long = [
    { type: "bind", source: "f", target: "/f" },
    { type: "volume", source: "named", target: "/g" },
  ];
  const value = { services: { app: { volumes }, db: { volumes: long }, odd: null, none: {} } };
  expect(composeBinds("c.yml", value).map(({ source }) => source)).toEqual([...["./a", "/b", "~/c", "${D}", "f"]]);
  for (const odd of [null, 1, [], { services: [] }, { services: { a: { volumes: "x" } } }])
    expect(composeBinds("c.yml", odd)).toEqual([]);
});
