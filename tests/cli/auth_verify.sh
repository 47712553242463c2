# pano auth verify: the example of RFC 8037 (A.4), and what is no token, no key set, no file.
source "$SOURCE_DIR/tests/cli/harness.sh"

printf '%s' '{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}' >"$work/key.json"
printf '{"keys":[{"kty":"oct","k":"AA"},%s]}' "$(cat "$work/key.json")" >"$work/keys.json"
jws=eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg

run_with "$jws" pano auth verify --jwks "$work/key.json"; code 0; out "Example of Ed25519 signing"
run_with "$jws
" pano auth verify --jwks "$work/keys.json"; code 0; out "Example of Ed25519 signing"; err "left out: entry 1"
run_with "${jws/hgy/hgz}" pano auth verify --jwks "$work/keys.json"; code 1; err "no key of the set made its signature"
check "shows nothing of it" test ! -s "$work/out"

run_with "{\"jws\":\"$jws\"}

{\"jws\":\"${jws}x\"}
no json
{\"jws\":\"eyJhbGciOiJub25lIn0.e30.\"}" pano auth verify --jwks "$work/key.json" --jsonl
code 0
check "answers each line" test "$(wc -l <"$work/out")" -eq 4
out '{"valid":true,"payload":"Example of Ed25519 signing"}'
check "three are not valid" test "$(grep -c '"valid":false,"payload":null' "$work/out")" -eq 3

run pano auth; code 2; err "usage: pano auth"
run pano auth --help; code 0; out verify
run pano auth verfy; code 2; err "did you mean 'verify'"
run pano auth verify; code 2; err "--jwks FILE is needed"
run pano auth verify --jwks "$work/none.json"; code 1; err "none.json"; one_line_error
run pano auth verify --jwks "$work"; code 1; one_line_error
printf '{"keys":1}' >"$work/bad.json"
run pano auth verify --jwks "$work/bad.json"; code 1; err "no list 'keys'"; one_line_error
finish
