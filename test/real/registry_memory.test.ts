import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { copyApart, pushBig, runtimes } from "../bed/big_image.ts";
import type { TestRegistry } from "../bed/registry.ts";
import { startRegistry } from "../bed/registry.ts";

describe("memory of a copy", () => {
  let source: TestRegistry;
  let digest = "";
  beforeAll(async () => {
    source = await startRegistry();
    digest = await pushBig(source.address, [300]);
  });
  afterAll(async () => {
    await source.stop();
  });

  it.each(runtimes)("stays under the bar on $name", async ({ command, bar }) => {
    const targets = await Promise.all([startRegistry(), startRegistry()]);
    const copied = await copyApart(command, [digest, source.address, ...targets.map(({ address }) => address)]);
    await Promise.all(targets.map((target) => target.stop()));
    expect(copied.outcomes).toEqual(["copied", "copied"]);
    expect(copied.peak).toBeLessThanOrEqual(bar);
  });
});
