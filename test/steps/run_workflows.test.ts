import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { LogEntry } from "../../lib/names/log.ts";
import changelog_add from "../../scripts/changelog_add.ts";
import changelog_check from "../../scripts/changelog_check.ts";
import docker_push_dev from "../../scripts/docker_push_dev.ts";
import docker_release_dev from "../../scripts/docker_release_dev.ts";
import docker_rollback_prod from "../../scripts/docker_rollback_prod.ts";
import init_runnable_dir from "../../scripts/init_runnable_dir.ts";
import release_announce from "../../scripts/release_announce.ts";
import release_check from "../../scripts/release_check.ts";
import release_mirror from "../../scripts/release_mirror.ts";
import { git } from "../bed/git.ts";
import { logged } from "../unit/factory.ts";
import { type Ground, type Place, startGround, states, told } from "./ground.ts";
import { point } from "./moving.ts";
import type { OciServer } from "./oci_server.ts";

let ground: Ground;
let [first, second] = [] as unknown as [OciServer, OciServer];
beforeAll(async () => {
  ground = await startGround({ registries: 2 });
  [first, second] = ground.registries as [OciServer, OciServer];
});
afterEach(() => {
  for (const registry of ground.registries) registry.reply = () => null;
});
afterAll(() => ground.end());

type Released = { readonly at: Place; readonly old: string; readonly next: string };
/** An image with 1.0.0 and 1.1.0 released in both registries, and the tag of its stage at 1.1.0. */
function released(image: string, stage: "dev" | "prod" = "dev"): Released {
  const put = (version: string) =>
    ground.registries.map((each) => each.put(image, `${stage}-${version}`, { version }))[0] ?? "";
  const [old, next] = [put("1.0.0"), put("1.1.0")];
  for (const each of ground.registries) {
    point(each, image, next);
    each.manifests.set(
      `${image}:${stage}`,
      each.manifests.get(`${image}@${next}`) ?? { bytes: Buffer.alloc(0), mediaType: "" },
    );
  }
  const changelog = `# ${image}-1.1.0\n- 2025-01-03\n- The second\n\n# ${image}-1.0.0\n- 2025-01-02\n- The first\n`;
  const at = ground.place(image, { changelog });
  const entry = (version: string, of: string): LogEntry => ({
    ...{ type: "release", stage, version, digest: of, commit: ground.commit, registries: ["r1", "r2"] },
  });
  at.writeLog(logged(entry("1.0.0", old)), logged(entry("1.1.0", next)));
  return { at, old, next };
}
const tagAt = (image: string, tag: string) => ground.registries.map((each) => each.digestOf(image, tag));
const refs = () => git(ground.shared, "for-each-ref", "--format=%(refname)", "refs/slipway/claim", "refs/slipway/flip");

it("a new runnable dir in another leaves every file of that one as it was", async () => {
  const outer = ground.place("outer");
  outer.write(".gitignore", "mine\n");
  outer.write("devops/docker_build/dev.Dockerfile", "FROM mine\n");
  const files = (dir: string) =>
    readdirSync(dir, { recursive: true, encoding: "utf8" })
      .filter((path) => statSync(join(dir, path)).isFile())
      .map((path) => [path, readFileSync(join(dir, path), "utf8")] as const);
  const before = Object.fromEntries(files(outer.dir));
  const ended = await outer.run(
    ["init_runnable_dir", init_runnable_dir],
    "--dir",
    join(outer.dir, "inner"),
    "--name",
    "inner",
  );
  expect(ended.code, ended.err).toBe(0);
  const after = files(outer.dir);
  expect(Object.fromEntries(after.filter(([path]) => !path.startsWith("inner/")))).toEqual(before);
  expect(after.map(([path]) => path)).toEqual(
    expect.arrayContaining(["inner/repo_config.yaml", "inner/.gitignore", "inner/devops/.gitattributes"]),
  );
});

it("a release is planned as a whole without an engine and from files that nobody committed, and says what would refuse it", async () => {
  const at = ground.place("planned");
  at.write("devops/docker_build/dev.Dockerfile", "FROM scratch\nCOPY devops /devops\n");
  const release: readonly [string, typeof docker_release_dev] = ["docker_release_dev", docker_release_dev];
  const { code, out, err } = await at.run(release, "--version", "1.0.0", "--dry-run", "--json");
  expect(code, err).toBe(0);
  const { refused, steps } = JSON.parse(out) as { refused: { kind: string }[]; steps: { id: string }[] };
  expect(refused.map(({ kind }) => kind).sort()).toEqual(["dirty", "engine"]);
  expect(steps.map(({ id }) => id)).toEqual(
    expect.arrayContaining(["claim", "build_local", "run_fast_tests", "push_dev"]),
  );
});

describe("a rollback", () => {
  it("points the tag of its stage back in every registry, with who asked for it and why", async () => {
    const { at, old, next } = released("back", "prod");
    const rollback: readonly [string, typeof docker_rollback_prod] = ["docker_rollback_prod", docker_rollback_prod];
    const ended = await at.run(rollback, "--version", "1.0.0", "--yes", "-m", "It broke");
    expect(ended).toMatchObject({
      code: 0,
      out: [
        `back: prod is 1.0.0 again, ${old}, in r1, r2`,
        `It was 1.1.0, ${next.slice(0, 19)}, in r1, r2`,
        "Get it with: i docker_pull --stage prod\n",
      ].join("\n"),
    });
    expect(tagAt("back", "prod")).toEqual([old, old]);
    const entry = { type: "flip", why: "rollback", reason: "It broke", version: "1.0.0" };
    expect((await at.log()).at(-1)).toMatchObject(entry);
    expect(await refs()).toBe("");
  });
});

describe("a mirror", () => {
  it("tells which registry lags, and brings it up", async () => {
    const { at, old, next } = released("mirrored");
    for (const key of ["mirrored:dev-1.1.0", `mirrored@${next}`]) second.manifests.delete(key);
    point(second, "mirrored", old);
    const mirror = (...argv: readonly string[]) => at.run(["release_mirror", release_mirror], ...argv);
    expect(await mirror("--check")).toMatchObject({ code: 1, out: "mirrored:dev-1.1.0 is behind in r2\n" });
    expect(states(await mirror("--json", "--yes"))).toEqual({
      preflight: "done",
      copy_to_others: "done",
      flip_dev: "done",
      verify: "done",
      tell: "done",
    });
    expect([tagAt("mirrored", "dev-1.1.0"), tagAt("mirrored", "dev")]).toEqual([
      [next, next],
      [next, next],
    ]);
  });
});

describe("an announcement", () => {
  it("is posted with what changed and where it is, and recorded", async () => {
    const { at, next } = released("announced");
    const posts: string[] = [];
    first.reply = ({ method, path, body }) => {
      if (method !== "POST" || path !== "/services/x") return null;
      posts.push((JSON.parse(String(body)) as { text: string }).text);
      return { status: 200 };
    };
    at.write("../.env", `SLACK_WEBHOOK_URL=http://${first.address}/services/x\n`);
    const announce = () => at.run(["release_announce", release_announce], "--version", "1.1.0", "--json");
    expect(states(await announce())).toEqual({
      claim: "done",
      verify: "done",
      announce: "done",
      release_claim: "done",
      tell: "done",
    });
    expect(posts).toHaveLength(1);
    expect(posts[0]).toContain("*announced-1.1.0* (2025-01-02)\n- The second\n");
    expect(posts[0]).toContain(`Verified as \`${next}\` in\n- \`${first.address}/announced:dev-1.1.0\``);
    expect(await refs()).toBe("");
    expect((await at.log()).at(-1)).toMatchObject({
      type: "announce",
      version: "1.1.0",
      at: "2025-01-03T10:00:00.000Z",
    });
  });

  it("that Ctrl-C meets is recorded, and then the run ends", async () => {
    const { at } = released("stopped");
    first.reply = ({ method, path }) => {
      if (method !== "POST" || path !== "/services/x") return null;
      process.emit("SIGINT", "SIGINT");
      return { status: 200 };
    };
    at.write("../.env", `SLACK_WEBHOOK_URL=http://${first.address}/services/x\n`);
    const ended = await at.run(["release_announce", release_announce], "--version", "1.1.0", "--json");
    expect(ended.code).toBe(130);
    expect((await at.log()).at(-1)?.type).toBe("announce");
    expect(await refs()).toBe("");
  });
});

describe("a push of dev", () => {
  it("of an image that a registry has copies it and points dev at it", async () => {
    const image = "pushed";
    const at = ground.place(image, { config: "release: {gates: []}\n" });
    const next = first.put(image, "dev-1.0.0", { v: "1" });
    const local = JSON.stringify([{ Id: next, RepoDigests: [`x@${next}`], Os: "linux", Architecture: "amd64" }]);
    const info = JSON.stringify({
      ServerVersion: "26.1.5",
      OSType: "linux",
      Architecture: "x86_64",
      DriverStatus: ["io.containerd.snapshotter.v1"],
    });
    ground.docker.does(
      `case "$*" in info*) echo '${info}' ;; 'image inspect'*dev-1.0.0) echo '${local}' ;; *) exit 1 ;; esac`,
    );
    const ended = await at.run(["docker_push_dev", docker_push_dev], "--version", "1.0.0", "--json");
    ground.docker.does("exit 1");
    expect(ended.code).toBe(0);
    expect(told(ended).digest).toBe(next);
    expect([tagAt(image, "dev-1.0.0"), tagAt(image, "dev")]).toEqual([
      [next, next],
      [next, next],
    ]);
    expect((await at.log()).map(({ type }) => type)).toContain("release");
    expect(await refs()).toBe("");
    const runs = join(ground.repo, ".git", "slipway", "runs", image, "dev-1.0.0.json");
    expect(JSON.parse(readFileSync(runs, "utf8"))).toMatchObject([{ workflow: "docker_push_dev", ended: "done" }]);
  });
});

describe("the check-list of a release", () => {
  it("is the one that was named, and what a person confirmed is recorded", async () => {
    const { at } = released("checked");
    const check = (...argv: readonly string[]) =>
      at.run(["release_check", release_check], "--version", "1.1.0", ...argv);
    expect(told(await check("--list", "old", "--json")).error).toMatchObject({
      ...{ what: '"old" is not a check-list', why: "There is one before and one after a release." },
      fix: "Use --list pre or --list post",
    });
    const confirmed = await ground.person(
      Array.from({ length: 9 }, () => "y"),
      () => check("--list", "pre"),
    );
    expect(confirmed.out).toMatch(/^Pre-release check-list of checked dev 1\.1\.0:\n/);
    expect(confirmed.out).toContain(", confirmed\n");
    expect((await at.log()).at(-1)).toMatchObject({ type: "confirm", stage: "dev", version: "1.1.0" });
  });
});

describe("a changelog", () => {
  const add = (at: Place, ...argv: readonly string[]) => at.run(["changelog_add", changelog_add], ...argv);
  const check = (at: Place) => at.run(["changelog_check", changelog_check]);

  it("gets an entry of today with the next version on top", async () => {
    const at = ground.place("logged");
    expect((await add(at, "--bump", "minor", "-m", "Add a thing", "-m", "And one more")).code).toBe(0);
    expect(at.read("changelog.txt")).toBe(
      "# logged-1.1.0\n- 2025-01-03\n- Add a thing\n- And one more\n\n# logged-1.0.0\n- 2025-01-02\n- The first\n",
    );
    expect(await check(at)).toMatchObject({
      code: 0,
      out: expect.stringContaining("2 entries, newest 1.1.0, all well"),
    });
    expect((await add(at, "--prod", "-m", "Ship", "--dry-run")).out).toContain("logged/changelog.txt");
  });

  it("that is broken is told line by line", async () => {
    const at = ground.place("unlogged", { changelog: "# unlogged-1.0.0\n- 2025-13-99\n" });
    const { code, out } = await check(at);
    expect(code).toBe(2);
    expect(out).toMatch(/^unlogged\/changelog\.txt:\d /);
  });
});
