import { describe, expect, it } from "vitest";
import { announce } from "../../lib/kinds/announce.ts";
import { printEnv } from "../../lib/machine/env.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import { config, facts, seenEnv, stepOf } from "./factory.ts";

function told(world: Partial<AllFacts>, seen = seenEnv()): string {
  const [action] = stepOf(printEnv(facts(world), seen), "report").do;
  if (!action || !announce.is(action)) throw new Error("nothing is told");
  return `${action.text}\n${JSON.stringify(action.data)}`;
}

describe("env_print", () => {
  it("tells of each value of the config where it comes from", () => {
    const lineOf = (path: readonly string[]) => (path.join(".") === "release.keep" ? "repo_config.yaml:7" : null);
    const text = told({ config: config({ release: { keep: 3 } }) }, { ...seenEnv(), lineOf });
    expect(text).toContain("  release.keep = 3  (repo_config.yaml:7)\n");
    expect(text).toContain("  container.socket = false  (default)\n");
    expect(text).toContain("  lint.files = []  (default)\n");
  });

  it("tells of services, those of the dir or the dir whose are meant", () => {
    const own = { composeFile: "s.yml", envFile: { local: "l.env" }, ready: {}, within: 60 };
    const lineOf = (path: readonly string[]) =>
      path[0] === "services" && path[1] !== "within" ? "repo_config.yaml:9" : null;
    const has = told({}, { ...seenEnv(), lineOf, services: { own, neededBy: ["slow"] } });
    expect(has).toContain("  services.compose_file = s.yml  (repo_config.yaml:9)\n");
    expect(has).toContain('  services.env_file = {"local":"l.env"}  (repo_config.yaml:9)\n');
    expect(has).toContain("  services.within = 60  (default)\n");
    expect(has).toContain('  services.needed_by = ["slow"]  (repo_config.yaml:9)\n');
    expect(told({}, { ...seenEnv(), services: { of: "../db", neededBy: [] } })).toContain(
      "  services.of = ../db  (default)\n",
    );
    expect(told({})).toContain("  services = null  (default)\n");
  });

  it("tells where a variable that matters comes from, and none that does not", () => {
    const text = told({ env: { CSFY_X: "1", HOME: "/root", LS_COLORS: "x" } });
    expect(text).toContain("  CSFY_X = 1  (.env)\n");
    expect(text).not.toMatch(/HOME|LS_COLORS/);
  });

  it.each<[string, Partial<AllFacts>]>([
    ["a token by its name", { env: { SLIPWAY_TOKEN: "s3cret" } }],
    ["a key that has its kind in the middle", { env: { CSFY_SECRET_ACCESS_KEY: "s3cret" } }],
    ["a login of docker's", { env: { DOCKER_AUTH_CONFIG: '{"auths":{"h":{"auth":"s3cret"}}}' } }],
    ["a password of a proxy", { env: { https_proxy: "http://ada:s3cret@proxy:3128" } }],
    ["a variable of containers", { config: config({ container: { env: { DB_PASSWORD: "s3cret" } } }) }],
    ["an address of a database", { config: config({ container: { env: { DB: "postgres://a:s3cret@db/x" } } }) }],
  ])("shows no secret: %s", (_what, world) => {
    const text = told(world);
    expect(text).not.toContain("s3cret");
    expect(text).toContain("(set, not shown)");
  });

  it("shows what would steer a terminal as text", () => {
    const text = told({ env: { CSFY_X: "a\u001b[31m\nb" } });
    expect(text.slice(0, text.indexOf("\n{"))).toMatch(/^ {2}CSFY_X = a.+b {2}\(\.env\)$/m);
  });
});
