#!/bin/bash -e
# The image knows these users only, and they alone may use sudo.
for id in 501 $(seq 1000 1050); do
  useradd --uid "$id" --home-dir /home --no-create-home --shell /bin/bash "user_$id"
  echo "user_$id ALL=(ALL) NOPASSWD:ALL" >>/etc/sudoers
done
chmod 777 /home
