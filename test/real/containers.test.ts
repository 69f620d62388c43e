import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { must } from "../../thin_client/engine/command.ts";
import { makePerson, type Person } from "../bed/person.ts";
import {
  makePythonBox,
  makeSpots,
  nameImage,
  type PythonBox,
  type Spot,
  type SpotName,
  spotNames,
} from "../bed/python_box.ts";
import { workflowsIn } from "../bed/workflow.ts";

const local = ["--stage", "local", "--version", "1.0.0"];
let box: PythonBox;
let person: Person;
const spots: Record<number, Readonly<Record<SpotName, Spot>>> = {};
const spotOf = (uid: number, name: SpotName): Spot => {
  const spot = spots[uid]?.[name];
  if (spot === undefined) throw new Error(`no ${name} for ${uid}`);
  return spot;
};

beforeAll(async () => {
  box = await makePythonBox("box");
  person = await makePerson(join(box.ground.dir, "person"), 4321);
  for (const [uid, user] of [
    [0, "root"],
    [person.uid, `uid${person.uid}`],
  ] as const) {
    const dir = join(box.ground.dir, user);
    spots[uid] = await makeSpots(box, dir);
    await nameImage(box, user, ["box", "inner"]);
    await must(["chown", "-R", `${uid}:${uid}`, dir]);
  }
});
afterAll(async () => {
  await person.end();
  await box.ground.end();
});

const runAs = (uid: number, cwd: string, ...words: readonly string[]) =>
  uid === 0
    ? workflowsIn(cwd)("docker_cmd", ...local, ...words)
    : person.workflow(cwd, "docker_cmd", ...local, ...words);

describe.each([0, 4321])("inside a container of uid %d", (uid) => {
  it.each(spotNames)("Git works and files belong to the caller in %s", async (name) => {
    const { dir, head } = spotOf(uid, name);
    const text =
      'git rev-parse HEAD && git status --porcelain && git log -1 --format=%an && touch "made inside" && id -u';
    const ran = await runAs(uid, dir, "--cmd", text);
    expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: `${head}\nAda\n${uid}\n` });
    const { uid: owner, gid: group } = statSync(join(dir, "made inside"));
    rmSync(join(dir, "made inside"));
    expect({ owner, group }).toEqual({ owner: uid, group: uid });
  });

  it("sudo makes root of the caller without a password", async () => {
    const { dir } = spotOf(uid, "the root of a repo");
    const ran = await runAs(uid, dir, "--cmd", "sudo -n id -u && sudo -n sh -c 'id -un'");
    expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: "0\nroot\n" });
  });

  it("there is a name, a HOME that can be written and the outermost repo on /app", async () => {
    const { dir } = spotOf(uid, "a submodule two levels down");
    const ran = await runAs(
      uid,
      dir,
      "--cmd",
      'test "$(id -un)" = "$(whoami)" && touch ~/x && pwd && ls -A /app && echo ~',
    );
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stdout.split("\n")).toEqual([
      "/app/sub/middle/deep",
      ...[".git", ".gitmodules", "README.md", "sub"],
      uid === 0 ? "/root" : `/home/uid${uid}`,
      "",
    ]);
  });
});

describe("the files that let a caller be somebody inside", () => {
  it("are a sudoers line of root's own that nobody may write, and a passwd line", async () => {
    const { dir } = spotOf(person.uid, "the root of a repo");
    const ran = await runAs(
      person.uid,
      dir,
      ...[
        "--cmd",
        "stat -c '%U:%G %a' /etc/sudoers.d/slipway; getent passwd 4321 | cut -d: -f1,3,4; sudo -n visudo -c -q -f /etc/sudoers.d/slipway && echo valid",
      ],
    );
    expect(ran.stdout, ran.stderr).toBe("root:root 444\nuid4321:4321:4321\nvalid\n");
    expect(ran.stderr).not.toContain("warning");
  });

  it("are not there with --as-root", async () => {
    const { dir } = spotOf(person.uid, "the root of a repo");
    const ran = await runAs(
      person.uid,
      dir,
      "--as-root",
      "--cmd",
      "id -u; test -e /etc/sudoers.d/slipway || echo none",
    );
    expect(ran.stdout, ran.stderr).toBe("0\nnone\n");
  });
});
