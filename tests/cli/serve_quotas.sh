# Quotas as a client meets them: headers, 429 with a Retry-After that is kept, a killed server, deadlines.
source "$SOURCE_DIR/tests/cli/harness.sh"
starter=$SOURCE_DIR/models/starter
skip_unless "$starter/config.json" "models/starter is absent"

server=
trap '[[ -n $server ]] && kill -9 "$server" 2>/dev/null; rm -rf "$work"' EXIT
serve() {      # serve OPTION...: sets $url
  : >"$work/log"
  "$PANO" serve --port 0 --threads 1 --kv-bytes 67108864 --model "m=$starter" "$@" 2>"$work/log" >/dev/null &
  server=$!
  for _ in {1..200}; do
    url=$(grep -o 'listening on http://127.0.0.1:[0-9]*' "$work/log" | head -n 1 | cut -c14-)
    [[ -n $url ]] && return
    sleep 0.1
  done
  echo "serve_quotas: the server does not start: $(tail -1 "$work/log")" >&2
  exit 1
}
ask() {        # ask KEY BODY-MEMBERS [HEADER]
  run curl -si "$url/v1/completions" -H 'Content-Type: application/json' -H "Authorization: Bearer $1" ${3:+-H "$3"} \
    -d "{\"model\":\"m\",\"prompt\":\"Once upon a time\",\"max_tokens\":2,\"temperature\":0$2}"
}

cat >"$work/tenants.yaml" <<'Y'
tenants:
  key-1: {requests_per_minute: 3, tokens_per_day: 1000, models: {"*": {concurrent: 2}}}
  key-3: {requests_per_minute: 0}
Y
run "$PANO" serve --model "m=$starter" --tenants "$work/none.yaml"; code 1; err "$work/none.yaml"
echo 'tenants: {a: {wieght: 1}}' >"$work/bad.yaml"
run "$PANO" serve --model "m=$starter" --tenants "$work/bad.yaml"; code 1; err "tenants.a.wieght: there is no such setting; did you mean 'weight'"
run "$PANO" serve --model "m=$starter" --quota-state "$work/state"; code 1; err "--tenants"
run "$PANO" serve --model "m=$starter" --tenants "$work/tenants.yaml" --quota-state redis://; code 1; err "the host is missing"

keys="--api-key one --api-key two --api-key three --tenants $work/tenants.yaml --quota-state $work/state"
serve $keys
ask one ''; out "200 OK"; out "x-ratelimit-limit-requests: 3"; out "x-ratelimit-remaining-requests: 2"
out "x-ratelimit-limit-tokens: 1000"; out "x-ratelimit-reset-requests: 1m0s"
ask one ',"stream":true'; out "x-ratelimit-remaining-requests: 1"; out "[DONE]"
run curl -si "$url/v1/models" -H 'Authorization: Bearer one'; out "x-ratelimit-remaining-requests: 1"
ask two ''; out "200 OK"; check "another tenant has no limits" bash -c "! grep -qi x-ratelimit '$work/out'"
ask three ''; out "403"; out "quota_zero"

# Killed at any moment: what was answered is counted.
kill -9 "$server"; wait "$server" 2>/dev/null
serve $keys
run curl -si "$url/v1/models" -H 'Authorization: Bearer one'; out "x-ratelimit-remaining-requests: 1"
run "$PANO" serve --port 0 --model "m=$starter" $keys; code 1; err "another process uses it"
ask one ''; out "200 OK"; out "x-ratelimit-remaining-requests: 0"
ask one ''; out "429"; out '"code":"rate_limit_exceeded"'; out '"type":"rate_limit_error"'; out "Retry-After: "
wait_s=$(grep -i '^retry-after:' "$work/out" | tr -dc 0-9)
check "Retry-After is at most a minute" test "$wait_s" -le 60
run curl -s "$url/metrics" -H 'Authorization: Bearer two'; out "pano_quota_rejections_total 1"
sleep "$wait_s"
ask one ''; out "200 OK"

# Deadlines.
ask two ',"deadline_ms":60000' 'grpc-timeout: 30S'; out "200 OK"; out '"finish_reason":"length"'
ask two '' 'grpc-timeout: 30s'; out "400"; out '"param":"grpc-timeout"'
ask two ',"deadline_ms":0'; out "400"; out '"param":"deadline_ms"'
ask two '' 'grpc-timeout: 1n'; out "504"; out '"code":"deadline'
run curl -s "$url/v1/completions" -H 'Content-Type: application/json' -H "Authorization: Bearer two" \
  -d '{"model":"m","prompt":"Once","max_tokens":400,"ignore_eos":true,"deadline_ms":40}'; out 'deadline'

# The file counts as it is now: by itself within seconds, on SIGHUP at once; a wrong one changes nothing.
limit() {      # limit N: key one's requests a minute become N, at once or within five seconds
  for _ in {1..50}; do
    curl -si "$url/v1/models" -H 'Authorization: Bearer one' >"$work/out"
    grep -qi "x-ratelimit-limit-requests: $1" "$work/out" && break
    sleep 0.1
  done
  out "x-ratelimit-limit-requests: $1"
}
echo 'tenants: {key-1: {requests_per_minute: 40}}' >"$work/tenants.yaml"; limit 40
echo 'tenants: {key-1: {requests_per_minuet: 50}}' >"$work/tenants.yaml"; kill -HUP "$server"
for _ in {1..50}; do grep -q 'requests_per_minuet' "$work/log" && break; sleep 0.1; done
check "why the file is not taken is in the log" grep -q "tenants.key-1.requests_per_minuet: there is no such setting.*line 1.*what was in force before stays so" "$work/log"
limit 40
echo 'tenants: {key-1: {requests_per_minute: 60}}' >"$work/tenants.yaml"; kill -HUP "$server"; sleep 0.3
run curl -si "$url/v1/models" -H 'Authorization: Bearer one'; out "x-ratelimit-limit-requests: 60"
kill "$server"; wait "$server"; server=
finish
