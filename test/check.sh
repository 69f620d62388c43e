#!/bin/sh
# The named checks, or all that need no engine, side by side; what a failed one said is printed when all have ended.
root=$(CDPATH='' cd -P -- "$(dirname -- "$0")/.." && pwd) || exit 2
cd "$root" || exit 2
PATH=$root/node_modules/.bin:$PATH
said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT
trap 'kill $(jobs -p) 2>/dev/null; exit 130' INT TERM

check() {
  case $1 in
  format_and_lint) biome ci --error-on-warnings --colors=off . ;;
  # The compiler has memory for a while, and tidies it a third of its time unless it is told to do so less often.
  types) GOGC=400 tsc --noEmit ;;
  unused_code) knip --no-progress ;;
  unit_tests) vitest run --project unit ;;
  *) echo "no check is called $1" && return 2 ;;
  esac
}

[ $# -gt 0 ] || set -- format_and_lint types unused_code unit_tests
for name; do
  { check "$name" >"$said/$name" 2>&1; echo $? >"$said/$name.code"; } &
done
wait

failed=0
for name; do
  if [ "$(cat "$said/$name.code")" = 0 ]; then echo "ok      $name" && continue; fi
  failed=1
  echo "FAILED  $name"
  sed 's/^/        /' "$said/$name"
done
exit "$failed"
