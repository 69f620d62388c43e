import { existsSync, rmSync } from "node:fs";
import { engineEnv } from "../../lib/doors/engine.ts";
import { run } from "../engine/command.ts";
import { defaultHolder } from "../engine/holders.ts";
import { engineDown } from "../engine.ts";
import { type Asked, findPlace, type Place } from "./place.ts";
import { forgetImage } from "./registries.ts";
import { say } from "./shown.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Removes what quickstart made and stops what it started; what others use or made stays. */
export async function down(asked: Asked, env: Env): Promise<void> {
  const at = findPlace(asked, env);
  if (at.known) {
    await endSessions(at);
    await forgetInEngine(at, { ...env, ...engineEnv(env) });
    say(`removing the images named ${at.name} from the registries`);
    await forgetImage(at.name);
    say(`removing ${at.dir}`);
    rmSync(at.dir, { recursive: true, force: true });
  } else say(existsSync(at.dir) ? `${at.dir} is no quickstart's and stays` : `${at.dir} is not there`);
  say("stopping the engine, if it is private and nobody else uses it");
  const holder = defaultHolder();
  const known = at.known?.holder;
  if (known !== undefined && known !== holder) await engineDown({ env, holder: known });
  const stopped = await engineDown({ env, holder, say });
  say(stopped ? "quickstart: nothing of it runs, and nothing is left but caches" : "quickstart: removed");
}

/** Ends the tmux sessions that were started in the sample repo. */
async function endSessions(at: Place): Promise<void> {
  const { stdout } = await run(["tmux", "list-sessions", "-F", "#{session_id} #{session_path}"]);
  for (const line of stdout.split("\n")) {
    const [id = "", ...path] = line.split(" ");
    if (`${path.join(" ")}/`.startsWith(`${at.repo}/`)) await run(["tmux", "kill-session", "-t", id]);
  }
}

/** Removes the sample's containers and images; the build cache stays. */
async function forgetInEngine(at: Place, env: Env): Promise<void> {
  const docker = async (...words: readonly string[]) =>
    (await run(["docker", ...words], { env })).stdout.split("\n").filter((line) => line !== "");
  const containers = await docker("ps", "--all", "--quiet", "--filter", `label=dev.slipway.image=${at.name}`);
  if (containers.length > 0) {
    say(`removing ${containers.length} containers of ${at.name}`);
    await docker("rm", "--force", "--volumes", ...containers);
  }
  const rows = await docker("image", "ls", "--format", "{{.Repository}} {{.Tag}} {{.ID}}");
  const own = rows.filter((row) => row.split(" ")[0]?.split("/").at(-1) === at.name);
  const names = own.map((row) => row.split(" ")).map(([name, tag, id]) => (tag === "<none>" ? id : `${name}:${tag}`));
  if (names.length > 0) await docker("image", "rm", "--force", ...names.flatMap((name) => name ?? []));
}
