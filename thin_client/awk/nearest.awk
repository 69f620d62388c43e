# Reads names on stdin; prints up to three that are nearest to `wanted`, joined with "or": as `nearest` of lib/text has it.
function distance(a, b, i, j, row, last, cost) {
  for (j = 0; j <= length(b); j++) row[j] = j
  for (i = 1; i <= length(a); i++) {
    last = row[0]
    row[0] = i
    for (j = 1; j <= length(b); j++) {
      cost = last + (substr(a, i, 1) != substr(b, j, 1))
      last = row[j]
      if (row[j - 1] + 1 < cost) cost = row[j - 1] + 1
      if (row[j] + 1 < cost) cost = row[j] + 1
      row[j] = cost
    }
  }
  return row[length(b)]
}
{
  far = distance(wanted, $0)
  if (length(wanted) > 2 && index($0, wanted) > 0 && far > 2) far = 2
  if (index($0, wanted) == 1 && far > 1) far = 1
  if (far <= 1 + length(wanted) / 3) near[far] = near[far] " " $0
}
END {
  for (far = 0; far < 40 && count < 3; far++) {
    words = split(near[far], word, " ")
    for (i = 1; i <= words && count < 3; i++) text = text (count++ ? " or " : "") word[i]
  }
  if (text != "") print text
}
