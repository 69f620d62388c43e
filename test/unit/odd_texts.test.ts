import fc from "fast-check";
import { expect, it } from "vitest";
import { renderCompose } from "../../lib/config/container.ts";
import { containerEnv } from "../../lib/config/container_env.ts";
import { UserError } from "../../lib/errors.ts";
import { anything } from "./anything.ts";
import { config, facts, git } from "./factory.ts";
import { configOf } from "./yaml.ts";

const runs = { numRuns: 300, seed: 42 };
const signs = fc.stringMatching(/^[a-z:{}[\]"'|>&*!%#@`,\-\n \t$]{0,60}$/);

it("any text as repo_config.yaml is refused with file and line, for none of these is a config", async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(signs, anything), async (text) => {
      const found: unknown = await configOf(text).catch((error: unknown) => error);
      if (!(found instanceof UserError)) throw found;
      expect(found.message).toMatch(/^repo_config\.yaml:\d+ /);
    }),
    runs,
  );
});

it("any branch is one variable of the compose file, letter for letter", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (branch) => {
      const all = facts({ git: git({ branch }) });
      const environment = containerEnv(all, { stage: "dev", version: "1.2.0", labels: {}, root: "/repo" });
      const text = renderCompose("cmamp", {
        startedBy: "ada",
        workingDir: "/app",
        environment,
        passed: [],
        mounts: [],
        user: null,
        platform: null,
        entrypoint: true,
        receipt: true,
        groups: [],
        rootFiles: {},
        unlogged: false,
        services: null,
        slipway: false,
        engine: null,
        settings: config().container,
      });
      const { services } = JSON.parse(text) as { services: { app: { environment: readonly string[] } } };
      const line = services.app.environment.find((one) => one.startsWith("BUILD_TAG="));
      expect(line?.replaceAll("$$", "$")).toContain(`-unknown-${branch}-`);
      expect(line?.replaceAll("$$", "")).not.toContain("$");
    }),
    runs,
  );
});
