# `pano pull` and `pano models` against a hub on loopback.
source "$SOURCE_DIR/tests/cli/harness.sh"
hub=$(dirname "$PANO")/pano-fake-hub
skip_unless "$hub" "pano-fake-hub is not built"
export HF_HUB_CACHE="$work/hub" HOME="$work"
unset HF_HOME HF_TOKEN HF_HUB_OFFLINE HF_TOKEN_PATH http_proxy https_proxy all_proxy

# Two repositories: a folder, and GGUF files of several types, one of them in parts.
mkdir -p "$work"/repos/org/{starter,starter-GGUF} "$work"/repos/big/pickles
cp "$SOURCE_DIR"/models/starter/* "$work/repos/org/starter/"
run pano convert --model "$SOURCE_DIR/models/starter" --to gguf --type q8_0 --out "$work/repos/org/starter-GGUF/starter-Q8_0.gguf"; code 0
printf GGUF >"$work/repos/org/starter-GGUF/starter-Q2_K.gguf"
printf x >"$work/repos/big/pickles/pytorch_model.bin"
"$hub" "$work/repos" hf_secret >"$work/url" &
hub_pid=$!
trap 'kill $hub_pid; rm -rf "$work"' EXIT
for ((i = 0; i < 100; i++)); do [[ -s $work/url ]] && break; sleep 0.05; done
export HF_ENDPOINT; HF_ENDPOINT=$(cat "$work/url")

run pano pull hf:org/starter; code 1; err "HF_TOKEN"
export HF_TOKEN=hf_wrong
run pano pull hf:org/starter; code 1; err "the token is not accepted"; check "keeps the token to itself" bash -c '! grep -q hf_wrong "$0"' "$work/err"
export HF_TOKEN=hf_secret
run pano pull hf:org/starter; code 0; out "$work/hub/models--org--starter/snapshots/"; err "to fetch"
snapshot=$(cat "$work/out")
check "links are relative" bash -c '[[ $(readlink "$0/config.json") == ../../blobs/* ]]' "$snapshot"
check "is the file" cmp -s "$snapshot/model.safetensors" "$SOURCE_DIR/models/starter/model.safetensors"
check "brings what is read" test ! -e "$snapshot/README.md"
run pano pull hf:org/starter; code 0; out "$snapshot"
run pano pull hf:org/starter --json; code 0; out '"event":"start"'; out '"event":"done"'; out '"bytes_fetched":0'
run pano pull hf:org/absent --json; code 1; out '"event":"error","code":"NotFound"'; err "org/absent"
run pano pull hf:org/starter@v9; code 1; err "no such revision"
run pano pull hf:big/pickles; code 1; err "pickles"
run pano pull hf:org/starter-GGUF:Q4_K_M; code 1; err "Q2_K, Q8_0"
run pano pull; code 2
run pano pull models/x; code 1; err "hf:"
run pano pull hf:org/starter --connections 0; code 2

run pano run --model hf:org/starter --prompt Once --max-tokens 4 --temperature 0; code 0
run pano run --model hf:org/starter-GGUF:q8_0 --prompt Once --max-tokens 4 --temperature 0; code 0; err "pulling hf:org/starter-GGUF:q8_0"
run pano inspect hf:org/starter-GGUF; code 0

# What is there, and taking it away again.
run pano models list; code 0; out "hf:org/starter "; out "hf:org/starter-GGUF:Q8_0"
run pano models list --json; code 0; out '"name": "hf:org/starter"'; out '"used_by": []'
run pano models show hf:org/starter; code 0; out "model.safetensors"; out "main"
run pano models show hf:org/starter --json; code 0; out '"repository": "org/starter"'
run pano models show hf:org/absent; code 1; err "hf:org/absent"
run pano models verify; code 0; out "0 damaged"
blob=$(readlink -f "$snapshot/generation_config.json")
cp "$blob" "$work/kept"; printf ' ' >>"$blob"
run pano models verify hf:org/starter; code 1; out "generation_config.json: its hash is"; err "damaged"
run pano models verify --json; code 1; out '"path": "generation_config.json"'
run pano pull hf:org/starter; code 0     # another size: fetched anew
run pano models verify; code 0
"$PANO" serve --model hf:org/starter --port 0 --log-level info >"$work/serve" 2>&1 &
serve_pid=$!
for ((i = 0; i < 200; i++)); do grep -q listening "$work/serve" && break; sleep 0.05; done
check "serves it by its name" grep -q "v1/models/.*starter" "$work/serve"
run pano models list; code 0; out "pano ($serve_pid)"
run pano models rm hf:org/starter; code 1; err "is used by pano (process $serve_pid)"
kill $serve_pid; wait $serve_pid 2>/dev/null
run pano models rm hf:org/starter-GGUF:Q8_0 --json; code 0; out '"bytes"'
run pano models rm hf:org/starter-GGUF:Q8_0; code 1
run pano models; code 2; err "usage: pano models"
run pano models --help; code 0; out "verify"
run pano models frobnicate; code 2; err "no action 'frobnicate'"
run pano models rm; code 2

# The hub is away: what is here is used, what is not is said.
kill $hub_pid; wait $hub_pid 2>/dev/null
run pano run --model hf:org/starter --prompt Once --max-tokens 4; code 0; err "the model in the cache is used"
HF_HUB_OFFLINE=1 run pano run --model hf:org/starter --prompt Once --max-tokens 4; code 0
HF_HUB_OFFLINE=1 run pano pull hf:org/other; code 1; err "HF_HUB_OFFLINE is set"
printf 'file' >"$work/file"
HF_HUB_CACHE=$work/file run pano pull hf:org/starter; code 1
hub_pid=$BASHPID   # for the trap; gone already
trap 'rm -rf "$work"' EXIT
finish
