import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it, vi } from "vitest";
import { hasOwnEngine } from "../../lib/doors/engine.ts";
import { UserError } from "../../lib/errors.ts";
import { systemRefusal } from "../../lib/text/system_errors.ts";
import { run } from "../../thin_client/engine/command.ts";
import { findTools } from "../../thin_client/env/tools.ts";

const dir = mkdtempSync(join(tmpdir(), "slipway-refused-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
symlinkSync("circle", join(dir, "circle"));

/** What the kernel really says. */
const real: readonly (readonly [what: string, call: () => unknown])[] = [
  ["cannot be opened: it is not there", () => readFileSync(join(dir, "none"))],
  ["cannot be made: something is there already", () => mkdirSync(dir)],
  ["cannot be made: a part of its path is no folder", () => mkdirSync("/dev/null/x")],
  ["cannot be read: a part of its path is no folder", () => readdirSync("/dev/null")],
  ["cannot be opened: it is a folder", () => appendFileSync(dir, "x")],
  ["cannot be opened: its links lead in a circle", () => readFileSync(join(dir, "circle"))],
  ["cannot be opened: its name is too long", () => readFileSync(join(dir, "n".repeat(300)))],
  ["cannot be written: no space is left on its disk", () => appendFileSync("/dev/full", "x")],
  [
    "cannot be started: permission denied",
    () => {
      throw spawnSync("/dev/null").error;
    },
  ],
];

it.each(real)("what the system refuses is told in words: %s", (what, call) => {
  try {
    call();
  } catch (error) {
    const told = systemRefusal(error);
    expect(told?.message).toContain(what);
    expect(told).toMatchObject({ exitCode: 1, kind: "system" });
    return;
  }
  throw new Error("the system refused nothing");
});

const codes = [
  ...["ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EACCES", "EPERM", "EMFILE", "ENFILE", "EIO", "ESTALE", "EBUSY", "ETXTBSY"],
  ...["ENOENT", "ENOTDIR", "EISDIR", "EEXIST", "ENOTEMPTY", "ELOOP", "ENXIO", "EINVAL", "EXDEV", "ENAMETOOLONG"],
  ...["ENOMEM", "EAGAIN"],
];
const failed = (more: object) => Object.assign(new Error("no"), more);

it.each(codes)("%s names the path and the line to type", (code) => {
  const told = systemRefusal(failed({ code, syscall: "open", path: "/srv/it's\u001b[2J here" }));
  expect(told?.message).toMatch(/^"\/srv\/it's\\u001b\[2J here" cannot be opened: \w/);
  expect(told?.why).toMatch(/\.$/);
  expect(told?.fix).toMatch(/: [a-z]+ /);
  expect(told?.fix).not.toContain("\u001b");
});

it("a path in the line to type is one word of the shell", () => {
  const told = systemRefusal(failed({ code: "EACCES", syscall: "open", path: "/srv/it's here" }));
  expect(told?.fix).toContain(`ls -ld '/srv/it'\\''s here'`);
});

it("what says nothing of a file stays what it was", async () => {
  const refused = await new Promise((resolve) => connect(join(dir, "no.sock")).once("error", resolve));
  const others = [refused, new Error("ours"), new UserError("told", { why: "", fix: "" }), "text", null];
  expect(others.map(systemRefusal)).toEqual([null, null, null, null, null]);
});

it("tools are looked for where workflows find them: in the private engine where no other serves", async () => {
  const engine = join(dir, "data", "slipway", "engine");
  for (const folder of ["bin", "run"]) mkdirSync(join(engine, folder), { recursive: true });
  writeFileSync(join(engine, "run", "docker.sock"), "");
  const text = `#!/bin/sh\n[ "$DOCKER_CONFIG" = '${engine}/config' ] && echo "$1 v9.8.7"\n`;
  writeFileSync(join(engine, "bin", "docker"), text, { mode: 0o755 });
  for (const name of ["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG"]) vi.stubEnv(name, "");
  vi.stubEnv("XDG_DATA_HOME", join(dir, "data"));
  const tools = await findTools(join(dir, "tools.json"), "/nowhere/bun", false);
  const isPrivate = !hasOwnEngine(process.env);
  vi.unstubAllEnvs();
  expect(tools.find(({ name }) => name === "buildx")?.version === "9.8.7").toBe(isPrivate);
});

it("the logs of the engine and what is remembered of tools are comfort: without them the work goes on", async () => {
  const tools = await findTools("/dev/null/slipway/tools.json", "/nowhere/bun", true);
  expect(tools.find(({ name }) => name === "node")?.version).toMatch(/^\d/);
  expect((await run(["true"], { log: "/dev/null/slipway/log" })).code).toBe(0);
});
