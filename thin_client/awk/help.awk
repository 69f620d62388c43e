# Reads the script of a repo's own workflow; prints what can be told of it without running it.
function kebab(word, made, at) {
  while ((at = match(word, /[A-Z]/)) > 0) {
    made = made substr(word, 1, at - 1) "-" tolower(substr(word, at, 1))
    word = substr(word, at + 1)
  }
  return made word
}
function add(word) { options = options "  --" kebab(word) "\n" }
/^  options:/ { inside = 1 }
inside {
  if (match($0, /^    [A-Za-z][A-Za-z0-9]*:/)) add(substr($0, 5, RLENGTH - 5))
  if ($0 ~ /pick\(/) {
    text = $0
    sub(/.*pick\(/, "", text)
    sub(/\).*/, "", text)
    count = split(text, words, /[^A-Za-z0-9]+/)
    for (each = 1; each <= count; each += 1) if (words[each] != "") add(words[each])
  }
  if ($0 ~ /^  (}|\))/ || $0 ~ /^  options:.*[)}],?$/) inside = 0
}
END {
  print about(file)
  print "\nUsage: i " name " [OPTIONS]"
  if (options != "") printf "\nOptions:\n%s", options
  print "\nAll workflows take --dry-run, --json, --yes, --quiet, --dir DIR and --help."
  print "This is a workflow of the repo itself, so its file was read for this page and not run: " visible(file)
}
