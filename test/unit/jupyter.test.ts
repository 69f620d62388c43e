import { describe, expect, it } from "vitest";
import { jupyter } from "../../lib/container/jupyter.ts";
import type { Port } from "../../lib/container/look_containers.ts";
import { command } from "../../lib/kinds/command.ts";
import { writeFile } from "../../lib/kinds/write_file.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import { portOption } from "../../lib/run/options.ts";
import { config, doing, engine, facts, lines, localImage, refusal, version } from "./factory.ts";

const options = { stage: "dev", asRoot: false, entrypoint: true, selfTest: false } as const;
const world = (more: Partial<AllFacts> = {}) =>
  facts({ engine: engine({ images: [localImage("127.0.0.1:5001/cmamp:dev")] }), ...more });
const free = { number: 20_000, free: true };
const run = (more: Partial<AllFacts> = {}, selfTest = false, port: Port = free) =>
  jupyter(world(more), { ...options, selfTest }, port);
const app = (more: Partial<AllFacts> = {}) => {
  const file = doing(run(more), writeFile).find(({ path }) => path.endsWith(".yml"));
  return (JSON.parse(file?.content ?? "{}") as { services: { app: Record<string, unknown> } }).services.app;
};

describe("docker_jupyter", () => {
  it.each([{}, { config: config({ container: { ports: ["8080:80"] } }) }])(
    "publishes its port on the loopback network and nothing else",
    (more) => {
      expect([app(more)["ports"], lines(run(more)).some((line) => line.includes("--service-ports"))]).toEqual([
        ["127.0.0.1:20000:20000"],
        true,
      ]);
    },
  );

  it("lets the engine keep nothing of what is printed, for the token is", () => {
    expect(app()["logging"]).toEqual({ driver: "none" });
  });

  it.each([false, true])("names no token in its plan (self-test: %s)", (selfTest) => {
    expect(JSON.stringify(run({}, selfTest))).not.toMatch(/token=|[0-9a-f]{8}-[0-9a-f]{4}/);
  });

  it.each([
    [{ number: 8889, free: false }, "port 8889 is taken"],
    [{ number: null, free: false }, "no port is free"],
  ])("refuses %j", (port, what) => {
    expect(refusal(() => run({}, false, port)).message).toBe(what);
  });

  it.each(["0", "65536", "-1", "80a", "", "8 8"])("takes no %j for a port", (text) => {
    expect(refusal(() => portOption.parse(text)).fix).toBe("Use --port 8888");
  });

  it.each(["1", "8888", "65535"])("takes %s for a port", (value) => {
    expect(portOption.parse(value)).toBe(Number(value));
  });

  it("says where it is reached, or that it is only tried", () => {
    expect([run(), run({}, true)].map((steps) => steps.map(({ id, title }) => [id, title]).at(-1))).toEqual([
      [
        "docker_jupyter",
        "Start Jupyter of 127.0.0.1:5001/cmamp:dev on http://127.0.0.1:20000, which needs the token that it tells",
      ],
      ["docker_jupyter", "Try Jupyter in 127.0.0.1:5001/cmamp:dev"],
    ]);
  });

  const script = (selfTest: boolean, port = 20_000) =>
    doing(run({}, selfTest, { number: port, free: true }), writeFile)
      .find(({ path }) => path.includes("/cmd/"))
      ?.content.split("\n")
      .slice(2) ?? [];
  it("starts what the image has of it, on its port, keeping its files in the container", () => {
    const lines = script(false, 8889);
    expect([lines[0], lines.slice(-3)]).toEqual([
      "export JUPYTER_RUNTIME_DIR=/tmp/slipway-jupyter",
      ["}", "jupyter_on 8889", ""],
    ]);
    for (const program of ["jupyter-lab", "jupyter-notebook", "python3 -m jupyter_server"])
      expect(lines.join("\n")).toContain(`exec ${program} "$@"`);
  });

  it("is tried with a token of its own, and has to refuse without it", () => {
    const lines = script(true, 8889);
    const text = lines.join("\n");
    expect(text).toContain("exit 127\n}\nexport JUPYTER_TOKEN=");
    expect(text).toContain('urllib.request.Request("http://127.0.0.1:8889/api/status")');
    expect(text).toContain(
      'if [ "$without" = 403 ]; then echo "Jupyter answers on port 8889, and only with its token"; exit 0; fi',
    );
    expect(lines.slice(-3)).toEqual(["cat /tmp/slipway-jupyter.log >&2", "exit 1", ""]);
  });

  it("is interactive, and says what to do where the image has none", () => {
    const [started] = doing(run(), command).filter(({ container }) => container);
    expect([started?.interactive, started?.argv.at(-1), started?.meaning]).toEqual([
      true,
      "/slipway/cmd",
      {
        "127": {
          why: "The image holds no Jupyter: neither jupyter-lab nor jupyter-notebook, nor the Python package jupyter_server.",
          fix: "Add jupyterlab to devops/docker_build/pyproject.toml, then i docker_build_local and i docker_jupyter --stage local",
        },
      },
    ]);
  });

  it("runs in the image of the version that is named, pulled where the engine lacks it", () => {
    const steps = jupyter(world(), { ...options, version: version("1.1.0") }, free);
    expect(lines(steps)[0]).toBe("docker pull 127.0.0.1:5001/cmamp:dev-1.1.0");
    expect(steps.at(-1)?.title).toContain("cmamp:dev-1.1.0 on");
  });

  it.each([
    [{ number: 8889, free: false }, "port 8889 is taken"],
    [{ number: null, free: true }, "no port is free"],
  ])("says what may listen, where %j", (port, message) => {
    expect(refusal(() => run({}, false, port))).toMatchObject({
      message,
      why: "Something listens on it on this machine, perhaps another Jupyter of yours.",
      fix: "See what runs: i docker_ps; or name another: i docker_jupyter --port 8889",
    });
  });
});
