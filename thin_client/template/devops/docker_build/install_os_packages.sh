#!/bin/sh
# Installs the packages named in the file $1. The lists and archives of apt live in cache mounts, outside the image.
set -eu

export DEBIAN_FRONTEND=noninteractive

# Base images from a hub delete each archive once it is installed, which would empty the cache mount.
clean=/etc/apt/apt.conf.d/docker-clean
if [ -e "$clean" ]; then
  mv "$clean" "$clean.off"
fi

is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# What the base image has already needs no package list to be read.
missing=$(sed -e 's/#.*//' "$1" | while read -r name; do
  [ -z "$name" ] || is_installed "$name" || echo "$name"
done)
if [ -n "$missing" ]; then
  apt-get update
  # shellcheck disable=SC2086 # one word for each package
  apt-get -o APT::Keep-Downloaded-Packages=true install -y --no-install-recommends $missing
fi

if [ -e "$clean.off" ]; then
  mv "$clean.off" "$clean"
fi

# What differs between two installations of the same packages.
rm -rf /var/log/apt /var/log/dpkg.log /var/log/alternatives.log /var/log/bootstrap.log \
  /var/cache/ldconfig/aux-cache /var/lib/dbus/machine-id
