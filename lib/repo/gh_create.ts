import { tryGh } from "../doors/gh.ts";
import { UserError } from "../errors.ts";
import { ghFailure } from "../git/gh_failure.ts";
import { type GithubRepo, repoWord } from "../git/github_repo.ts";
import { kind } from "../plan/kind.ts";
import { quote } from "../plan/render_plan.ts";
import { type Outcome, output, type World } from "../run/world.ts";
import { visible } from "../text/visible.ts";

/** An issue or a pull request: the title is a word of gh's, the text below it is what gh reads, and neither passes a shell. */
export type GhCreate = {
  readonly kind: "gh_create";
  readonly repo: GithubRepo;
  readonly thing: "issue" | "pr";
  readonly title: string;
  readonly body: string;
  /** The options of gh beside those two. */
  readonly words: readonly string[];
};

export const ghCreate = kind<GhCreate>("gh_create", {
  lines: (action) => {
    const line = ["gh", ...argv(action), "--repo", repoWord(action.repo)].map(quote).join(" ");
    return [`printf %s ${quote(action.body)} | ${line}`];
  },
  run: create,
});

const argv = ({ thing, title, words }: GhCreate): readonly string[] => [
  ...[thing, "create", "--title", title, ...words, "--body-file", "-"],
];

async function create(action: GhCreate, world: World): Promise<Outcome> {
  const { env, place } = world.facts;
  const at = { repo: action.repo, folder: place.root, env };
  const answer = await tryGh(at, argv(action), action.body);
  output(world, visible(answer.stderr));
  const address = addressIn(answer.stdout);
  const there = action.thing === "pr" && /already exists:/.test(answer.stderr) ? addressIn(answer.stderr) : null;
  if (address !== null && answer.code !== 0) throw half(address, answer.stderr);
  if (address === null && there === null) {
    const { what, ...advice } = ghFailure(answer, action.repo.host, `${action.thing} create`);
    throw new UserError(what, advice);
  }
  const { url, number } = address ?? there ?? { url: "", number: 0 };
  world.state.text.push(url);
  world.state.data = { number, url, title: action.title };
  return address === null ? "already" : "done";
}

function addressIn(text: string): { readonly url: string; readonly number: number } | null {
  const [url, number] = /https:\/\/\S+\/(?:issues|pull)\/(\d+)/.exec(text) ?? [];
  return url === undefined ? null : { url, number: Number(number) };
}

/** gh gives a pull request its labels and reviewers when it is there. */
const half = ({ url }: { readonly url: string }, said: string): UserError =>
  new UserError(`${visible(url)} is there, and not all of it was set`, {
    why: `gh says: ${visible(said.trim())}`,
    fix: `Set the rest: gh pr edit ${quote(url)} --add-label LABEL --add-reviewer LOGIN`,
    exitCode: 1,
    kind: "github",
  });
