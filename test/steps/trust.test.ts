import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { command } from "../../lib/kinds/command.ts";
import trust from "../../scripts/trust.ts";
import { doing, type Ground, type Place, startGround, writeTo } from "./ground.ts";
import { allow, keptIn, revoke, show } from "./trust_ground.ts";

let ground: Ground;
beforeAll(async () => {
  ground = await startGround({ registries: 0 });
});
afterAll(() => ground.end());

describe("a run that makes use of it", () => {
  const use = (place: Place) =>
    doing("use", command({ argv: ["touch", join(place.dir, "used")], env: {}, cwd: ".", ofRepo: "host" }));
  const make = (name: string) => ground.place(name, { config: "release: {end_to_end: {dev: {argv: [sh, e2e.sh]}}}\n" });
  const isUsed = (place: Place) => existsSync(join(place.dir, "used"));
  const asks = (name: string) =>
    `this repo asks for more than the defaults: the end-to-end tests of dev run on this machine as you: sh e2e.sh (in ${name})`;

  it("is refused where nobody can be asked, by the line to type, and with --yes too", async () => {
    const place = make("refused");
    for (const words of [[], ["--yes"]]) {
      const ended = await place.plan([use(place)], ...words);
      expect([ended.code, ended.err, isUsed(place)]).toEqual([
        2,
        `error: ${asks("refused")}\n  why: What a repo does to this machine beyond the defaults needs a person's consent, once for each content.\n  fix: Read the list and allow it: i trust\n`,
        false,
      ]);
    }
  });

  it("is refused in its dry run only by what it says, and not where its steps make no use of it", async () => {
    const place = make("dry");
    const { code, out } = await place.plan([use(place)], "--dry-run");
    expect([code, out]).toEqual([
      0,
      expect.stringContaining(`# would be refused: ${asks("dry")}\n#   fix: Read the list and allow it: i trust\n`),
    ]);
    expect((await place.plan([])).code).toBe(0);
    expect((await place.plan([{ ...use(place), skip: "asked for" }])).code).toBe(0);
  });

  it("goes on after a person's yes, which is kept for that content alone", async () => {
    const place = make("asked");
    const no = await ground.person(["n"], () => place.plan([use(place)], "--yes"));
    expect([no.code, isUsed(place), keptIn(ground)]).toEqual([2, false, []]);
    expect(no.err).toContain(`${ground.repo} asks for more than the defaults:\n  - the end-to-end tests of dev run`);
    const yes = await ground.person(["y"], () => place.plan([use(place)]));
    expect([yes.code, isUsed(place)]).toEqual([0, true]);
    const [file = ""] = keptIn(ground);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect((await place.plan([use(place)])).code).toBe(0);
    place.write("e2e.sh", "x");
    expect((await place.plan([use(place)])).code).toBe(2);
    await revoke(place);
  });

  it.each([
    ["1 of the CI", { CI: "true", SLIPWAY_TRUST: "1" }, "", 0],
    ["1 without a CI", { SLIPWAY_TRUST: "1" }, "", 2],
    ["another hash", { CI: "true", SLIPWAY_TRUST: "0123456789abcdef" }, "", 2],
    ["1 of .env", { CI: "true" }, "SLIPWAY_TRUST=1\n", 2],
    ["CI of .env", { SLIPWAY_TRUST: "1" }, "CI=1\n", 2],
  ])("is decided in CI by SLIPWAY_TRUST: %s", async (_what, env, text, code) => {
    const place = make("ci");
    writeTo(join(ground.repo, ".env"), text);
    Object.assign(ground.env, env);
    try {
      expect((await place.plan([use(place)])).code).toBe(code);
    } finally {
      rmSync(join(ground.repo, ".env"));
      for (const name of Object.keys(env)) delete ground.env[name];
    }
  });

  it("is allowed in CI by the hash that i trust --show prints", async () => {
    const place = make("hashed");
    const hashes = (await show(place)).map(({ hash }) => hash);
    Object.assign(ground.env, { CI: "true", SLIPWAY_TRUST: hashes.join(",") });
    try {
      expect((await place.plan([use(place)])).code).toBe(0);
      place.write("e2e.sh", "x");
      expect((await place.plan([use(place)])).code).toBe(2);
    } finally {
      for (const name of ["CI", "SLIPWAY_TRUST"]) delete ground.env[name];
    }
  });
});

describe("what is shown", () => {
  it("hides nothing: what steers a terminal is written out, on the line of its own", async () => {
    const place = ground.place("odd", { config: 'container: {volumes: ["/a\\u001b[2J\\u202e\\nallowed x:/b"]}\n' });
    const text = "containers get what lies outside of the repo: /a\\u001b[2J\\u202e allowed x:/b";
    expect((await place.run(["trust", trust], "--show")).out).toMatch(
      new RegExp(`^new     [0-9a-f]{32} ${text.replaceAll(/[[\\\]]/g, "\\$&")}\n$`),
    );
  });

  it("is no value of .env, which may be a secret", async () => {
    const place = ground.place("secret");
    writeTo(join(ground.repo, ".env"), "API_KEY=planted\n");
    const all = [
      await place.run(["trust", trust], "--show"),
      await allow(place),
      await place.run(["trust", trust], "--show", "--json"),
    ];
    rmSync(join(ground.repo, ".env"));
    expect(
      [...all.flatMap(({ out, err }) => [out, err]), ...keptIn(ground).map((path) => readFileSync(path, "utf8"))].join(
        "\n",
      ),
    ).not.toContain("planted");
    await revoke(place);
  });
});
