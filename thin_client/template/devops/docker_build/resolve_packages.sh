#!/bin/sh
# Decides the versions of the Python packages: copies pyproject.toml and the lock to follow into the folder $1.
# Reads POETRY_MODE and PACKAGE_INDEX; runs in a folder with pyproject.toml, poetry.toml and, if there is one, poetry.lock.
set -eu

out=$1
index=${PACKAGE_INDEX:-https://pypi.org/simple}
mkdir -p "$out"
cp pyproject.toml poetry.toml "$out"

refuse() {
  printf 'error: %s\n  why: %s\n  fix: %s\n' "$1" "$2" "$3" >&2
  exit 2
}

# Poetry 2 turned the meaning of a bare `poetry lock` around and renamed the check.
has_option() {
  poetry "$1" --help --no-ansi | grep -q -e "$2"
}

follow_lock() {
  [ -f poetry.lock ] || refuse "there is no devops/docker_build/poetry.lock" \
    "with POETRY_MODE=no_update the image holds exactly what the repo's lock names" \
    "i docker_build_local --poetry-mode update, then commit devops/docker_build/poetry.lock"
  if has_option check --lock; then set -- check --lock; else set -- lock --check; fi
  poetry --no-interaction --no-ansi "$@" || refuse "poetry.lock does not satisfy pyproject.toml" \
    "with POETRY_MODE=no_update the image holds exactly what the repo's lock names, and that is not what pyproject.toml asks for" \
    "i docker_build_local --poetry-mode refresh, then commit devops/docker_build/poetry.lock"
}

resolve() {
  case $index in
    # A mirror may serve other contents under a version seen before; its answers are near, so they are not cached.
    https://pypi.org/simple | https://pypi.org/simple/) set -- "$@" ;;
    *) set -- --no-cache "$@" ;;
  esac
  cp pyproject.toml pyproject.toml.orig
  python3 /install/package_index.py add "$index"
  poetry --no-interaction --no-ansi "$@"
  mv pyproject.toml.orig pyproject.toml
  python3 /install/package_index.py remove "$index"
}

case ${POETRY_MODE:-update} in
  no_update) follow_lock ;;
  update) if has_option lock --regenerate; then resolve lock --regenerate; else resolve lock; fi ;;
  refresh) if has_option lock --no-update; then resolve lock --no-update; else resolve lock; fi ;;
  *) refuse "unknown POETRY_MODE \"$POETRY_MODE\"" "the mode decides which versions are installed" \
    "use update, refresh or no_update" ;;
esac

cp poetry.lock "$out"
