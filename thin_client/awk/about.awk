# Text of a repo without what steers a terminal: control characters, and in UTF-8 what has no width or turns a line round.
function visible(text) {
  gsub(/[\001-\037\177]/, "?", text)
  gsub(/\302[\200-\237]|\330\234|\342\200[\213\216\217\250-\256]|\342\201[\240-\257]|\357\273\277/, "?", text)
  return text
}
# The text in quotes that follows `key:` in a line, or that is the next one.
function quoted(line, key, file, text) {
  text = line
  sub(".*" key ":[ \t]*", "", text)
  if (text == "" && (getline text < file) <= 0) text = ""
  sub(/^[ \t]*["'`]/, "", text)
  if (key == "subject") sub(/["'`].*/, "", text)
  sub(/["'`],?[ \t]*([}].*)?$/, "", text)
  gsub(/\\"/, "\"", text)
  return visible(text)
}
# The sentence of a script's `about:`, looked for in its first 1000 lines; `subject` becomes what it is about.
function about(file, line, text, read) {
  subject = ""
  while (read++ < 1000 && (getline line < file) > 0) {
    if (line ~ /subject:/) subject = quoted(line, "subject", file)
    if (line !~ /about:/) continue
    text = quoted(line, "about", file)
    break
  }
  close(file)
  return text
}
