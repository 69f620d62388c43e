import { expect, it } from "vitest";

it("a test that needs nothing of the bed runs", () => {
  expect(process.env["SLIPWAY_BED"]).toMatch(/^http:/);
});
