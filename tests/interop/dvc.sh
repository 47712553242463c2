#!/usr/bin/env bash
# One repository used by DVC and by pano-data in turn, with DVC as the judge. Opt-in: needs dvc from PyPI.
#   python3 -m venv v && v/bin/pip install dvc==3.67.1
#   tests/interop/dvc.sh v/bin/dvc build/release/bin/pano-data
set -euo pipefail
dvc=$(readlink -f "${1:?usage: dvc.sh DVC PANO-DATA}") pano=$(readlink -f "${2:?usage: dvc.sh DVC PANO-DATA}")
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
export DVC_SITE_CACHE_DIR="$work/site" DVC_NO_ANALYTICS=1
checks=0
same() {  # same WHAT A B
  [[ $2 == "$3" ]] || { printf 'FAIL %s\n  %s\n  %s\n' "$1" "$2" "$3" >&2; exit 1; }
  checks=$((checks + 1))
}
clean() {  # both say that nothing has changed
  same "$1: dvc status" "$("$dvc" data status --granular --json)" '{}'
  same "$1: pano status" "$("$pano" status --granular --json)" '{}'
}
tree() { (cd "$1" && find . -type f | LC_ALL=C sort | xargs -d '\n' md5sum); }
fill() {
  mkdir -p "$1/data/s/deep" && printf 'a\n' >"$1/data/a" && printf 'b\r\n' >"$1/data/s/b" && : >"$1/data/s/deep/empty"
  printf 'x' >"$1/data/é x" && head -c 3000000 /dev/zero >"$1/data/zeros" && printf '1,2\n' >"$1/one.csv"
}

# The same data, added by each: the same files and objects, to the byte.
for tool in dvc pano; do
  mkdir "$work/$tool" && fill "$work/$tool"
  (cd "$work/$tool" && "${!tool}" init --no-scm >/dev/null && "${!tool}" add data one.csv >/dev/null 2>&1)
done
same "data.dvc" "$(cat "$work/dvc/data.dvc")" "$(cat "$work/pano/data.dvc")"
same "one.csv.dvc" "$(cat "$work/dvc/one.csv.dvc")" "$(cat "$work/pano/one.csv.dvc")"
same "objects" "$(tree "$work/dvc/.dvc/cache")" "$(tree "$work/pano/.dvc/cache")"

for repo in dvc pano; do    # made by either, used by both
  cd "$work/$repo"
  clean "$repo: as added"
  before=$(tree data)
  rm -rf data one.csv && "$pano" checkout 2>/dev/null && same "$repo: pano checkout" "$(tree data)" "$before"
  clean "$repo: checked out by pano"
  rm -rf data one.csv && "$dvc" checkout -q && same "$repo: dvc checkout" "$(tree data)" "$before"
  clean "$repo: checked out by dvc"
  printf 'changed\n' >data/a && rm data/s/b && printf 'new\n' >data/new
  same "$repo: changes" "$("$dvc" data status --granular --json | python3 -m json.tool --sort-keys)" \
    "$("$pano" status --granular --json | python3 -m json.tool --sort-keys)"
  "$pano" add data 2>/dev/null && clean "$repo: added by pano"
  printf 'again\n' >data/new && "$dvc" add -q data && clean "$repo: added by dvc"
  "$pano" move one.csv two.csv && clean "$repo: moved by pano"
  "$dvc" remote add -q -d near "$work/$repo-remote" && "$pano" push 2>/dev/null
  same "$repo: dvc finds what pano pushed" "$("$dvc" status -c --json)" '{}'
  before=$(tree data) && chmod -R u+w .dvc/cache && rm -rf .dvc/cache data two.csv && "$dvc" pull -q
  same "$repo: dvc pulls" "$(tree data)" "$before"
  chmod -R u+w .dvc/cache && rm -rf .dvc/cache data two.csv "$work/$repo-remote"
  cd "$work"
done
echo "dvc: $checks comparisons, all the same"
