import type { EmulationLook } from "../doors/emulation.ts";
import { announce } from "../kinds/announce.ts";
import { type Command, cmd } from "../kinds/command.ts";
import { readChangelog } from "../model/changelog.ts";
import type { Facts, Program } from "../model/facts.ts";
import { shownRemote } from "../model/git_remote.ts";
import { type Step, step } from "../model/plan.ts";

/** One thing a release needs: whether it is well, what was seen, and the line that mends it. */
type Row = {
  readonly what: string;
  readonly ok: boolean;
  readonly needed: boolean;
  readonly seen: string;
  readonly fix: string;
  readonly mend: Command | null;
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

/** Everything a release needs, one row each; exit code 1 when something needed is missing. With --fix, what apt can install is installed. */
export function doctor(
  facts: Facts<"engine" | "registries" | "refs">,
  options: { readonly fix: boolean },
  { programs: found, emulations }: { readonly programs: readonly Program[] } & Pick<EmulationLook, "emulations">,
): Step[] {
  const rows = [
    ...programRows(found),
    engineRow(facts),
    emulationRow(emulations),
    ...registryRows(facts),
    ...repoRows(facts),
  ];
  const mends = rows.flatMap(({ mend }) => (mend ? [mend] : []));
  const fixing = options.fix && mends.length > 0 ? [step("fix", "Install what is missing", mends)] : [];
  const text = rows
    .map(
      (row) =>
        `${row.ok ? "ok     " : row.needed ? "MISSING" : "absent "} ${row.what.padEnd(22)} ${row.seen}${row.ok ? "" : `\n        fix: ${row.fix}`}`,
    )
    .join("\n");
  const bad = rows.some(({ ok, needed }) => needed && !ok);
  const data = rows.map(({ mend: _, ...row }) => row);
  return [
    step("report", "Look at everything a release needs", [
      announce({ text, data, exitCode: bad && fixing.length === 0 ? 1 : 0 }),
    ]),
    ...fixing,
  ];
}

const programRows = (found: readonly Program[]): Row[] =>
  found.map(({ name, version }) => {
    const { needed = false, apt, fix = "" } = programs[name] ?? {};
    const mend = version === null && apt ? cmd`apt-get install --yes --no-install-recommends ${apt}` : null;
    return { what: name, ok: version !== null, needed, seen: version ?? "not found", fix, mend };
  });

const engineRow = ({ engine }: Facts<"engine">): Row => ({
  what: "engine",
  ok: engine.up,
  needed: true,
  seen: engine.up ? engine.platform : engine.why,
  fix: "Start Docker, or a private engine: i engine up",
  mend: null,
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

const registryRows = (facts: Facts<"registries">): Row[] =>
  facts.config.registries.map(({ name, address, required }) => {
    const state = Object.values(facts.registries[name] ?? {}).find((one) => one.state === "unknown");
    const { why, error } = state?.state === "unknown" ? state : { why: address };
    const isSilent = error?.reason === "unreachable";
    return {
      what: `registry ${name}`,
      ok: state === undefined,
      needed: required,
      seen: isSilent ? `${why}: ${error.why}` : why,
      // A login mends no name that nobody resolves.
      fix: isSilent
        ? `See whether this machine reaches ${address}`
        : (error?.fix ?? `i docker_login --target-registries ${name}`),
      mend: null,
    };
  });

const row = (what: string, ok: boolean, more: { seen: string; fix: string; needed: boolean }): Row => ({
  what,
  ok,
  mend: null,
  ...more,
});

function changelogRow({ changelogText, config, today }: Facts): Row {
  const [problem] = readChangelog(changelogText ?? "", config.imageName, today).problems;
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
    fix: fault?.fix ?? "When nobody is at work on this image, release with --break-lock",
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
