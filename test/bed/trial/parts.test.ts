import { beforeAll, describe, expect, it } from "vitest";
import { startBrowser } from "../browser.ts";
import { startMoto } from "../moto.ts";
import { needs } from "../parts.ts";
import { tinyImage } from "../tiny.ts";
import { docker } from "../workflow.ts";

const machineOf = (platform: string) => docker("run", "--rm", "--platform", platform, tinyImage, "uname", "-m");

describe("engine", () => {
  beforeAll(() => needs("tiny"));
  it("runs a container", async () => {
    expect(await docker("run", "--rm", tinyImage, "echo", "hello")).toBe("hello");
  });
});

describe("registries", () => {
  beforeAll(() => needs("registries"));
  it.each([1, 2, 3])("answer on 127.0.0.%i", async (number) => {
    expect((await fetch(`http://127.0.0.${number}:5000/v2/`)).status).toBe(200);
  });
});

describe("emulation", () => {
  beforeAll(async () => {
    await needs("emulation");
    await needs("foreign");
  });
  it("runs programs of arm64", async () => {
    expect(await machineOf("linux/arm64")).toBe("aarch64");
  });
});

describe("foreign", () => {
  beforeAll(() => needs("foreign"));
  it("has the tiny image for 32-bit arm", async () => {
    const made = await docker("create", "--pull", "never", "--platform", "linux/arm/v7", tinyImage, "true");
    await docker("rm", made);
  });
});

it("the browser opens", async () => {
  await (await startBrowser()).close();
});

it("moto answers", async () => {
  await (await startMoto()).stop();
});
