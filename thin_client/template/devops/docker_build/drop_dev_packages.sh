#!/bin/sh
# Removes from /venv the packages that only the dependency groups beside main ask for. Needs no network.
set -eu

work=$(mktemp -d)
sort /install/pip_list.txt >"$work/all"
sort /install/pip_list_main.txt >"$work/main"
comm -23 "$work/all" "$work/main" >"$work/dev_only"
if [ -s "$work/dev_only" ]; then
  /venv/bin/python -m pip --disable-pip-version-check uninstall --yes --requirement "$work/dev_only"
fi
rm -rf "$work"
