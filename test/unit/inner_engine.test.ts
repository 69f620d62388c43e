import { describe, expect, it } from "vitest";
import { parseConfig } from "../../lib/config/config.ts";
import { engineVolume } from "../../lib/config/inner_engine.ts";
import { type Run, runContainer } from "../../lib/container/compose_file.ts";
import { command } from "../../lib/kinds/command.ts";
import { writeFile } from "../../lib/kinds/write_file.ts";
import { chooseImage } from "../../lib/names/choose_image.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import { config, facts, refusal, version } from "./factory.ts";

const dind = { config: config({ container: { privileged: true, dind: true } }) };
const innerEngine = [
  { source: "/slipway/thin_client/inside/engine", target: "/slipway/engine", readOnly: true as const },
];

function started(world: Partial<AllFacts> = {}, more: Partial<Run> = {}) {
  const all = facts({ ...dind, innerEngine, ...world });
  const image = chooseImage(all, "dev", version("1.2.0"));
  const run = { id: "run", title: "Run", image, what: image.reference, argv: ["ls"] };
  const step = runContainer(all, { ...run, ...more });
  const files = step.do.filter(writeFile.is);
  const compose = files.find(({ path }) => path.endsWith(".yml"));
  const { services, volumes = {} } = JSON.parse(compose?.content ?? "") as {
    services: { app: { volumes: readonly { type: string; source?: string; target: string }[]; privileged?: true } };
    volumes?: Readonly<Record<string, object>>;
  };
  return {
    mounts: services.app.volumes,
    volumes,
    tells: compose?.tells ?? [],
    runner: files.find(({ path }) => path.includes("/run/"))?.content ?? "",
    receipt: step.do.filter(command.is).some(({ receipt }) => receipt !== undefined),
  };
}
const ofEngine = (run: ReturnType<typeof started>) =>
  run.mounts.filter(({ target }) => /engine/.test(target)).map(({ type, target }) => `${type} ${target}`);

describe("a container of a dir with dind", () => {
  const { name } = engineVolume(facts());

  it("starts an engine before its command, and says by its receipt why none came up", () => {
    const { runner, receipt } = started();
    expect(runner.indexOf("sh /slipway/engine")).toBeGreaterThan(0);
    expect(runner.indexOf("sh /slipway/engine")).toBeLessThan(runner.indexOf('"$@"'));
    expect([receipt, started({}, { entrypoint: false }).receipt]).toEqual([true, true]);
  });

  it("keeps its data in a volume of the user and the dir, and has an unnamed one beside it", () => {
    expect(ofEngine(started())).toEqual([
      "bind /slipway/engine",
      "volume /var/lib/slipway_engine/kept",
      "volume /var/lib/slipway_engine/spare",
    ]);
    expect(started().volumes).toEqual({
      engine: {
        name,
        labels: { "dev.slipway.image": "cmamp", "dev.slipway.user": "gp", "dev.slipway.engine": "/repo" },
      },
    });
  });

  it("tells of it in the plan", () => {
    expect(started().tells).toContain(`dind: an engine of its own, which keeps its data in the volume ${name}`);
  });

  it("finds it empty where the commit alone is tested", () => {
    const gate = started({}, { code: "snapshot" });
    expect([gate.volumes, ofEngine(gate)]).toEqual([
      {},
      ["bind /slipway/engine", "volume /var/lib/slipway_engine/spare"],
    ]);
    expect(gate.tells).toContain("dind: an engine of its own, which keeps nothing");
  });

  it.each<[string, Partial<AllFacts>, Partial<Run>]>([
    ["a dir without it", { config: config({ container: { privileged: true } }) }, {}],
    ["tests that get this machine's engine", {}, { socket: true }],
    ["words that are the entrypoint's own", {}, { bare: true }],
    ["another platform, under emulation", {}, { platform: "linux/arm64" }],
    ["what has no use for one", {}, { withoutEngine: true }],
  ])("has none for %s", (_what, world, run) => {
    const made = started(world, run);
    expect([ofEngine(made), made.runner.includes("/slipway/engine")]).toEqual([[], false]);
  });
});

it("each user and each path has a volume of its own, named as this machine knows the path", () => {
  const volume = (more: Partial<AllFacts>) => engineVolume(facts(more));
  const { place, user } = facts();
  const names = [
    volume({}),
    volume({ user: { ...user, name: "ada" } }),
    volume({ place: { ...place, root: "/other" } }),
    volume({ place: { ...place, dir: "b" } }),
  ].map(({ name }) => name);
  expect(new Set(names).size).toBe(4);
  expect(names.filter((name) => !/^[a-z0-9][a-z0-9_-]+-engine$/.test(name))).toEqual([]);
  const inside = { place: { ...place, root: "/app", dir: "b" }, hostMounts: [{ source: "/repo", target: "/app" }] };
  expect(volume(inside)).toEqual(volume({ place: { ...place, dir: "b" } }));
});

describe("dind is refused", () => {
  const read = (container: object, host = "") =>
    parseConfig(
      {
        file: "repo_config.yaml",
        lineOf: () => 3,
        value: {
          docker_info: { docker_image_name: "cmamp" },
          container_registry_info: { ghcr: "ghcr.io/a" },
          container,
        },
      },
      { host },
    );

  it.each([
    ["beside the socket", { privileged: true, dind: true, socket: true }, "", "stands beside socket"],
    ["without privileges", { dind: true }, "", "needs privileged"],
    [
      "where a machine takes them away",
      { privileged: true, dind: true, on: { ci: { privileged: false } } },
      "ci",
      "needs",
    ],
    ["where a machine adds the socket", { privileged: true, dind: true, on: { ci: { socket: true } } }, "ci", "beside"],
  ])("%s", (_what, container, host, why) => {
    expect(refusal(() => read(container, host)).message).toContain(why);
  });

  it("only on the machine that it is so on", () => {
    const container = { privileged: true, dind: true, on: { "ci-*": { dind: false, socket: true } } };
    expect([read(container, "laptop"), read(container, "ci-1")].map((one) => one.container.dind)).toEqual([
      true,
      false,
    ]);
  });
});
