import { afterAll, beforeAll, expect, it } from "vitest";
import { needs } from "../bed/parts.ts";
import { makeQuickstartGround, type Place, type QuickstartGround } from "../bed/quickstart.ts";
import { fastest, run } from "../bed/thin_clone.ts";

let ground: QuickstartGround;
let place: Place;
beforeAll(async () => {
  ground = await makeQuickstartGround();
  place = ground.place("t");
});
afterAll(() => ground?.end(place));

it("a second build of the thin env takes less than half a second, in a clone that has none too", () => {
  const { clone: cwd, env } = ground;
  const build = () => run(["thin_client/build", "--quiet"], { cwd, env });
  expect(fastest(3, build)).toMatchObject({ code: 0, ms: expect.toSatisfy((ms: number) => ms < 500) });
  const fresh = fastest(3, () => {
    run(["rm", "-rf", "node_modules"], { cwd });
    return build();
  });
  expect(fresh).toMatchObject({ code: 0, ms: expect.toSatisfy((ms: number) => ms < 500) });
});

it.each(["bash", "zsh"] as const)("sourcing the thin env takes less than 50 ms in %s", async (shell) => {
  await needs(...(shell === "zsh" ? (["zsh"] as const) : []));
  const { clone: cwd, env } = ground;
  const sh = (text: string) => run([shell, shell === "zsh" ? "-f" : "--norc", "-c", text], { cwd, env });
  const empty = fastest(5, () => sh(":"));
  const sourced = fastest(5, () => sh(". thin_client/setenv.sh"));
  expect([sourced.code, sourced.err]).toEqual([0, ""]);
  expect(sourced.ms - empty.ms).toBeLessThan(50);
});

it("a warm quickstart takes less than a minute", async () => {
  const begin = performance.now();
  const ran = await ground.quickstart(...place.words);
  expect(ran.code, ran.stderr).toBe(0);
  expect((performance.now() - begin) / 1000).toBeLessThan(60);
});
