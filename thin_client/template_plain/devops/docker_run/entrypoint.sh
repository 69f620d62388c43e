#!/bin/sh
# One word is the text of a command line, as in `docker run IMAGE "a | b"`; several are a program and its arguments,
# passed on as they are. Nothing is printed to stdout: it belongs to the command.
set -eu

# The runnable dir around the current one.
dir=$PWD
while [ "$dir" != / ] && ! { [ -f "$dir/changelog.txt" ] && [ -d "$dir/devops" ]; }; do
  dir=$(dirname "$dir")
done
if [ "$dir" != / ]; then
  /install/version_check.sh "$dir" >&2 || true
fi

if [ "$#" -eq 1 ]; then
  exec bash -c "$1"
fi
exec "$@"
