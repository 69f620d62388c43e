import { constants, type PerformanceEntry, PerformanceObserver } from "node:perf_hooks";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { bufferCollector } from "../../lib/oci/collect.ts";

type Collection = { readonly kind: number; readonly flags: number };

describe("buffers that were written", () => {
  it("are collected after every four megabytes, the young ones alone", async () => {
    const asked: Collection[] = [];
    const observer = new PerformanceObserver((list) => {
      const all = list
        .getEntries()
        .map((entry) => (entry as PerformanceEntry & { readonly detail: Collection }).detail);
      asked.push(...all.filter(({ flags }) => flags === constants.NODE_PERFORMANCE_GC_FLAGS_FORCED));
    });
    observer.observe({ entryTypes: ["gc"] });
    onTestFinished(() => observer.disconnect());
    const collect = await bufferCollector();
    collect(4_194_304);
    for (const bytes of [4_194_303, 1, 4_194_303, 1, 4_194_303]) collect(bytes);
    // Node tells of a collection some turns later.
    for (let turns = 0; turns < 20; turns += 1) await turn();
    const young = constants.NODE_PERFORMANCE_GC_MINOR;
    expect(asked.map(({ kind }) => kind)).toEqual([young, young, young]);
  });
});
