import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, it, vi } from "vitest";
import { loadProcess } from "../../lib/doors/processes.ts";
import { sweepShared } from "../../thin_client/env/shared.ts";

const dir = mkdtempSync(join(tmpdir(), "slipway-shared-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const { namespace, pid } = loadProcess();
const nobody = 999_999_999;
const day = 24 * 60 * 60 * 1000;
afterEach(() => {
  vi.useRealTimers();
});

it.each<[what: string, of: string, days: number, stays: boolean, ahead?: number]>([
  ["of a process that lives", `${hostname()}-${namespace}-${pid}`, 0, true],
  ["of a process that is gone", `${hostname()}-${namespace}-${nobody}`, 0, false],
  ["of another PID namespace of a machine of this name", `${hostname()}-1-${nobody}`, 0, true],
  ["of another machine", `far-${namespace}-${nobody}`, 0, true],
  ["of another machine, and this one's clock is days ahead", `far-${namespace}-${nobody}`, 0, true, 3],
  ["of who cannot be looked at, two days old", `far-1-${nobody}`, 2, false],
])("a thin env that is half installed, %s, is taken for left only where its run is gone", (...row) => {
  const [, of, days, stays, ahead = 0] = row;
  const [name, made] = [`.new-${of}-1735898400000`, join(dir, "made")];
  for (const folder of [join(dir, name, "node_modules"), made]) mkdirSync(folder, { recursive: true });
  const at = new Date(Date.now() - days * day);
  utimesSync(join(dir, name), at, at);
  vi.setSystemTime(Date.now() + ahead * day);
  sweepShared(dir, made);
  expect(readdirSync(dir).filter((one) => one !== "made")).toEqual(stays ? [name] : []);
  rmSync(join(dir, name), { recursive: true, force: true });
});
