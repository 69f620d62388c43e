#!/bin/sh
# What the tests need on a fresh clone before they can start: the packages of the lock file. Quick and silent where they
# are there. What tests need of the machine comes up with the bed (test/bed/parts.ts).
root=$(CDPATH='' cd -P -- "$(dirname -- "$0")/.." && pwd) || exit 2

fail() { # what, why, fix
  printf 'error: %s\n  why: %s\n  fix: %s\n' "$1" "$2" "$3" >&2
  exit 2
}

# Compares the lock file with the copy that npm leaves in what it installed; what only fits other machines may be missing.
is_installed() {
  [ -f "$root/node_modules/.package-lock.json" ] || return 1
  node - "$root" <<'END'
const { existsSync, readFileSync } = require("node:fs");
const root = process.argv[2];
const read = (file) => JSON.parse(readFileSync(`${root}/${file}`, "utf8")).packages;
const there = read("node_modules/.package-lock.json");
const fits = ([dir, { optional, version }]) =>
  dir === "" || (optional && !there[dir]) || (there[dir]?.version === version && existsSync(`${root}/${dir}`));
process.exit(Object.entries(read("package-lock.json")).every(fits) ? 0 : 1);
END
}

has_program() { command -v "$1" >/dev/null 2>&1; }

# npm's registry may answer badly for a while.
install() {
  for wait in 0 2 5; do
    sleep "$wait"
    if npm ci --loglevel=error >&2; then return 0; fi
  done
  return 1
}

has_program node && has_program npm || fail "node and npm are not here" "the tests run on Node 20.19 or newer." \
  "Install Node from https://nodejs.org or with your package manager."
if ! is_installed; then
  echo "setup: npm ci" >&2
  (cd "$root" && install) || fail "npm ci ended with an error" "the tests run on exactly the packages of the lock file." \
    "Fix what npm says above, then run the same command again."
fi
