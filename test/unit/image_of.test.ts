import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Config } from "../../lib/config/config.ts";
import { suiteOf } from "../../lib/config/tested_dirs.ts";
import { loadConfig } from "../../lib/doors/settings.ts";
import { UserError } from "../../lib/errors.ts";
import { config } from "./factory.ts";

const root = mkdtempSync(join(tmpdir(), "slipway-image-of-"));
afterAll(() => rmSync(root, { recursive: true }));
const write = (path: string, text = "") => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const image =
  "docker_info: {docker_image_name: base}\ncontainer_registry_info: {ghcr: ghcr.io/acme}\nrelease: {gates: [qa]}\n";
write(".git/HEAD");
write("base/repo_config.yaml", image);
write("empty/file");
write("sub/.git/HEAD");
write("sub/repo_config.yaml", image);
write("a/repo_config.yaml", "docker_info: {image_of: ../b}");
write("b/repo_config.yaml", "docker_info: {image_of: ../a}");
write("chain/repo_config.yaml", "docker_info: {image_of: ../deep/user}");
write("wrong/repo_config.yaml", "docker_info: {}");

/** The config of a dir at `deep/user` with this text. */
async function configOf(text: string) {
  write("deep/user/repo_config.yaml", text);
  return load("deep/user");
}
const load = (dir: string) =>
  loadConfig({ root, dir, owner: root, gitDir: join(root, ".git"), cwd: ".", gitMounts: [], gitPrograms: [] }, {});

describe("a dir that uses another dir's image", () => {
  it("has image, registries and release of that dir, and tests of its own", async () => {
    const own = await configOf("docker_info: {image_of: ../../base/}\ntests: {fast: {command: [sh, test.sh]}}");
    expect(own).toMatchObject({ imageName: "base", imageOf: "base", registries: [{ name: "ghcr" }] });
    expect([own.release.gates, own.tests.fast.command]).toEqual([["qa"], ["sh", "test.sh"]]);
    expect(await load("chain")).toMatchObject({ imageName: "base", imageOf: "base" });
  });

  it.each([
    ["../nowhere", 'docker_info.image_of is "../nowhere", and "deep/nowhere" has no repo_config.yaml'],
    ["../../empty", 'image_of is "../../empty", and "empty" has no repo_config.yaml'],
    ["../../../other", "which is not in this repo"],
    ["/etc", "which is not in this repo"],
    [".", 'which leads back to "deep/user"'],
    ["../../sub", "which lies in another Git repo"],
    ["../../a", 'b/repo_config.yaml:1 docker_info.image_of is "../a", which leads back to "a"'],
    ["../../wrong", "wrong/repo_config.yaml:1 docker_info.docker_image_name"],
    ["../../base}\nrelease: {gates: [fast]", "release stands beside docker_info.image_of"],
    ["../../base}\ncontainer_registry_info: {ghcr: ghcr.io/x", "container_registry_info stands beside"],
    ["../../base, docker_image_name: mine", "docker_info.docker_image_name stands beside"],
  ])("is refused where it says %j", async (of, says) => {
    const result: unknown = await configOf(`docker_info: {image_of: ${of}}`).catch((error: unknown) => error);
    expect(result).toBeInstanceOf(UserError);
    expect(result).toMatchObject({ message: expect.stringContaining(says), kind: "config" });
  });

  const user: Config = { ...config(), imageOf: "base" };
  it("leaves its reports in a folder of its own", () => {
    expect([suiteOf(config(), "a/b"), suiteOf(user, "user"), suiteOf(user, "a/b"), suiteOf(user, "a_b")]).toEqual([
      "cmamp",
      "cmamp@user",
      expect.stringMatching(/^cmamp@a_b_[0-9a-f]{6}$/),
      "cmamp@a_b",
    ]);
  });
});
