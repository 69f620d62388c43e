#!/bin/sh
# Starts a file of thin_client that needs no package with the first runtime at hand: the bun or tsx of a thin env, a Node
# that reads TypeScript, or tsx from npm's registry.
here=$(CDPATH='' cd -P -- "$(dirname -- "$0")/.." && pwd) || exit 2
file=$here/$1
shift
for modules in "${XDG_DATA_HOME:-$HOME/.local/share}"/slipway/env/*/node_modules "$here/../node_modules"; do
  for bun in "$modules"/@oven/bun-*/bin/bun "$modules/bun/bin/bun.exe"; do
    if "$bun" --version >/dev/null 2>&1; then exec "$bun" --no-env-file --config=/dev/null --no-install "--tsconfig-override=$here/own/paths.json" "$file" "$@"; fi
  done
done
if ! command -v npx >/dev/null 2>&1; then
  printf 'error: %s\n  why: %s\n  fix: %s\n' 'node and npm are not here' 'the thin env is installed by npm, and needs Node 20.19 or newer.' \
    'Install Node from https://nodejs.org or with your package manager, then run this again.' >&2
  exit 2
fi
for modules in "${XDG_DATA_HOME:-$HOME/.local/share}"/slipway/env/*/node_modules "$here/../node_modules"; do
  tsx=$modules/tsx/dist/loader.mjs
  if [ -f "$tsx" ] && node --import "$tsx" -e '' 2>/dev/null; then exec node --import "$tsx" "$file" "$@"; fi
done
if [ "$(node -p 'Boolean(process.features.typescript)')" = true ]; then exec node "$file" "$@"; fi
locked=$(sed -n '/"node_modules\/tsx": {/,/}/s/.*"version": "\([^"]*\)".*/\1/p' "$here/../package-lock.json")
# npx takes the tsx and the registry that the dir it starts in names, so that is Slipway's own.
program=$(cd "$here" && npx --yes "--package=tsx@$locked" -c 'command -v tsx') || exit
exec node --import "${program%/.bin/*}/tsx/dist/loader.mjs" "$file" "$@"
