import { type ClusterNode, clientWords, type On, readNodes } from "../config/cluster.ts";
import { UserError } from "../errors.ts";
import { engineFix, isWithoutEngine } from "../names/engine.ts";
import { quote } from "../plan/render_plan.ts";
import { jsonOf, valueAt } from "../text/shape.ts";
import { sentence } from "../text/visible.ts";
import { type Captured, capture } from "./shell.ts";

type Where = { readonly cwd: string; readonly env: Readonly<Record<string, string | undefined>> };

/** Asks the engine that manages a swarm; what ends this process by Ctrl-C does not reach the client. */
export const askCluster = (
  on: On,
  words: readonly string[],
  { cwd, env, input }: Where & { readonly input?: string },
): Promise<Captured> =>
  capture([...clientWords(on), ...words], { cwd, env, apart: true, ...(input === undefined ? {} : { input }) });

const failed = (what: string, { stderr }: Captured, fix: string): UserError =>
  new UserError(what, {
    why: sentence(stderr.trim().split("\n").at(-1) || "It gave no reason"),
    fix,
    kind: "cluster",
  });

/** The nodes of a swarm that take tasks; throws where the engine manages none. */
export async function loadNodes(on: On, where: Where): Promise<readonly ClusterNode[]> {
  const named = on.context === null ? "the Docker engine" : `the engine of context "${on.context}"`;
  const info = await askCluster(on, ["info", "--format", "{{json .Swarm}}"], where);
  if (info.code !== 0)
    throw failed(
      `${named} did not answer`,
      info,
      on.context === null ? engineFix(isWithoutEngine(where.env)) : "See which contexts there are: docker context ls",
    );
  const looking = `See what it says: ${[...clientWords(on), "node", "ls"].map(quote).join(" ")}`;
  if (valueAt(jsonOf(info.stdout), "ControlAvailable") !== true)
    throw new UserError(`${named} is no manager of a swarm`, {
      why: "A manager of Docker Swarm places the test lists on its nodes.",
      fix: `Make it one: ${[...clientWords(on), "swarm", "init"].map(quote).join(" ")}; or name a manager's context: --on swarm:CONTEXT`,
      kind: "cluster",
    });
  const ids = await askCluster(on, ["node", "ls", "--quiet"], where);
  if (ids.code !== 0) throw failed(`${named} did not list its nodes`, ids, looking);
  const nodes = await askCluster(on, ["node", "inspect", ...ids.stdout.split("\n").filter((id) => id !== "")], where);
  if (nodes.code !== 0) throw failed(`${named} did not show its nodes`, nodes, looking);
  return readNodes(nodes.stdout);
}
