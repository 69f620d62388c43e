import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { must } from "../../../thin_client/engine/command.ts";
import type { Answer, Line } from "../in_process.ts";
import { runtimes } from "../workflow.ts";

/** Runs workflows in a repo, all in one process; with `asked` the engine answers each question once. */
export type Planner = (repo: string, lines: readonly Line[], how?: "asked") => Promise<readonly Answer[]>;

const child = fileURLToPath(new URL("child.ts", import.meta.url));
type Env = Readonly<Record<string, string | undefined>>;

/** Takes a folder of its own and what AWS is reached by; what runs there knows nothing of who runs the tests, and where. */
export async function plannerIn(dir: string, aws: Env): Promise<Planner> {
  const [home, programs] = [join(dir, "home"), join(dir, "programs")];
  const config = join(home, ".docker");
  for (const folder of [config, programs]) mkdirSync(folder, { recursive: true });
  symlinkSync(join(process.env["DOCKER_CONFIG"] ?? "/root/.docker", "cli-plugins"), join(config, "cli-plugins"));
  await writePrograms(programs, config);
  const env: Env = {
    ...aws,
    // No passwd knows the uid of the child, so this is the name of the user.
    USER: "ada",
    HOME: home,
    DOCKER_CONFIG: config,
    LANG: "C.UTF-8",
    TZ: "UTC",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_SYSTEM: "/dev/null",
    SLACK_WEBHOOK_URL: "http://127.0.0.1:9/webhook",
  };
  const { PATH, DOCKER_HOST } = process.env;
  const real = { ...env, PATH, DOCKER_HOST };
  // Nothing is at this address: the program asks the real engine, and the socket's group is no machine's.
  const asked = { ...env, PATH: programs, DOCKER_HOST: "unix:///run/golden/docker.sock" };
  return async (repo, lines, how) => {
    const options = { cwd: repo, env: how === "asked" ? asked : real, input: JSON.stringify(lines) };
    return JSON.parse(await must([...runtimes.bun, child], options)) as Answer[];
  };
}

const path = async (program: string): Promise<string> => (await must(["sh", "-c", `command -v ${program}`])).trim();

/** The only programs that a plan finds, so that `doctor` tells the same on every machine. */
async function writePrograms(folder: string, config: string): Promise<void> {
  const [docker, git] = await Promise.all([path("docker"), path("git")]);
  const engine = `DOCKER_HOST='${process.env["DOCKER_HOST"] ?? ""}' DOCKER_CONFIG='${config}'`;
  const texts = {
    bash: says("--version", "GNU bash, version 5.2.0(1)-release"),
    tmux: says("-V", "tmux 3.4"),
    "apt-get": says("--version", "apt 2.6.1 (amd64)"),
    // What brings the log here changes what the next question finds.
    git: `${says("--version", "git version 2.40.0")}PATH=/usr/bin:/bin
case "$3" in fetch | cat-file) exec '${git}' "$@" ;; esac
${remembering(`'${git}'`, join(folder, "git_said"))}`,
    docker: `${says("--version", "Docker version 27.0.0")}${says("buildx version", "buildx v0.20.0")}${says("compose version", "Compose version v2.30.0")}PATH=/usr/bin:/bin
${remembering(`${engine} '${docker}'`, join(folder, "docker_said"))}`,
  };
  for (const [name, text] of Object.entries(texts)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}`);
    chmodSync(join(folder, name), 0o755);
  }
}

const says = (words: string, line: string): string => `[ "$*" = '${words}' ] && echo '${line}' && exit\n`;

/**
 * Asks a program once, as planning changes nothing: most of what a plan costs are programs. An answer lies in a folder
 * whose path is the words.
 */
const remembering = (program: string, folder: string): string => `IFS=/
at="${folder}/$*/.said"
unset IFS
if [ ! -d "$at" ]; then
  mkdir -p "\${at%/.said}"
  new=$(mktemp -d "\${at%/.said}/.new.XXXXXX")
  ${program} "$@" >"$new/out" 2>"$new/err"
  echo $? >"$new/code"
  mv -T "$new" "$at" 2>/dev/null || rm -r "$new"
fi
read -r code <"$at/code"
[ "$code" = 0 ] && exec cat "$at/out"
cat "$at/out"
cat "$at/err" >&2
exit "$code"
`;
