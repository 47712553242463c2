# The built-in issuer from nothing: a state, a client, a key, a user; tokens by hand and over HTTP; what is
# revoked or rotated reaches the running server; what goes wrong is said.
source "$SOURCE_DIR/tests/cli/harness.sh"
starter=$SOURCE_DIR/models/starter
skip_unless "$starter/config.json" "models/starter is absent"

server=
trap '[[ -n $server ]] && kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
state=$work/state
serve() {      # serve OPTION...: sets $url
  : >"$work/log"
  "$PANO" serve --model "starter=$starter" --port 0 --threads 1 --kv-bytes 67108864 --auth-state "$state" "$@" 2>"$work/log" >/dev/null &
  server=$!
  for _ in {1..200}; do
    url=$(grep -o 'listening on http://127.0.0.1:[0-9]*' "$work/log" | head -n 1); url=${url#listening on }
    [[ -n $url ]] && return
    sleep 0.1
  done
  echo "issuer: the server does not start: $(tail -1 "$work/log")" >&2
  exit 1
}
stop() { kill "$server"; wait "$server"; server=; }
member() { sed -n 's/.*"'"$1"'":"\([^"]*\)".*/\1/p'; }           # member NAME: of JSON on stdin
status() { curl -s -o "$work/out" -w '%{http_code}' "$@"; }
answers() {    # answers CODE CURL-ARGUMENT...: at once, or within three seconds
  local want=$1 have
  shift
  shown="curl ${*: -1}"
  for _ in {1..30}; do
    have=$(status "$@")
    [[ $have == "$want" ]] && break
    sleep 0.1
  done
  got=$have
  : >"$work/err"
  check "is answered $want" test "$have" = "$want"
}

# --- nothing is there yet
run pano serve --auth-state "$work/none"; code 1; err "pano auth init --state"
run pano auth client list; code 2; err "--state DIR is needed"
run pano auth client list --state "$work/none"; code 1; err "is no folder"
run pano auth init --state "$work/no/such"; code 1; err "No such file"
run pano auth clinet create; code 2; err "client create"

# --- a state
run pano auth init --state "$state" --json; code 0; out '"created":true'
run pano auth init --state "$state" --json; code 0; out '"created":false'
check "is its owner's alone" test "$(stat -c %a "$state" "$state/auth.db" | tr '\n' ' ')" = "700 600 "
run pano auth client create --state "$state" --id app --tenant acme --scope "models:starter:read models:starter:predict" --json
code 0; out '"client_id":"app"'; secret=$(member client_secret <"$work/out")
run pano auth client create --state "$state" --id app --tenant acme --scope admin; code 1; err "take another id"
run pano auth client create --state "$state" --id 'a b' --scope admin; code 2; err "--id"
run pano auth client create --state "$state" --id x --scope models:; code 2; err "models:"
run pano auth client create --state "$state" --id x --scope admin --public; code 2; err "--redirect-uri"
run pano auth client create --state "$state" --id x --scope admin --redirect-uri http://evil.example/; code 2; err "https"
run pano auth client create --state "$state" --id console --tenant acme --scope "models:*:read models:*:predict" --public --redirect-uri http://127.0.0.1/done --json
code 0; out '"client_secret":null'
run pano auth key create --state "$state" --tenant acme --scope models:starter:read --json; code 0; key=$(member key <"$work/out"); key_id=$(member id <"$work/out")
run pano auth key create --state "$state" --tenant acme --scope models:starter:read --expires 1s --json; code 0; brief=$(member key <"$work/out")
run pano auth key create --state "$state" --scope admin --expires 1w; code 2; err "no duration"
run pano auth user create --state "$state" --id ann --tenant acme --scope "models:*:read"; code 2; err "--password-stdin"
run_with $'correct horse\n' pano auth user create --state "$state" --id ann --tenant acme --scope "models:*:read" --password-stdin; code 0
run pano auth client list --state "$state"; code 0; out console; out acme
check "shows no secret again" test "$(grep -c "$secret" "$work/out")" = 0
run pano auth token --state "$state" --client app --scope models:starter:read; code 0; by_hand=$(cat "$work/out")
run pano auth token --state "$state" --client app --scope admin; code 1; err "not allowed"
run pano auth token --state "$state" --client nobody; code 1; err "no client"

# --- over HTTP
audit=$work/audit.jsonl
serve --audit-log "$audit"
answers 401 "$url/v1/models"
answers 200 -H "Authorization: Bearer $by_hand" "$url/v1/models/starter"
answers 200 -H "X-Api-Key: $key" "$url/v1/models/starter"
answers 403 -H "X-Api-Key: $key" -H 'Content-Type: application/json' -d '{"model":"starter","prompt":"a","max_tokens":1}' "$url/v1/completions"
answers 401 -H "X-Api-Key: $brief" "$url/v1/models/starter"
run curl -s -u "app:$secret" -d grant_type=client_credentials "$url/oauth/token"; out '"token_type":"Bearer"'; token=$(member access_token <"$work/out")
run curl -s -d "grant_type=client_credentials&client_id=app&client_secret=$secret" "$url/oauth/token"; out '"access_token"'
run curl -s -u "app:wrong" -d grant_type=client_credentials "$url/oauth/token"; out '"error":"invalid_client"'
run curl -s -u "app:$secret" -d "grant_type=client_credentials&scope=admin" "$url/oauth/token"; out '"error":"invalid_scope"'
answers 200 -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d '{"model":"starter","prompt":"a","max_tokens":1}' "$url/v1/completions"
run curl -s "$url/.well-known/openid-configuration"; out "\"issuer\":\"$url\""
run curl -s -H "Host: localhost:${url##*:}" "$url/.well-known/oauth-protected-resource"; code 0; out "\"authorization_servers\":[\"$url\"]"
run curl -s -u "app:$secret" -d "token=$token" "$url/oauth/introspect"; out '"active":true'; out '"tenant":"acme"'

# --- a login with PKCE, as an application on this machine does it
verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk
ask="response_type=code&client_id=console&redirect_uri=http%3A%2F%2F127.0.0.1%3A55123%2Fdone&scope=models%3A%2A%3Aread&state=xyz&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
run curl -s -c "$work/jar" "$url/oauth/authorize?$ask"; out '<form method="post"'; csrf=$(sed -n 's/.*name="csrf" value="\([^"]*\)".*/\1/p' "$work/out")
run curl -si -b "$work/jar" -H "Origin: $url" -d "$ask&csrf=$csrf&username=ann&password=wrong" "$url/oauth/authorize"; out "401 Unauthorized"
run curl -si -H "Origin: $url" -d "$ask&username=ann&password=correct+horse" "$url/oauth/authorize"; out "403 Forbidden"
run curl -si -b "$work/jar" -H "Origin: $url" -d "$ask&csrf=$csrf&username=ann&password=correct+horse" "$url/oauth/authorize"; out "302 Found"; out "state=xyz"
auth_code=$(sed -n 's/.*[?&]code=\([^&]*\).*/\1/p' "$work/out")
redeem="grant_type=authorization_code&client_id=console&redirect_uri=http%3A%2F%2F127.0.0.1%3A55123%2Fdone&code_verifier=$verifier&code=$auth_code"
run curl -s -d "$redeem" "$url/oauth/token"; out '"refresh_token"'; login=$(member access_token <"$work/out"); refresh=$(member refresh_token <"$work/out")
answers 200 -H "Authorization: Bearer $login" "$url/v1/models/starter"
run curl -s -d "grant_type=refresh_token&client_id=console&refresh_token=$refresh" "$url/oauth/token"; out '"access_token"'
run curl -s -d "grant_type=refresh_token&client_id=console&refresh_token=$refresh" "$url/oauth/token"; out '"error":"invalid_grant"'
answers 401 -H "Authorization: Bearer $login" "$url/v1/models/starter"

# --- what changes while it runs
run pano auth rotate --state "$state" --json; code 0; new_kid=$(member kid <"$work/out")
answers 200 -H "Authorization: Bearer $token" "$url/v1/models/starter"
for _ in {1..30}; do
  run curl -s "$url/.well-known/jwks.json"
  grep -q "$new_kid" "$work/out" && break
  sleep 0.1
done
out "$new_kid"; check "has both keys" test "$(grep -o '"kid"' "$work/out" | wc -l)" = 2
run pano auth key revoke "$key_id" --state "$state"; code 0
answers 401 -H "X-Api-Key: $key" "$url/v1/models/starter"
run pano auth client revoke --id app --state "$state" --audit-log "$audit"; code 0
answers 401 -H "Authorization: Bearer $token" "$url/v1/models/starter"
answers 401 -H "Authorization: Bearer $by_hand" "$url/v1/models/starter"
run pano auth key create --state "$state" --scope models:starter:read --json; late=$(member key <"$work/out")
answers 200 -H "X-Api-Key: $late" "$url/v1/models/starter"

# --- the audit log: moved away and opened anew, and no disk
run cat "$audit"
out '"action":"token.issue","outcome":"ok","actor":"app"'; out '"action":"user.login","outcome":"denied","actor":"ann"'
out '"action":"request","outcome":"denied"'; out '"action":"client.revoke","outcome":"started"'; out '"action":"client.revoke","outcome":"ok"'
check "has no secret" test "$(grep -c -e "$secret" -e "correct" -e "$token" "$audit")" = 0
mv "$audit" "$audit.old"
kill -HUP "$server"
answers 401 "$url/v1/models"
for _ in {1..30}; do [[ -s $audit ]] && break; sleep 0.1; done
run cat "$audit"; out '"outcome":"denied"'
run pano auth key create --state "$state" --scope admin --audit-log /dev/full; code 1; err "nothing was changed"
run pano auth key list --state "$state" --json; check "nothing was" test "$(grep -o '"id"' "$work/out" | wc -l)" = 3

# --- killed, and still there; two servers on one state
kill -9 "$server"; wait "$server" 2>/dev/null
serve
first=$server first_url=$url
serve
answers 200 -H "X-Api-Key: $late" "$url/v1/models/starter"
answers 200 -H "X-Api-Key: $late" "$first_url/v1/models/starter"
kill "$first"; wait "$first"
stop

# --- damaged
printf 'this is no database, and long enough to be looked at as if it were one %0500d' 0 >"$state/auth.db"; rm -f "$state"/auth.db-*
run pano auth client list --state "$state"; code 1; err "auth.db"
run pano serve --auth-state "$state"; code 1; err "auth.db"
finish
