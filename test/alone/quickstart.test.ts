import { afterAll, beforeAll, expect, it } from "vitest";
import { makeQuickstartGround, type Place, type QuickstartGround } from "../bed/quickstart.ts";

let ground: QuickstartGround;
let place: Place;
beforeAll(async () => {
  ground = await makeQuickstartGround();
  place = ground.place("t");
});
afterAll(() => ground.end(place));

it("a warm quickstart takes less than a minute", async () => {
  const begin = performance.now();
  const ran = await ground.quickstart(...place.words);
  expect(ran.code, ran.stderr).toBe(0);
  expect((performance.now() - begin) / 1000).toBeLessThan(60);
});
