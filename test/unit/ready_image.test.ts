import { describe, expect, it } from "vitest";
import { bash } from "../../lib/container/work_in.ts";
import { command } from "../../lib/kinds/command.ts";
import { runWorkflow } from "../../lib/kinds/run_workflow.ts";
import { asksRegistries } from "../../lib/names/choose_image.ts";
import { engineImage } from "../../lib/names/names.ts";
import { stepsOf } from "../../lib/plan/plan.ts";
import { runTests } from "../../lib/tests/tests.ts";
import { config, doing, engine, facts, localImage, refusal, version } from "./factory.ts";

const none = config({ release: "none" });
const use = { stage: "dev", asRoot: false, entrypoint: true } as const;
const reference = (of = "1.2.0") => engineImage(facts({ config: none }), "local", version(of));

describe("a dir that releases nothing", () => {
  it.each([
    ["the code's version", {}, "1.2.0"],
    ["the version that is named", { version: version("1.3.0") }, "1.3.0"],
  ])("has its image built for each use, as %s, and never pulled", (_, more, of) => {
    const here = engine({ images: [localImage(reference(of))] });
    const steps = bash(facts({ config: none, engine: here }), { ...use, ...more });
    expect(steps.map(({ id, skip }) => [id, skip])).toEqual([
      ["docker_build_local", null],
      ["docker_bash", null],
    ]);
    const words = ["--version", of, "--poetry-mode", "no_update"];
    expect(doing(steps, runWorkflow)).toMatchObject([{ workflow: "docker_build_local", dir: ".", words }]);
    expect(
      doing(steps, command)
        .filter(({ container }) => container)
        .map(({ env }) => env["IMAGE"]),
    ).toEqual([reference(of)]);
  });

  it("has the image of the dir built whose image it uses", () => {
    const steps = bash(facts({ config: { ...none, imageOf: "tools" } }), use);
    expect(doing(steps, runWorkflow).map(({ dir }) => dir)).toEqual(["tools"]);
  });

  it("asks no registry which image is meant", () => {
    const seen = (of: typeof none) => facts({ config: of, engine: engine({ images: [] }) });
    expect([none, config()].map((of) => asksRegistries(seen(of), "dev", null))).toEqual([false, true]);
  });

  it("has tests, whose pass is recorded for nothing", () => {
    const here = engine({ images: [localImage(reference())] });
    const options = { stage: "dev", pytestOpts: [], snapshot: false } as const;
    const steps = stepsOf({ steps: runTests(facts({ config: none, engine: here }), options, "fast") });
    expect(steps.map(({ id }) => id)).toEqual(["docker_build_local", "run_fast_tests"]);
    expect(steps.flatMap((step) => step.do.map(({ kind }) => kind))).not.toContain("record");
  });

  it("needs a version", () => {
    expect(refusal(() => bash(facts({ config: none, changelog: [] }), use)).fix).toContain("i changelog_add");
  });
});
