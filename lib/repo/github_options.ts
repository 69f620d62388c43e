import { UserError } from "../errors.ts";
import { parseBranch } from "../names/dev_version.ts";
import { list, text } from "../run/options.ts";

/** What an issue and a pull request have in common. */
export const postOptions = {
  body: text<string>("TEXT", "Text below the title.", { short: "b", fallback: "", onlyTyped: true }),
  bodyFile: text<string>("FILE", "Read that text from this file, or from standard input as a dash.", {
    onlyTyped: true,
  }),
  labels: list("NAMES", "Give it these labels, comma-separated.", { short: "l" }),
  assignees: list("LOGINS", "Assign it to these people, comma-separated; @me is you.", { short: "a" }),
} as const;

/** The title that is typed; what it is without one differs. */
export const titleOption = (help: string) => text<string>("TITLE", help, { short: "t", onlyTyped: true });

/** A branch of the remote. */
export const branchOption = (name: "branch" | "base", help: string) =>
  text<string>("NAME", help, {
    onlyTyped: true,
    parse: (value) => {
      try {
        return parseBranch(value);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        throw new UserError(error.message, { why: error.why, fix: `Write it like --${name} main`, kind: "usage" });
      }
    },
  });

/** Files of .github/workflows, with or without their ending. */
export const workflowsOption = list("FILES", "The workflows to start (default: those of the fast and slow tests).", {
  positional: true,
  onlyTyped: true,
  parse: (value) =>
    value
      .split(",")
      .map((file) => file.trim())
      .filter((file) => file !== "")
      .map(parseWorkflow),
});

function parseWorkflow(file: string): string {
  if (/^\w[\w.-]*$/.test(file)) return /\.ya?ml$/.test(file) ? file : `${file}.yml`;
  throw new UserError(`${JSON.stringify(file)} is not the file of a workflow`, {
    why: "A workflow is a file right in .github/workflows, and named by it.",
    fix: "Write it like i gh_workflow_run fast_tests",
  });
}
