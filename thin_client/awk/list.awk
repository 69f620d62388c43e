# Reads the paths of scripts on stdin; prints their names by subject, in lines of `width` columns: with `all`, each with its sentence.
function fold(text, indent, words, count, each, used) {
  count = split(text, words, " ")
  for (each = 1; each <= count; each += 1) {
    if (used > 0 && used + 1 + length(words[each]) > width - indent) {
      printf "\n%" indent "s", ""
      used = 0
    }
    printf "%s%s", (used > 0 ? " " : ""), words[each]
    used += (used > 0 ? 1 : 0) + length(words[each])
  }
  printf "\n"
}
# The names of a subject; those of a family of three or more as `docker_{bash, cmd, exec}`, which is what a screen has room for.
function dense(text, words, count, each, first, sizes, rests, told) {
  count = split(text, words, " ")
  for (each = 1; each <= count; each += 1) {
    first = family(words[each])
    rests[first] = rests[first] (sizes[first]++ ? ", " : "") substr(words[each], length(first) + 1)
  }
  for (each = 1; each <= count; each += 1) {
    first = family(words[each])
    if (first == "" || sizes[first] < 3) told = told " " words[each]
    else if (rests[first] != "") {
      told = told " " first "{" rests[first] "}"
      rests[first] = ""
    }
  }
  return told
}
function family(name) { return match(name, /^[a-z]+_/) ? substr(name, 1, RLENGTH) : "" }
# The sentence stands beside the name, or below it where that leaves it no room.
function explain(name, indent) {
  indent = width < 72 ? 6 : 30
  printf "  %s", name
  if (indent == 6 || length(name) > 27) printf "\n%" indent "s", ""
  else printf "%" (indent - 2 - length(name)) "s", ""
  fold(sentences[name], indent)
}
BEGIN {
  if (width < 40) width = 40
  if (width > 120) width = 120
  known = split("use;build, test;release;report;packages;repo;thin client", order, ";")
}
{
  name = $0
  sub(/.*\//, "", name)
  sub(/\.ts$/, "", name)
  sentences[name] = about($0)
  group = subject == "" ? "this repo" : subject
  if (!(group in names)) others[++more] = group
  names[group] = names[group] " " name
}
END {
  for (each = 1; each <= known; each += 1) shown[order[each]] = 1
  for (each = 1; each <= more; each += 1) if (!(others[each] in shown)) order[++known] = others[each]
  for (each = 1; each <= known; each += 1) {
    if (!(order[each] in names)) continue
    if (!all) {
      printf "%-11s ", order[each]
      if (length(order[each]) > 11) printf "\n%12s", ""
      fold(dense(names[order[each]]), 12)
      continue
    }
    printf "%s%s\n", (begun++ ? "\n" : ""), order[each]
    count = split(names[order[each]], words, " ")
    for (word = 1; word <= count; word += 1) explain(words[word])
  }
}
