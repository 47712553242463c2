#!/usr/bin/env bash
# The image of deploy/docker/Dockerfile, built and run by buildah, which needs no daemon:
#
#   container.sh BUILD [--build]
#
# The first stage is left out: the package is the one that `cpack` makes of the build folder BUILD. With
# --build the Dockerfile is taken as it is, and builds the package (minutes). Where no registry can be
# reached, the base images are made of the debootstrap tree of chroot.sh. Needs root; images are kept
# nowhere.
set -euo pipefail
source=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
build=$(readlink -f "${1:?the build folder}")
mode=${2:-}
base=${PANO_CHROOT_BASE:-/var/cache/panorama-chroot}
skip() { echo "skipped: $*"; exit 77; }
((EUID == 0)) || skip "not root"
command -v buildah >/dev/null || skip "buildah is not installed"
work=$(mktemp -d)
server=''
container=''
engine() { buildah --root "$work/images" --runroot "$work/run" --storage-driver vfs "$@"; }
cleanup() {
  [[ -z $server ]] || kill -KILL "$server" 2>/dev/null || true
  [[ -z $container ]] || engine umount "$container" >/dev/null 2>&1 || true
  engine rm --all >/dev/null 2>&1 || true
  rm -rf --one-file-system "$work"
}
trap cleanup EXIT
checks=0
fail() { echo "FAILED: $*"; [[ ! -s $work/log ]] || tail -n 20 "$work/log"; exit 1; }
check() { local what=$1; shift; checks=$((checks + 1)); "$@" || fail "$what"; }

# ---- the base images
for image in debian:12 debian:12-slim; do
  engine pull -q "docker.io/library/$image" >"$work/log" 2>&1 && continue
  [[ -x $base/usr/bin/dpkg ]] || skip "no registry, and no debootstrap tree in $base (chroot.sh makes it)"
  empty=$(engine from scratch)
  tar -C "$base" -cf "$work/base.tar" .
  engine add "$empty" "$work/base.tar" / >/dev/null
  engine commit -q "$empty" "docker.io/library/$image" >/dev/null
  engine rm "$empty" >/dev/null
  rm "$work/base.tar"
  echo "base image $image: of debootstrap, as no registry answers"
done

# ---- the image
if [[ $mode == --build ]]; then
  git -C "$source" archive --prefix context/ HEAD | tar -x -C "$work"
  cp "$source/deploy/docker/Dockerfile" "$work/Dockerfile"
else
  mkdir -p "$work/context/packages"
  (cd "$work/context/packages" && cpack -G DEB --config "$build/CPackConfig.cmake" >"$work/log" 2>&1 && rm -rf _CPack_Packages) || fail "cpack"
  cp -r "$source/deploy" "$work/context/"
  { printf 'FROM scratch AS build\nCOPY packages /packages\n'; sed -n '/^FROM debian:12-slim/,$p' "$source/deploy/docker/Dockerfile"; } >"$work/Dockerfile"
fi
engine bud --isolation chroot --format docker -q -f "$work/Dockerfile" -t panorama "$work/context" >"$work/log" 2>&1 || fail "the image"
engine inspect --type image panorama >"$work/image.json"
for text in '"User": "10001:10001"' '"/usr/bin/pano"' '"8080/tcp"' '"/models": {}' '"StopSignal": "SIGTERM"' \
            'HF_HOME=/models/huggingface' healthcheck.sh; do
  check "the image says $text" grep -qF -- "$text" "$work/image.json"
done

# ---- a container
container=$(engine from panorama)
port=$((20000 + RANDOM % 20000))
run() { engine run --isolation chroot "$@"; }
check "its user" grep -qx 10001 <(run "$container" -- id -u)
check "the version" grep -q '^pano 0\.' <(run "$container" -- pano --version)
check "the folder for models is its own" run "$container" -- touch /models/x
check "the system is not" bash -c '! "$@" 2>/dev/null' - buildah --root "$work/images" --runroot "$work/run" --storage-driver vfs \
  run --isolation chroot "$container" -- touch /usr/x
# Reachable from outside it wants a key, and does not start without one.
check "no key, no server" grep -q 'api-key' <(run "$container" -- pano serve --host 0.0.0.0 --port "$port" 2>&1 || true)
run --env PANO_API_KEY=key "$container" -- pano serve --host 0.0.0.0 --port "$port" >"$work/log" 2>&1 &
server=$!
healthy() { run "$container" -- bash /usr/local/lib/panorama/healthcheck.sh "$port"; }
for ((tick = 0; tick < 120; tick++)); do healthy >/dev/null 2>&1 && break; sleep 0.5; done
check "the health check" healthy
ask() { curl -s -m 20 -w '\n%{http_code}\n' "http://127.0.0.1:$port/v1/completions" -H 'Content-Type: application/json' -d '{"prompt":"Once","max_tokens":4}' "$@"; }
check "a caller without the key is refused" grep -qx 401 <(ask)
check "a completion" grep -q '"finish_reason"' <(ask -H 'Authorization: Bearer key')
pid=$(pgrep -f "^/usr/bin/pano serve --host 0.0.0.0 --port $port")   # and not what buildah wraps around it
kill -TERM "$pid"
wait "$server" || fail "SIGTERM ended the server with an error"
server=''
check "it drained" grep -q stopped "$work/log"
echo "container: $checks checks, all passed"
