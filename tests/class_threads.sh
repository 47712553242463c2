#!/usr/bin/env bash
# Fails when a class in a header does not say which threads may use it: its comment has to say thread-safe,
# thread-compatible, confined to a thread (or call), immutable, stateless, or that it is a value.
#   tests/class_threads.sh [ROOT]
set -euo pipefail
cd "$(cd "${1:-$(dirname "$0")/..}" && pwd)"
find src -name '*.h' -print0 | LC_ALL=C sort -z | xargs -0 awk '
  FNR == 1 { comment = "" }
  /^\/\// { comment = comment " " $0; next }
  /^template/ { next }
  /^class / && !/;[ ]*$/ {
    ++classes
    if (comment !~ /[Tt]hread|[Cc]onfined|[Ii]mmutable|[Ss]tateless|[Aa] value/) {
      match($0, /^class [^:{]*/)
      print FILENAME ":" FNR ": " substr($0, RSTART, RLENGTH) ": which threads may use it?"
      ++silent
    }
  }
  { comment = "" }
  END {
    printf "%d classes in headers checked, %d do not say their threading\n", classes, silent
    exit !(classes > 0 && silent == 0)
  }'
