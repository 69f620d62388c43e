import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { must, run } from "../../thin_client/engine/command.ts";
import { dockerfileRows } from "../bed/dockerfiles.ts";
import { needs } from "../bed/parts.ts";
import { tinyImage } from "../bed/tiny.ts";
import { write } from "../bed/tiny_repo.ts";

// Our own reading of a Dockerfile is held to these rows by test/unit/dockerfile.test.ts.
const dir = mkdtempSync(join(tmpdir(), "slipway-dockerfile-"));
const names = ["a", "b", "c"].map((image) => `slipway-read/${image}`);
const build = ["docker", "buildx", "build", "--provenance=false", "--progress=plain"];
beforeAll(async () => {
  await needs("engine", "tiny");
  for (const name of names) {
    write(dir, { Dockerfile: `FROM ${tinyImage}\nLABEL own=${name}\n` });
    await must([...build, "--load", "--tag", name, "."], { cwd: dir });
  }
});
afterAll(async () => {
  rmSync(dir, { recursive: true });
  await must(["docker", "rmi", ...names]);
});

describe("the builder reads what we say, for", () => {
  it.each(dockerfileRows)("%s", async (_what, text, images, given) => {
    write(dir, { Dockerfile: text.replaceAll("@", "slipway-read") });
    const args = given === "" ? [] : ["--build-arg", given];
    const { code, stderr } = await run([...build, "--output", "type=cacheonly", ...args, "."], { cwd: dir });
    const read = [...stderr.matchAll(/load metadata for docker\.io\/slipway-read\/(\w+)/g)].map(([, name]) => name);
    expect({ code, read: [...new Set(read)].sort() }, stderr).toEqual({ code: 0, read: images });
  });
});
