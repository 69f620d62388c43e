#!/bin/bash -e
export DEBIAN_FRONTEND=noninteractive
packages="git python3 python3-poetry python3-pytest python3-pytest-rerunfailures python3-pytest-timeout python3-venv sudo"
if ! dpkg -s $packages >/dev/null 2>&1; then
  apt-get update
  apt-get install -y --no-install-recommends $packages
fi
if [[ "$INSTALL_DIND" == "True" ]]; then
  # Stands for an engine in the container: what the entrypoint of the original starts.
  printf '#!/bin/sh\necho "no engine in this image" >&2\nexit 1\n' >/etc/init.d/docker
  chmod +x /etc/init.d/docker
fi
if [[ "$CLEAN_UP_INSTALLATION" == "True" ]]; then
  rm -rf /var/lib/apt/lists/*
fi
