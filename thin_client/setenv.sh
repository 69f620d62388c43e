# Source this file in bash or zsh: `. thin_client/setenv.sh`. It puts the workflows on PATH, completes their names and reads
# `.env`; `slipway_deactivate` undoes all of it. It works in a container too. Nothing in here may end or move the user's shell.

_slipway_note() { # what, why, fix
  printf 'error: %s\n  why: %s\n  fix: %s\n' "$1" "$2" "$3" >&2
}

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
    builtin cd -- "$1/scripts" 2>/dev/null && set -- *_*.ts && if ! [ -e "$1" ]; then set --; fi
    printf '%s\n' "$@" | command cksum && printf '%s ' "${@%.ts}"
  )"
  _slipway_names="${out#*
}"
  _slipway_dir="${SLIPWAY_COMMANDS:-${XDG_DATA_HOME:-$HOME/.local/share}/slipway/commands}/${out%% *}"
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

# The text of a value as dotenv reads it: quotes taken off, a comment after an unquoted value dropped, nothing expanded.
_slipway_value() {
  local text="$1"
  case "$text" in
    \'*\'*) text="${text#\'}"; text="${text%%\'*}" ;;
    \"*\"*) text="${text#\"}"; text="${text%\"*}"; text="${text//\\n/
}" ;;
    *) text="${text%%[ 	]#*}"; case "$text" in \#*) text='' ;; esac
      while :; do case "$text" in *[\ \	]) text="${text%?}" ;; *) break ;; esac; done ;;
  esac
  _slipway_text="$text"
}

# Sets one variable of .env, unless it is set already or would change how the shell or a program itself is started.
_slipway_set() {
  local key="$1"
  case "$key" in
    '' | [0-9]* | *[!A-Za-z0-9_]*) return 0 ;;
    LD_* | DYLD_* | BASH_* | ZDOTDIR | ENV | IFS | PS[0-9] | PROMPT* | NODE_OPTIONS | BUN_* | SLIPWAY_ROOT | SLIPWAY_REPO_ROOT)
      printf 'slipway: .env may not set %s; left out\n' "$key" >&2
      return 0 ;;
  esac
  if eval "[ -n \"\${$key+x}\" ]"; then return 0; fi
  _slipway_value "$2"
  export "$key=$_slipway_text"
  export SLIPWAY_DOTENV_KEYS="${SLIPWAY_DOTENV_KEYS:+$SLIPWAY_DOTENV_KEYS }$key"
}

_slipway_dotenv() {
  local line key cr _slipway_text=''
  cr="$(printf '\r')"
  while IFS= read -r line || [ -n "$line" ]; do
    line="${line%"$cr"}"
    while :; do case "$line" in [\ \	]*) line="${line#?}" ;; *) break ;; esac; done
    case "$line" in export\ *) line="${line#export }" ;; esac
    case "$line" in \#*) continue ;; *=*) ;; *) continue ;; esac
    key="${line%%=*}"
    line="${line#*=}"
    while :; do case "$key" in *[\ \	]) key="${key%?}" ;; *) break ;; esac; done
    while :; do case "$line" in [\ \	]*) line="${line#?}" ;; *) break ;; esac; done
    _slipway_set "$key" "$line"
  done <"$1"
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

# Prints what can follow: names after `i`, else the options that the workflow's own --help tells.
_slipway_words() { # number of words before, first word, second word
  local name="${2##*/}"
  if [ "$name" = i ] && [ "$1" -le 1 ]; then
    "$SLIPWAY_ROOT/thin_client/bin/i" --list
  else
    if [ "$name" = i ]; then name="$3"; fi
    "$SLIPWAY_ROOT/thin_client/bin/i" "$name" --help 2>/dev/null | command grep -o -e '--[a-z][a-z-]*' | command sort -u
  fi
}

_slipway_complete_bash() {
  COMPREPLY=($(compgen -W "$(_slipway_words "$COMP_CWORD" "${COMP_WORDS[0]}" "${COMP_WORDS[1]-}")" -- "${COMP_WORDS[COMP_CWORD]}"))
}

_slipway_complete_zsh() {
  eval 'compadd -- ${(f)"$(_slipway_words $((CURRENT - 1)) "${words[1]}" "${words[2]}")"}'
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
  local modules="$SLIPWAY_ROOT/node_modules" fix="$SLIPWAY_ROOT/thin_client/build"
  if ! [ -e "$modules/tsx/package.json" ] && ! [ -d "$modules/@oven" ]; then
    _slipway_note "the thin env of $SLIPWAY_ROOT is not built" "node_modules holds no runtime." "$fix"
    return 1
  fi
  if [ -e "$modules/.slipway_env" ]; then
    if command cmp -s "$SLIPWAY_ROOT/package-lock.json" "$modules/.slipway_env/package-lock.json"; then return 0; fi
  elif ! [ "$SLIPWAY_ROOT/package-lock.json" -nt "$modules/.package-lock.json" ] || ! [ -e "$modules/.package-lock.json" ]; then
    return 0
  fi
  _slipway_note "the thin env of $SLIPWAY_ROOT is stale" "package-lock.json changed since it was built." "$fix"
}

_slipway_activate() {
  if [ -n "${ZSH_VERSION-}" ]; then emulate -L sh; fi
  local root="$1" repo
  repo="$(_slipway_git_root "$PWD")"
  if [ -z "$repo" ]; then repo="$(_slipway_git_root "$root")"; fi
  repo="${repo:-$root}"
  if [ "${SLIPWAY_REPO_ROOT-}" != "$repo" ]; then _slipway_forget_dotenv; fi
  if [ "${SLIPWAY_ROOT-}" != "$root" ]; then _slipway_undo; fi
  export SLIPWAY_ROOT="$root" SLIPWAY_REPO_ROOT="$repo"
  if ! _slipway_check; then _slipway_undo; return 1; fi
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
  if [ -f "$repo/.env" ]; then _slipway_dotenv "$repo/.env"; fi
}

_slipway_undo() {
  if [ -n "${_slipway_names-}" ]; then _slipway_completion off; fi
  _slipway_off_path "${SLIPWAY_ROOT-}/thin_client/bin"
  _slipway_off_path "${SLIPWAY_COMMANDS_DIR-}"
  _slipway_forget_dotenv
  unset SLIPWAY_ROOT SLIPWAY_REPO_ROOT SLIPWAY_COMMANDS_DIR _slipway_names _slipway_dir
}

slipway_deactivate() {
  if [ -n "${ZSH_VERSION-}" ]; then emulate -L sh; fi
  _slipway_undo
  unset -f _slipway_note _slipway_git_root _slipway_commands _slipway_on_path _slipway_off_path _slipway_value _slipway_set \
    _slipway_dotenv _slipway_forget_dotenv _slipway_words _slipway_complete_bash _slipway_complete_zsh _slipway_completion \
    _slipway_check _slipway_activate _slipway_undo slipway_deactivate
}

if [ -n "${ZSH_VERSION-}" ]; then
  eval '_slipway_file="${(%):-%x}"'
else
  _slipway_file="${BASH_SOURCE[0]-}"
fi
case "$_slipway_file" in */*) _slipway_file="${_slipway_file%/*}" ;; *) _slipway_file=. ;; esac
_slipway_file="$(CDPATH= builtin cd -P -- "$_slipway_file/.." && pwd -P)"
if _slipway_activate "$_slipway_file"; then unset _slipway_file; else unset _slipway_file; false; fi
