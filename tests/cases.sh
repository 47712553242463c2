# Inputs that users, clients and attackers were seen to send, each with its right answer: every
# run.sh below the shared cases (PANO_SHARED, default ../shared), one process each, as a table.
#   PANO=build/release/bin/pano SOURCE_DIR=. bash tests/cases.sh [GLOB]
# Cases that take more than a minute run where PANO_CASES_ALL is set (./pano test --all). The scripts of
# cases/attack are not run: they show figures for a person, some wait for a server to die, and the tests
# beside the code judge what they show. Exit 1: one failed; 77: there are no cases here.
set -u
: "${PANO:?}" "${SOURCE_DIR:?}"
shared=${PANO_SHARED:-$SOURCE_DIR/../shared}
PANO=$(readlink -f "$PANO") STARTER=$(readlink -f "$SOURCE_DIR/models/starter")
export PANO STARTER
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work

report='' ran=0 failed=0 skipped=0
xml() { printf '%s' "$1" | tr -d '\000-\010\013\014\016-\037' | sed 's/&/\&amp;/g; s/</\&lt;/g; s/"/\&quot;/g'; }
row() { printf '%-52s %-8s %6s s  %s\n' "$@"; }

skip() {       # skip CASE REASON
  skipped=$((skipped + 1))
  row "$1" skipped - "$2"
  report+="<testcase classname=\"cases\" name=\"$(xml "$1")\"><skipped message=\"$(xml "$2")\"/></testcase>"$'\n'
}

run_case() {   # run_case CASE SECONDS COMMAND...: a row, and what it printed where it failed
  local name=$1 limit=$2 begin=$EPOCHREALTIME code seconds note=
  shift 2
  timeout --kill-after=5 "$limit" "$@" >"$work/out" 2>&1 </dev/null
  code=$?
  seconds=$(awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')
  ran=$((ran + 1))
  [[ $code == 124 || $code == 137 ]] && note="no end after $limit s"
  if [[ $code == 0 ]]; then
    row "$name" ok "$seconds" ''
    report+="<testcase classname=\"cases\" name=\"$(xml "$name")\" time=\"$seconds\"/>"$'\n'
  else
    failed=$((failed + 1))
    row "$name" FAILED "$seconds" "$note"
    head -c 2000 "$work/out" | sed 's/^/    /'
    report+="<testcase classname=\"cases\" name=\"$(xml "$name")\" time=\"$seconds\"><failure message=\"failed\"/></testcase>"$'\n'
  fi
}

finish() {
  case "${GTEST_OUTPUT:-}" in
    xml:*/) printf '<testsuites><testsuite name="cases">\n%s</testsuite></testsuites>\n' "$report" \
      >"${GTEST_OUTPUT#xml:}cases.xml" ;;
  esac
  echo "cases: $ran ran, $failed failed, $skipped skipped"
  ((failed == 0)) || exit 1
  ((ran > 0)) || exit 77
  exit 0
}

if [[ ! -d $shared/cases ]]; then
  skip "all cases" "$shared/cases is absent"
  finish
fi
for tool in curl python3; do
  command -v "$tool" >/dev/null || { skip "all cases" "$tool is not installed"; finish; }
done
slow=$'\n'     # "<case>" a line: known to take more than a minute
cd "$SOURCE_DIR" || exit 1
for run in "$shared"/cases/*/${1:-*}/run.sh; do
  [[ -e $run ]] || continue
  name=${run#"$shared"/cases/} name=${name%/run.sh}
  if [[ $slow == *$'\n'"$name"$'\n'* && -z ${PANO_CASES_ALL:-} ]]; then
    skip "$name" "takes more than a minute: ./pano test --all"
  else
    run_case "$name" 120 bash "$run"
  fi
done
for script in "$shared"/cases/attack/${1:-*}.*; do
  case $script in *.sh | *.py) skip "${script#"$shared"/cases/}" "prints figures and judges nothing" ;; esac
done
finish
