import { relative } from "node:path";
import { hasFailed, renderRuns } from "../git/workflow_runs.ts";
import { announce } from "../kinds/announce.ts";
import { runGit } from "../kinds/run_git.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { oneLine } from "../text/visible.ts";
import { ghCreate } from "./gh_create.ts";
import type { IssueLook, PrLook } from "./look_github.ts";
import type { Pushed, RunsLook, StartLook } from "./look_runs.ts";
import { startWorkflow } from "./start_workflow.ts";
import { watchRuns } from "./watch_runs.ts";

type IssueOptions = { readonly labels: readonly string[]; readonly assignees: readonly string[] };

/** An option of gh that takes a list, once for each: it reads them as a line of CSV (RFC 4180). */
const each = (option: string, names: readonly string[]): readonly string[] =>
  names.flatMap((name) => [option, name.includes('"') ? `"${name.replaceAll('"', '""')}"` : name]);

/** Creates an issue, unless you have opened one of this title. */
export function createIssue(_facts: Facts, { labels, assignees }: IssueOptions, seen: IssueLook): Step[] {
  const { repo, title, body } = seen;
  const words = [...each("--label", labels), ...each("--assignee", assignees)];
  return created(`Create an issue in ${repo.owner}/${repo.name}`, seen, {
    create: ghCreate({ repo, thing: "issue", title, body, words }),
    why: "has this title and is open",
  });
}

type PrOptions = IssueOptions & { readonly draft: boolean; readonly reviewers: readonly string[] };

/** Pushes the branch where the remote does not have its commit, and opens a pull request of it. */
export function createPr({ place, git }: Facts, options: PrOptions, seen: PrLook): Step[] {
  const { repo, title, body, head, base, push } = seen;
  const at = relative(place.root, place.owner) || ".";
  const words = [
    ...["--head", head, "--base", base, ...(options.draft ? ["--draft"] : [])],
    ...each("--label", options.labels),
    ...each("--assignee", options.assignees),
    ...each("--reviewer", options.reviewers),
  ];
  const pushed = runGit({ repo: at, argv: ["push", "--set-upstream", push ?? "origin", `refs/heads/${head}`] });
  const open = created(`Open a pull request of ${oneLine(head)} into ${oneLine(base)}`, seen, {
    create: ghCreate({ repo, thing: "pr", title, body, words }),
    why: "is open",
  });
  const left = git.dirty.length > 0 ? [`${git.dirty.length} changed files are not committed, and not in it`] : [];
  return [
    step("push", `Push the branch ${oneLine(head)}`, push === null ? [] : [pushed], {
      skip: push === null ? "the remote has this commit" : null,
    }),
    ...open,
    ...left.map((text) => step("note", "Show what is not in it", [announce({ text: `note: ${text}` })])),
  ];
}

type Created = { readonly create: ReturnType<typeof ghCreate>; readonly why: string };

/** The step that creates it; where it is there, its address is shown instead. */
function created(title: string, { open, title: name }: IssueLook, { create, why }: Created): Step[] {
  if (open === null) return [step("create", title, [create])];
  const url = oneLine(open.url);
  const shown = announce({ text: url, data: { number: open.number, url, title: name } });
  return [
    step("create", title, [create], { skip: `${open.number} ${why}` }),
    step("report", "Show its address", [shown]),
  ];
}

/** The newest runs of the main branch and of this one. */
export function listRuns(_facts: Facts, _options: unknown, { branches, runs }: RunsLook): Step[] {
  const without = branches.filter((branch) => !runs.some((run) => run.branch === branch));
  const notes = without.map((branch) => `${oneLine(branch)} has no run`);
  const text = [...(runs.length > 0 ? [renderRuns(runs)] : []), ...notes].join("\n");
  const exitCode = runs.some(hasFailed) ? 1 : 0;
  return [step("report", "Show the newest runs", [announce({ text, data: { branches, runs }, exitCode })])];
}

/** Starts workflows on the branch as the remote has it; one that goes on of this commit is not started twice. */
export function startWorkflows(_facts: Facts, _options: unknown, { repo, branch, workflows }: StartLook): Step[] {
  const starts = workflows.map(({ file, going }, index) =>
    step(`start_${index + 1}`, `Start ${file} on ${oneLine(branch)}`, [startWorkflow({ repo, file, branch })], {
      skip: going && `it is ${oneLine(going.state.replaceAll("_", " "))} already, ${oneLine(going.url)}`,
    }),
  );
  const text = `Next: i gh_watch --branch ${oneLine(branch)}`;
  const data = { branch, workflows: workflows.map(({ file }) => file) };
  return [...starts, step("report", "Show what to do next", [announce({ text, data })])];
}

/** Waits for the runs of a branch's commit. */
export const waitForRuns = (_facts: Facts, { interval }: { readonly interval: number }, pushed: Pushed): Step[] => [
  step("watch", `Wait for the runs of ${pushed.commit.slice(0, 9)} on ${oneLine(pushed.branch)}`, [
    watchRuns({ ...pushed, every: interval }),
  ]),
];
