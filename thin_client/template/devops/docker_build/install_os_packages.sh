#!/bin/sh
# Installs the packages named in the file $1. The lists and archives of apt live in cache mounts, outside the image.
set -eu

export DEBIAN_FRONTEND=noninteractive

# Base images from a hub delete each archive once it is installed, which would empty the cache mount.
clean=/etc/apt/apt.conf.d/docker-clean
if [ -e "$clean" ]; then
  mv "$clean" "$clean.off"
fi

apt-get update
sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$1" |
  xargs apt-get -o APT::Keep-Downloaded-Packages=true install -y --no-install-recommends

if [ -e "$clean.off" ]; then
  mv "$clean.off" "$clean"
fi

# What differs between two installations of the same packages.
rm -rf /var/log/apt /var/log/dpkg.log /var/log/alternatives.log /var/log/bootstrap.log \
  /var/cache/ldconfig/aux-cache /var/lib/dbus/machine-id
