# Adapters while a server runs: their files are replaced, their model, too; loaded on request, within a budget, by label.
source "$SOURCE_DIR/tests/cli/harness.sh"
golden=$shared/data/golden/training
skip_unless "$golden/README.md" "no shared data: PANO_SHARED or ../shared"
server=
trap '[[ -n $server ]] && kill "$server" 2>/dev/null; touch "$work/over"; wait; rm -rf "$work"' EXIT
base=$golden/base/llama
lora=$golden/lora
serve() { start_server /livez --kv-bytes 33554432 --compute f32 --models-poll 0.1 --models-quiet 0.2 "$@"; }
stop() { kill "$server"; wait "$server"; got=$?; shown="the server"; server=; code 0; }
json='Content-Type: application/json'
prompt=3,17,5,42,9,1,8,30,22,11,4,19
alone() {      # alone [ADAPTER]: the ids that it goes on with
  "$PANO" run --model "$base" --compute f32 --prompt-ids $prompt --max-tokens 12 --temperature 0 --ignore-eos --json \
    ${1:+--adapter "$lora/$1"} | sed -n 's/.*"ids":\(\[[0-9,]*\]\).*/\1/p'
}
of_base=$(alone) of_one=$(alone llama_qv_r8) of_two=$(alone llama_all_linear_rslora)
ask() { curl -s -m 60 -w '\n%{http_code}' "$url/v1/completions" -H "$json" -d "{\"model\":\"$1\",\"prompt\":[$prompt],\"max_tokens\":12,\"temperature\":0,\"ignore_eos\":true,\"return_token_ids\":true}"; }
ids_in() { sed -n 's/.*"token_ids":\(\[[0-9,]*\]\).*/\1/p' "$1"; }
goes_on() {    # goes_on MODEL IDS: sooner or later it answers that
  for _ in {1..150}; do ask "$1" >"$work/out"; [[ $(ids_in "$work/out") == "$2" ]] && break; sleep 0.1; done
  shown=$1 got=0
  check "goes on with $2" test "$(ids_in "$work/out")" = "$2"
}
put() {        # put FROM TO: in one step
  rm -rf "$2.new" "$2.old"; cp -r "$lora/$1" "$2.new"; chmod -R u+w "$2.new"
  if [[ -e $2 ]]; then mv -T "$2" "$2.old"; fi
  mv -T "$2.new" "$2"; rm -rf "$2.old"
}

# 1. --adapter: other files at its path are served, and those that do not load change nothing.
put llama_qv_r8 "$work/x"
serve --model base="$base" --adapter x="$work/x"
goes_on x "$of_one"
put llama_all_linear_rslora "$work/x"; goes_on x "$of_two"
head -c 300 "$lora/llama_qv_r8/adapter_model.safetensors" >"$work/x/adapter_model.safetensors"
for _ in {1..100}; do grep -q 'x@1 is not loaded' "$work/log" && break; sleep 0.1; done
cp "$work/log" "$work/out"; out "the version that is there goes on"
goes_on x "$of_two"
put llama_qv_r8 "$work/x"; goes_on x "$of_one"
run curl -s "$url/v1/models/x/unload" -H "$json" -d '{}'; out "given with --adapter"
stop

# 2. In a folder: a name is known before its model is loaded, and a request for it loads both.
mkdir -p "$work/models/m"; cp "$base"/* "$work/models/m/"; chmod -R u+w "$work/models/m"; put llama_qv_r8 "$work/models/m/qv"; put llama_all_linear_rslora "$work/models/m/all"
printf 'labels: {stable: 1}\nadapters: {x: qv, y: all}\n' >"$work/models/m/model.yaml"
serve --models-dir "$work/models" --lazy-load
run curl -s "$url/v1/models/x"; out '"state":"unloaded"'; out '"parent":"m"'
sleep 0.5    # complete by now
ask x >"$work/out"; out 200; check "as it is alone" test "$(ids_in "$work/out")" = "$of_one"
ask x@stable >"$work/out"; out 200
ask x@canary >"$work/out"; out 404; out model_not_found
run curl -s "$url/v1/models/m/unload" -H "$json" -d '{}'; out unloaded
ask x >"$work/out"; out 503; out model_unloaded
ask nosuch >"$work/out"; out 404
run curl -s "$url/v1/models/m/load" -H "$json" -d '{}'; out ready
goes_on y "$of_two"
run curl -s "$url/v1/models/y/unload" -H "$json" -d '{}'; out unloaded
ask y >"$work/out"; out 503
ask x >"$work/out"; out 200
stop
serve --models-dir "$work/models" --lazy-load --load-wait 0
sleep 0.5
curl -si "$url/v1/completions" -H "$json" -d '{"model":"x","prompt":[1],"max_tokens":1}' >"$work/out"; out "503 Service"; out Retry-After
goes_on x "$of_one"
stop
serve --models-dir "$work/models" --lazy-load --memory-budget 1000
sleep 0.5
ask x >"$work/out"; out 429; out no_memory
stop

# 3. Everything changes while requests run: each answer is that of one version, to the bit, and memory stays as it is.
rm -f "$work/over"
serve --models-dir "$work/models"
goes_on x "$of_one"; goes_on y "$of_two"
asking() {     # asking NAME MODEL IDS...: until it is over, notes what is none of these
  while [[ ! -e $work/over ]]; do
    ask "$2" >"$work/answer.$1"
    local ids; ids=$(ids_in "$work/answer.$1")
    case " ${*:3} " in *" ${ids:-none} "*) echo "$ids" >>"$work/right.$1" ;; *) cat "$work/answer.$1" >>"$work/wrong.$1" ;; esac
  done
}
asking 1 x "$of_one" "$of_two" & asking 2 x "$of_one" "$of_two" & asking 3 y "$of_two" & asking 4 m "$of_base" &
resident() { awk '/^VmRSS/ {print $2}' "/proc/$server/status"; }
renew() { cp "$base/model.safetensors" "$work/models/m/.new"; mv "$work/models/m/.new" "$work/models/m/model.safetensors"; }
round() {
  put llama_all_linear_rslora "$work/models/m/qv"; sleep 0.6
  renew; sleep 0.9       # the model itself is loaded anew
  put llama_qv_r8 "$work/models/m/qv"; sleep 0.6
  cp "$lora/llama_all_linear_rslora/"* "$work/models/m/all/" 2>/dev/null; sleep 0.4   # written in place
}
round; round
before=$(resident)
rounds=${PANO_ADAPTER_ROUNDS:-3}
for ((i = 0; i < rounds; ++i)); do round; done
after=$(resident)
touch "$work/over"; wait $(jobs -p | grep -v "^$server$")
shown="answers under change" got=0
for n in 1 2 3 4; do
  check "some were right ($n)" test -s "$work/right.$n"
  cat "$work/wrong.$n" >"$work/out" 2>/dev/null || : >"$work/out"
  check "none was wrong ($n)" test ! -s "$work/out"
done
check "both versions of x answered" test "$(cat "$work"/right.[12] | sort -u | wc -l)" = 2
check "memory stays as it is: $before, $after KiB" test "$after" -lt $((before + 16384))
goes_on x "$of_one"
rm -rf "$work/models/m/qv"; sleep 0.5
ask x >"$work/out"; out 200; check "what is bound needs no folder" test "$(ids_in "$work/out")" = "$of_one"
renew      # and keeps no model whose files have changed
for _ in {1..900}; do ask x >"$work/out"; grep -q '^503' "$work/out" && break; sleep 0.1; done; out 503
cp "$work/log" "$work/out"; out "m@1 is unloaded"
ask y >"$work/out"; out 200
stop
finish
