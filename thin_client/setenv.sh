# Source this file in bash or zsh: `. thin_client/setenv.sh`. It puts the workflows on PATH, completes their names, options
# and values, and reads `.env`; `slipway_deactivate` undoes all of it. It works in a container too. Nothing in here may end or move the
# user's shell.

_slipway_note() { # what, why, fix
  printf 'error: %s\n  why: %s\n  fix: %s\n' "$1" "$2" "$3" >&2
}

if [ -z "${BASH_VERSION-}${ZSH_VERSION-}" ]; then
  _slipway_note "setenv.sh does not know this shell" "it completes names and sets variables in ways of bash and zsh." \
    "Start one of them, and source it there; fish has setenv.fish beside it."
  return 1
fi

# Prints the outermost Git root above $1, or nothing: above a submodule is its parent, a worktree is outermost itself.
_slipway_git_root() {
  local dir="$1" top='' line=''
  while [ -n "$dir" ]; do
    if [ -e "$dir/.git" ]; then top="$dir"; fi
    if [ -d "$dir/.git" ]; then break; fi
    if [ -f "$dir/.git" ]; then
      IFS= read -r line <"$dir/.git" || :
      case "$line" in */worktrees/*) break ;; esac
    fi
    dir="${dir%/*}"
  done
  printf '%s' "$top"
}

# Sets _slipway_names, the scripts that become commands, and _slipway_dir, where build.ts put them: named by their checksum.
_slipway_commands() {
  local out
  out="$(
    LC_ALL=C; set +f; shopt -u failglob nullglob 2>/dev/null
    builtin cd -- "$1/scripts" >/dev/null 2>&1 && set -- *_*.ts && if ! [ -e "$1" ]; then set --; fi
    printf '%s\n' "$@" | command cksum && printf '%s ' "${@%.ts}"
  )"
  _slipway_names="${out#*
}"
  _slipway_dir="${SLIPWAY_COMMANDS:-${XDG_DATA_HOME:-$_slipway_home/.local/share}/slipway/commands}/${out%% *}"
}

# Sets _slipway_home: HOME, or where cron, systemd or a CI runner gives none the home of the user.
_slipway_find_home() {
  _slipway_home="${HOME-}"
  if [ -n "$_slipway_home" ]; then return 0; fi
  _slipway_home=~
  if [ -n "${XDG_DATA_HOME-}" ]; then return 0; fi
  printf 'slipway: HOME is not set; taken to be %s, where the commands are looked for\n' "$_slipway_home" >&2
}

_slipway_on_path() {
  case ":$PATH:" in *":$1:"*) ;; *) PATH="$1:$PATH" ;; esac
}

_slipway_off_path() {
  if [ -z "$1" ]; then return 0; fi
  local entries=":$PATH:" # not `path`, which zsh ties to PATH
  while :; do
    case "$entries" in *":$1:"*) entries="${entries%%":$1:"*}:${entries#*":$1:"}" ;; *) break ;; esac
  done
  entries="${entries#:}"
  PATH="${entries%:}"
}

# Whether .env may set a variable: the first line of env/dotenv_names.txt that fits says it, or the person who names it.
_slipway_may_set() {
  local pattern
  case "$1" in '' | [0-9]* | *[!A-Za-z0-9_]*) return 1 ;; esac
  case " ${SLIPWAY_DOTENV_ALLOW-} " in *[\ ,]"$1"[\ ,]*) return 0 ;; esac
  while IFS= read -r pattern; do
    case "$pattern" in
      '' | \#*) ;;
      !*) if [ "$pattern" = "!$1" ]; then return 1; fi ;;
      *) case "$1" in $pattern) return 0 ;; esac ;;
    esac
  done <"$SLIPWAY_ROOT/thin_client/env/dotenv_names.txt"
  return 1
}

# Sets _slipway_text to $1 without the spaces and tabs around it.
_slipway_trim() {
  local ws=$' \t'
  _slipway_text="${1#"${1%%[!$ws]*}"}"
  _slipway_text="${_slipway_text%"${_slipway_text##*[!$ws]}"}"
}

# Sets _slipway_name and _slipway_text to name and value of a trimmed line, 1 where it has none, and _slipway_open to a quote
# that does not close on it. The grammar is that of lib/formats/dotenv.ts, and one table of cases is read by both.
_slipway_assignment() {
  local rest="$1" quote after newline=$'\n' return=$'\r'
  _slipway_open=''
  case "$rest" in
    export[$' \t']*) _slipway_trim "${rest#export}"; case "$_slipway_text" in [A-Za-z0-9_.-]*) rest="$_slipway_text" ;; esac ;;
  esac
  _slipway_name="${rest%%[!A-Za-z0-9_.-]*}"
  rest="${rest#"$_slipway_name"}"
  if [ -z "$_slipway_name" ]; then return 1; fi
  _slipway_trim "$rest"
  case "$rest" in
    :[$' \t']*) _slipway_trim "${rest#:}" ;;
    *) case "$_slipway_text" in =*) _slipway_trim "${_slipway_text#=}" ;; *) return 1 ;; esac ;;
  esac
  rest="$_slipway_text"
  case "$rest" in
    [\'\"\`]*)
      quote="${rest%"${rest#?}"}"
      rest="${rest#?}"
      case "$rest" in *"$quote"*) ;; *) _slipway_open="$quote"; return 1 ;; esac
      after="${rest#*"$quote"}"
      rest="${rest%%"$quote"*}"
      _slipway_trim "$after"
      case "$_slipway_text" in '' | \#*) ;; *) return 1 ;; esac
      case "$rest" in *\\) return 1 ;; esac
      if [ "$quote" = '"' ]; then rest="${rest//\\n/$newline}"; rest="${rest//\\r/$return}"; fi
      _slipway_text="$rest" ;;
    *) _slipway_trim "${rest%%#*}" ;;
  esac
}

# Sets what .env may set and is not set yet. What is left out is named, once.
_slipway_dotenv() {
  local line number=0 open='' out='' unread='' mark=$'\xef\xbb\xbf' return=$'\r' _slipway_name='' _slipway_text='' _slipway_open=''
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    if [ "$number" = 1 ]; then line="${line#$mark}"; fi
    _slipway_trim "${line%$return}"
    line="$_slipway_text"
    if [ -n "$open" ]; then
      case "$line" in *"$open"*) open='' ;; esac
      continue
    fi
    case "$line" in '' | \#*) continue ;; esac
    if ! _slipway_assignment "$line"; then
      open="$_slipway_open"
      unread="$unread${unread:+,}$number"
      continue
    fi
    case "$line" in *[$'\v\f\r']* | *$'\xc2\xa0'* | *"$mark"*) unread="$unread${unread:+,}$number"; continue ;; esac
    if ! _slipway_may_set "$_slipway_name"; then
      case ", $out, " in *", $_slipway_name, "*) ;; *) out="$out${out:+, }$_slipway_name" ;; esac
      continue
    fi
    case " ${SLIPWAY_DOTENV_KEYS-} " in
      *" $_slipway_name "*) ;;
      *)
        if eval "[ -n \"\${$_slipway_name+x}\" ]"; then continue; fi
        export SLIPWAY_DOTENV_KEYS="${SLIPWAY_DOTENV_KEYS:+$SLIPWAY_DOTENV_KEYS }$_slipway_name" ;;
    esac
    export "$_slipway_name=$_slipway_text"
  done <"$1"
  if [ -n "$out" ]; then
    printf 'slipway: .env may not set %s; left out (SLIPWAY_DOTENV_ALLOW="NAME ..." of your own environment allows more)\n' "$out" >&2
  fi
  if [ -n "$unread" ]; then printf 'slipway: .env:%s is no NAME=VALUE on one line; left out\n' "$unread" >&2; fi
}

_slipway_forget_dotenv() {
  local keys="${SLIPWAY_DOTENV_KEYS-}" key
  while [ -n "$keys" ]; do
    key="${keys%% *}"
    keys="${keys#"$key"}" && keys="${keys# }"
    unset "$key"
  done
  unset SLIPWAY_DOTENV_KEYS
}

# Prints what can stand in place of the last of these words, a word a line.
_slipway_words() {
  command sh "$SLIPWAY_ROOT/thin_client/complete.sh" "$@"
}

# `compgen -W` would run what a word's text says: words come from names of files, so none is expanded.
_slipway_complete_bash() {
  local word
  COMPREPLY=()
  while IFS= read -r word; do
    case "$word" in '') ;; "${COMP_WORDS[COMP_CWORD]#=}"*) COMPREPLY+=("$word") ;; esac
  done <<EOF
$(_slipway_words "${COMP_WORDS[@]:0:COMP_CWORD+1}")
EOF
}

# Where nothing is known, a file may be meant.
_slipway_complete_zsh() {
  eval 'local found; found=$(_slipway_words "${(@)words[1,CURRENT]}")
    if [ -n "$found" ]; then compadd -- "${(@f)found}"; else _default; fi'
}

_slipway_completion() { # on | off
  local names="i ${_slipway_names-}"
  if [ -n "${ZSH_VERSION-}" ]; then
    if ! typeset -f compdef >/dev/null; then return 0; fi
    if [ "$1" = on ]; then eval "compdef _slipway_complete_zsh $names"; else eval "compdef -d $names"; fi
  elif [ "$1" = on ]; then
    eval "complete -o default -F _slipway_complete_bash $names"
  else
    eval "complete -r $names" 2>/dev/null || :
  fi
}

# Says whether what build.ts made still fits this clone; 1 where nothing can run.
_slipway_check() {
  local modules="$SLIPWAY_ROOT/node_modules" fix="$SLIPWAY_ROOT/thin_client/build" closed
  if ! [ -e "$modules/tsx/package.json" ] && ! [ -d "$modules/@oven" ]; then
    closed="$(command sh "$SLIPWAY_ROOT/thin_client/env/closed.sh" "$modules")"
    if [ -n "$closed" ]; then
      _slipway_note "the thin env of $SLIPWAY_ROOT is there, but permission denied read $closed" \
        "it belongs to somebody else, or its mode keeps others out." \
        "See whose it is, and become that user or have it opened: ls -ld '$closed'"
      return 1
    fi
    _slipway_note "the thin env of $SLIPWAY_ROOT is not built" "node_modules holds no runtime." "$fix"
    return 1
  fi
  # In a container these are the packages of the machine, which was asked there.
  if [ -n "${CONTAINER_VERSION-}" ] && ! [ -h "$modules/tsx" ]; then return 0; fi
  if [ -e "$modules/.slipway_env" ]; then
    if command cmp -s "$SLIPWAY_ROOT/package-lock.json" "$modules/.slipway_env/package-lock.json"; then return 0; fi
  elif ! [ "$SLIPWAY_ROOT/package-lock.json" -nt "$modules/.package-lock.json" ] || ! [ -e "$modules/.package-lock.json" ]; then
    return 0
  fi
  _slipway_note "the thin env of $SLIPWAY_ROOT is stale" "package-lock.json changed since it was built." "$fix"
}

_slipway_activate() {
  if [ -n "${ZSH_VERSION-}" ]; then emulate -L sh; fi
  local root="$1" here repo
  here="$(_slipway_git_root "$PWD")"
  repo="$here"
  if [ -z "$repo" ]; then repo="$(_slipway_git_root "$root")"; fi
  repo="${repo:-$root}"
  _slipway_forget_dotenv
  if [ "${SLIPWAY_ROOT-}" != "$root" ]; then _slipway_undo; fi
  export SLIPWAY_ROOT="$root" SLIPWAY_REPO_ROOT="$repo"
  if ! _slipway_check; then _slipway_undo; return 1; fi
  _slipway_find_home
  _slipway_commands "$root"
  if [ -d "$_slipway_dir" ]; then
    if [ "${SLIPWAY_COMMANDS_DIR-}" != "$_slipway_dir" ]; then _slipway_off_path "${SLIPWAY_COMMANDS_DIR-}"; fi
    _slipway_on_path "$_slipway_dir"
    export SLIPWAY_COMMANDS_DIR="$_slipway_dir"
  elif [ -e "$root/node_modules/.slipway_env" ]; then
    _slipway_note "the commands of $root are stale" "scripts were added or removed since the thin env was built." "$root/thin_client/build"
  fi
  _slipway_on_path "$root/thin_client/bin"
  export PATH
  _slipway_completion on
  # As for a workflow: that of the repo one stands in, at its outermost root.
  if [ -n "$here" ] && [ -f "$here/.env" ]; then _slipway_dotenv "$here/.env"; fi
}

_slipway_undo() {
  if [ -n "${_slipway_names-}" ]; then _slipway_completion off; fi
  _slipway_off_path "${SLIPWAY_ROOT-}/thin_client/bin"
  _slipway_off_path "${SLIPWAY_COMMANDS_DIR-}"
  _slipway_forget_dotenv
  unset SLIPWAY_ROOT SLIPWAY_REPO_ROOT SLIPWAY_COMMANDS_DIR _slipway_names _slipway_dir _slipway_home
}

slipway_deactivate() {
  if [ -n "${ZSH_VERSION-}" ]; then emulate -L sh; fi
  _slipway_undo
  unset -f _slipway_note _slipway_git_root _slipway_commands _slipway_find_home _slipway_on_path _slipway_off_path _slipway_may_set _slipway_trim \
    _slipway_assignment _slipway_dotenv _slipway_forget_dotenv _slipway_words _slipway_complete_bash _slipway_complete_zsh _slipway_completion \
    _slipway_root_of _slipway_check _slipway_activate _slipway_undo slipway_deactivate
}

# The dir that holds thin_client, of this file or of what a link to it leads to.
_slipway_root_of() {
  local file="$1" target
  while [ -h "$file" ]; do
    target="$(command readlink "$file")"
    case "$target" in /*) file="$target" ;; *) case "$file" in */*) file="${file%/*}/$target" ;; *) file="$target" ;; esac ;; esac
  done
  case "$file" in */*) file="${file%/*}" ;; *) file=. ;; esac
  # A function or hook of the user may print when a shell changes its dir.
  (CDPATH='' builtin cd -P -- "$file/.." >/dev/null && pwd -P)
}

if [ -n "${ZSH_VERSION-}" ]; then
  eval '_slipway_file="${(%):-%x}"'
else
  _slipway_file="${BASH_SOURCE[0]-}"
fi
if [ "${ZSH_EVAL_CONTEXT-toplevel}:$_slipway_file" = "toplevel:$0" ]; then
  _slipway_note "setenv.sh was run" "it changes the shell that sources it, and a program that is run cannot." ". $0"
  false
elif _slipway_activate "$(_slipway_root_of "$_slipway_file")"; then
  unset _slipway_file
else
  unset _slipway_file
  false
fi
