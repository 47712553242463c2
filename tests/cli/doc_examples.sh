# The examples of docs/kserve.md, asked of a server: what stands behind each request is what it answers.
source "$SOURCE_DIR/tests/cli/harness.sh"
starter=$SOURCE_DIR/models/starter
page=$SOURCE_DIR/docs/kserve.md
skip_unless "$starter/config.json" "models/starter is absent"
skip_unless "$(command -v curl || echo /no/curl)" "curl is absent"

: >"$work/log"
"$PANO" serve --model "starter=$starter" --port 0 2>"$work/log" >/dev/null &
server=$!
trap 'kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
for _ in {1..300}; do
  url=$(sed -n 's/.*listening on http:\/\/\([^ ]*\)$/\1/p' "$work/log")
  [[ -n $url ]] && break
  sleep 0.1
done

asked=0
while IFS= read -r line; do
  [[ $line == '    $ curl '* ]] || continue
  IFS= read -r answer
  asked=$((asked + 1))
  printf '%s' "${answer#    }" >"$work/expected"
  line=${line#    $ }
  run bash -c "${line//localhost:8080/$url}"
  same "$work/expected"
done <"$page"
shown=$page
check "has examples" test "$asked" -ge 3
finish
