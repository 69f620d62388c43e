# Text of a repo without what steers a terminal: control characters, and in UTF-8 what has no width or turns a line round.
function visible(text) {
  gsub(/[\001-\037\177]/, "?", text)
  gsub(/\302[\200-\237]|\330\234|\342\200[\213\216\217\250-\256]|\342\201[\240-\257]|\357\273\277/, "?", text)
  return text
}
# The sentence of a script's `about:`, looked for in its first 1000 lines.
function about(file, line, text, next_line, read) {
  while (read++ < 1000 && (getline line < file) > 0) {
    if (line !~ /about:/) continue
    text = line
    sub(/.*about:[ \t]*/, "", text)
    if (text == "" && (getline next_line < file) > 0) text = next_line
    sub(/^[ \t]*["'`]/, "", text)
    sub(/["'`],?[ \t]*([}].*)?$/, "", text)
    gsub(/\\"/, "\"", text)
    close(file)
    return visible(text)
  }
  close(file)
  return ""
}
