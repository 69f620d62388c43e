import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Kill } from "./crash.ts";
import { type CrashGround, makeCrashGround } from "./crash_ground.ts";
import { type Point, withoutTwins } from "./crash_points.ts";
import { needs, type Part } from "./parts.ts";
import { randomFrom } from "./random.ts";
import { makeSweep, type Sweep, type Swept } from "./sweep.ts";
import type { TrapProxy } from "./trap_proxy.ts";

/** A workflow, what is killed where, and what is interrupted where. A workflow that changes the world is one row. */
export type Row = Swept & {
  /** Parts of the names of points that there have to be, and how many points at least. */
  readonly has: readonly string[];
  readonly least: number;
  /** All points, unless another row has the others already. */
  readonly only?: RegExp;
  /** Where the process alone is killed too, inside, while its children live on. */
  readonly alone?: RegExp;
  /** Where it is interrupted, inside. */
  readonly interrupted?: RegExp;
  /**
   * Where it is told to end by TERM, inside: that comes to the process alone, whose children live on. It is heard where INT is,
   * so that each kind of work is enough: a program, Git's and a request.
   */
  readonly terminated?: RegExp;
  /** Points from which another clone, whose engine does not have the image, goes on. */
  readonly elsewhere?: RegExp;
  /** All that it does is write files: there is one moment for each, between the old one and the new. */
  readonly writes?: true;
  /** It is always ended at moments that nobody chose too, as every row is in a long run: most of a run lies between the points. */
  readonly moments?: true;
  /** Parts of the bed that no other row needs. */
  readonly parts?: readonly Part[];
};

/** What the rows of a file share. */
export type SweptFile = {
  /** Begins the names of the file's images. */
  readonly prefix: string;
  /** Done once before the first row. */
  readonly before?: (on: CrashGround) => Promise<void>;
  /** Servers beside the registries in which traps can be set, by the keys `slack` and `aws`. */
  readonly more?: () => Promise<Readonly<Record<string, TrapProxy>>>;
  /** Done once after the last row. */
  readonly after?: () => Promise<void>;
};

/** How many moments a row has; a long run names more, and has them for every row. */
const longRun = process.env["SLIPWAY_KILLS"];
const moments = Number(longRun ?? 6);
const seed = Number(process.env["SLIPWAY_SEED"] ?? Date.now() % 1_000_000);

/**
 * Declares the tests of every row: points of all kinds, killed, interrupted, and finished from elsewhere; in a long run
 * also of `parts`, workflows whose steps are a row's, which are ended at moments alone.
 */
export function sweepRows(
  { prefix, before, more, after }: SweptFile,
  rows: Readonly<Record<string, Row>>,
  parts: Readonly<Record<string, Swept>> = {},
): void {
  let on: CrashGround;
  beforeAll(async () => {
    on = await makeCrashGround(prefix, await more?.());
    await before?.(on);
  });
  afterAll(async () => {
    await on?.end();
    await after?.();
  });

  describe.each(Object.entries(rows))("%s", (_, row) => {
    let all: readonly Point[] = [];
    let points: readonly Point[] = [];
    let sweep: Sweep;
    beforeAll(async () => {
      await needs(...(row.parts ?? []));
      const made = await makeSweep(on, row);
      sweep = made;
      all = made.points;
      points = all.filter(({ name }) => !row.only || row.only.test(name));
    });
    const inside = (where: RegExp | undefined) =>
      points.filter(({ name, when }) => where?.test(name) && when === "inside");
    const at = (chosen: readonly Point[], kill: Kill) => chosen.map((point) => ({ point, kill }));

    it("has points before, inside and after every kind of change", () => {
      const names = points.map(({ name }) => name).join("\n");
      for (const part of row.has) expect(names).toContain(part);
      expect(points.length).toBeGreaterThanOrEqual(row.least);
      const moments = row.writes ? ["inside"] : ["after", "before", "inside"];
      expect([...new Set(points.map(({ when }) => when))].sort()).toEqual(moments);
    });

    it("that is killed ends the second time as an undisturbed one, wherever it was", async () => {
      const group = at(withoutTwins(points, all), { signal: "KILL", whom: "group" });
      // Before and after a child there is none that could live on.
      const alone = at(inside(row.alone), { signal: "KILL", whom: "alone" });
      expect(row.alone === undefined || alone.length > 0).toBe(true);
      expect(await sweep.sweep([...group, ...alone])).toEqual([]);
    });

    if (row.elsewhere)
      it("is finished from another clone by an engine that does not have its image", async () => {
        const jobs = at(inside(row.elsewhere), { signal: "KILL", whom: "group" });
        const wrong = await sweep.sweep(jobs.map((job) => ({ ...job, elsewhere: true })));
        expect({ some: jobs.length > 0, wrong }).toEqual({ some: true, wrong: [] });
      });

    if (row.interrupted)
      it("that is interrupted ends with 130, leaves no claim, intent and container, and is finished the second time", async () => {
        const int = at(inside(row.interrupted), { signal: "INT", whom: "group" });
        const term = at(inside(row.terminated), { signal: "TERM", whom: "alone" });
        const wrong = await sweep.sweep([...int, ...term]);
        const some = [int.length > 0, row.terminated === undefined || term.length > 0];
        expect({ some, wrong }).toEqual({ some: [true, true], wrong: [] });
      });

    if (row.moments || longRun) endsAtMoments(() => sweep);
  });
  if (longRun)
    describe.each(Object.entries(parts))("%s", (_, part) => {
      let sweep: Sweep;
      beforeAll(async () => {
        sweep = await makeSweep(on, part);
      });
      endsAtMoments(() => sweep);
    });
}

const endsAtMoments = (sweep: () => Sweep): void => {
  it(
    `that is killed or hung up at random moments (SLIPWAY_SEED=${seed}) ends the second time as an undisturbed one`,
    async () => {
      const random = randomFrom(seed);
      const chosen = Array.from({ length: moments }, (_, at) => ({
        part: random(),
        signal: at % 3 === 2 ? ("HUP" as const) : ("KILL" as const),
      }));
      expect(await sweep().atMoments(chosen)).toEqual([]);
    },
    moments * 300_000,
  );
};
