#!/usr/bin/env bash
# Behaves as the entrypoint of the original: prints, wants its variables, joins its words and splits them again.
set -e

echo "UID=$(id -u) GID=$(id -g)"
echo "CSFY_GIT_ROOT_PATH=$CSFY_GIT_ROOT_PATH"
utils=$CSFY_HELPERS_ROOT_PATH/dev_scripts_helpers/thin_client/thin_client_utils.sh
if [[ ! -f $utils ]]; then
  echo "ERROR: Can't find $utils"
  exit 1
fi
source "$utils"
echo "AM_CONTAINER_VERSION=$AM_CONTAINER_VERSION"
source devops/docker_run/docker_setenv.sh

if [[ ${CSFY_ENABLE_DIND:-1} == 1 ]]; then
  sudo /etc/init.d/docker start
fi
if [[ ! -e /var/run/docker.sock ]]; then
  echo "WARNING: /var/run/docker.sock doesn't exist"
fi
git config --global --add safe.directory /app

: "${CSFY_ECR_BASE_PATH:?}"
echo "PYTHONPATH=$PYTHONPATH"
eval "$@"
