#!/bin/sh
# install.sh FOLDER: installs the package of FOLDER and makes the user and the folder for models. The
# second stage of the Dockerfile; tests/packages/chroot.sh runs it too.
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -qy --no-install-recommends ca-certificates "$1"/pano_*.deb
rm -rf /var/lib/apt/lists/*
echo 'pano:x:10001:10001:Panorama:/models:/usr/sbin/nologin' >>/etc/passwd
echo 'pano:x:10001:' >>/etc/group
mkdir -p /models
chown 10001:10001 /models
