import { describe, expect, it } from "vitest";
import { configReader } from "../../lib/config/config_reader.ts";
import {
  beyondDefault,
  boundPaths,
  parseServiceFile,
  renderServices,
  startedBy,
} from "../../lib/config/service_compose.ts";
import { isServiceName, parseServices, servicesProject } from "../../lib/config/services.ts";
import { engineVariables } from "../../lib/names/caller_variables.ts";
import { valueAt } from "../../lib/text/shape.ts";
import { refusal } from "./factory.ts";

const source = (value: unknown) => ({ file: "f.yml", value, lineOf: (path: readonly string[]) => path.length });
const parse = (services: unknown) => parseServices(configReader(source({ services })));
const file = (value: unknown) => parseServiceFile(source(value), "db/compose");

describe("services: of repo_config.yaml", () => {
  const own = { composeFile: "s.yml", envFile: {}, ready: {}, within: 60 };
  const all = ["fast", "slow", "superslow", "qa"];
  it.each([
    [undefined, null],
    [{ compose_file: "s.yml" }, { own, neededBy: all }],
    [
      { compose_file: "./a/../s.yml", needed_by: [] },
      { own, neededBy: [] },
    ],
    [
      { compose_file: "s.yml", within: 5 },
      { own: { ...own, within: 5 }, neededBy: all },
    ],
    [
      { compose_file: "s.yml", env_file: { dev: "d.env" } },
      { own: { ...own, envFile: { dev: "d.env" } }, neededBy: all },
    ],
    [
      { compose_file: "s.yml", ready: { db: ["q", 1] } },
      { own: { ...own, ready: { db: ["q", "1"] } }, neededBy: all },
    ],
    [
      { of: "../db", needed_by: ["slow"] },
      { of: "../db", neededBy: ["slow"] },
    ],
  ])("%j is %j", (services, parsed) => {
    expect(parse(services)).toEqual(parsed);
  });

  it.each<[unknown, string]>([
    [{}, "services.compose_file is missing"],
    [{ compose_fil: "s.yml" }, "services.compose_fil is not a known key"],
    [{ compose_file: "/etc/s.yml" }, 'services.compose_file is "/etc/s.yml"'],
    [{ compose_file: "--x" }, 'services.compose_file is "--x"'],
    [{ compose_file: "$(x).yml" }, 'services.compose_file is "$(x).yml"'],
    [{ compose_file: "s.yml", env_file: { test: "t.env" } }, "services.env_file.test is not a known key"],
    [{ compose_file: "s.yml", ready: { db: [] } }, "services.ready.db has no command"],
    [{ compose_file: "s.yml", ready: { "-x": ["q"] } }, "services.ready.-x is not the name of a service"],
    [{ compose_file: "s.yml", within: 0 }, 'services.within is "0", no number of seconds'],
    [{ compose_file: "s.yml", needed_by: ["all"] }, 'services.needed_by names "all"'],
    [{ of: "../db", compose_file: "s.yml" }, "services.compose_file stands beside of"],
  ])("%j is refused", (services, what) => {
    expect(refusal(() => parse(services)).message).toContain(what);
  });
});

describe("the name of a project", () => {
  it("is the user's own for each path, and one that compose takes", () => {
    const names = [
      servicesProject("ann", { root: "/src/repo", dir: "db" }),
      servicesProject("Ann", { root: "/src/repo", dir: "db" }),
      servicesProject("ann.b", { root: "/src/repo", dir: "db" }),
      servicesProject("ann", { root: "/src/repo2", dir: "db" }),
      servicesProject("ann", { root: "/src/repo", dir: "it's $(x)" }),
      servicesProject("ann", { root: "/src/repo", dir: "." }),
    ];
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^slipway-[a-z0-9_-]+-[0-9a-f]{12}$/);
    expect(names[0]).toMatch(/^slipway-ann-db-/);
  });

  it.each([
    ["postgres", true],
    ["a.b_c-1", true],
    ["", false],
    ["-x", false],
    ["a b", false],
    ["a\n", false],
    ["$(x)", false],
  ])("of a service %j is one: %s", (name, is) => {
    expect(isServiceName(name)).toBe(is);
  });
});

describe("a compose file of services", () => {
  it.each<[unknown, string]>([
    [null, "services names no service"],
    [{ services: [] }, "services is not a section"],
    [{ services: { "$(x)": {} } }, "services.$(x) is no name for a service"],
    [{ services: { db: "x" } }, "services.db is not a section"],
  ])("%j is refused", (value, what) => {
    expect(refusal(() => file(value)).message).toContain(what);
  });

  /** Of a service called db. */
  it.each<[object, readonly string[]]>([
    [{ image: "postgres", command: ["x"], environment: ["A"], restart: "always", "x-note": 1 }, []],
    [{ container_name: "db", pull_policy: "always", healthcheck: { test: "true" } }, []],
    [{ privileged: false }, []],
    [{ privileged: true }, ["is privileged: it may do on this machine whatever root may"]],
    [{ privileged: "${P}" }, ["is privileged: it may do on this machine whatever root may"]],
    [{ volumes: ["data:/x", "/y", "./seed:/z:ro", "../../seed:/z"] }, []],
    [
      {
        volumes: [
          { type: "bind", source: "./seed", target: "/z" },
          { type: "tmpfs", target: "/t" },
        ],
      },
      [],
    ],
    [{ volumes: ["/etc:/x"] }, ['gets what lies outside of the repo: "/etc:/x"']],
    [{ volumes: ["~/x:/x"] }, ['gets what lies outside of the repo: "~/x:/x"']],
    [{ volumes: ["../../../x:/x"] }, ['gets what lies outside of the repo: "../../../x:/x"']],
    [{ volumes: ["./.git:/x"] }, ['gets what lies outside of the repo: "./.git:/x"']],
    [{ volumes: ["${X}:/x"] }, ['gets what lies outside of the repo: "${X}:/x"']],
    [{ volumes: [".:/x"] }, ['gets what lies outside of the repo: ".:/x"']],
    [
      { volumes: ["/run/docker.sock:/s"] },
      ['gets the engine\'s socket, through which it may become root here: "/run/docker.sock:/s"'],
    ],
    [
      { volumes: [{ type: "bind", source: "/", target: "/z" }] },
      ['gets what lies outside of the repo: {"type":"bind","source":"/","target":"/z"}'],
    ],
    [
      { volumes: [{ type: "volume", source: "d", target: "/z", volume: { subpath: ".." } }] },
      ['gets what lies outside of the repo: {"type":"volume","source":"d","target":"/z","volume":{"subpath":".."}}'],
    ],
    [{ ports: ["5432", 80, "80:80", "127.0.0.1:1:1", "[::1]:1:1", "${P:-80}:80", { target: 80 }] }, []],
    [{ ports: ["0.0.0.0:80:80"] }, ['is reached from other machines: ports "0.0.0.0:80:80"']],
    [{ ports: ["${IP:-0.0.0.0}:80:80"] }, ['is reached from other machines: ports "${IP:-0.0.0.0}:80:80"']],
    [
      { ports: [{ target: 80, host_ip: "::" }] },
      ['is reached from other machines: ports {"target":80,"host_ip":"::"}'],
    ],
    [{ env_file: "x.env" }, []],
    [{ env_file: ["x.env", "/etc/environment"] }, ['has env_file: "/etc/environment"']],
    [{ env_file: ["${HOME}/x"] }, ['has env_file: "${HOME}/x"']],
    [{ cap_add: ["SYS_ADMIN"] }, ['has cap_add: ["SYS_ADMIN"]']],
    [{ network_mode: "host", pid: "host" }, ['has network_mode: "host"', 'has pid: "host"']],
    [{ build: "." }, ['has build: "."']],
    [{ extends: { file: "x.yml", service: "y" } }, ['has extends: {"file":"x.yml","service":"y"}']],
    [{ provider: { type: "x" } }, ['has provider: {"type":"x"}']],
    [{ Privileged: true }, ["has Privileged: true"]],
  ])("with a service of %j asks for %j", (service, asks) => {
    expect(beyondDefault(file({ services: { db: service } }))).toEqual(asks.map((text) => `the service db ${text}`));
  });

  it.each<[object, readonly string[]]>([
    [{ version: "3", name: "mine", "x-y": {}, volumes: { d: null, e: {} }, networks: { n: { internal: true } } }, []],
    [{ include: ["oci://x"] }, ['services have include: ["oci://x"]']],
    [{ secrets: { s: { file: "/etc/shadow" } } }, ['services have secrets: {"s":{"file":"/etc/shadow"}}']],
    [{ volumes: { d: { external: true } } }, ['services have volumes: {"d":{"external":true}}']],
    [
      { volumes: { d: { driver_opts: { device: "/" } } } },
      ['services have volumes: {"d":{"driver_opts":{"device":"/"}}}'],
    ],
    [{ networks: { n: { name: "bridge" } } }, ['services have networks: {"n":{"name":"bridge"}}']],
  ])("with %j at its top asks for %j", (top, asks) => {
    expect(beyondDefault(file({ services: { db: {} }, ...top }))).toEqual(asks);
  });

  it("names the paths of the repo that services get", () => {
    const volumes = ["./seed:/z", "data:/x", { type: "bind", source: "../a", target: "/a" }];
    expect(boundPaths(file({ services: { db: { volumes, env_file: "x.env" } } }))).toEqual(["./seed", "../a", "x.env"]);
  });

  it("starts no service of a profile that nobody asked for", () => {
    const profiles = { a: {}, b: { profiles: ["debug"] }, c: { profiles: [] } };
    expect(startedBy(file({ services: profiles }))).toEqual(["a", "c"]);
  });
});

describe("what compose gets", () => {
  const owner = { project: "slipway-ann", user: "a$n", stage: "local", madeFrom: "0a" };
  const rendered = (value: object): unknown => JSON.parse(renderServices(file(value), owner));
  /** What stands under a key of the only service. */
  const service = (one: object, key: string) => valueAt(rendered({ services: { db: one } }), "services", "db", key);
  const own = { "dev.slipway.services": "slipway-ann", "dev.slipway.user": "a$$n" };

  it("has a project, a network, volumes and labels of the user's own", () => {
    const made = rendered({
      name: "x",
      version: "3",
      services: { db: {} },
      volumes: { d: null },
      networks: { n: null },
    });
    expect(made).toEqual({
      name: "slipway-ann",
      services: {
        db: {
          networks: ["default"],
          labels: { ...own, "dev.slipway.stage": "local", "dev.slipway.made_from": "0a" },
        },
      },
      networks: { n: { labels: own }, default: { name: "slipway-ann", labels: own } },
      volumes: { d: { labels: own } },
    });
  });

  it("leaves what is of others as it is", () => {
    const external = { services: { db: {} }, volumes: { d: { external: true } } };
    expect(valueAt(rendered(external), "volumes")).toEqual({
      d: { external: true },
    });
    expect(service({ network_mode: "host" }, "networks")).toBeUndefined();
  });

  it.each<[object, string, unknown]>([
    [{ container_name: "db" }, "container_name", undefined],
    [{ networks: ["n"] }, "networks", ["n", "default"]],
    [{ networks: { n: { aliases: ["x"] } } }, "networks", { n: { aliases: ["x"] }, default: null }],
    [
      { ports: ["5432", 81, "82:82", "127.0.0.1:83:83"] },
      "ports",
      ["127.0.0.1::5432", "127.0.0.1::81", "127.0.0.1:82:82", "127.0.0.1:83:83"],
    ],
    [{ ports: ["${P:-80}:80"] }, "ports", ["127.0.0.1:${P:-80}:80"]],
    [
      { ports: [{ target: 80 }, { target: 81, host_ip: "::1" }] },
      "ports",
      [
        { host_ip: "127.0.0.1", target: 80 },
        { target: 81, host_ip: "::1" },
      ],
    ],
    [
      { volumes: ["./seed:/z:ro", "data:/x"] },
      "volumes",
      [{ type: "bind", source: "./seed", target: "/z", read_only: true, bind: { create_host_path: false } }, "data:/x"],
    ],
  ])("of %j has as %s %j", (one, key, made) => {
    expect(service(one, key)).toEqual(made);
  });

  it("keeps labels, and gives none of Slipway's another value", () => {
    const labels = service({ labels: ["a=b=c", "dev.slipway.services=other"] }, "labels");
    expect(labels).toMatchObject({ a: "b=c", "dev.slipway.services": "slipway-ann" });
  });

  it("of the caller's variables are those that name the engine", () => {
    const all = {
      PATH: "/bin",
      HOME: "/root",
      DOCKER_HOST: "ssh://x",
      GITHUB_TOKEN: "x",
      DOCKER_AUTH_CONFIG: "x",
      HTTPS_PROXY: "http://a:b@c",
    };
    expect(Object.keys(engineVariables(all))).toEqual(["PATH", "HOME", "DOCKER_HOST"]);
  });
});
