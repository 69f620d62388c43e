import { run } from "../engine/command.ts";
import type { Env } from "../engine/layout.ts";

/** Ends the tmux sessions that were started in a repo; gives whether there was one. */
export async function endSessions(repo: string): Promise<boolean> {
  const { stdout } = await run(["tmux", "list-sessions", "-F", "#{session_id} #{session_path}"]);
  const all = stdout.split("\n").map((line) => line.split(" "));
  const ours = all.filter(([, ...path]) => `${path.join(" ")}/`.startsWith(`${repo}/`));
  for (const [id = ""] of ours) await run(["tmux", "kill-session", "-t", id]);
  return ours.length > 0;
}

/** Removes the containers and images of a name from the engine; the build cache stays. Gives whether there was one. */
export async function forgetInEngine(name: string, env: Env): Promise<boolean> {
  const docker = async (...words: readonly string[]) =>
    (await run(["docker", ...words], { env })).stdout.split("\n").filter((line) => line !== "");
  const containers = await docker("ps", "--all", "--quiet", "--filter", `label=dev.slipway.image=${name}`);
  if (containers.length > 0) await docker("rm", "--force", "--volumes", ...containers);
  const rows = await docker("image", "ls", "--format", "{{.Repository}} {{.Tag}} {{.ID}}");
  const own = rows.filter((row) => row.split(" ")[0]?.split("/").at(-1) === name);
  const names = own.map((row) => row.split(" ")).map(([image, tag, id]) => (tag === "<none>" ? id : `${image}:${tag}`));
  if (names.length > 0) await docker("image", "rm", "--force", ...names.flatMap((image) => image ?? []));
  return containers.length + names.length > 0;
}
