# Adapters over one base: alone, in one server beside each other, and what is refused.
source "$SOURCE_DIR/tests/cli/harness.sh"
golden=$shared/data/golden/training
skip_unless "$golden/README.md" "no shared data: PANO_SHARED or ../shared"
server=
trap '[[ -n $server ]] && kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
base=$golden/base/llama
lora=$golden/lora
serve() { start_server /readyz --kv-bytes 33554432 --compute f32 "$@"; }
stop() { kill "$server"; wait "$server"; got=$?; shown="the server"; server=; code 0; }
json='Content-Type: application/json'
prompt=3,17,5,42,9,1,8,30,22,11,4,19
ids() { sed -n 's/.*"ids":\(\[[0-9,]*\]\).*/\1/p' "$work/out"; }

# 1. pano run and eval: another adapter, another text.
declare -A alone
for model in '' llama_qv_r8 llama_all_linear_rslora llama_patterns; do
  run pano run --model "$base" --compute f32 --prompt-ids $prompt --max-tokens 12 --temperature 0 --ignore-eos --json \
    ${model:+--adapter "$lora/$model"}
  code 0
  alone[${model:-base}]=$(ids)
done
check "adapters change what comes out" test "$(printf '%s\n' "${alone[@]}" | sort -u | wc -l)" = 4
echo '[[3,17,5,42]]' >"$work/ids.json"
run pano eval --model "$base" --adapter "$lora/llama_qv_r8" --ids "$work/ids.json" --logits "$work/l.safetensors"; code 0
run pano eval --model "$golden/base/bert_seqcls" --adapter "$lora/bert_seqcls" \
  --inputs "$lora/bert_seqcls/expected.safetensors" --outputs "$work/o.safetensors"; code 0
run pano eval --model "$golden/../gguf/llama/llama-q8_0.gguf" --adapter "$golden/lora_gguf/llama-q8_0" \
  --ids "$work/ids.json" --logits "$work/l.safetensors"; code 0

# 2. Several in one server, at once; each as it was alone.
serve --model base="$base" --adapter qv="$lora/llama_qv_r8" --adapter org/all="$lora/llama_all_linear_rslora" --adapter patterns="$lora/llama_patterns"
run curl -s "$url/v1/models"; out '"id":"qv"'; out '"parent":"base"'; out '"id":"org/all"'
run curl -s "$url/v1/models/base"; check "the base has no parent" test -z "$(grep -o parent "$work/out")"
completion() { curl -s -m 60 "$url/v1/completions" -H "$json" -d "{\"model\":\"$1\",\"prompt\":[$prompt],\"max_tokens\":12,\"temperature\":0,\"ignore_eos\":true,\"return_token_ids\":true}"; }
jobs=
for round in 1 2; do
  for model in base qv org/all patterns; do
    completion $model >"$work/answer.$round.${model//\//_}" & jobs+=" $!"
  done
done
wait $jobs
declare -A of=([base]=base [qv]=llama_qv_r8 [org_all]=llama_all_linear_rslora [patterns]=llama_patterns)
for model in base qv org_all patterns; do
  for round in 1 2; do
    shown="$model"; got=0; cp "$work/answer.$round.$model" "$work/out"
    check "as it was alone" test "$(sed -n 's/.*"token_ids":\(\[[0-9,]*\]\).*/\1/p' "$work/out")" = "${alone[${of[$model]}]}"
  done
done
run curl -s -w '\n%{http_code}' "$url/v1/completions" -H "$json" -d '{"model":"legal","prompt":[1]}'; out 404; out model_not_found
run curl -s -w '\n%{http_code}' "$url/v1/completions" -H "$json" -d '{"prompt":[1,2],"max_tokens":1}'; out 200; out '"model":"base"'
stop

# 3. Encoders; and a folder that is removed while it serves.
cp -r "$lora/bert_seqcls" "$work/tuned"; chmod -R u+w "$work/tuned"
serve --model cls="$golden/base/bert_seqcls" --adapter tuned="$work/tuned"
rm -rf "$work/tuned"
predict() { curl -s -m 60 "$url/v1/models/$1/predict" -H "$json" -d '{"instances":[{"input_ids":[2,17,5,42,9,3]},{"input_ids":[2,8,3]}]}'; }
predict cls >"$work/of_base"; predict tuned >"$work/of_tuned"
cp "$work/of_tuned" "$work/out"; out predictions
check "an encoder's adapter changes what comes out" test "$(sed 's/"request_id":"[^"]*"//; s/tuned/cls/g' "$work/of_tuned")" != "$(sed 's/"request_id":"[^"]*"//' "$work/of_base")"
stop

# 4. What is wrong stops the start, with the file.
refused() {    # refused TEXT: the folder $work/bad is, and the error says TEXT
  run timeout 60 "$PANO" serve --log-level error --port 0 --model "$base" --adapter x="$work/bad"; code 1; err "$1"; one_line_error
  run pano run --model "$base" --adapter "$work/bad" --prompt-ids 1; code 1; err "$1"; one_line_error
}
fresh() { rm -rf "$work/bad"; cp -r "$lora/${1:-llama_qv_r8}" "$work/bad"; chmod -R u+w "$work/bad"; }
weights=$work/bad/adapter_model.safetensors
fresh; rm "$weights"; refused adapter_model.safetensors
fresh; rm "$work/bad/adapter_config.json"; refused adapter_config.json
fresh; rm "$work/bad/adapter_config.json"; mkfifo "$work/bad/adapter_config.json"; refused "is no file"
fresh; head -c 300 "$lora/llama_qv_r8/adapter_model.safetensors" >"$weights"; refused adapter_model.safetensors
fresh; sed -i 's/"r": 8/"r": 0/' "$work/bad/adapter_config.json"; refused "r: 0"
fresh; sed -i 's/"r": 8/"r": 1000000000/' "$work/bad/adapter_config.json"; refused "r: 1"
fresh; sed -i 's/"r": 8/"r": 4/' "$work/bad/adapter_config.json"; refused adapter_model.safetensors
fresh; printf '\000\000\300\177' | dd of="$weights" bs=1 seek=$(($(stat -c %s "$weights") - 4)) conv=notrunc 2>/dev/null; refused nan
fresh gpt2_conv1d; refused "$work/bad"   # another base's
fresh bert_seqcls; refused "$work/bad"
run pano run --model "$base" --adapter "$work/none" --prompt-ids 1; code 1; err "$work/none"
run pano run --model "$base" --adapter /dev/null --prompt-ids 1; code 1; err /dev/null; one_line_error
run timeout 60 "$PANO" serve --log-level error --port 0 --model "$base" --adapter "$lora/llama_qv_r8"; code 1; err "ID=PATH"
run timeout 60 "$PANO" serve --log-level error --port 0 --model base="$base" --adapter base="$lora/llama_qv_r8"; code 1; err "is served already"
run timeout 60 "$PANO" serve --log-level error --port 0 --model a="$base" --model b="$base" --adapter x="$lora/llama_qv_r8"; code 1; err "base/llama"; one_line_error
run timeout 60 "$PANO" serve --log-level error --port 0 --adapter x="$lora/llama_qv_r8"; code 1; one_line_error   # the starter is another base
run pano eval --model "$golden/base/qwen2" --adapter "$lora/gpt2_conv1d" --ids "$work/ids.json" --logits "$work/l"; code 1; one_line_error

# 5. Beside a model of a folder, by its model.yaml, while the server runs.
mkdir -p "$work/models/m"; cp "$base"/* "$work/models/m/"; cp -r "$lora/llama_qv_r8" "$work/models/m/qv"
serve --models-dir "$work/models" --models-poll 0.1 --models-quiet 0.2
until_code() { for _ in {1..200}; do run curl -s -o "$work/body" -w '%{http_code}' "$url/v1/models/$1"; [[ $(cat "$work/out") == "$2" ]] && break; sleep 0.1; done; out "$2"; }
until_code m 200
until_code soon 404
echo 'adapters: {soon: qv}' >"$work/models/m/model.yaml"
until_code soon 200
echo 'adapters: {}' >"$work/models/m/model.yaml"
until_code soon 404
stop
finish
