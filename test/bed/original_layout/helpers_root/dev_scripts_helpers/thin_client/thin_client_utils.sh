assert_not_empty() {
  if [[ -z ${!1} ]]; then
    echo "ERROR: Var '$1' is not defined or is empty."
    exit 1
  fi
}
