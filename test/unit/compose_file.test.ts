import { describe, expect, it } from "vitest";
import { type Container, renderCompose } from "../../lib/config/container.ts";
import { config } from "./factory.ts";

type File = {
  readonly name: string;
  readonly services: { readonly app: Readonly<Record<string, unknown>> };
} & Readonly<Record<string, unknown>>;

const bare = (more: Partial<Container> = {}): Container => ({
  ...{ workingDir: "/app", startedBy: "gp", environment: {}, passed: [], mounts: [], platform: null, user: null },
  ...{ entrypoint: true, receipt: false, groups: [], rootFiles: {}, unlogged: false, services: null, slipway: false },
  engine: null,
  settings: config().container,
  ...more,
});
const composed = (more: Partial<Container> = {}): File => JSON.parse(renderCompose("cmamp", bare(more))) as File;
const app = (more: Partial<Container> = {}) => composed(more).services.app;
const configured = (section: object) => app({ settings: config({ container: section }).container });

describe("a compose file", () => {
  it("is JSON that a person can read, of one project and one service", () => {
    const text = renderCompose("cmamp", bare());
    expect(text.startsWith('{\n  "name": "slipway-cmamp",\n')).toBe(true);
    expect(text.endsWith("}\n")).toBe(true);
    expect(Object.keys(composed())).toEqual(["name", "services"]);
    expect(Object.keys(composed().services)).toEqual(["app"]);
  });

  it("says of a bare run no more than it must", () => {
    expect(app()).toEqual({
      image: "${IMAGE}",
      pull_policy: "never",
      working_dir: "/app",
      environment: [],
      labels: {
        "dev.slipway.run": "${SLIPWAY_RUN:-}",
        "dev.slipway.owner": "${SLIPWAY_OWNER:-}",
        "dev.slipway.image": "cmamp",
        "dev.slipway.user": "gp",
      },
      volumes: [],
      network_mode: "bridge",
    });
  });

  it.each<[string, Partial<Container>, object]>([
    ["another platform", { platform: "linux/arm64" }, { platform: "linux/arm64" }],
    ["a user", { user: "1000:1000" }, { user: "1000:1000" }],
    ["groups, as text", { groups: [999, 5] }, { group_add: ["999", "5"] }],
    ["no entrypoint", { entrypoint: false }, { entrypoint: [] }],
    ["no log", { unlogged: true }, { logging: { driver: "none" } }],
    ["where it starts", { workingDir: "/x" }, { working_dir: "/x" }],
    ["variables, then names of others", { environment: { A: "$b" }, passed: ["C"] }, { environment: ["A=$$b", "C"] }],
  ])("says %s", (_what, more, expected) => {
    expect(app(more)).toEqual({ ...app(), ...expected });
  });

  it("labels it with the user's name letter for letter", () => {
    expect(app({ startedBy: "a$b" })["labels"]).toMatchObject({ "dev.slipway.user": "a$$b" });
  });

  it.each<[string, object, object]>([
    ["env files", { env_file: ["a.env"] }, { env_file: ["a.env"] }],
    ["ports", { ports: ["1:2"] }, { ports: ["1:2"] }],
    ["privileges", { privileged: true }, { privileged: true }],
  ])("says %s as configured", (_what, section, expected) => {
    expect(configured(section)).toEqual({ ...app(), ...expected });
  });

  it("joins a network of its own choice instead of the bridge", () => {
    const file = composed({ settings: config({ container: { network: "lab" } }).container });
    const { network_mode: _bridge, ...rest } = app();
    expect(file.services.app).toEqual({ ...rest, networks: ["outside"] });
    expect(file["networks"]).toEqual({ outside: { name: "lab", external: true } });
  });

  it("puts files of root into the container, letter for letter", () => {
    const file = composed({ rootFiles: { "/etc/passwd": "gp:$x", "/etc/group": "g" } });
    expect(file.services.app["configs"]).toEqual([
      { source: "root_file_0", target: "/etc/passwd" },
      { source: "root_file_1", target: "/etc/group" },
    ]);
    expect(file["configs"]).toEqual({ root_file_0: { content: "gp:$$x" }, root_file_1: { content: "g" } });
  });

  const bound = (source: string, target: string, more: object = {}) => ({
    ...{ type: "bind", source, target, bind: { create_host_path: false } },
    ...more,
  });
  it("mounts what the run needs before what is configured, and creates no source", () => {
    const mounts = [
      { source: "/a$b", target: "/app" },
      { source: "/c", target: "/d", readOnly: true as const },
    ];
    expect(app({ mounts, settings: config({ container: { volumes: ["/e:/f"] } }).container })["volumes"]).toEqual([
      bound("/a$$b", "/app"),
      bound("/c", "/d", { read_only: true }),
      bound("/e", "/f"),
    ]);
  });

  it.each([
    ["/a$b:/c", bound("/a$$b", "/c")],
    ["/a:/b:ro", bound("/a", "/b", { read_only: true })],
    ["/a:/b:z,ro", bound("/a", "/b", { read_only: true })],
    ["/a:/b:rw", bound("/a", "/b")],
    ["/a:/b:ros", bound("/a", "/b")],
    ["/a", bound("/a", "")],
    ["data:/b:ro", "data:/b:ro"],
    ["da$ta:/b", "da$$ta:/b"],
    ["./a:/b", "./a:/b"],
    ["data/:/b", "data/:/b"],
  ])("has the volume %s", (text, expected) => {
    expect(configured({ volumes: [text] })["volumes"]).toEqual([expected]);
  });
});
