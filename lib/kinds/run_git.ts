import { join } from "node:path";
import { tryGit } from "../doors/git.ts";
import { UserError } from "../errors.ts";
import { commandFailure } from "../git/git_command_failure.ts";
import { gitAt } from "../git/git_words.ts";
import { kind } from "../plan/kind.ts";
import { quote } from "../plan/render_plan.ts";
import { output } from "../run/world.ts";
import { visible } from "../text/visible.ts";

/** A Git command as a person would type it, in the super-repo or one below it. */
export type RunGit = {
  readonly kind: "run_git";
  /** Relative to the outermost Git root, `.` for the root itself. */
  readonly repo: string;
  readonly argv: readonly string[];
};

export const runGit = kind<RunGit>("run_git", {
  // A push runs the hook before it, as that of a release's tag does.
  reaches: ({ argv }) => (argv[0] === "push" ? ["tag"] : []),
  lines: ({ repo, argv }) => [[...gitAt(repo), ...argv].map(quote).join(" ")],
  run: async ({ repo, argv }, world) => {
    const { place, env } = world.facts;
    const { code, stdout, stderr } = await tryGit(join(place.root, repo), env, argv);
    const said = `${stderr}${stdout}`;
    output(world, visible(said));
    if (code === 0)
      return (said === "" && !saysNothing.has(argv[0] ?? "")) || isAlready.test(said) ? "already" : "done";
    const git = gitAt(repo).map(quote).join(" ");
    throw new UserError(`git ${argv[0]} in ${JSON.stringify(repo)} ended with ${code}`, {
      ...commandFailure(said, git),
      exitCode: code,
      kind: "git",
    });
  },
});

/** What changes something and says nothing of it. */
const saysNothing = new Set(["config", "update-ref"]);
const isAlready = /^(Already up to date\.|Everything up-to-date)$/m;
