import { describe, expect, it } from "vitest";
import { assertPlace, evidenceTag, parseOn, readNodes, serviceName } from "../../lib/config/cluster.ts";
import { isTag } from "../../lib/names/image.ts";
import { addLayers } from "../../lib/oci/rules/added_layers.ts";
import { config, digest, refusal } from "./factory.ts";

describe("--on", () => {
  it.each([
    ["swarm", null],
    ["swarm:prod-eu.1", "prod-eu.1"],
  ])("%s names an engine", (value, context) => {
    expect(parseOn(value)).toEqual({ context });
  });

  it.each(["", "Swarm", "swarm:", "swarm: x", "swarm:-x", "k8s", "swarm:a b"])("%j is refused", (value) => {
    expect(refusal(() => parseOn(value)).fix).toBe("Pass one: --on swarm");
  });
});

describe("tests.swarm", () => {
  it("has no constraints and two hours unless it says otherwise", () => {
    expect(config({}).testCluster).toEqual({ constraints: [], deadline: 7200 });
    const swarm = { constraints: ["node.labels.size==large", "engine.labels.zone != a"], deadline: "90s" };
    expect(config({ tests: { swarm } }).testCluster).toEqual({ constraints: swarm.constraints, deadline: 90 });
  });

  it.each([
    [{ deadline: "2 h" }, /tests\.swarm\.deadline is "2 h", no time/],
    [{ deadline: "0m" }, /no time/],
    [{ constraints: ["size=large"] }, /tests\.swarm\.constraints has "size=large", which is no constraint/],
    [{ constraints: ["node.labels.a==b --privileged"] }, /no constraint/],
  ])("%j is refused", (swarm, what) => {
    expect(refusal(() => config({ tests: { swarm } })).message).toMatch(what);
  });
});

const node = (name: string, more: object = {}, availability = "active", state = "ready") => ({
  ID: `id-${name}`,
  Spec: { Role: "worker", Availability: availability, Labels: { size: name === "big" ? "large" : "small" } },
  Description: {
    Hostname: name,
    Platform: { Architecture: "x86_64", OS: "linux" },
    Resources: { NanoCPUs: 2e9, MemoryBytes: 4e9 },
    Engine: { Labels: { zone: "a" } },
    ...more,
  },
  Status: { State: state },
});
const nodes = readNodes(
  JSON.stringify([
    node("small"),
    node("big", { Resources: { NanoCPUs: 8e9, MemoryBytes: 32e9 } }),
    node("drained", {}, "drain"),
    node("down", {}, "active", "down"),
  ]),
);

describe("the nodes of a swarm", () => {
  it("are those that take tasks", () => {
    expect(nodes.map(({ name, room }) => [name, room.cpus])).toEqual([
      ["small", 2],
      ["big", 8],
    ]);
    expect(readNodes("no JSON")).toEqual([]);
  });

  it.each<[number, number, readonly string[]]>([
    [2, 4e9, []],
    [8, 32e9, []],
    [8, 1, ["node.labels.size==large", "node.platform.arch==x86_64"]],
    [2, 1, ["node.hostname!=big", "engine.labels.zone==A"]],
  ])("hold %d cores and %d bytes with %j", (cpus, memory, constraints) => {
    expect(() => assertPlace(nodes, { what: "it", room: { cpus, memory }, constraints })).not.toThrow();
  });

  it.each<[number, number, readonly string[], RegExp]>([
    [9, 1, [], /wants 9 cores and 1 B of memory on one node, and the largest has 8 and 32\.0 GB/],
    [1, 64e9, [], /64\.0 GB of memory on one node/],
    [4, 1, ["node.labels.size==small"], /the largest has 2 and/],
    [1, 1, ["node.labels.size==huge"], /wants a node with node\.labels\.size==huge, and the swarm has none/],
    [1, 1, ["node.hostname==drained"], /the swarm has none that takes tasks/],
  ])(
    "that cannot hold %d cores and %d bytes with %j are told before anything waits",
    (cpus, memory, constraints, what) => {
      const error = refusal(() =>
        assertPlace(nodes, { what: "the fast list of web", room: { cpus, memory }, constraints }),
      );
      expect([error.message, error.exitCode]).toEqual([expect.stringMatching(what), 2]);
    },
  );
});

describe("the names of a run on a swarm", () => {
  it.each(["fast", "fast_deep_dir_1a2b3c", "superslow_-x", `fast_${"a".repeat(200)}`])(
    "of step %s are Swarm's and the registry's",
    (step) => {
      const name = serviceName("0b5e", step);
      expect(name).toMatch(/^[a-zA-Z0-9](?:[-_]*[A-Za-z0-9]+)*$/);
      expect(name.length).toBeLessThanOrEqual(63);
      expect(isTag(evidenceTag(digest("a"), name))).toBe(true);
      expect(serviceName("0b5f", step)).not.toBe(name);
    },
  );
});

describe("an image with more layers", () => {
  const base = (type: string) => ({
    mediaType: `application/vnd.${type}`,
    manifest: JSON.stringify({
      schemaVersion: 2,
      config: { mediaType: "c", digest: digest("c"), size: 1 },
      layers: [{ digest: digest("1") }],
    }),
    config: JSON.stringify({
      architecture: "amd64",
      config: { Env: ["PATH=/bin", "A=old"], Entrypoint: ["/entry"], Labels: { own: "1" } },
      rootfs: { type: "layers", diff_ids: [digest("d")] },
    }),
  });
  const layer = { digest: digest("2"), size: 7, diffId: digest("e") };
  const made = (type: string) =>
    addLayers(base(type), { layers: [layer], settings: { Entrypoint: ["/x"] }, env: { A: "new", B: "1=2" } });

  it("keeps what it does not say otherwise", () => {
    const { config: text, manifest } = made("oci.image.manifest.v1+json");
    expect(JSON.parse(text.text)).toMatchObject({
      architecture: "amd64",
      config: { Env: ["PATH=/bin", "A=new", "B=1=2"], Entrypoint: ["/x"], Labels: { own: "1" } },
      rootfs: { diff_ids: [digest("d"), digest("e")] },
    });
    expect(JSON.parse(manifest.text)).toMatchObject({
      config: { mediaType: "c", digest: text.digest, size: text.size },
      layers: [
        { digest: digest("1") },
        { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: digest("2"), size: 7 },
      ],
    });
  });

  it("is of the format of the one that it is made of", () => {
    const { manifest } = made("docker.distribution.manifest.v2+json");
    expect(manifest.text).toContain("application/vnd.docker.image.rootfs.diff.tar.gzip");
  });

  it("is made of no other thing than an image", () => {
    expect(() => addLayers({ ...base("x"), manifest: "[]" }, { layers: [], settings: {}, env: {} })).toThrow(
      "no image",
    );
  });
});
