import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { endedBy, must, run, until } from "../../thin_client/engine/command.ts";
import { fromFirst } from "../../thin_client/engine/packages.ts";

describe("work that is told to stop", () => {
  it("ends the program that runs, and starts no other", async () => {
    const stop = new AbortController();
    const place = mkdtempSync(join(tmpdir(), "ended-"));
    const started = join(place, "started");
    const ended = await endedBy(stop.signal, async () => {
      const long = run(["sh", "-c", `touch ${started}; exec sleep 600`]);
      expect(await until(() => existsSync(started), 30_000)).toBe(true);
      stop.abort();
      return [(await long).code, (await run(["true"])).code];
    });
    rmSync(place, { recursive: true });
    // 128: ended by a signal; 130: not started.
    expect(ended).toEqual([128, 130]);
  });

  it("tries no other source", async () => {
    const stop = new AbortController();
    const tried: string[] = [];
    const bring = async (source: string) => {
      tried.push(source);
      stop.abort();
      await must(["true"]);
    };
    await expect(endedBy(stop.signal, () => fromFirst(["one", "two"], bring))).rejects.toThrow("exited with 130");
    expect(tried).toEqual(["one"]);
  });

  it("leaves alone what is no part of it", async () => {
    const stop = new AbortController();
    stop.abort();
    const [own, other] = await Promise.all([endedBy(stop.signal, () => run(["true"])), run(["true"])]);
    expect([own.code, other.code]).toEqual([130, 0]);
  });
});
