#!/bin/sh
# All checks that need no engine, side by side; what a failed one said is printed when all have ended.
root=$(CDPATH='' cd -P -- "$(dirname -- "$0")/.." && pwd) || exit 2
cd "$root" || exit 2
PATH=$root/node_modules/.bin:$PATH
said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT
trap 'kill $(jobs -p) 2>/dev/null; exit 130' INT TERM

check() { # name, command and its words
  name=$1
  shift
  { "$@" >"$said/$name" 2>&1; echo $? >"$said/$name.code"; } &
}

check format_and_lint biome ci --error-on-warnings --colors=off .
check types tsc --noEmit
check unused_code knip --no-progress
check unit_tests vitest run --project unit
wait

failed=0
for name in format_and_lint types unused_code unit_tests; do
  if [ "$(cat "$said/$name.code")" = 0 ]; then echo "ok      $name" && continue; fi
  failed=1
  echo "FAILED  $name"
  sed 's/^/        /' "$said/$name"
done
exit "$failed"
