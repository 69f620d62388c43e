# Reads the paths of scripts on stdin; prints each name with its sentence.
{
  name = $0
  sub(/.*\//, "", name)
  sub(/\.ts$/, "", name)
  printf "  %-28s %s\n", name, about($0)
}
