#!/bin/sh
# Prints the first folder on the way to a thin env, from the node_modules $1, that permission denied enter; nothing where the
# way is open, or ends because something is not there.
for end in "$1" "$(readlink "$1/.slipway_env")/node_modules"; do
  while [ -n "$end" ] && ! [ -e "$end" ]; do end=${end%/*}; done
  if [ -d "$end" ] && ! { [ -x "$end" ] && [ -r "$end" ]; }; then printf '%s\n' "$end" && exit; fi
done
