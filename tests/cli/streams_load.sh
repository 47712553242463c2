# A thousand streams at once from a model that computes nothing: each token once, in order, on every
# stream, resumable or not. How late tokens come is shown, and judged only where LATE_MS_MAX says so:
# other work on the machine adds to it.
source "$SOURCE_DIR/tests/cli/harness.sh"
: "${PANO:?}" "${STREAM_LOAD:?}"
server=
trap '[[ -n $server ]] && kill "$server" 2>/dev/null; rm -rf "$work"' EXIT

"$PANO" serve --port 0 --model m=fake:50 2>"$work/log" >/dev/null &
server=$!
for _ in {1..200}; do
  port=$(sed -n 's/.*listening on http:\/\/.*:\([0-9]*\)$/\1/p' "$work/log")
  [[ -n $port ]] && break
  sleep 0.1
done
check "the server starts" test -n "$port"

number() { sed -n "s/.*\"$1\":\(-\?[0-9.e+-]*\).*/\1/p" "$work/report"; }
for kind in "" resumable; do
  shown="1000 streams $kind"
  check "no token is lost or doubled" bash -c "'$STREAM_LOAD' $port 50 1000 40 $kind >'$work/report' 2>'$work/err'"
  check "all are open at once" test "$(number at_once)" = 1000
  echo "streams_load: $(cat "$work/report" "$work/err")"
  if [[ -n ${LATE_MS_MAX:-} ]]; then
    check "99 of 100 come within $LATE_MS_MAX ms" awk "BEGIN { exit !($(number added_ms_p99) <= $LATE_MS_MAX) }"
  fi
done
kill "$server"; wait "$server"; server=
finish
