import { describe, expect, it } from "vitest";
import { jupyter } from "../../lib/flows/jupyter.ts";
import type { Facts } from "../../lib/model/facts.ts";
import { port as portOption } from "../../lib/run/around_options.ts";
import { config, doing, engine, facts, lines, localImage, refusal } from "./factory.ts";

const options = { stage: "dev", asRoot: false, entrypoint: true, selfTest: false } as const;
const world = (more: Partial<Facts> = {}) =>
  facts({ engine: engine({ images: [localImage("127.0.0.1:5001/cmamp:dev")] }), ...more });
const run = (more: Partial<Facts> = {}, selfTest = false) => jupyter(world(more), { ...options, selfTest });
const app = (more: Partial<Facts> = {}) => {
  const file = doing(run(more), "write_file").find(({ path }) => path.endsWith(".yml"));
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
    expect(refusal(() => run({ port })).message).toBe(what);
  });

  it.each(["0", "65536", "-1", "80a", "", "8 8"])("takes no %j for a port", (text) => {
    expect(refusal(() => portOption.parse(text)).fix).toBe("Use --port 8888");
  });
});
