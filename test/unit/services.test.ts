import { describe, expect, it } from "vitest";
import { parseServiceFile } from "../../lib/config/service_compose.ts";
import {
  assertServices,
  type JoinedServices,
  type SeenServices,
  type ServiceContainer,
} from "../../lib/config/services.ts";
import { bash } from "../../lib/container/work_in.ts";
import { command } from "../../lib/kinds/command.ts";
import { writeFile } from "../../lib/kinds/write_file.ts";
import { reachesOf, type Step, stepsOf } from "../../lib/plan/plan.ts";
import { renderAction } from "../../lib/plan/render_plan.ts";
import type { ServicesLook } from "../../lib/run/look_services.ts";
import {
  asksServiceDown,
  asksServiceUp,
  serviceDown,
  serviceLogs,
  servicePs,
  serviceUp,
} from "../../lib/services/services.ts";
import { valueAt } from "../../lib/text/shape.ts";
import { doing, engine, facts, ids, localImage, refusal } from "./factory.ts";

const source = (value: unknown) => ({ file: "f.yml", value, lineOf: (path: readonly string[]) => path.length });
const container = (more: Partial<ServiceContainer> = {}): ServiceContainer => ({
  ...{ id: "3f2a91", name: "slipway-db-1", service: "db", image: "postgres", state: "running", exitCode: 0 },
  ...{ health: null, ports: [], stage: "local", madeFrom: "old", ...more },
});
const empty: SeenServices = { containers: [], networks: [], volumes: [] };
const look = (
  seen: Partial<SeenServices> = {},
  more: Partial<ServicesLook["services"]["settings"]> = {},
): ServicesLook => ({
  services: {
    ...{ dir: "data", path: "data/s.yml", project: "slipway-gp-data-0a1b2c3d4e5f", neededBy: [] },
    settings: { composeFile: "s.yml", envFile: { local: "l.env" }, ready: { db: ["query"] }, within: 7, ...more },
    file: parseServiceFile(source({ services: { db: { image: "postgres" } } }), "data"),
  },
  engine: engine(),
  seen: { ...empty, ...seen },
  variables: null,
});
const stage = "local" as const;
/** The lines that a person could type. */
const typed = (steps: readonly Step[]): readonly string[] =>
  steps.flatMap((step) => step.do.flatMap((one) => renderAction(one)));
const commands = (steps: readonly Step[]) => doing(steps, command);

describe("service_up", () => {
  it("pulls, starts and waits, with the file of the stage and no variable of the caller's", () => {
    const steps = serviceUp(facts(), { stage }, look());
    expect(ids(steps)).toEqual(["pull_services", "start_services", "await_services"]);
    const [pull, up] = commands(steps);
    expect(pull?.argv.slice(-4)).toEqual(["pull", "--policy", "missing", "--ignore-buildable"]);
    expect(up?.argv.slice(-3)).toEqual(["up", "--detach", "--remove-orphans"]);
    for (const one of [pull, up]) {
      expect(one?.argv.join(" ")).toContain("--project-directory data --env-file data/l.env");
      expect(one?.ofRepo).toBe("service");
    }
    expect([...reachesOf({ steps })]).toEqual(["service"]);
    expect(typed(steps).at(-1)).toContain("exec --no-TTY db query");
  });

  it("asks only for an answer where all runs that the file has", () => {
    const first = serviceUp(facts(), { stage }, look()).flatMap(
      (step) => step.do.find((one) => writeFile.is(one)) ?? [],
    );
    const madeFrom = /"dev.slipway.made_from": "(\w+)"/.exec(first[0]?.content ?? "")?.[1] ?? "";
    const skips = (one: Partial<ServiceContainer>) =>
      serviceUp(facts(), { stage }, look({ containers: [container({ madeFrom, ...one })] })).map(({ skip }) => skip);
    expect(skips({})).toEqual(["they run", "they run", null]);
    expect(skips({ state: "exited" })).toEqual(["they run", "they run", null]);
    expect(skips({ state: "exited", exitCode: 1 })).toEqual([null, null, null]);
    expect(skips({ madeFrom: "old" })).toEqual([null, null, null]);
    const asks = (one: Partial<ServiceContainer>) =>
      asksServiceUp(facts(), { stage }, look({ containers: [container(one)] }));
    expect(asks({ madeFrom })).toBeNull();
    expect(asks({})).toContain("make db anew");
  });

  it("refuses a stage without a file where others have one, and another stage than the one that is up", () => {
    expect(refusal(() => serviceUp(facts(), { stage: "dev" }, look())).message).toContain("has none for the stage dev");
    const up = look({ containers: [container({ stage: "dev" })] });
    expect(refusal(() => serviceUp(facts(), { stage }, up)).fix).toContain("i service_down");
    expect(serviceUp(facts(), { stage: "dev" }, look({}, { envFile: {} })).length).toBe(3);
  });
});

describe("service_down", () => {
  const all = look({
    containers: [container(), container({ id: "4e", name: "slipway-job-1", state: "exited" })],
    networks: [{ id: "5f", name: "slipway", guests: [] }],
    volumes: ["slipway_data"],
  });
  it("ends and removes what service_up made, and no volume", () => {
    const argv = commands(serviceDown(facts(), { volumes: false }, all)).map((one) => one.argv.join(" "));
    expect(argv).toEqual(["docker stop 3f2a91", "docker rm --force 3f2a91 4e", "docker network rm 5f"]);
    expect(asksServiceDown(facts(), { volumes: false }, all)).toBeNull();
  });

  it("with --volumes asks, and removes them too", () => {
    const argv = commands(serviceDown(facts(), { volumes: true }, all)).map((one) => one.argv.join(" "));
    expect(argv.slice(1)).toEqual([
      "docker rm --force --volumes 3f2a91 4e",
      "docker network rm 5f",
      "docker volume rm slipway_data",
    ]);
    expect(asksServiceDown(facts(), { volumes: true }, all)).toContain("slipway_data");
  });

  it("refuses while others are in the network, and has nothing to do where nothing is up", () => {
    const used = look({ networks: [{ id: "5f", name: "slipway", guests: ["app-1"] }] });
    expect(refusal(() => serviceDown(facts(), { volumes: false }, used)).message).toContain("app-1");
    expect(typed(serviceDown(facts(), { volumes: false }, look({ volumes: ["d"] })))).toEqual([
      "# no services are up; kept d, which i service_down --volumes removes",
    ]);
  });
});

describe("service_ps and service_logs", () => {
  it("list what there is and what is not there", () => {
    expect(typed(servicePs(facts(), {}, look()))).toEqual(["# not there: db; i service_up starts what is lacking"]);
    const states = [container(), container({ health: "unhealthy" }), container({ state: "exited", exitCode: 3 })];
    const shown = states.map((one) => typed(servicePs(facts(), {}, look({ containers: [one] })))[1]);
    expect(shown.map((line) => line?.split(/ {2,}/)[1])).toEqual(["running", "unhealthy", "exited with 3"]);
  });

  it("show logs by names alone, and refuse a service that is not up", () => {
    const options = { follow: true, tail: undefined, services: [] };
    const up = look({ containers: [container()] });
    const logs = (more: Partial<{ follow: boolean; tail: number; services: readonly string[] }>, seen = up) =>
      serviceLogs(facts(), { ...options, ...more }, seen);
    expect(commands(logs({}))[0]?.argv.slice(4)).toEqual(["logs", "--follow"]);
    expect(commands(logs({ follow: false, tail: 3, services: ["db"] }))[0]?.argv.slice(4)).toEqual([
      "logs",
      "--tail",
      "3",
      "db",
    ]);
    for (const name of ["web", "$(x)", "--all"])
      expect(refusal(() => logs({ services: [name] })).message).toBe(`no service "${name}" is up`);
    expect(refusal(() => logs({}, look())).fix).toBe("Start them: i service_up");
  });
});

describe("containers of a dir that names services", () => {
  const joined: JoinedServices = { network: "slipway-gp", missing: [], neededBy: ["slow"], line: "i service_up" };
  const world = { engine: engine({ images: [localImage("127.0.0.1:5001/cmamp:dev-1.2.0")] }) };
  const composed = (services: JoinedServices | null): unknown => {
    const steps = bash(facts({ ...world, services }), { stage: "dev", asRoot: false, entrypoint: true });
    const written = stepsOf({ steps }).flatMap((step) => step.do.filter((one) => writeFile.is(one)));
    return JSON.parse(written.find(({ path }) => path.endsWith(".yml"))?.content ?? "");
  };

  it("join their network where they are up, and else none", () => {
    const at = (services: JoinedServices | null, ...path: readonly string[]) => valueAt(composed(services), ...path);
    expect(at(joined, "services", "app", "networks")).toEqual(["services"]);
    expect(at(joined, "services", "app", "network_mode")).toBeUndefined();
    expect(at(joined, "networks")).toEqual({ services: { name: "slipway-gp", external: true } });
    for (const none of [{ ...joined, network: null }, null])
      expect(at(none, "services", "app", "network_mode")).toBe("bridge");
  });

  it.each<[Partial<JoinedServices>, readonly ("fast" | "slow")[], boolean]>([
    [{ missing: ["db"] }, ["slow"], true],
    [{ missing: ["db"] }, ["fast"], false],
    [{ missing: ["db"] }, ["fast", "slow"], true],
    [{ missing: [] }, ["slow"], false],
    [{ missing: ["db"], neededBy: [] }, ["slow"], false],
  ])("%j: the lists %j are refused: %s", (services, lists, isRefused) => {
    const check = () => assertServices({ services: { ...joined, ...services } }, lists);
    if (isRefused) expect(refusal(check).fix).toContain("i service_up");
    else expect(check).not.toThrow();
  });
});
