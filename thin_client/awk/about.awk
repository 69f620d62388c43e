# Reads the paths of scripts on stdin; prints each name with the sentence of its `about:`.
function about(file, line, text, next_line) {
  while ((getline line < file) > 0) {
    if (line !~ /about:/) continue
    text = line
    sub(/.*about:[ \t]*/, "", text)
    if (text == "" && (getline next_line < file) > 0) text = next_line
    sub(/^[ \t]*["'`]/, "", text)
    sub(/["'`],?[ \t]*([}].*)?$/, "", text)
    gsub(/\\"/, "\"", text)
    close(file)
    return text
  }
  close(file)
  return ""
}
{
  name = $0
  sub(/.*\//, "", name)
  sub(/\.ts$/, "", name)
  printf "  %-28s %s\n", name, about($0)
}
