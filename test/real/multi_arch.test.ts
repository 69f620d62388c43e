import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { must } from "../../thin_client/engine/command.ts";
import { shareNative } from "../bed/native_images.ts";
import { digestsAt, logOf } from "../bed/oracle.ts";
import { needs } from "../bed/parts.ts";
import { story } from "../bed/story.ts";
import { change, type Ground, makeGround } from "../bed/tiny_repo.ts";
import { type Done, docker, workflowsIn } from "../bed/workflow.ts";

const name = "many";
let ground: Ground;
let repo = "";
let i: (workflow: string, ...words: readonly string[]) => Promise<Done>;
const addresses = () => Object.values(ground.addresses);
const at = (tag: string) => digestsAt(addresses(), `${name}:${tag}`);
const all = (digest: string | null | undefined) => addresses().map(() => digest);
const raw = (address: string, tag: string) =>
  must(["skopeo", "inspect", "--raw", "--tls-verify=false", `docker://${address}/${name}:${tag}`]);
const machineOf = (tag: string, platform: string) =>
  docker("run", "--rm", "--platform", platform, `${ground.addresses["r1"]}/${name}:${tag}`, "uname", "-m");

async function done(workflow: string, ...words: readonly string[]): Promise<string> {
  const ended = await i(workflow, ...words, "--json", "--yes");
  expect(ended.code, ended.stderr).toBe(0);
  return ended.digest ?? "";
}
async function expectEverywhere(tag: string, digest: string): Promise<void> {
  expect(await at(tag)).toEqual(all(digest));
  const texts = await Promise.all(addresses().map((address) => raw(address, tag)));
  expect(new Set(texts).size).toBe(1);
}

beforeAll(async () => {
  await needs("emulation", "foreign", "skopeo");
  ground = await makeGround(3);
  repo = await ground.repo(name);
  i = workflowsIn(repo);
});
afterAll(() => ground.end());

describe("a release of several architectures", story, () => {
  let index = "";

  it("has one index in every registry, byte for byte, and both architectures run", async () => {
    index = await done("docker_release_multi_build_dev", "--version", "1.0.0");
    await expectEverywhere("dev-1.0.0", index);
    await expectEverywhere("dev", index);
    expect([await machineOf("dev", "linux/amd64"), await machineOf("dev", "linux/arm64")]).toEqual([
      "x86_64",
      "aarch64",
    ]);
  });

  it("was tested by the digest of the index: the native one fully, the other started", async () => {
    const log = await logOf(`${repo}.git`, name);
    const passes = log.flatMap((entry) => (entry.type === "pass" ? [[entry.list, entry.platform, entry.digest]] : []));
    expect(passes).toEqual([
      ["fast", "linux/amd64", index],
      ["smoke", "linux/arm64", index],
    ]);
    const children = log.flatMap((entry) => (entry.type === "release" ? [entry.children] : []));
    const manifests = JSON.parse(await raw(addresses()[0] ?? "", "dev")).manifests as readonly {
      readonly digest: string;
      readonly platform: { readonly architecture: string };
    }[];
    expect(children).toEqual([
      Object.fromEntries(manifests.map(({ digest, platform }) => [`linux/${platform.architecture}`, digest])),
    ]);
  });

  it("that is typed again sends no PUT", async () => {
    for (const registry of ground.registries) registry.forget();
    expect(await done("docker_release_multi_build_dev", "--version", "1.0.0")).toBe(index);
    expect(ground.registries.flatMap(({ requests }) => requests().filter(({ method }) => method === "PUT"))).toEqual(
      [],
    );
  });

  it("carries prod too, on the index of dev", async () => {
    const prod = await done("docker_release_prod", "--version", "1.0.0", "--multi-arch");
    await expectEverywhere("prod-1.0.0", prod);
    const log = await logOf(`${repo}.git`, name);
    const bases = log.flatMap((entry) => (entry.type === "release" && entry.stage === "prod" ? [entry.base] : []));
    expect(bases).toEqual([{ version: "1.0.0", digest: index }]);
    expect([await machineOf("prod", "linux/amd64"), await machineOf("prod", "linux/arm64")]).toEqual([
      "x86_64",
      "aarch64",
    ]);
  });

  it("may be made step by step, with 32-bit arm in it", async () => {
    const platforms = "linux/amd64,linux/arm/v7";
    await change(repo, {
      "changelog.txt": `# ${name}-1.1.0\n- 2025-02-01\n- More\n\n# ${name}-1.0.0\n- 2025-01-01\n- One\n`,
    });
    const version = ["--version", "1.1.0", "--multi-arch", platforms] as const;
    const built = await done("docker_build_local", ...version, "--poetry-mode", "no_update");
    const untested = await i("docker_tag_push_multi_build_local_as_dev", ...version);
    expect([untested.code, untested.stderr]).toEqual([2, expect.stringContaining("fast tests have not passed")]);
    await done("run_fast_tests", "--stage", "local", "--version", "1.1.0");
    expect(await done("docker_tag_push_multi_build_local_as_dev", ...version)).toBe(built);
    await expectEverywhere("dev-1.1.0", built);
    expect(await machineOf("dev", "linux/arm/v7")).toBe("armv7l");
  });
});

describe("images that were built on machines of their own", () => {
  it("are joined to one index, and joined again they are that index", async () => {
    const joint = await ground.repo("joint");
    const there = workflowsIn(joint);
    const images = await shareNative(ground, { repo: joint, image: "joint", version: "1.0.0" });
    const merge = () =>
      there("release_merge_index", "--version", "1.0.0", "--images", "local-ada-1.0.0,local-bob-1.0.0", "--json");
    const merged = await merge();
    expect(merged.code, merged.stderr).toBe(0);
    expect(await digestsAt(addresses(), "joint:dev-1.0.0")).toEqual(all(merged.digest));
    expect(await digestsAt(addresses(), "joint:dev")).toEqual(all(merged.digest));
    const log = await logOf(`${joint}.git`, "joint");
    expect(log.flatMap((entry) => (entry.type === "release" ? [entry.children] : []))).toEqual([images]);
    expect((await merge()).digest).toBe(merged.digest);
    const alone = await there("release_merge_index", "--version", "1.0.0", "--images", "local-ada-1.0.0");
    expect([alone.code, alone.stderr]).toEqual([2, expect.stringContaining("cannot be one index")]);
  });
});

describe("a builder", () => {
  it("pushes what it built, which is tested from there and named in the same registry", async () => {
    const other = await ground.repo("built-elsewhere");
    const released = await workflowsIn(other)(
      "docker_release_dev",
      "--version",
      "1.0.0",
      "--builder",
      "default",
      "--json",
    );
    expect(released.code, released.stderr).toBe(0);
    const local = await digestsAt(addresses(), "built-elsewhere:local-root-1.0.0");
    expect(local).toEqual([released.digest, null, null]);
    const log = await logOf(`${other}.git`, "built-elsewhere");
    const passes = log.flatMap((entry) => (entry.type === "pass" ? [[entry.list, entry.digest]] : []));
    expect(passes).toEqual([["fast", released.digest]]);
    expect(await digestsAt(addresses(), "built-elsewhere:dev-1.0.0")).toEqual(all(released.digest));
    expect(await digestsAt(addresses(), "built-elsewhere:dev")).toEqual(all(released.digest));
  });
});
