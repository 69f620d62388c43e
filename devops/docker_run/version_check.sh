#!/bin/sh
# Says when the code of the runnable dir $1 and this container are of different versions; silent when they are not.
# A container fits the newest dev entry of changelog.txt: a prod-only entry makes no new dev container.
set -eu

[ -z "${SKIP_VERSION_CHECK+set}" ] || exit 0
container_version=${CONTAINER_VERSION:-${AM_CONTAINER_VERSION:-}}
# The image of a commit between releases has no entry of changelog.txt.
case $container_version in *[0-9].dev[0-9]*) exit 0 ;; esac

# Empty where there is none.
numbers() {
  grep -o -E '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1
}
headings() {
  tr -d '\r' <"$1" | grep -E '^# +[^ ]+-[0-9]+\.[0-9]+\.[0-9]+ *$'
}

container=$(printf '%s\n' "$container_version" | numbers)
code=$(headings "$1/changelog.txt" | grep -v -E -e '-prod-[0-9.]+ *$' | numbers)
# The container of a prod-only release has that number.
prod=$(headings "$1/changelog.txt" | grep -E -e '-prod-[0-9.]+ *$' | numbers)
case $container in '' | "$code" | "$prod") exit 0 ;; esac
[ -n "$code" ] || exit 0

older=$(printf '%s\n%s\n' "$code" "$container" | sort -t . -k 1,1n -k 2,2n -k 3,3n | head -n 1)
if [ "$older" = "$container" ]; then
  advice='- pull the latest container with `i docker_pull`'
else
  advice='- merge origin/master into your branch with `i git_merge_master`'
fi
line=-----------------------------------------------------------------------------
printf '%s\n' "$line" "This code is not in sync with the container:" \
  "code_version='$code' != container_version='$container_version'" "$line" "You need to:" "$advice"
