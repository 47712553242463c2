# Over TLS: whoever shows a certificate that is not trusted, or is for another name, gets nothing and gives
# nothing; SSL_CERT_FILE and its like say what is trusted. A relay speaks TLS before a hub and a server.
source "$SOURCE_DIR/tests/cli/harness.sh"
bin=$(dirname "$PANO")
skip_unless "$bin/pano-tls-relay" "pano-tls-relay is not built"
command -v openssl >/dev/null || skip_unless /nowhere "openssl is not installed"
export HF_HUB_CACHE="$work/hub" HOME="$work" HF_TOKEN=hf_secret
unset HF_HOME HF_HUB_OFFLINE HF_TOKEN_PATH SSL_CERT_FILE CURL_CA_BUNDLE REQUESTS_CA_BUNDLE PANO_API_KEY
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; rm -rf "$work"' EXIT

authority() {     # authority NAME: a certificate that signs others
  openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=$1" -keyout "$work/$1.key" -out "$work/$1.pem" 2>/dev/null
}
certificate() {   # certificate NAME AUTHORITY HOST
  openssl req -new -newkey rsa:2048 -nodes -subj "/CN=$3" -keyout "$work/$1.key" -out "$work/$1.csr" 2>/dev/null
  openssl x509 -req -in "$work/$1.csr" -CA "$work/$2.pem" -CAkey "$work/$2.key" -days 30 -set_serial 7 -out "$work/$1.pem" \
    -extfile <(printf 'subjectAltName=DNS:%s' "$3") 2>/dev/null
}
authority ours
authority theirs
certificate right ours localhost
certificate other-name ours example.org
certificate other-issuer theirs localhost

first_line() {    # first_line FILE: once there is one
  for ((i = 0; i < 200; i++)); do [[ -s $1 ]] && break; sleep 0.05; done
  head -1 "$1"
}
relay() {         # relay PORT CERTIFICATE: sets $url
  rm -f "$work/relay"
  "$bin/pano-tls-relay" "$1" "$work/$2.pem" "$work/$2.key" >"$work/relay" 2>"$work/relay.log" &
  pids+=($!)
  url=https://localhost:$(first_line "$work/relay")
}

# ---- a hub
mkdir -p "$work/repos/org/starter"
cp "$SOURCE_DIR"/models/starter/* "$work/repos/org/starter/"
"$bin/pano-fake-hub" "$work/repos" hf_secret 0 direct >"$work/hub_url" &
pids+=($!)
hub=$(first_line "$work/hub_url"); hub_port=${hub##*:}
pull() { run env "$@" "$PANO" pull hf:org/starter; }

relay "$hub_port" right; right=$url
pull HF_ENDPOINT=$right; code 1; err "certificate"; err "SSL_CERT_FILE names the certificates to trust"
check "nothing was fetched" test ! -e "$work/hub/models--org--starter/snapshots"
pull HF_ENDPOINT=$right SSL_CERT_FILE="$work/theirs.pem"; code 1; err "certificate"
pull HF_ENDPOINT=$right SSL_CERT_FILE="$work/absent.pem"; code 1; err "absent.pem"
pull HF_ENDPOINT=$right SSL_CERT_FILE="$work/ours.pem"; code 0
check "is the file" cmp -s "$(cat "$work/out")/model.safetensors" "$SOURCE_DIR/models/starter/model.safetensors"
for variable in CURL_CA_BUNDLE REQUESTS_CA_BUNDLE; do
  rm -rf "$work/hub"
  pull HF_ENDPOINT=$right $variable="$work/ours.pem"; code 0
done
rm -rf "$work/hub"
# From TLS to none: not for a file either.
"$bin/pano-fake-hub" "$work/repos" hf_secret >"$work/redirecting_url" &
pids+=($!)
hub=$(first_line "$work/redirecting_url")
relay "${hub##*:}" right
pull HF_ENDPOINT=$url SSL_CERT_FILE="$work/ours.pem"; code 1; err "redirects from https to http"
rm -rf "$work/hub"
for wrong in other-name other-issuer; do
  relay "$hub_port" $wrong
  pull HF_ENDPOINT=$url SSL_CERT_FILE="$work/ours.pem"; code 1; err "certificate"
  check "keeps the token to itself" bash -c '! grep -q hf_secret "$0"' "$work/err"
done

# ---- a server
"$PANO" serve --port 0 --threads 1 --kv-bytes 67108864 --model "$SOURCE_DIR/models/starter" >"$work/serve" 2>&1 &
pids+=($!)
for ((i = 0; i < 600; i++)); do grep -q 'listening on' "$work/serve" && break; sleep 0.05; done
served=$(grep -o 'listening on http://[0-9.:]*' "$work/serve"); served_port=${served##*:}
chat() { run_with $'Once upon a time\n' env "$@" "$PANO" chat --url "$url" --max-tokens 4 --temperature 0; }
relay "$served_port" right
chat A=b; code 1; err "certificate"; err "SSL_CERT_FILE names the certificates to trust"
chat SSL_CERT_FILE="$work/theirs.pem"; code 1; err "certificate"
chat SSL_CERT_FILE="$work/absent.pem"; code 1; err "absent.pem"
chat SSL_CERT_FILE="$work/ours.pem"; code 0; check "an answer" test -s "$work/out"
relay "$served_port" other-name
chat SSL_CERT_FILE="$work/ours.pem"; code 1; err "certificate"
finish
