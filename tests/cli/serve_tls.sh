# HTTPS in process: versions, certificates that change, client certificates, plain HTTP at the wrong port.
source "$SOURCE_DIR/tests/cli/harness.sh"
starter=$SOURCE_DIR/models/starter
skip_unless "$starter/config.json" "models/starter is absent"
command -v openssl >/dev/null || skip_unless /nowhere "openssl is absent"
server=
trap '[[ -n $server ]] && kill "$server" 2>/dev/null; rm -rf "$work"' EXIT

# certificate NAME [CA]: $work/NAME.{key,pem} for localhost, signed by CA or by itself.
certificate() {
  local sign=()
  [[ -n ${2:-} ]] && sign=(-CA "$work/$2.pem" -CAkey "$work/$2.key")
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
    -addext "subjectAltName=DNS:localhost,IP:127.0.0.1" "${sign[@]}" \
    -keyout "$work/$1.key" -out "$work/$1.pem" 2>/dev/null
}
certificate one; certificate two; certificate authority; certificate caller authority; certificate stranger
cp "$work/one.pem" "$work/cert.pem"; cp "$work/one.key" "$work/key.pem"

start() {      # start OPTION...: a server on a free port, as $port
  : >"$work/log"
  "$PANO" serve --port 0 --threads 1 --model "starter=$starter" "$@" 2>"$work/log" >/dev/null &
  server=$!
  port=
  for _ in {1..200}; do
    port=$(sed -n 's/.*listening on https:\/\/.*:\([0-9]*\)$/\1/p' "$work/log")
    [[ -n $port ]] && return
    sleep 0.1
  done
  echo "serve_tls: the server does not start: $(tail -1 "$work/log")" >&2
  exit 1
}
ask() {        # ask PATH CURL-OPTION...
  local path=$1
  shift
  run curl -sS -m 20 --cacert "$work/one.pem" "$@" "https://localhost:$port$path"
}
subject() { openssl s_client -connect "127.0.0.1:$port" </dev/null 2>/dev/null | sed -n 's/^subject=CN = //p'; }

run pano serve --tls-cert "$work/cert.pem"; code 2; err "--tls-cert and --tls-key go together"
run pano serve --tls-client-ca "$work/authority.pem"; code 2; err "--tls-client-ca needs"
run pano serve --port 0 --tls-cert "$work/cert.pem" --tls-key "$work/nobody.key"; code 1; err "nobody.key"
check "no hint about models" bash -c "! grep -q hint '$work/err'"
run pano serve --port 0 --tls-cert "$work/cert.pem" --tls-key "$work/two.key"; code 1; err "not the key of the certificate"
run pano serve --port 0 --tls-cert "$work/key.pem" --tls-key "$work/key.pem"; code 1; err "no certificate in PEM"
run pano serve --host 0.0.0.0 --port 0 --tls-cert "$work/cert.pem" --tls-key "$work/key.pem"; code 1; err "reachable from elsewhere"

start --tls-cert "$work/cert.pem" --tls-key "$work/key.pem" --tls-client-ca "$work/authority.pem"
ask /livez; code 0; out '{"live":true}'
ask /v1/models --tls-max 1.2; code 0; out starter
ask /livez --tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0; code 35
ask /v1/models/starter/predict -N -H 'Content-Type: application/json' \
  -d '{"inputs":"Once","stream":true,"parameters":{"max_tokens":4}}'
code 0; out "event: progress"; out "event: done"
run curl -sS -m 20 -i "http://localhost:$port/livez"; code 0; out "400"; out "https://"
ask /livez -H 'Origin: https://localhost:'"$port"; code 0; out live
ask /livez -H 'Origin: http://localhost:'"$port"; code 0; out "another site"
# Of client certificates only those of the authority are taken; none is fine.
ask /livez --cert "$work/caller.pem" --key "$work/caller.key"; code 0; out live
ask /livez --cert "$work/stranger.pem" --key "$work/stranger.key"
check "a stranger's certificate is refused" test "$got" -ne 0
# A session resumes.
openssl s_client -connect "127.0.0.1:$port" -tls1_2 -sess_out "$work/session" </dev/null >/dev/null 2>&1
run openssl s_client -connect "127.0.0.1:$port" -tls1_2 -sess_in "$work/session"; out "Reused, TLSv1.2"
run openssl s_client -connect "127.0.0.1:$port" -alpn h2,http/1.1; out "ALPN protocol: http/1.1"

# The files change under it: a half that does not fit changes nothing, the pair does.
check "shows the first" test "$(subject)" = one
cp "$work/two.pem" "$work/cert.pem"
for _ in {1..60}; do grep -q "the certificate in use stays" "$work/log" && break; sleep 0.2; done
check "says that the old one stays" grep -q "the certificate in use stays" "$work/log"
check "still shows the first" test "$(subject)" = one
cp "$work/two.key" "$work/key.pem"
for _ in {1..60}; do [[ $(subject) == two ]] && break; sleep 0.2; done
check "shows the second" test "$(subject)" = two
run curl -sS -m 20 --cacert "$work/two.pem" "https://localhost:$port/livez"; code 0; out live
kill "$server"; wait "$server"; got=$?; shown="SIGTERM"; code 0
server=
finish
