#!/usr/bin/env bash
# The package on a bare Debian 12, as a person or the Dockerfile installs it, in a debootstrap chroot:
#
#   chroot.sh BUILD [--build]
#
# Takes the packages that `cpack` makes of the build folder BUILD, or with --build, as a newcomer, runs
# `./pano chat` and `./pano serve` in the chroot from the source tree, and makes the package there with
# deploy/docker/build.sh (minutes; without a compiler cache, as on a new machine, unless
# PANO_CHROOT_CCACHE names one). Then: install, what the unit starts under its limits as far as they go
# without systemd, an answer, pano-train, pano-data and pano-infra where BUILD has them, an upgrade that
# keeps state and settings, removal, purge. Needs root, debootstrap and a Debian mirror; a tree made once is kept in
# ${PANO_CHROOT_BASE:-/var/cache/panorama-chroot}.
set -euo pipefail
source=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
build=$(readlink -f "${1:?the build folder}")
mode=${2:-}
base=${PANO_CHROOT_BASE:-/var/cache/panorama-chroot}
skip() { echo "skipped: $*"; exit 77; }
((EUID == 0)) || skip "not root"
for tool in debootstrap dpkg-deb unshare setpriv; do
  command -v "$tool" >/dev/null || skip "$tool is not installed"
done

# A mount namespace of its own: nothing stays mounted, whatever happens.
if [[ ${PANO_CHROOT_INSIDE:-} != 1 ]]; then
  PANO_CHROOT_INSIDE=1 exec unshare -m --propagation private "$0" "$@"
fi
work=$(mktemp -d)
root=$work/root
server=''
cleanup() {
  [[ -z $server ]] || kill -KILL "$server" 2>/dev/null || true
  local mount
  for mount in root/.cache/ccache dev sys proc; do umount -R "$root/$mount" 2>/dev/null || true; done
  rm -rf --one-file-system "$work"
}
trap cleanup EXIT
checks=0
fail() { echo "FAILED: $*"; exit 1; }
check() { local what=$1; shift; checks=$((checks + 1)); "$@" || fail "$what"; }
absent() { [[ ! -e $1 ]]; }
inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 "$@"; }

if [[ ! -x $base/usr/bin/dpkg ]]; then
  debootstrap --variant=minbase bookworm "$base" "${PANO_CHROOT_MIRROR:-http://deb.debian.org/debian}" >"$work/log" 2>&1 ||
    { tail -n 5 "$work/log"; skip "debootstrap failed"; }
fi
cp -a "$base" "$root"
mount -t proc proc "$root/proc"
mount --bind /sys "$root/sys"
mount --rbind /dev "$root/dev"
cp /etc/resolv.conf "$root/etc/resolv.conf"
# Services are not started by packages here, as in an image.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"

# ---- the package
mkdir -p "$root/packages"
if [[ $mode == --build ]]; then
  mkdir -p "$root/src"
  git -C "$source" archive HEAD | tar -x -C "$root/src"
  if [[ -n ${PANO_CHROOT_CCACHE:-} ]]; then
    mkdir -p "$root/root/.cache/ccache"
    mount --bind "$PANO_CHROOT_CCACHE" "$root/root/.cache/ccache"
  fi
  began=$SECONDS
  printf 'Once upon a time\n' | inside /src/pano chat --max-tokens 8 --temperature 0 >"$work/chat" 2>"$work/chat.log" ||
    { tail -n 40 "$work/chat.log"; fail "./pano chat"; }
  check "./pano chat answers" grep -q . "$work/chat"
  echo "from the source archive to the answer of ./pano chat: $((SECONDS - began)) s, $(nproc) processors"
  chroot "$root" /usr/bin/env -i PATH=/usr/bin:/bin HOME=/root /src/pano serve --port 0 --threads 1 >"$work/serve.log" 2>&1 &
  server=$!
  for ((tick = 0; tick < 600; tick++)); do grep -q 'listening on' "$work/serve.log" && break; sleep 0.1; done
  kill -TERM "$server"
  wait "$server" || { cat "$work/serve.log"; fail "./pano serve"; }
  server=''
  check "./pano serve serves" grep -q 'listening on' "$work/serve.log"
  inside sh /src/deploy/docker/build.sh /src /packages || fail "build.sh"
else
  (cd "$work" && cpack -G DEB --config "$build/CPackConfig.cmake" >"$work/log" 2>&1) || { cat "$work/log"; fail "cpack"; }
  cp "$work"/pano*.deb "$root/packages/"
fi
deb=$(ls "$root"/packages/pano_*.deb)
train_deb=$(ls "$root"/packages/pano-train_*.deb 2>/dev/null || true)
for package in "$root"/packages/*.deb; do
  echo "package: $(basename "$package"), $(stat -c %s "$package") bytes"
  if command -v lintian >/dev/null; then
    lintian --fail-on error --suppress-tags bad-distribution-in-changes-file "$package" || fail "lintian"
  fi
done

# ---- install, as the second stage of the Dockerfile does
cp -r "$source/deploy/docker" "$root/docker"
inside sh /docker/install.sh /packages >"$work/log" 2>&1 || { tail -n 20 "$work/log"; fail "install.sh"; }
check "the version" grep -q '^pano 0\.' <(inside pano --version)
for file in /usr/share/man/man1/pano-serve.1.gz /usr/share/bash-completion/completions/pano \
            /usr/share/zsh/vendor-completions/_pano /usr/share/fish/vendor_completions.d/pano.fish \
            /usr/share/doc/pano/copyright /usr/share/doc/pano/third-party-licences.gz \
            /usr/share/panorama/models/starter/model.safetensors /etc/pano/serve.yaml; do
  check "$file is not installed" inside test -s "$file"
done
check "the unit" grep -rqs '^Type=notify' "$root/lib/systemd/system/pano.service" "$root/usr/lib/systemd/system/pano.service"
check "an answer" grep -q . <(inside pano run --prompt "Once upon a time" --max-tokens 8 --temperature 0)
check "no model is an error by name" grep -q absent <(inside pano run --model /absent 2>&1)

# ---- what the unit starts, with its user, its rights and a system that cannot be written
unit=$(ls "$root"/lib/systemd/system/pano.service)
command=$(sed -n 's/^ExecStart=//p' "$unit")
port=$((20000 + RANDOM % 20000))
mkdir -p "$root/var/lib/pano"
chown 61184:61184 "$root/var/lib/pano"
start() {     # start COMMAND...: as the unit; fails unless /readyz answers within a minute
  unshare -m --propagation private sh -c '
    root=$0
    mount --rbind "$root" "$root" && mount -o remount,bind,ro "$root" && mount --bind "$root/var/lib/pano" "$root/var/lib/pano" &&
    mount -o remount,bind,rw "$root/var/lib/pano" && mount -t tmpfs tmpfs "$root/tmp" && mount -t tmpfs -o size=1m tmpfs "$root/root" &&
    { ulimit -n 65536 2>/dev/null || :; } && exec chroot "$root" /usr/bin/env -i PATH=/usr/bin:/bin HF_HOME=/var/lib/pano/huggingface PANO_PORT='"$port"' \
      setpriv --reuid 61184 --regid 61184 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all "$@"' "$root" "$@" >"$work/serve.log" 2>&1 &
  server=$!
  local tick
  for tick in $(seq 300); do
    if inside bash /docker/healthcheck.sh "$port" 2>/dev/null; then return 0; fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.2
  done
  cat "$work/serve.log"
  return 1
}
ask() {      # ask: a completion over HTTP, without curl
  inside bash -c '
    body="{\"prompt\":\"Once\",\"max_tokens\":4,\"temperature\":0}"
    exec 3<>/dev/tcp/127.0.0.1/$0
    printf "POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nContent-Type: application/json\r\nContent-Length: %s\r\nConnection: close\r\n\r\n%s" "$0" "${#body}" "$body" >&3
    cat <&3' "$port"
}
stop() {
  kill -TERM "$server"
  local code=0
  wait "$server" || code=$?
  server=''
  ((code == 0)) || { cat "$work/serve.log"; fail "SIGTERM ended the server with $code"; }
}
# shellcheck disable=SC2086
start $command || fail "the unit's command does not serve"
check "the unit's user" grep -q '^Uid:[[:space:]]61184' "/proc/$server/status"
check "a completion" grep -q '"finish_reason"' <(ask)
check "the limits are logged" grep -q '\[host\]' "$work/serve.log"
stop

# ---- training, which is a package of its own
if [[ -n $train_deb ]]; then
  inside env DEBIAN_FRONTEND=noninteractive sh -c 'apt-get update -q && apt-get install -qy "$0"' "/packages/$(basename "$train_deb")" \
    >"$work/log" 2>&1 || { tail -n 20 "$work/log"; fail "pano-train does not install"; }
  for file in /usr/share/man/man1/pano-train.1.gz /usr/share/man/man1/pano-train-run.1.gz \
              /usr/share/doc/pano-train/copyright /usr/share/panorama/recipes; do
    check "$file is not installed" inside test -s "$file"
  done
  check "pano train" grep -q 'train <subcommand>' <(inside pano train --help)
  check "pano --help names it" grep -q 'pano-train' <(inside pano --help)
  check "a pass with libtorch" inside pano train answers \
    --model /usr/share/panorama/models/starter --text /usr/share/panorama/models/starter/README.md --out /tmp/answers
  inside dpkg --purge pano-train >"$work/log" 2>&1 || { cat "$work/log"; fail "purge of pano-train"; }
  check "no recipe is left" absent "$root/usr/share/panorama/recipes"
  check "pano is still there" grep -q . <(inside pano --version)
fi

# ---- versions of data and simulated clusters, which are packages of their own
for name in data infra; do
  own_deb=$(ls "$root"/packages/pano-$name\_*.deb 2>/dev/null || true)
  [[ -n $own_deb ]] || continue
  inside env DEBIAN_FRONTEND=noninteractive sh -c 'apt-get update -q && apt-get install -qy --no-install-recommends "$0"' \
    "/packages/$(basename "$own_deb")" >"$work/log" 2>&1 || { tail -n 20 "$work/log"; fail "pano-$name does not install"; }
  for file in "/usr/share/man/man1/pano-$name.1.gz" "/usr/share/bash-completion/completions/pano-$name" \
              "/usr/share/doc/pano-$name/copyright" "/usr/share/doc/pano-$name/third-party-licences.gz"; do
    check "$file is not installed" inside test -s "$file"
  done
  check "pano $name" grep -q "usage: pano $name" <(inside pano "$name" --help)
  inside dpkg --purge "pano-$name" >"$work/log" 2>&1 || { cat "$work/log"; fail "purge of pano-$name"; }
done

# ---- an upgrade keeps state and settings
echo kept >"$root/var/lib/pano/state"
echo '# mine' >>"$root/etc/pano/serve.yaml"
dpkg-deb -R "$deb" "$work/next"
sed -i 's/^Version: .*/Version: 999-1/' "$work/next/DEBIAN/control"
echo '# theirs' >>"$work/next/etc/pano/serve.yaml"
(cd "$work/next" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' | xargs -0 md5sum >DEBIAN/md5sums)
dpkg-deb --root-owner-group -b "$work/next" "$root/packages/next.deb" >/dev/null
inside env DEBIAN_FRONTEND=noninteractive dpkg --force-confold -i /packages/next.deb >"$work/log" 2>&1 || { cat "$work/log"; fail "upgrade"; }
check "the new version" grep -q '^999-1$' <(inside dpkg-query -W -f='${Version}\n' pano)
check "an upgrade keeps the state" grep -q kept "$root/var/lib/pano/state"
check "an upgrade keeps the settings" grep -q '# mine' "$root/etc/pano/serve.yaml"
# shellcheck disable=SC2086
start $command || fail "it does not serve after the upgrade"
stop

# ---- removal keeps, purge does not
inside dpkg --remove pano >"$work/log" 2>&1 || { cat "$work/log"; fail "remove"; }
check "removal removes the program" absent "$root/usr/bin/pano"
check "removal keeps the state" test -s "$root/var/lib/pano/state"
check "removal keeps the settings" test -s "$root/etc/pano/serve.yaml"
inside dpkg --purge pano >"$work/log" 2>&1 || { cat "$work/log"; fail "purge"; }
check "purge removes the state" absent "$root/var/lib/pano"
check "purge removes the settings" absent "$root/etc/pano"
check "no file is left" absent "$root/usr/share/panorama"
echo "chroot: $checks checks, all passed"
