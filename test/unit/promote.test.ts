import { describe, expect, it } from "vitest";
import { pushProd } from "../../lib/flows/promote.ts";
import type { Facts } from "../../lib/model/facts.ts";
import { config, digest, engine, facts, found, inputs, lines, localImage, stepOf, version } from "./factory.ts";

const image = digest("a");
const base = { version: version("1.2.0"), digest: digest("d"), repository: "127.0.0.1:5001/cmamp" };
const plan = (more: Partial<Facts> = {}) =>
  pushProd(
    facts({
      stage: "prod",
      config: config({ release: { gates: [] } }),
      inputs: inputs({ base }),
      registries: { ecr: { "prod-1.2.0": found(image) } },
      ...more,
    }),
    { skipTests: false },
  );

describe("docker_push_prod", () => {
  it("goes on from another machine, whose engine does not have what a registry has already", () => {
    expect(stepOf(plan(), "tag_prod").skip).toBe("the engine does not have it");
    expect(lines(plan()).filter((line) => line.startsWith("docker tag"))).toEqual([]);
    expect(stepOf(plan(), "copy_to_others").skip).toBe(null);
  });

  it("names the image where the engine has it", () => {
    const has = engine({ images: [localImage("127.0.0.1:5001/cmamp:prod-1.2.0", { id: image })] });
    expect(stepOf(plan({ engine: has }), "tag_prod").skip).toBe(null);
  });
});
