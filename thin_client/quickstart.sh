#!/bin/sh
# Builds the thin env of this clone, then becomes quickstart.ts. Nothing was installed before, so this is plain sh.
# The build gets no terminal to ask on: quickstart installs no tool that it does not need.
here=$(CDPATH='' cd -P -- "$(dirname -- "$0")" && pwd) || exit 2
case " $* " in
*' --help '* | *' -h '* | *' --down '*) ;;
*) echo 'quickstart 1 of 4: thin env' >&2 ;;
esac
"$here/build" --quiet </dev/null || exit
exec "$here/bin/i" quickstart "$@"
