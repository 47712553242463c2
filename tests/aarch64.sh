#!/usr/bin/env bash
# The kernels of 64-bit Arm on any machine: builds them with Debian's cross compiler and runs their
# tests and the tensors' under qemu, whose processor has NEON, FEAT_DotProd and FEAT_I8MM: each is
# compared with the plain loops. Exits with 77 and says why where that cannot be done.
#
#   apt-get install g++-12-aarch64-linux-gnu qemu-user googletest libsimdjson-dev
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
build=build/aarch64
jobs=${PANO_JOBS:-$(nproc)}

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
skip() { printf 'aarch64: skipped: %s\n' "$*"; exit 77; }

# fetch PACKAGE: unpacks arm64's package into $build/debian, by the machine's own apt sources but
# lists of its own: the machine stays as it is.
fetch() {
  local work status=0
  work=$(mktemp -d)
  mkdir -p "$work"/{lists,cache/archives}/partial "$build/debian"
  local apt=(apt-get -qq -o "Dir::State::lists=$work/lists" -o Dir::State::status=/dev/null
    -o "Dir::Cache=$work/cache" -o Acquire::Languages=none -o "APT::Sandbox::User=$(id -un)"
    -o APT::Architecture=arm64 -o APT::Architectures=arm64)
  { "${apt[@]}" update && (cd "$work" && "${apt[@]}" download "$1") &&
      dpkg-deb -x "$work"/*.deb "$build/debian"; } >"$work/log" 2>&1 || status=1
  ((status == 0)) || tail -n 3 "$work/log" >&2
  rm -rf "$work"
  return $status
}

# run TEST: under qemu; prints how many cases ran.
run() {
  say "running $1 under qemu"
  local log="$build/$1.log" status=0
  qemu-aarch64 -cpu max -L /usr/aarch64-linux-gnu "$build/bin/$1" >"$log" 2>&1 || status=$?
  if ((status != 0)); then
    grep -B 12 'FAILED' "$log" | tail -n 60 || tail -n 20 "$log"
    printf 'aarch64: %s failed (all of its output: %s)\n' "$1" "$log" >&2
  fi
  printf 'aarch64: %s: %s\n' "$1" "$(grep -E '^\[=+\] .* ran\.' "$log" | sed 's/^\[=*\] //')"
  return $status
}

command -v aarch64-linux-gnu-g++-12 >/dev/null || skip "no g++-12-aarch64-linux-gnu"
command -v qemu-aarch64 >/dev/null || skip "no qemu-user"
[[ -d /usr/src/googletest ]] || skip "no googletest"
[[ -f /usr/include/simdjson.h ]] || skip "no libsimdjson-dev"

tests=(pano_model_kernels_test pano_model_tensor_test)
library=usr/lib/aarch64-linux-gnu/libsimdjson.so.14
if [[ ! -f /$library && ! -f $build/debian/$library ]] && ! fetch libsimdjson14; then
  say "without arm64's libsimdjson14 the tensors' tests are left out"
  tests=(pano_model_kernels_test)
fi

say "building the kernels for 64-bit Arm"
mkdir -p "$build"
{ cmake --preset aarch64 && ninja -C "$build" -j "$jobs" "${tests[@]}" pano_model_kernels_headers; } \
  >"$build/build.log" 2>&1 ||
  { grep -E -A8 'FAILED|[Ee]rror' "$build/build.log" | head -n 60 >&2
    printf 'aarch64: the build failed (all of it: %s)\n' "$build/build.log" >&2; exit 1; }

failed=0
for test in "${tests[@]}"; do run "$test" || failed=1; done
exit $failed
