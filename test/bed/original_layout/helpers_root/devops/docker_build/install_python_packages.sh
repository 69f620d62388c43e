#!/bin/bash -e
case $POETRY_MODE in
  update)
    cp poetry.lock.in poetry.lock
    poetry lock
    ;;
  no_update)
    cp poetry.lock.in poetry.lock
    ;;
  *)
    echo "ERROR: Unknown POETRY_MODE=$POETRY_MODE"
    exit 1
    ;;
esac
cp poetry.lock "$INSTALL_DIR/poetry.lock.out"
python3 -m venv --system-site-packages "/$ENV_NAME"
source "/$ENV_NAME/bin/activate"
poetry install --no-root
pip freeze >"$INSTALL_DIR/pip_list.txt"
