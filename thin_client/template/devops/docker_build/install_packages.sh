#!/bin/sh
# Installs what poetry.lock names into /venv, and leaves in the folder $1 what the image tells about itself:
# poetry.lock.out, pip_list.txt and pip_list_main.txt (without the dev-only packages).
# Reads PACKAGE_INDEX; runs in a folder with pyproject.toml, poetry.toml and poetry.lock.
set -eu

out=$1
index=${PACKAGE_INDEX:-https://pypi.org/simple}
mkdir -p "$out"
cp poetry.lock "$out/poetry.lock.out"
cp pyproject.toml "$out"

# The tests' tools come from the operating system, so that an image can be made where no package index answers.
python3 -m venv --system-site-packages /venv
export VIRTUAL_ENV=/venv PATH="/venv/bin:$PATH"
# For the build requirements of packages without a wheel, which pip fetches by itself.
export PIP_INDEX_URL="$index" PIP_DISABLE_PIP_VERSION_CHECK=1
host=${index#*://}
host=${host%%/*}
case $index in http://*) export PIP_TRUSTED_HOST="${host##*@}" ;; esac

python3 /install/package_index.py add "$index"
poetry --no-interaction --no-ansi install --no-root --only main
python -m pip freeze --local >"$out/pip_list_main.txt"
poetry --no-interaction --no-ansi install --no-root
python -m pip freeze --local >"$out/pip_list.txt"

# Compiled files carry the time of their source; hashes instead make two installations alike. Some packages hold files
# for other Pythons, which do not compile.
find /venv -name __pycache__ -prune -exec rm -rf {} +
python -m compileall -q --invalidation-mode checked-hash /venv/lib || true
