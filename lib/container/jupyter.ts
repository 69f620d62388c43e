import { UserError } from "../errors.ts";
import type { ImageFacts } from "../plan/facts.ts";
import type { Step } from "../plan/plan.ts";
import { shellText } from "./compose_file.ts";
import type { Port } from "./look_containers.ts";
import { type UseOptions, workIn } from "./work_in.ts";

type Jupyter = UseOptions & { readonly selfTest: boolean };

/**
 * Jupyter in the container of a stage, on one port of the loopback network. Jupyter makes the token and tells it on the
 * caller's terminal: it stands in no argv, file or log, the engine's log of the container included.
 */
export function jupyter(facts: ImageFacts, options: Jupyter, { number: port, free }: Port): Step[] {
  if (port === null || !free)
    throw new UserError(port === null ? "no port is free" : `port ${port} is taken`, {
      why: "Something listens on it on this machine, perhaps another Jupyter of yours.",
      fix: "See what runs: i docker_ps; or name another: i docker_jupyter --port 8889",
    });
  const text = [find, options.selfTest ? selfTest(port) : `jupyter_on ${port}`].join("\n");
  return workIn(facts, options, {
    id: "docker_jupyter",
    title: (image) =>
      options.selfTest
        ? `Try Jupyter in ${image}`
        : `Start Jupyter of ${image} on http://127.0.0.1:${port}, which needs the token that it tells`,
    ports: [`127.0.0.1:${port}:${port}`],
    unlogged: true,
    meaning: { "127": noJupyter },
    ...shellText(facts, text),
  });
}

const noJupyter = {
  why: "The image holds no Jupyter: neither jupyter-lab nor jupyter-notebook, nor the Python package jupyter_server.",
  fix: "Add jupyterlab to devops/docker_build/pyproject.toml, then i docker_build_local and i docker_jupyter --stage local",
};

/** Its own files, the token's among them, stay in the container. */
const find = `
export JUPYTER_RUNTIME_DIR=/tmp/slipway-jupyter
root=
if [ "$(id -u)" = 0 ]; then root=--allow-root; fi
jupyter_on() {
  set -- --ip=0.0.0.0 --port="$1" --port-retries=0 --no-browser $root
  if command -v jupyter-lab >/dev/null 2>&1; then exec jupyter-lab "$@"; fi
  if command -v jupyter-notebook >/dev/null 2>&1; then exec jupyter-notebook "$@"; fi
  if python3 -c 'import jupyter_server' 2>/dev/null; then exec python3 -m jupyter_server "$@"; fi
  exit 127
}`.trim();

/** Starts it, waits until it answers with its token and refuses without one, and ends it. */
const selfTest = (port: number): string =>
  `
export JUPYTER_TOKEN="$(cat /proc/sys/kernel/random/uuid)"
( jupyter_on ${port} ) >/tmp/slipway-jupyter.log 2>&1 &
server=$!
asks() { python3 -c '
import os, sys, urllib.error, urllib.request
request = urllib.request.Request("http://127.0.0.1:${port}/api/status")
if sys.argv[1] == "with": request.add_header("Authorization", "token " + os.environ["JUPYTER_TOKEN"])
try:
    print(urllib.request.urlopen(request, timeout=5).status)
except urllib.error.HTTPError as error:
    print(error.code)
except OSError:
    print("none")
' "$1"; }
for turn in $(seq 60); do
  kill -0 $server 2>/dev/null || { wait $server; code=$?; cat /tmp/slipway-jupyter.log >&2; exit $code; }
  if [ "$(asks with)" = 200 ]; then
    without=$(asks without)
    kill $server
    if [ "$without" = 403 ]; then echo "Jupyter answers on port ${port}, and only with its token"; exit 0; fi
    echo "Jupyter answered $without without its token" >&2
    exit 1
  fi
  sleep 1
done
cat /tmp/slipway-jupyter.log >&2
exit 1`.trim();
