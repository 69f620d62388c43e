import { describe, expect, it } from "vitest";
import { UserError } from "../../lib/errors.ts";
import { type EmulationState, emulationsOn } from "../../lib/formats/emulation.ts";
import { announce } from "../../lib/kinds/announce.ts";
import { asksFixes, doctor, fixes } from "../../lib/machine/doctor.ts";
import { engineFix } from "../../lib/names/engine.ts";
import type { Access } from "../../lib/oci/registry.ts";
import { fixOf } from "../../lib/oci/rules/failure.ts";
import type { AllFacts, Program } from "../../lib/plan/facts.ts";
import { renderAction } from "../../lib/plan/render_plan.ts";
import { config, digest, doing, engine, facts, found, git } from "./factory.ts";

const text = "# cmamp-1.2.0\n- 2025-01-01\n- First\n";
const emulated = (state: EmulationState) =>
  emulationsOn("x64").map((one) => ({ ...one, state, installed: state !== "absent" }));
type Seen = Partial<AllFacts> & {
  readonly programs?: readonly Program[];
  readonly access?: Readonly<Record<string, Access>>;
  readonly apt?: boolean;
};
const seen = ({ programs = [], access = {}, apt = true }: Seen) => ({
  ...{ programs, access, apt, emulations: emulated("whole"), slipway: "/slipway" },
});
const known = ({ programs: _, access: __, apt: ___, ...more }: Seen) => facts({ changelogText: text, ...more });
const all = (given: Seen = {}) => doctor(known(given), { fix: true }, seen(given));
/** The lines that are run for it. */
const fixed = (given: Seen, fix = true) =>
  fixes(known(given), { fix }, seen(given)).map(({ id, do: actions }) => [
    id,
    ...actions.flatMap((one) => renderAction(one)),
  ]);
/** What it does beside asking whether registries take an image. */
const plan = (...given: Parameters<typeof all>) => all(...given).filter((one) => "do" in one);
const report = (...given: Parameters<typeof plan>) => doing(plan(...given), announce)[0];
type Row = {
  readonly what: string;
  readonly ok: boolean;
  readonly needed: boolean;
  readonly seen: string;
  readonly fix: string;
};
/** What machines are told of one row. */
function row(what: string, more: Seen = {}): Row | undefined {
  const rows = report(more)?.data as readonly Row[] | undefined;
  return rows?.find((one) => one.what === what);
}
const missing = (name: string): { programs: readonly Program[] } => ({ programs: [{ name, version: null }] });

describe("doctor", () => {
  it("has a row for each program, the engine, each registry and the repo", () => {
    const steps = plan({ programs: [{ name: "git", version: "2.39.5" }] });
    expect(steps.map(({ id, title }) => [id, title])).toEqual([["report", "Check everything a release needs"]]);
    expect(report({ programs: [{ name: "git", version: "2.39.5" }] })?.text.split("\n")).toEqual([
      "ok      git                    2.39.5",
      "ok      engine                 linux/amd64",
      "ok      emulation              linux/arm64, linux/arm/v7",
      "ok      registry ecr           127.0.0.1:5001",
      "ok      registry dockerhub     127.0.0.1:5002",
      "ok      changelog.txt          readable",
      "ok      work tree              clean",
      "ok      Git remote             claims, log and tags are on origin (git@host:team/cmamp.git)",
      "ok      log and claims         whole, and nothing is held",
      "ok      history                whole",
    ]);
  });

  it("tells who holds a claim as well, and what nobody can read with the line that fixes it", () => {
    const what = "log and claims";
    const claim = { ref: "refs/slipway/claim/cmamp-1.0.0", isBroken: false, says: "is held by ann" };
    expect(row(what, { refs: { held: [claim], fault: null } })).toMatchObject({
      ...{ ok: true, seen: "refs/slipway/claim/cmamp-1.0.0 is held by ann" },
    });
    const broken = { ref: "refs/slipway/flip/cmamp", isBroken: true, says: "is empty" };
    expect(row(what, { refs: { held: [claim, broken], fault: null } })).toMatchObject({
      ...{ ok: false, needed: true, seen: expect.stringContaining("; refs/slipway/flip/cmamp is empty") },
      fix: expect.stringContaining("--break-lock"),
    });
    const fault = { what: "the log is gone", fix: "i release_log --repair" };
    expect(row(what, { refs: { held: [], fault } })).toMatchObject({ ok: false, seen: fault.what, fix: fault.fix });
  });

  const direct: Access = { proxy: null, authorities: [], certificate: null, login: null };
  it.each<[string, Partial<Access>, string]>([
    ["nothing was set for", {}, "directly, CA: the system's, no login"],
    ["plain http is spoken to", { authorities: null }, "directly, plain http, no login"],
    [
      "is behind a proxy",
      { proxy: "proxy.test:3128 (HTTPS_PROXY)" },
      "by proxy proxy.test:3128 (HTTPS_PROXY), CA: the system's, no login",
    ],
    [
      "has a CA of its own and wants to know who we are",
      { authorities: ["/a/ca.crt", "/b.crt"], certificate: "/a/client.cert", login: "AWS" },
      "directly, CA: /a/ca.crt /b.crt, client certificate: /a/client.cert, login from AWS",
    ],
  ])("tells the way to a registry that %s", (_what, more, seen) => {
    expect(row("registry ecr", { access: { ecr: { ...direct, ...more } } })?.seen).toBe(`127.0.0.1:5001, ${seen}`);
  });

  it("asks each registry that was reached whether it takes an image, side by side, to the end", () => {
    const unknown = { state: "unknown", why: "ecr does not answer" } as const;
    const group = all({ registries: { ecr: { dev: unknown } } }).find((one) => "steps" in one);
    expect(group).toMatchObject({
      onFailure: "go_on",
      steps: [
        { title: "Check push access to ecr", skip: "it was not reached" },
        {
          title: "Check push access to dockerhub",
          skip: null,
          do: [{ kind: "check_push", places: [{ registry: "dockerhub" }] }],
        },
      ],
    });
  });

  it("says what is missing and what is only absent, with the line to type", () => {
    const programs = [
      { name: "bash", version: null },
      { name: "gh", version: null },
    ];
    expect(report({ programs })?.text.split("\n").slice(0, 4)).toEqual([
      "MISSING bash                   not found",
      "        fix: apt-get install bash",
      "absent  gh                     not found",
      "        fix: apt-get install gh",
    ]);
  });

  it("sends nobody to a private engine from a container of ours", () => {
    const seen = { programs: [{ name: "docker", version: null }], engine: engine({ up: false, inside: true }) };
    expect(row("docker", seen)).toMatchObject({ fix: engineFix(true) });
  });

  const docs = "i engine up, or https://docs.docker.com/";
  it.each<[string, boolean, string, string | null]>([
    ["git", true, "apt-get install git", "git"],
    ["bash", true, "apt-get install bash", "bash"],
    ["docker", true, `${docs}engine/install`, null],
    ["buildx", true, `${docs}build/install-buildx`, null],
    ["compose", true, `${docs}compose/install`, null],
    ["tmux", false, "apt-get install tmux", "tmux"],
    ["aws", false, "apt-get install awscli", "awscli"],
    ["gh", false, "apt-get install gh", "gh"],
    ["another", false, "", null],
  ])("knows whether %s is needed (%s), and how it is installed", (name, needed, fix, apt) => {
    expect(row(name, missing(name))).toEqual({ what: name, ok: false, needed, seen: "not found", fix });
    const line = `sudo --non-interactive apt-get install --yes --no-install-recommends ${apt}`;
    expect(fixed(missing(name))).toEqual(apt === null ? [] : [["install", line]]);
    expect(report(missing(name))?.exitCode).toBe(needed ? 1 : 0);
  });

  const root = { user: { ...facts().user, uid: 0 }, env: {} };
  const nothing = ["git", "docker", "buildx", "compose", "tmux"].map((name) => ({ name, version: null }));
  const down = engine({ up: false, why: "docker: not found" });
  it.each<[what: string, seen: Seen, lines: readonly (readonly string[])[]]>([
    [
      "programs, an engine and the history",
      { ...root, programs: nothing, engine: down, git: git({ shallow: true }) },
      [
        ["install", "apt-get install --yes --no-install-recommends git tmux"],
        ["engine", "/slipway/thin_client/bin/i engine up --yes"],
        ["history", "git fetch --unshallow"],
      ],
    ],
    ["nothing where all is there", { ...root, programs: [{ name: "git", version: "2.39.5" }] }, []],
    ["no programs where there is no apt-get", { ...root, programs: nothing, engine: down, apt: false }, []],
    [
      "no engine in a container of ours",
      { ...root, programs: [{ name: "docker", version: null }], engine: { ...down, inside: true } },
      [],
    ],
    [
      "no second engine beside a Docker that is not started",
      { ...root, programs: [{ name: "docker", version: "27.0.0" }], engine: down },
      [],
    ],
    [
      "no engine here where another is named",
      { ...root, env: { DOCKER_HOST: "tcp://far:2376" }, programs: nothing.slice(1, 2), engine: down },
      [],
    ],
    ["no engine as another user than root", { programs: nothing.slice(1, 2), engine: down }, []],
    [
      "nothing that is a person's: commits, remotes, a changelog, claims",
      {
        ...root,
        changelogText: null,
        git: git({ dirty: ["a"], remote: null }),
        refs: { held: [], fault: { what: "the log is gone", fix: "i release_log --repair" } },
      },
      [],
    ],
  ])("with --fix fixes %s", (_what, given, lines) => {
    expect(fixed(given)).toEqual(lines);
    expect(fixed(given, false)).toEqual([]);
  });

  it("shows the lines before it asks, and asks nothing where there are none", () => {
    const given = { ...root, ...missing("gh") };
    expect(asksFixes(known(given), { fix: true }, seen(given))).toBe(
      "This is run:\n  apt-get install --yes --no-install-recommends gh\nRun it?",
    );
    expect(asksFixes(known(given), { fix: false }, seen(given))).toBeNull();
    expect(asksFixes(known(root), { fix: true }, seen(root))).toBeNull();
  });

  const optional = config({
    container_registry_info: { hub: { address: "127.0.0.1:5002", kind: "oci", required: false } },
  });
  const silent = { hub: { dev: found(digest("a")), "dev-1.2.0": { state: "unknown", why: "timeout" } } } as const;
  const noName = { reason: "unreachable", why: "It ended with ENOTFOUND.", fix: fixOf("unreachable", "ecr") } as const;
  it.each<[string, Partial<AllFacts>, string, Omit<Row, "what">]>([
    [
      "an engine that does not answer",
      { engine: engine({ up: false, why: "no socket" }) },
      "engine",
      { ok: false, needed: true, seen: "no socket", fix: "Start Docker, or a private engine: i engine up" },
    ],
    [
      "an engine that a container of ours was not given",
      { engine: engine({ up: false, why: "no socket", inside: true }) },
      "engine",
      { ok: false, needed: true, seen: "no socket", fix: engineFix(true) },
    ],
    [
      "a registry that answers",
      { registries: { ecr: { dev: found(digest("a")) } } },
      "registry ecr",
      { ok: true, needed: true, seen: "127.0.0.1:5001", fix: "i docker_login --target-registries ecr" },
    ],
    [
      "a registry that does not answer, and is not required",
      { config: optional, registries: silent },
      "registry hub",
      { ok: false, needed: false, seen: "timeout", fix: "i docker_login --target-registries hub" },
    ],
    [
      "a registry whose name nobody resolves",
      { registries: { ecr: { dev: { state: "unknown", why: "ecr is silent", error: noName } } } },
      "registry ecr",
      {
        ...{ ok: false, needed: true, seen: "ecr is silent: It ended with ENOTFOUND." },
        fix: "See whether this machine reaches 127.0.0.1:5001",
      },
    ],
    [
      "a registry whose proxy is down",
      {
        registries: {
          ecr: { dev: { state: "unknown", why: "the proxy is silent", error: { ...noName, fix: "export X" } } },
        },
      },
      "registry ecr",
      { ok: false, needed: true, seen: "the proxy is silent: It ended with ENOTFOUND.", fix: "export X" },
    ],
    [
      "a registry that lets nobody in",
      {
        registries: {
          ecr: { dev: { state: "unknown", why: "no", error: { ...noName, reason: "denied", fix: "Do this" } } },
        },
      },
      "registry ecr",
      { ok: false, needed: true, seen: "no", fix: "Do this" },
    ],
    [
      "no changelog",
      { changelogText: null },
      "changelog.txt",
      { ok: false, needed: true, seen: "not there", fix: "i changelog_check" },
    ],
    [
      "a broken changelog",
      { changelogText: "# cmamp\n" },
      "changelog.txt",
      { ok: false, needed: true, seen: 'line 1 "# cmamp" names no version', fix: "i changelog_check" },
    ],
    [
      "files that are not committed",
      { git: git({ dirty: ["a", "b"] }) },
      "work tree",
      { ok: false, needed: false, seen: "2 files are not committed", fix: "git add --all && git commit" },
    ],
    [
      "no remote",
      { git: git({ remote: null }) },
      "Git remote",
      {
        ok: false,
        needed: false,
        seen: "none: claims and the log stay in this clone",
        fix: "git remote add origin URL",
      },
    ],
    [
      "several remotes of which none is the one",
      {
        git: git({
          remote: null,
          unclear: new UserError("which remote?", { why: "Two.", fix: "release: {remote: x}" }),
        }),
      },
      "Git remote",
      { ok: false, needed: true, seen: "which remote?", fix: "release: {remote: x}" },
    ],
    [
      "a shallow clone",
      { git: git({ shallow: true }) },
      "history",
      { ok: false, needed: true, seen: "shallow", fix: "git fetch --unshallow" },
    ],
  ])("tells of %s", (_what, more, what, wanted) => {
    expect(row(what, more)).toEqual({ what, ...wanted });
  });

  it.each<[string, Partial<AllFacts>, number]>([
    ["something that is needed is missing", { git: git({ shallow: true }) }, 1],
    ["something that is not needed is absent", { git: git({ remote: null, dirty: ["a"] }) }, 0],
    ["all is there", {}, 0],
  ])("where %s ends with its exit code", (_what, more, exitCode) => {
    expect(report(more)?.exitCode).toBe(exitCode);
  });
});
