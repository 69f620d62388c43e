import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { must } from "../../thin_client/engine/command.ts";
import { commitAll } from "../bed/git.ts";
import { labelled } from "../bed/labelled.ts";
import { needs } from "../bed/parts.ts";
import { makePerson, type Person } from "../bed/person.ts";
import { ensurePythonBase } from "../bed/python_base.ts";
import { changelog, write } from "../bed/tiny_repo.ts";
import { docker, dropImages, startWith, trustingCi, workflowsIn } from "../bed/workflow.ts";
import { root } from "../unit/source.ts";

// Each dir has an image of its own; what the engine has needs no registry.
const host = "127.0.0.1:5000";
const dirs = { ".": "sib_a", b: "sib_b", c: "sib_c", plain: "sib_plain" } as const;
const container = { ".": "{socket: true}", b: "{socket: true}", c: "{}", plain: "{slipway: true}" } as const;
const places = Object.keys(dirs) as (keyof typeof dirs)[];
const wrapper = "sample/run_dockerized.py";
/** Tells where it runs, hands on to the next dir, and ends with 7 in the last one. */
const deep = `import os, socket, sys
sys.path.insert(0, "/app/sample")
from run_dockerized import run_dockerized
with open("/app/seen", "a") as seen:
    print(socket.gethostname(), os.getcwd(), os.environ["CSFY_HOST_GIT_ROOT_PATH"], file=seen)
here, *rest = sys.argv
sys.exit(run_dockerized(rest[0], "python3", here, *rest[1:]) if rest else 7)
`;

const base = mkdtempSync(join(tmpdir(), "slipway-siblings-"));
const [repo, adas] = [join(base, "repo"), join(base, "adas")];
let ada: Person;
const run = workflowsIn(repo, { env: trustingCi });
/** Who has allowed nothing elsewhere. */
const own = { XDG_CONFIG_HOME: join(base, "config") };
const asked = workflowsIn(repo, { env: own });
/** Shell text in the container of a dir. */
const inside = (dir: string, text: string) => run("docker_cmd", "--dir", dir, "--quiet", "--", "sh", "-c", text);

beforeAll(async () => {
  await needs("engine");
  const python = await ensurePythonBase();
  for (const dir of places) {
    const at = (path: string) => join(dir, path);
    write(repo, {
      [at("repo_config.yaml")]: [
        `docker_info: {docker_image_name: ${dirs[dir]}}`,
        `container_registry_info: {r1: {address: "${host}", kind: oci}}`,
        `container: ${container[dir]}`,
        "",
      ].join("\n"),
      [at("changelog.txt")]: changelog(dirs[dir], "1.0.0"),
      [at("devops/docker_build/dev.Dockerfile")]: `FROM ${python}\n`,
    });
  }
  write(repo, { "deep.py": deep, [wrapper]: readFileSync(join(root, "thin_client/template", wrapper), "utf8") });
  await commitAll(repo, "Start");
  await Promise.all(places.map((dir) => docker("tag", python, `${host}/${dirs[dir]}:dev-1.0.0`)));
  chmodSync(base, 0o755);
  await must(["cp", "-a", repo, adas]);
  await must(["chown", "-R", "4321:4321", adas]);
  mkdirSync(join(base, "ada"));
  ada = await makePerson(join(base, "ada"), 4321);
});
afterAll(async () => {
  await ada?.end();
  await dropImages(places.map((dir) => `${host}/${dirs[dir]}`));
  rmSync(base, { recursive: true, force: true });
});

describe("run_dockerized, in a container that has the engine's socket", () => {
  it("starts another dir's container with the same files, and from inside that one more", async () => {
    for (const dir of [".", "b"])
      expect(await ada.workflow(adas, "trust", "--yes", "--dir", dir)).toMatchObject({ code: 0 });
    const ran = await ada.workflow(adas, "docker_cmd", "--", "python3", "/app/deep.py", "b", "/app/c");
    expect(ran, ran.stderr).toMatchObject({ code: 7 });
    const seen = readFileSync(join(adas, "seen"), "utf8").trim().split("\n");
    const rows = seen.map((line) => line.split(" "));
    expect(rows.map(([, cwd, code]) => [cwd, code])).toEqual([
      ["/app", adas],
      ["/app/b", adas],
      ["/app/c", adas],
    ]);
    expect(new Set(rows.map(([name]) => name)).size).toBe(3);
    expect(statSync(join(adas, "seen")).uid).toBe(4321);
  });

  it("is refused where nobody allowed what the other dir asks for", async () => {
    expect((await asked("trust", "--yes")).code).toBe(0);
    const ran = await asked("docker_cmd", "--", "i", "docker_cmd", "--dir", "b", "--", "true");
    expect(ran.code).toBe(2);
    expect(`${ran.stdout}${ran.stderr}`).toContain("asks for more than the defaults: containers get the engine");
  });

  it("ends with the run outside", async () => {
    expect((await asked("trust", "--yes", "--dir", "b")).code).toBe(0);
    const inner = ["i", "docker_cmd", "--dir", "b", "--", "sleep", "300"];
    const outer = startWith(repo, { ...process.env, ...own }, ["docker_cmd", "--", ...inner]);
    await expect.poll(() => labelled("sib_b"), { timeout: 60_000 }).toHaveLength(1);
    await outer.kill("SIGINT");
    expect([await labelled("sib_a"), await labelled("sib_b")]).toEqual([[], []]);
  });
});

describe("a path that the host does not have", () => {
  it("is told as such", async () => {
    const ran = await inside(".", "git clone -q /app /tmp/other && cd /tmp/other && i docker_cmd -- true");
    expect(ran.code).toBe(2);
    expect(`${ran.stdout}${ran.stderr}`).toContain('the machine of the engine does not have "/tmp/other');
  });
});

describe("a container without the engine", () => {
  it("runs workflows that need none, and says of others what gives it one", async () => {
    const ran = await inside("plain", "i changelog_check && i docker_cmd -- true; echo ended-$?");
    expect(ran.code).toBe(0);
    const said = `${ran.stdout}${ran.stderr}`;
    expect(said).toContain("no Docker engine answers");
    expect(said).toContain("container: {socket: true} in repo_config.yaml, then i trust");
    expect(said).not.toContain("i engine up");
    expect(said).toContain("ended-2");
  });

  it("starts no private one", async () => {
    const ran = await inside("plain", "i engine up --yes");
    expect([ran.code, `${ran.stdout}${ran.stderr}`]).toEqual([
      2,
      expect.stringContaining("a private engine does not start in this container"),
    ]);
  });
});
