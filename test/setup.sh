#!/bin/sh
# What the tests need on a fresh clone: `setup.sh` the packages of the lock file, `setup.sh real` also the programs that
# the real tests call. Quick and silent where all is there.
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

# The Debian packages of the programs in the table that are not here.
missing_packages() {
  while read -r program package; do has_program "$program" || printf '%s ' "$package"; done <<'END'
skopeo skopeo
chromium chromium
tmux tmux
zsh zsh
invoke python3-invoke
git git
perl perl-base
ip iproute2
ps procps
unshare util-linux
END
}

install_packages() { # packages
  [ -f /etc/debian_version ] || fail "the real tests need: $*" "they are Debian packages, and this is no Debian." \
    "Install them by hand, or run npm run test:unit, which needs none of them."
  [ "$(id -u)" -eq 0 ] || fail "the real tests need: $*" "only root may install them." \
    "sudo apt-get install --no-install-recommends $*"
  echo "setup: installing $*" >&2
  log=$(mktemp)
  for attempt in 1 2; do
    if apt-get install -y -q --no-install-recommends "$@" >"$log" 2>&1 </dev/null; then rm -f "$log" && return; fi
    [ "$attempt" -eq 2 ] || apt-get update -q >>"$log" 2>&1
  done
  tail -n 20 "$log" >&2
  fail "apt-get could not install $*" "its last lines stand above." "Mend what they say, then run the same command again."
}

has_program node && has_program npm || fail "node and npm are not here" "the tests run on Node 20.19 or newer." \
  "Install Node from https://nodejs.org or with your package manager."
if ! is_installed; then
  echo "setup: npm ci" >&2
  (cd "$root" && npm ci --loglevel=error) >&2 || fail "npm ci ended with an error" "the tests run on exactly the packages of the lock file." \
    "Mend what npm says above, then run the same command again."
fi
if [ "${1-}" = real ]; then
  export DEBIAN_FRONTEND=noninteractive LC_ALL=C
  packages=$(missing_packages)
  # shellcheck disable=SC2086 # one word for each package
  [ -z "$packages" ] || install_packages $packages
fi
