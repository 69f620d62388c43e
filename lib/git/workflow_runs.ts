import { isNode, textAt, valueAt } from "../text/shape.ts";
import { renderTable } from "../text/table.ts";
import { minute } from "../text/units.ts";

/** One run of a workflow of GitHub Actions. */
export type WorkflowRun = {
  readonly id: number;
  readonly workflow: string;
  readonly event: string;
  readonly branch: string;
  readonly commit: string;
  /** How it ended, or how far it is. */
  readonly state: string;
  readonly isDone: boolean;
  readonly at: string;
  readonly url: string;
};

/** What `gh run list` is asked for. */
export const runFields = "conclusion,createdAt,databaseId,event,headBranch,headSha,status,url,workflowName";

/** The runs that gh told; what is none is left out. */
export function parseRuns(json: unknown): readonly WorkflowRun[] {
  return (Array.isArray(json) ? json : []).flatMap((run: unknown) => {
    const id = valueAt(run, "databaseId");
    if (!isNode(run) || typeof id !== "number") return [];
    const text = (name: string) => textAt(run, name) ?? "";
    const isDone = text("status") === "completed";
    return {
      ...{ id, isDone, workflow: text("workflowName"), event: text("event"), branch: text("headBranch") },
      ...{ commit: text("headSha"), at: text("createdAt"), url: text("url") },
      state: (isDone && text("conclusion")) || text("status") || "unknown",
    };
  });
}

/** The newest run of each workflow for each event, which may test other code of one commit. */
export function newestRuns(runs: readonly WorkflowRun[]): readonly WorkflowRun[] {
  const newest = new Map<string, WorkflowRun>();
  for (const run of runs) {
    const key = JSON.stringify([run.branch, run.workflow, run.event]);
    const other = newest.get(key);
    if (!other || run.at > other.at || (run.at === other.at && run.id > other.id)) newest.set(key, run);
  }
  return [...newest.values()];
}

/** Whether a run has ended and is no success; one that had nothing to do is none. */
export const hasFailed = ({ isDone, state }: WorkflowRun): boolean =>
  isDone && !["success", "skipped", "neutral"].includes(state);

/** Runs as a table. */
export const renderRuns = (runs: readonly WorkflowRun[]): string =>
  renderTable(
    ["branch", "workflow", "event", "state", "commit", "started", "run"],
    runs.map((run) => [
      ...[run.branch, run.workflow, run.event, run.state.replaceAll("_", " ")],
      ...[run.commit.slice(0, 9), minute(run.at), run.url],
    ]),
  );
