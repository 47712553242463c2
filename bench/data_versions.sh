#!/usr/bin/env bash
# How long pano-data and, where it is given, dvc take over the same tree: add, status with no change, checkout.
#   bench/data_versions.sh build/release/bin/pano-data [DVC] [FILES]        FILES: 20000
#   bench/data_versions.sh build/release/bin/pano-data status [FILES]       FILES: 1000000; hashed, not stored, then status three times
# Prints wall seconds, processor seconds and the largest resident memory of each command. Checks that both write the same .dvc file.
set -euo pipefail
pano=$(readlink -f "${1:?usage: data_versions.sh PANO-DATA [DVC] [FILES]}") dvc=${2:-} files=${3:-20000}
status_only=false
if [[ $dvc == status ]]; then status_only=true dvc='' files=${3:-1000000}; fi
work=$(mktemp -d "${TMPDIR:-/tmp}/pano-data-bench-XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
export DVC_SITE_CACHE_DIR="$work/site" DVC_NO_ANALYTICS=1
timed() {  # timed WHAT COMMAND...
  local what=$1
  shift
  /usr/bin/time -f "$what: %e s, processor %U + %S s, %M KB" "$@" >/dev/null 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
  tail -n 1 "$work/log"
}
mkdir -p "$work/pano/data"
awk -v n="$files" -v to="$work/pano/data" 'BEGIN {
  for (i = 0; i < n; i++) {
    d = sprintf("%s/d%05d", to, i / 200)
    if (i % 200 == 0) system("mkdir -p " d)
    f = sprintf("%s/f%07d.txt", d, i); printf "file %d of the benchmark\n", i > f; close(f)
  }
}'
[[ -z $dvc ]] || { mkdir "$work/dvc"; cp -a "$work/pano/data" "$work/dvc/data"; dvc=$(readlink -f "$dvc"); }
sleep 1
run() {  # run NAME PROGRAM STATUS...
  local name=$1 program=$2
  shift 2
  cd "$work/$name"
  "$program" init --no-scm >/dev/null
  if $status_only; then
    timed "$name add --no-commit" "$program" add --no-commit data
    for _ in 1 2 3; do timed "$name status" "$program" "$@"; done
    return
  fi
  timed "$name add" "$program" add data
  timed "$name status" "$program" "$@"
  timed "$name status again" "$program" "$@"
  rm -rf data
  timed "$name checkout" "$program" checkout
}
run pano "$pano" status --json
[[ -z $dvc ]] || run dvc "$dvc" data status --json
[[ -z $dvc ]] || cmp "$work/pano/data.dvc" "$work/dvc/data.dvc"
