import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FaultGround, type Key, keys, makeFaultGround, tagsAt } from "../bed/fault_ground.ts";
import { type Ending, faults } from "../bed/faults.ts";
import { type Asked, type FaultyProxy, startFaultyProxy } from "../bed/faulty_proxy.ts";
import { logOf, refsOf } from "../bed/oracle.ts";
import { workflowsIn } from "../bed/workflow.ts";

let ground: FaultGround;
let elsewhere: FaultyProxy;
/** What the other host was sent as a login. */
const leaked: string[] = [];
/** The images whose blobs were read from the other host. */
const visited = new Set<string>();
const told: string[] = [];

beforeAll(async () => {
  ground = await makeFaultGround();
  elsewhere = await startFaultyProxy(ground.real.r1.address);
});
afterAll(async () => {
  process.stdout.write(`${[`${"fault".padEnd(22)}registry  outcome`, ...told.sort()].join("\n")}\n`);
  await elsewhere.stop();
  await ground.end();
});

type Case = readonly [fault: string, key: Key, ending: Ending];
const cases = Object.entries(faults).flatMap(([fault, { first, other, keys: struck = keys }]) =>
  struck.map((key): Case => [fault, key, key === "r1" ? first : other]),
);

/** The step and the cause of an error, for the table. */
const shortOf = (stderr: string) => {
  const [, step = "planning", cause = ""] = /^error: (?:\S+ stopped at step "(\w+)": )?(.*)$/m.exec(stderr) ?? [];
  return `stops at ${step}: ${cause.replaceAll(/sha256:[0-9a-f]{58}/g, "..").slice(0, 90)}`;
};

describe("a release behind a fault", () => {
  it.concurrent.each(cases)("%s in %s: it %s", async (fault, key, ending) => {
    // Without the registry's key in it: who reads an error must be told which registry it is about.
    const name = `${fault.replaceAll("_", "-")}-${{ r1: "first", r2: "second", r3: "third" }[key]}`;
    const row = faults[fault];
    if (!row) throw new Error(`no fault ${fault}`);
    const repo = await ground.repo(name, row.large ? "large" : "small");
    const { login, before, proxies } = ground;
    proxies[key].fault(name, row.make({ login, elsewhere: elsewhere.address, before: before.digest }));
    elsewhere.fault(name, ({ authorization }) => {
      visited.add(name);
      if (authorization !== undefined) leaked.push(`${name}: ${authorization}`);
      return null;
    });
    const started = Date.now();
    const release = (dir: string) =>
      workflowsIn(dir, { env: ground.env })("docker_release_dev", "--version", "1.0.0", "--json");
    const first = await release(repo.dir);
    const fired = proxies[key].fired(name);
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    told.push(
      `${fault.padEnd(22)}${key}        ${first.code === 0 ? "succeeds" : shortOf(first.stderr)} (${seconds} s, ${fired} x)`,
    );
    const strikes = row.strikes?.[key] ?? Math.max(1, fired);
    expect(fired, `how often the fault struck: ${first.stderr}`).toBe(strikes);

    expect([first.code === 0 ? "succeeds" : "stops", first.stderr.includes("fault of Slipway")], first.stderr).toEqual([
      ending,
      false,
    ]);
    if (ending === "stops") {
      expect(first.stderr).toMatch(/^error: docker_release_dev stopped at step "\w+": .*\n {2}why: .*\n {2}fix: .+/m);
      const error = first.stderr.slice(first.stderr.lastIndexOf("\nerror: "));
      expect(error).toMatch(new RegExp(`\\b${key}\\b|${proxies[key].address.replaceAll(".", "\\.")}`));
    }
    const dev = await tagsAt(ground, name, "dev");
    const [one, ...others] = keys
      .filter((registry) => row.answers || registry !== key)
      .map((registry) => dev[registry]);
    expect(one).toMatch(/^sha256:/);
    expect(others, JSON.stringify(dev)).toEqual(others.map(() => one));

    proxies[key].fault(name, null);
    const last = ending === "stops" ? await release(repo.clone) : first;
    expect(last.code, last.stderr).toBe(0);
    const image = last.digest;
    expect(await tagsAt(ground, name, "dev")).toEqual({ r1: image, r2: image, r3: image });
    expect(await tagsAt(ground, name, "dev-1.0.0")).toEqual({ r1: image, r2: image, r3: image });
    const refs = (await refsOf(repo.remote)).map((line) => line.split(" ")[0]);
    expect(refs).toEqual(["refs/heads/main", `refs/slipway/log/${name}`, `refs/tags/${name}-1.0.0`]);
    const log = await logOf(repo.remote, name);
    expect(log.filter(({ type }) => type === "release")).toHaveLength(1);
    expect([visited.has(name), leaked]).toEqual([name === "redirects-first", []]);
  });
});

describe("a face", () => {
  const address = "127.0.0.1:1";
  const asked = (method: string, path: string, more: Partial<Asked> = {}): Asked => ({
    ...{ method, path, query: new URLSearchParams(), form: new URLSearchParams(), authorization: undefined, bytes: 1 },
    ...{ fired: 0, address },
    ...more,
  });
  const faceOf = (name: string) => {
    const face = faults[name]?.make({ login: { user: "", password: "" }, elsewhere: address, before: "" });
    if (!face) throw new Error(`no fault ${name}`);
    return face;
  };

  it("of ECR takes the tag of a version once, and dev as often as it is put", () => {
    const face = faceOf("ecr_face");
    const put = (tag: string) => face(asked("PUT", `/v2/app/manifests/${tag}`));
    expect([put("dev"), put("dev")]).toEqual([null, null]);
    expect([put("dev-1.0.0"), put("dev-1.0.0")]).toMatchObject([{ kind: "count" }, { kind: "reply", status: 400 }]);
  });

  it("of ECR without mutable tags takes no dev", () => {
    const put = asked("PUT", "/v2/app/manifests/dev");
    expect(faceOf("ecr_all_immutable")(put)).toMatchObject({ kind: "reply", status: 400 });
  });

  it("of GHCR takes no piece above 4 MiB", () => {
    const piece = (bytes: number) => faceOf("ghcr_face")(asked("PATCH", "/v2/app/blobs/uploads/1", { bytes }));
    expect([piece(4_194_304), piece(4_194_305)]).toMatchObject([{ kind: "count" }, { kind: "reply", status: 416 }]);
  });
});
