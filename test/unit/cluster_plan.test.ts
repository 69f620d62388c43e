import { describe, expect, it } from "vitest";
import type { TestedDir } from "../../lib/config/tested_dirs.ts";
import { runWorkflow } from "../../lib/kinds/run_workflow.ts";
import type { Repository } from "../../lib/names/address.ts";
import { kindOf } from "../../lib/plan/kind.ts";
import { isGroup, type Step, stepsOf } from "../../lib/plan/plan.ts";
import type { Cluster, ClusterDir } from "../../lib/run/look_cluster.ts";
import { clusterCode } from "../../lib/tests/cluster_code.ts";
import { clusterTest } from "../../lib/tests/cluster_test.ts";
import { staysHere } from "../../lib/tests/cluster_tests.ts";
import { type TestDirsOptions, testDirs } from "../../lib/tests/tested_dirs.ts";
import { config, digest, doing, facts, refusal } from "./factory.ts";

const options: TestDirsOptions = {
  testLists: [],
  stage: "dev",
  snapshot: false,
  teeToFile: false,
  changed: undefined,
  atOnce: undefined,
  failFast: false,
  retryFlaky: undefined,
  matrix: undefined,
  on: { context: "far" },
  swarmNetwork: undefined,
  pytestOpts: [],
};
const typed = (steps: readonly Step[]): readonly string[] =>
  doing(steps, clusterTest).flatMap((action) => kindOf(action).lines(action, Object.assign(String, { remote: "" })));
const repo: Repository = {
  ...{
    registry: "r1",
    kind: "oci" as const,
    scheme: "https" as const,
    host: "r.example",
    path: "cmamp",
    reference: "r.example/cmamp",
  },
};
const clusterDir = (dir: string, sections: object = {}, more: Partial<ClusterDir> = {}): ClusterDir => {
  const known = facts({ config: config({ tests: { fast: { command: ["run", "it"] } }, ...sections }) });
  return {
    facts: { ...known, nested: [], place: { ...known.place, dir } },
    image: {
      ...{ reference: "r.example/cmamp:dev", tag: "dev", version: null, repo, digest: digest("a") },
      ...{ missing: "no registry has r.example/cmamp:dev", labels: {} },
    },
    hasServices: false,
    ...more,
  };
};
const node = { name: "one", room: { cpus: 4, memory: 8e9 }, fields: { "node.platform.arch": "x86_64" } };
const tested = (dir: string): TestedDir => ({
  dir,
  dependsOn: [],
  runs: { suite: `suite-${dir}`, gitDir: "/repo/.git", measured: [], limits: { cpus: null, memory: null } },
});
const plan = (dirs: Readonly<Record<string, ClusterDir | null>>, more: Partial<TestDirsOptions> = {}) => {
  const known = Object.entries(dirs).flatMap(([dir, one]) => (one ? [[dir, one] as const] : []));
  const cluster: Cluster = { on: { context: "far" }, nodes: [node], platform: "linux/amd64", dirs: new Map(known) };
  const all = Object.keys(dirs).map(tested);
  return testDirs(facts(), { ...options, ...more }, { all, chosen: all, times: {}, room: null, cluster });
};

describe("a dir's list", () => {
  it.each<[string, object, string | null]>([
    ["nothing more", {}, null],
    ["cores", { tests: { cpus: 2 } }, null],
    ["variables of its own", { container: { env: { A: "b" } } }, null],
    ["the socket", { container: { socket: true } }, "the engine's socket"],
    ["privileges", { container: { privileged: true } }, "privileges"],
    ["a volume", { container: { volumes: ["./data:/data"] } }, "files of this machine"],
    ["a folder of the home", { container: { home: [".aws"] } }, "files of this machine"],
    ["a mount", { tests: { mount: ["data"] } }, "files of this machine"],
    ["a network", { container: { network: "own" } }, "a network of others"],
    ["ports", { container: { ports: ["127.0.0.1:80:80"] } }, "ports"],
    ["a variable of the caller's", { container: { pass_env: ["TOKEN"] } }, "variables of yours"],
  ])("that wants %s", (_, sections, why) => {
    expect(staysHere(clusterDir("web", sections), "fast")).toBe(why);
  });

  it("that drives containers, or reaches services, stays where they are", () => {
    expect(staysHere(clusterDir("web"), "qa")).toBe("the engine's socket");
    expect(staysHere(clusterDir("web", {}, { hasServices: true }), "fast")).toBe("services");
  });
});

describe("lists on a swarm", () => {
  it("are services, all at once, of the code that is pushed before; the others run here beside them on the same commit", () => {
    const parts = plan({
      web: clusterDir("web"),
      tools: clusterDir("tools", { container: { socket: true } }),
      broken: null,
    });
    expect(parts.map(({ id }) => id)).toEqual(["push_code", "tests", "join_reports"]);
    const tests = parts.find(({ id }) => id === "tests");
    const groups = tests && isGroup(tests) ? tests.steps : [];
    expect(groups.map((one) => [one.id, isGroup(one) ? one.steps.map(({ id }) => id) : []])).toEqual([
      ["on_swarm", ["fast_web"]],
      ["here", ["fast_tools", "fast_broken"]],
    ]);
    const steps = stepsOf({ steps: parts });
    expect(doing(steps, runWorkflow).map(({ dir, words }) => [dir, words])).toEqual([
      ["tools", ["--snapshot"]],
      ["broken", ["--snapshot"]],
    ]);
    expect(doing(steps, clusterCode)).toMatchObject([{ to: [{ reference: "r.example/cmamp" }] }]);
  });

  it("reserve and are limited to what their dir says, on the nodes that it allows", () => {
    const sections = {
      tests: {
        fast: { command: ["a b"] },
        cpus: 2,
        memory: "512m",
        swarm: { constraints: ["node.role!=x"], deadline: "5m" },
      },
    };
    const steps = stepsOf({ steps: plan({ web: clusterDir("web", sections) }, { swarmNetwork: "host" }) });
    expect(typed(steps).find((line) => line.includes("service create"))).toBe(
      "docker --context far service create --detach --no-resolve-image --with-registry-auth --restart-condition on-failure --restart-delay 1s --reserve-cpu 2 --limit-cpu 2 --reserve-memory 671088640 --limit-memory 671088640 --constraint node.platform.arch==x86_64 --constraint 'node.role!=x' --network host --name SERVICE r.example/cmamp@DIGEST",
    );
    expect(doing(steps, clusterTest)).toMatchObject([{ deadline: 300, image: digest("a"), cwd: "/app/web" }]);
    expect(doing(steps, clusterTest)[0]?.script).toContain("exec 'a b'");
  });

  it("of a registry that each node takes for itself are refused, but where one node is in the network of its machine", () => {
    const { image } = clusterDir("web");
    const here = clusterDir("web", {}, { image: { ...image, repo: { ...repo, host: "127.0.0.1:5000" } } });
    expect(refusal(() => plan({ web: here })).message).toContain("registry r1 is at 127.0.0.1:5000, which is another");
    expect(() => plan({ web: here }, { swarmNetwork: "host" })).not.toThrow();
  });

  it("that no node can hold are refused before anything is pushed", () => {
    const large = clusterDir("web", { tests: { cpus: 64 } });
    expect(refusal(() => plan({ web: large })).message).toContain("the fast list of web wants 64 cores");
  });

  it("whose image no registry has say so, and nothing is pushed for them", () => {
    const { image } = clusterDir("web");
    const steps = stepsOf({ steps: plan({ web: clusterDir("web", {}, { image: { ...image, digest: null } }) }) });
    expect(steps[0]?.skip).toBe("no registry has an image of a dir that is tested");
    expect(typed(steps)).toContain("# no registry has r.example/cmamp:dev");
  });

  it("have no secret in their plan, which is told to machines", () => {
    const steps = stepsOf({ steps: plan({ web: clusterDir("web") }) });
    expect(typed(steps).join("\n")).not.toMatch(/secret|key|auth:/);
  });
});
