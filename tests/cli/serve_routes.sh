# Deny by default: a server that takes credentials is asked at every route of its own table without any,
# and refuses all but those that the table declares open. The list comes from the server, so a route that
# somebody adds is asked here, too.
source "$SOURCE_DIR/tests/cli/harness.sh"
starter=$SOURCE_DIR/models/starter
skip_unless "$starter/config.json" "models/starter is absent"
server=
trap '[[ -n $server ]] && kill "$server" 2>/dev/null; rm -rf "$work"' EXIT

start() {      # start OPTION...: a server on a free port, as $base
  : >"$work/log"
  "$PANO" serve --port 0 --threads 1 --model "starter=$starter" "$@" 2>"$work/log" >/dev/null &
  server=$!
  base=
  for _ in {1..200}; do
    base=$(sed -n 's/.*listening on \(http[s]*:\/\/[^ ]*\)$/\1/p' "$work/log")
    [[ -n $base ]] && return
    sleep 0.1
  done
  echo "serve_routes: the server does not start: $(tail -1 "$work/log")" >&2
  exit 1
}
stop() { kill "$server"; wait "$server" 2>/dev/null; server=; }
# ask METHOD PATH [HEADER...]: the status; the head is in $work/head, the body in $work/out.
ask() {
  local method=$1 path=$2 data=()
  shift 2
  for header in "$@"; do data+=(-H "$header"); done
  [[ $method == POST ]] && data+=(-H 'Content-Type: application/json' -d '{"model":"starter"}')
  shown="$method $path ${*}"
  got=$(curl -sS -m 20 -g -X "$method" -D "$work/head" -o "$work/out" -w '%{http_code}' "${data[@]}" "$base$path" 2>"$work/err")
}
status() { check "is answered $1" test "$got" = "$1"; }
not_status() { check "is not answered $1" test "$got" != "$1" -a "$got" != 000; }
head_has() { check "the head has $1" grep -qiF -- "$1" "$work/head"; }

run pano serve --routes; code 0
out "GET /livez open"; out "POST /v1/completions models:{model}:predict"
grep -v "^gRPC " "$work/out" >"$work/routes"     # --grpc-port answers those
check "lists every route" test "$(wc -l <"$work/routes")" -ge 14

refuses_all() {      # what every way of taking credentials has to do
  while read -r method path policy; do
    path=${path//\{id\}/starter}
    path=${path//\{version\}/1}
    path=${path//\{path\}/pano}
    path=$(sed 's/{[a-z_]*_id}/nobody/g' <<<"$path")      # what belongs to a caller: a stream, a response, a file
    check "no other braces in $path" test "$path" = "${path//[\{\}]/}"
    ask "$method" "$path"
    if [[ $policy == open ]]; then
      not_status 401; not_status 403
      continue
    fi
    status 401; head_has 'WWW-Authenticate: Bearer realm="panorama"'
    check "no error code where nothing was sent" bash -c "! grep -q error= '$work/head'"
    ask "$method" "$path" "Authorization: Bearer nobody"
    status 401; head_has 'error="invalid_token"'
    ask "$method" "$path" "X-Api-Key: nobody"; status 401
    # A tenant is never taken from a header.
    ask "$method" "$path" "X-Tenant: default" "X-Pano-Tenant: default" "X-Forwarded-User: admin"; status 401
  done <"$work/routes"
  ask GET /nowhere; status 401
  ask DELETE /v1/models; status 401
  ask GET "/v1/models?access_token=secret&api_key=secret"; status 401
}

start --api-key secret
refuses_all
ask GET /readyz; status 200; check "names no model" bash -c "! grep -q starter '$work/out'"
ask GET /v1/models "Authorization: Bearer secret"; status 200; out starter
ask GET /metrics "X-Api-Key: secret"; status 200
stop

# The same of the built-in issuer, whose keys let exactly one model through.
pano auth init --state "$work/state" >/dev/null
key=$(pano auth key create --state "$work/state" --scope models:starter:read --json | sed 's/.*"key":"\([^"]*\)".*/\1/')
start --auth-state "$work/state"
refuses_all
ask GET /v1/models/starter "Authorization: Bearer $key"; status 200
ask GET /v1/models/other "Authorization: Bearer $key"; status 404
ask GET /metrics "X-Api-Key: $key"; status 403; head_has 'scope="metrics:read"'
stop
finish
