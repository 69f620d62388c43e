#!/bin/sh
# Starts Jupyter on all addresses of the container, with its token: from JUPYTER_TOKEN, or a new one that it prints.
set -eu

port=${PORT:-8888}
if command -v jupyter-lab >/dev/null; then
  exec jupyter-lab --ip=0.0.0.0 --port="$port" --port-retries=0 --no-browser
fi
if command -v jupyter-notebook >/dev/null; then
  exec jupyter-notebook --ip=0.0.0.0 --port="$port" --port-retries=0 --no-browser
fi
echo "error: this image holds no Jupyter" >&2
echo "  fix: add jupyterlab to devops/docker_build/pyproject.toml, then i docker_build_local" >&2
exit 127
