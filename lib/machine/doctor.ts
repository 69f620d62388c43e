import { asRoot } from "../container/as_root.ts";
import type { EmulationLook } from "../doors/emulation.ts";
import { shownRemote } from "../git/git_remote.ts";
import { announce } from "../kinds/announce.ts";
import { cmd } from "../kinds/command.ts";
import { runGit } from "../kinds/run_git.ts";
import { readChangelog } from "../names/changelog.ts";
import { engineFix } from "../names/engine.ts";
import { targetPlaces } from "../names/names.ts";
import type { Access } from "../oci/registry.ts";
import { fixOf } from "../oci/rules/failure.ts";
import type { Facts, Program } from "../plan/facts.ts";
import { type Group, group, type Step, step } from "../plan/plan.ts";
import { renderAction } from "../plan/render_plan.ts";
import { checkPush } from "../release/check_push.ts";
import { dayOf } from "../text/units.ts";

/** Programs of the machine, the way to each registry, and what the kernel emulates. */
type Seen = Pick<EmulationLook, "emulations"> & {
  readonly programs: readonly Program[];
  readonly access: Readonly<Record<string, Access>>;
  /** The machine has apt-get. */
  readonly apt: boolean;
  /** Where Slipway lies. */
  readonly slipway: string;
};
type Options = { readonly fix: boolean };

/** One thing a release needs: whether it is well, what was seen, and the line that fixes it. */
type Row = {
  readonly what: string;
  readonly ok: boolean;
  readonly needed: boolean;
  readonly seen: string;
  readonly fix: string;
};

/** What each program is for, and how a Debian-like machine gets it. */
const programs: Readonly<Record<string, { readonly needed: boolean; readonly apt?: string; readonly fix: string }>> = {
  git: { needed: true, apt: "git", fix: "apt-get install git" },
  bash: { needed: true, apt: "bash", fix: "apt-get install bash" },
  docker: { needed: true, fix: "i engine up, or https://docs.docker.com/engine/install" },
  buildx: { needed: true, fix: "i engine up, or https://docs.docker.com/build/install-buildx" },
  compose: { needed: true, fix: "i engine up, or https://docs.docker.com/compose/install" },
  tmux: { needed: false, apt: "tmux", fix: "apt-get install tmux" },
  aws: { needed: false, apt: "awscli", fix: "apt-get install awscli" },
  gh: { needed: false, apt: "gh", fix: "apt-get install gh" },
};

/** Everything a release needs, one row each; exit code 1 when something needed is missing. */
export function doctor(
  facts: Facts<"engine" | "registries" | "refs">,
  _options: Options,
  { programs: found, access, emulations }: Seen,
): (Step | Group)[] {
  const rows = [
    ...programRows(facts, found),
    engineRow(facts),
    emulationRow(emulations),
    ...registryRows(facts, access),
    ...repoRows(facts),
  ];
  const text = rows
    .map(
      (row) =>
        `${row.ok ? "ok     " : row.needed ? "MISSING" : "absent "} ${row.what.padEnd(22)} ${row.seen}${row.ok ? "" : `\n        fix: ${row.fix}`}`,
    )
    .join("\n");
  const bad = rows.some(({ ok, needed }) => needed && !ok);
  return [
    step("report", "Check everything a release needs", [announce({ text, data: rows, exitCode: bad ? 1 : 0 })]),
    ...pushChecks(facts),
  ];
}

/**
 * What of it Slipway may do by itself: install programs, start an engine of its own where there is no Docker at all, and fetch
 * the history. Logins, commits, remotes, and claims of others are a person's.
 */
export function fixes(facts: Facts<"engine">, { fix }: Options, { programs: found, apt, slipway }: Seen): Step[] {
  if (!fix) return [];
  const missing = found.flatMap(({ name, version }) => (version === null ? [name] : []));
  const packages = apt ? missing.flatMap((name) => programs[name]?.apt ?? []) : [];
  const install = asRoot(
    facts,
    cmd`apt-get install --yes --no-install-recommends ${packages}`,
    "Programs are installed by root alone",
  );
  const named = facts.env["DOCKER_HOST"] ?? "";
  const mayHaveEngine = facts.user.uid === 0 && facts.host.system === "Linux" && apt && named === "";
  const isWithout = missing.includes("docker") && !facts.engine.up && !facts.engine.inside;
  return [
    ...(packages.length > 0 ? [step("install", `Install ${packages.join(" ")}`, [install])] : []),
    ...(isWithout && mayHaveEngine
      ? [step("engine", "Start a private engine", [cmd`${slipway}/thin_client/bin/i engine up --yes`])]
      : []),
    ...(facts.git.shallow
      ? [step("history", "Fetch the whole history", [runGit({ repo: ".", argv: ["fetch", "--unshallow"] })])]
      : []),
  ];
}

/** The question before that, with the lines; null where there is nothing to fix. */
export function asksFixes(...given: Parameters<typeof fixes>): string | null {
  const lines = fixes(...given).flatMap((one) => one.do.flatMap((action) => renderAction(action)));
  return lines.length === 0 ? null : ["This is run:", ...lines.map((line) => `  ${line}`), "Run it?"].join("\n");
}

/** Whether each registry takes an image from us, which only opening an upload tells. */
function pushChecks(facts: Facts<"registries">): Group[] {
  const checks = facts.config.registries.map(({ name }, index) => {
    const places = targetPlaces({ ...facts, targets: facts.config.registries.filter((one) => one.name === name) });
    const skip = unknownAt(facts, name) ? "it was not reached" : null;
    return step(`push_${index + 1}`, `Check push access to ${name}`, [checkPush({ places })], { skip });
  });
  if (checks.length === 0) return [];
  return [group("push", "Check push access", checks, { atOnce: 8, onFailure: "go_on" })];
}

/** What is not known of a registry; undefined where it was reached. */
function unknownAt({ registries }: Facts<"registries">, name: string) {
  const state = Object.values(registries[name] ?? {}).find((one) => one.state === "unknown");
  return state?.state === "unknown" ? state : undefined;
}

const programRows = ({ engine }: Facts<"engine">, found: readonly Program[]): Row[] =>
  found.map(({ name, version }) => {
    const { needed = false, fix = "" } = programs[name] ?? {};
    const isGiven = engine.inside && fix.startsWith("i engine up");
    return {
      what: name,
      ok: version !== null,
      needed,
      seen: version ?? "not found",
      fix: isGiven ? engineFix(true) : fix,
    };
  });

const engineRow = ({ engine }: Facts<"engine">): Row => ({
  what: "engine",
  ok: engine.up,
  needed: true,
  seen: engine.up ? engine.platform : engine.why,
  fix: engineFix(engine.inside === true),
});

/** Needed for images of several platforms alone. */
function emulationRow(emulations: EmulationLook["emulations"]): Row {
  const absent = emulations.flatMap(({ state, platform }) => (state === "whole" ? [] : [platform]));
  return row("emulation", absent.length === 0, {
    seen: absent.length === 0 ? emulations.map(({ platform }) => platform).join(", ") : `not of ${absent.join(", ")}`,
    fix: "i release_enable_cross_build",
    needed: false,
  });
}

const registryRows = (facts: Facts<"registries">, access: Seen["access"]): Row[] =>
  facts.config.registries.map(({ name, address, required }) => {
    const unknown = unknownAt(facts, name);
    const { error } = unknown ?? {};
    const isSilent = error?.reason === "unreachable";
    // A login fixes no name that nobody resolves; the client's own line leads back here.
    const silent =
      error?.fix === fixOf("unreachable", name) ? `See whether this machine reaches ${address}` : error?.fix;
    return {
      what: `registry ${name}`,
      ok: unknown === undefined,
      needed: required,
      seen: unknown
        ? `${unknown.why}${isSilent ? `: ${error.why}` : ""}`
        : [address, ...wayOf(access[name])].join(", "),
      fix: (isSilent ? silent : error?.fix) ?? `i docker_login --target-registries ${name}`,
    };
  });

/** `by proxy proxy.test:3128 (HTTPS_PROXY)`, what is trusted and shown there, and who says who we are. */
function wayOf(access: Access | undefined): string[] {
  if (!access) return [];
  const { proxy, authorities, certificate, login } = access;
  return [
    proxy ? `by proxy ${proxy}` : "directly",
    authorities ? `CA: ${authorities.join(" ") || "the system's"}` : "plain http",
    ...(certificate ? [`client certificate: ${certificate}`] : []),
    login ? `login from ${login}` : "no login",
  ];
}

const row = (what: string, ok: boolean, more: { seen: string; fix: string; needed: boolean }): Row => ({
  what,
  ok,
  ...more,
});

function changelogRow({ changelogText, config, now }: Facts): Row {
  const [problem] = readChangelog(changelogText ?? "", config.imageName, dayOf(now)).problems;
  const isThere = changelogText !== null;
  return row("changelog.txt", isThere && !problem, {
    seen: problem ? `line ${problem.line} ${problem.what}` : isThere ? "readable" : "not there",
    fix: "i changelog_check",
    needed: true,
  });
}

/** What is held is well: somebody is at work; what nobody can read stops every release. */
function refsRow({ refs: { held, fault } }: Facts<"refs">): Row {
  const broken = held.find(({ isBroken }) => isBroken);
  const told = held.map(({ ref, says }) => `${ref} ${says}`).join("; ");
  return row("log and claims", fault === null && broken === undefined, {
    seen: fault?.what ?? (told || "whole, and nothing is held"),
    fix: fault?.fix ?? "If nobody is working on this image, release with --break-lock",
    needed: true,
  });
}

function remoteRow({ git: { remote, unclear } }: Facts): Row {
  if (unclear) return row("Git remote", false, { seen: unclear.message, fix: unclear.fix, needed: true });
  return row("Git remote", remote !== null, {
    seen: remote ? `claims, log and tags are on ${shownRemote(remote)}` : "none: claims and the log stay in this clone",
    fix: "git remote add origin URL",
    needed: false,
  });
}

function repoRows(facts: Facts<"refs">): Row[] {
  return [
    changelogRow(facts),
    row("work tree", facts.git.dirty.length === 0, {
      seen: facts.git.dirty.length === 0 ? "clean" : `${facts.git.dirty.length} files are not committed`,
      fix: "git add --all && git commit",
      needed: false,
    }),
    remoteRow(facts),
    refsRow(facts),
    row("history", !facts.git.shallow, {
      seen: facts.git.shallow ? "shallow" : "whole",
      fix: "git fetch --unshallow",
      needed: true,
    }),
  ];
}
