#!/bin/sh
# Prints what can stand in place of the last of the words typed so far, a word a line: a workflow's name after `i`, its options, and
# values that are chosen from what is here. All of it is read from files, and nothing of a repo is run. Names of dirs and
# branches may be anybody's: only words that every shell takes as they are get printed.
root=${0%/thin_client/complete.sh}
export LC_ALL=C

# Sets `page` to the man page of a workflow of Slipway, which has all its options: that of `docker_bash`, `docker_bash_image`
# and `docker_images_ls_repo`.
find_page() {
  short=$1
  case $1 in *_image) short=${1%_image} ;; *_image_*) short=${1%%_image_*}_${1#*_image_} ;; esac
  for rest in "$1" "$short"; do
    page=$root/thin_client/man/man1/slipway-
    while :; do
      case $rest in *_*) page=$page${rest%%_*}- rest=${rest#*_} ;; *) break ;; esac
    done
    page=$page$rest.1
    if [ -f "$page" ]; then return 0; fi
  done
  return 1
}

# Prints all long options of a page; with `option` as $1 what that option takes, as its help calls it.
read_page() {
  awk -v "option=$1" '
    function tell(count, each, hint, wanted) {
      sub(/.*[(]also /, "also ", also)
      sub(/.*; also /, "also ", also)
      sub(/[)].*/, "", also)
      if (also !~ /^also /) also = ""
      count = split(heading " " also, word, /[ ,]+/)
      for (each = 1; each <= count; each++) {
        if (word[each] == "also" || word[each] == "=") { if (word[each] == "=") each++; continue }
        if (word[each] !~ /^-/) hint = hint == "" ? word[each] : hint
        else if (word[each] == option) wanted = 1
        else if (option == "" && word[each] ~ /^--/) print word[each]
      }
      if (wanted && option != "") print hint
      heading = also = ""
    }
    /^[.](TP|SH)/ { if (heading != "") tell() }
    { gsub(/\\/, "") }
    /^[.]B -/ { heading = substr($0, 4); next }
    heading != "" { also = also " " $0 }
    END { if (heading != "") tell() }' "$page"
}

# Sets `place` to the runnable dir that holds a folder or lies above it.
find_place() {
  place=$(CDPATH='' cd -- "${1:-.}" 2>/dev/null && pwd) || return
  while [ -n "$place" ] && ! [ -f "$place/repo_config.yaml" ]; do
    if [ -d "$place/.git" ]; then place='' && return 1; fi
    place=${place%/*}
  done
  [ -n "$place" ]
}

versions() {
  find_place "$1" && [ -f "$place/changelog.txt" ] && awk '
    /^#[ \t]+[^ \t]+-[0-9]+[.][0-9]+[.][0-9]+[ \t\r]*$/ {
      sub(/[ \t\r]+$/, "")
      sub(/.*-/, "")
      if (!told[$0]++) print
    }' "$place/changelog.txt"
}

registries() {
  find_place "$1" && awk '
    /^[^ \t#]/ { inside = /^container_registry_info:/; depth = 0; next }
    inside && match($0, /^ +[A-Za-z0-9_.-]+:/) {
      match($0, /^ +/)
      if (depth == 0) depth = RLENGTH
      if (RLENGTH == depth) { sub(/^ +/, ""); sub(/:.*/, ""); print }
    }' "$place/repo_config.yaml"
}

# Git starts no program of the repo's config for these (git-config(1), core.fsmonitor).
looks() { git -c core.fsmonitor=false -c core.quotePath=true "$@" 2>/dev/null; }

runnable_dirs() {
  looks ls-files --recurse-submodules -- ':(top)repo_config.yaml' ':(top)*/repo_config.yaml' |
    sed -e 's,^repo_config\.yaml$,.,' -e 's,/repo_config\.yaml$,,' -e '/thin_client\/template$/d'
}

branches() { looks for-each-ref --format='%(refname:short)' refs/heads; }

values() { # option, what it takes, dir
  case $1:$2 in
  *:STAGE | --stage:) printf '%s\n' local dev prod ;;
  *:X.Y.Z | --version: | --dev-version:) versions "$3" ;;
  --dir:* | --dirs:*) runnable_dirs ;;
  --target:* | --targets:* | --target-registry:* | --target-registries:*) registries "$3" ;;
  --branch:NAME | --branch:) branches ;;
  *:MODE) printf '%s\n' update refresh no_update ;;
  *:KIND) printf '%s\n' major minor patch ;;
  *:COMMAND) printf '%s\n' up down status ;;
  *:LIST | *:LISTS) printf '%s\n' fast slow superslow qa ;;
  esac
}

# What follows is of one workflow: the words behind its name, and the last of them is the one that is typed.
complete_workflow() { # name, words
  name=$1 option='' last='' lead='' dir=''
  shift
  while [ $# -gt 1 ]; do
    case $last$1 in --) return ;; esac
    case $1 in --dir=*) dir=${1#--dir=} ;; esac
    # bash takes `--stage=dev` for three words.
    if [ "$1" != = ]; then option=$last last=$1; fi
    if [ "$option" = --dir ]; then dir=$last; fi
    shift
  done
  word=$1
  case $word in =) word='' ;; --*=*) last=${word%%=*} lead=$last= word=${word#*=} ;; esac
  if ! find_page "$name"; then page=''; fi
  case $lead$word in
  -*=*) ;;
  -*)
    if [ -n "$page" ]; then read_page ''; else "$root/thin_client/bin/i" "$name" --help 2>/dev/null | grep -o -e '--[a-z][a-z-]*' | sort -u; fi
    return ;;
  esac
  hint=''
  case $last in
  -*) if [ -n "$page" ]; then hint=$(read_page "$last"); fi ;;
  *) last='' ;;
  esac
  case $hint$name in
  run_tests | run_coverage | main_pytest) hint=LISTS ;;
  engine) hint=COMMAND ;;
  esac
  case $hint in *S) lead=$lead${word%"${word##*,}"} ;; esac
  values "$last" "$hint" "$dir" | while IFS= read -r each; do
    case $each in '' | -* | *[!A-Za-z0-9_./@+-]*) ;; *) printf '%s\n' "$lead$each" ;; esac
  done
}

[ $# -gt 1 ] || exit 0
typed=${1##*/}
shift
case $typed:$#:$1 in
i:1:-*) printf '%s\n' --all --help --list --version ;;
i:1:* | i:2:help) "$root/thin_client/bin/i" --list ;;
i:*:help) ;;
i:*) complete_workflow "$@" ;;
*) complete_workflow "$typed" "$@" ;;
esac
