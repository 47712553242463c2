# Sourced by the scripts beside it: runs commands and checks what they print and how they end.
#   run COMMAND...        keeps exit code, stdout and stderr for the checks that follow
#   code N                the exit code was N
#   out TEXT, err TEXT    stdout or stderr holds TEXT
#   same FILE             stdout is FILE to the byte
#   skip_unless FILE WHY  ends the script as skipped where FILE is absent
# A script is named by its file; each check is one test case in the report.
set -u
name=$(basename "$0" .sh)
shared=${PANO_SHARED:-$SOURCE_DIR/../shared}
stories=$shared/data/weights/stories260K
work=$(mktemp -d)
cases=0 failures=0 report=''
trap 'rm -rf "$work"' EXIT

pano() { "$PANO" "$@"; }

xml() { printf '%s' "$1" | tr -d '\000-\010\013\014\016-\037' | sed 's/&/\&amp;/g; s/</\&lt;/g; s/"/\&quot;/g'; }

run() {
  shown="$*"
  "$@" >"$work/out" 2>"$work/err" </dev/null
  got=$?
}
run_with() {   # run_with INPUT COMMAND...
  local input=$1
  shift
  shown="$* <<< ${input:0:60}"
  printf '%s' "$input" | "$@" >"$work/out" 2>"$work/err"
  got=$?
}

check() {      # check WHAT CONDITION...
  local what=$1
  shift
  cases=$((cases + 1))
  if "$@"; then
    report+="<testcase classname=\"cli.$name\" name=\"$(xml "$shown: $what")\"/>"$'\n'
  else
    failures=$((failures + 1))
    report+="<testcase classname=\"cli.$name\" name=\"$(xml "$shown: $what")\">"$'\n'"<failure message=\"failed\"/>"$'\n'"</testcase>"$'\n'
    printf 'FAILED %s: %s\n  exit %s\n  stdout: %.400s\n  stderr: %.400s\n' \
      "$shown" "$what" "$got" "$(cat "$work/out")" "$(cat "$work/err")"
  fi
}
code() { check "exit $1" test "$got" -eq "$1"; }
out() { check "prints $1" grep -qF -- "$1" "$work/out"; }
err() { check "says $1" grep -qF -- "$1" "$work/err"; }
one_line_error() { check "one line and a hint at most" test "$(wc -l <"$work/err")" -le 2; }
same() { check "prints exactly $(basename "$1")" cmp -s "$1" "$work/out"; }

# start_server READY OPTION...: a server on a free port of the loopback, its log in $work/log; sets $server and $url. READY is a path
# that it answers first, or "".
start_server() {
  local ready=$1; shift
  : >"$work/log"
  "$PANO" serve --port 0 --threads 1 "$@" 2>"$work/log" >/dev/null &
  server=$!
  url=
  for _ in {1..300}; do
    url=$(grep -o 'listening on http://127.0.0.1:[0-9]*' "$work/log" | head -n 1 | sed 's/listening on //')
    [[ -n $url ]] && { [[ -z $ready ]] || curl -sf "$url$ready" >/dev/null; } && return
    sleep 0.1
  done
  echo "$name: the server does not start: $(tail -1 "$work/log")" >&2
  exit 1
}

finish() {
  case "${GTEST_OUTPUT:-}" in
    xml:*/) printf '<testsuites><testsuite name="cli.%s">\n%s</testsuite></testsuites>\n' \
      "$name" "$report" >"${GTEST_OUTPUT#xml:}cli_$name.xml" ;;
  esac
  echo "$name: $cases checks, $failures failed"
  exit $((failures > 0))
}

skip_unless() {
  [[ -e $1 ]] && return
  report+="<testcase classname=\"cli.$name\" name=\"$name\">"$'\n'"<skipped message=\"$(xml "$2")\"/>"$'\n'"</testcase>"$'\n'
  echo "skipped: $2"
  finish
}
