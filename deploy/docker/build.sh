#!/bin/sh
# build.sh SOURCE OUT [train]: on a bare Debian 12 as root, builds the package `pano` from a source tree,
# with "train" `pano-train` too. The first stage of the Dockerfile; tests/packages/chroot.sh runs it too.
set -eu
source=$1 out=$2
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -qy --no-install-recommends dpkg-dev file ca-certificates
cd "$source"
./pano --version                      # installs what is missing and builds
if [ "${3:-}" = train ]; then ./pano train --help; fi
mkdir -p "$out"
cd "$out"
cpack -G DEB --config "$source/build/release/CPackConfig.cmake"
rm -rf _CPack_Packages
ls -l "$out"
