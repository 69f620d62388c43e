import { tryGh } from "../doors/gh.ts";
import { UserError } from "../errors.ts";
import { ghFailure } from "../git/gh_failure.ts";
import { type GithubRepo, repoWord } from "../git/github_repo.ts";
import { kind } from "../plan/kind.ts";
import { quote } from "../plan/render_plan.ts";
import { output } from "../run/world.ts";
import { visible } from "../text/visible.ts";

/** A workflow of GitHub Actions that is started by hand. */
export type StartWorkflow = {
  readonly kind: "start_workflow";
  readonly repo: GithubRepo;
  /** Its file in .github/workflows. */
  readonly file: string;
  readonly branch: string;
};

export const startWorkflow = kind<StartWorkflow>("start_workflow", {
  lines: (action) => [["gh", ...argv(action), "--repo", repoWord(action.repo)].map(quote).join(" ")],
  run: async (action, world) => {
    const { env, place } = world.facts;
    const answer = await tryGh({ repo: action.repo, folder: place.root, env }, argv(action));
    output(world, visible(`${answer.stdout}${answer.stderr}`));
    if (answer.code === 0) return "done";
    const { what, ...advice } = ghFailure(answer, action.repo.host, "workflow run");
    throw new UserError(what, advice);
  },
});

const argv = ({ file, branch }: StartWorkflow): readonly string[] => ["workflow", "run", file, "--ref", branch];
