# A run of training from its recipe to a folder that is read, stopped and killed in between.
source "$SOURCE_DIR/tests/cli/harness.sh"
starter="$SOURCE_DIR/models/starter"
train() { "$PANO_TRAIN" "$@"; }

# Rows of tokens that count upwards.
for i in $(seq 0 31); do
  printf '{"input_ids": [%d, %d, %d, %d, %d, %d, %d, %d]}\n' $((300 + i)) $((301 + i)) $((302 + i)) $((303 + i)) $((304 + i)) $((305 + i)) $((306 + i)) $((307 + i))
done >"$work/rows.jsonl"
recipe() {   # recipe STEPS [MORE...]
  local steps=$1
  shift
  printf '%s\n' 'task: causal_lm' "model: ${model:-$starter}" "data: {train: $work/rows.jsonl, format: tokens}" 'batch: {sequences: 4}' "steps: $steps" \
    'optimizer: {lr: 0.001}' 'checkpoint: {every: 2}' "$@" >"$work/r.yaml"
}

recipe 6
run train --recipe "$work/r.yaml" --out "$work/a" --json; code 0
out '{"event":"step","step":1,'; out '"event":"checkpoint"'; out '"reason":"steps"'
check "six steps" test "$(grep -c '"event":"step"' "$work/out")" -eq 6
cp "$work/out" "$work/whole"
# F32 would be twice as much.
check "types of the base" test "$(stat -c %s "$work/a/model/model.safetensors")" -lt $(($(stat -c %s "$starter/model.safetensors") * 11 / 10))
check "the base's tokenizer" cmp -s "$starter/tokenizer.json" "$work/a/model/tokenizer.json"
if [[ -n ${PANO:-} ]]; then
  run pano run --model "$work/a/model" --prompt "Once upon" --max-tokens 4; code 0
fi
run train "$work/r.yaml" --out "$work/a"; code 1; err "--resume"; one_line_error

# Killed at any moment and started again: the same losses and the same bits.
"$PANO_TRAIN" "$work/r.yaml" --out "$work/b" --json >"$work/b.json" 2>/dev/null &
for _ in $(seq 600); do
  [[ $(grep -c '"event":"step"' "$work/b.json") -ge 3 ]] && break
  sleep 0.1
done
kill -9 $! 2>/dev/null
wait $! 2>/dev/null
run train "$work/r.yaml" --out "$work/b" --resume --json; code 0
check "the same weights" cmp -s "$work/a/model/model.safetensors" "$work/b/model/model.safetensors"
losses() { grep '"event":"step"' "$1" | tail -n 1 | grep -o '"loss":[^,]*'; }
check "the same last loss" test "$(losses "$work/whole")" = "$(losses "$work/out")"

# Asked to end: a checkpoint, and no result.
recipe 100000
"$PANO_TRAIN" "$work/r.yaml" --out "$work/c" --json >"$work/c.json" 2>/dev/null &
child=$!
for _ in $(seq 600); do
  [[ $(grep -c '"event":"step"' "$work/c.json") -ge 1 ]] && break
  sleep 0.1
done
kill -TERM $child
wait $child
got=$? shown="SIGTERM"
code 0
check "says that it was terminated" grep -q '"reason":"terminated"' "$work/c.json"
check "no result" test ! -e "$work/c/model"
check "a checkpoint of the last step" test -d "$work/c/checkpoints/step-$(grep -c '"event":"step"' "$work/c.json")"

# An adapter beside its base.
recipe 3 'adapter: {r: 4, targets: [q_proj, v_proj]}'
run train "$work/r.yaml" --out "$work/d"; code 0
check "a PEFT folder" test -s "$work/d/adapter/adapter_model.safetensors"
check "no model" test ! -e "$work/d/model"

# QLoRA: the base stays packed as `pano quantize` wrote it. It says nearly what the base itself says, it is learnt over, and
# a run that was ended goes on to the same bits.
first_loss() { grep -m 1 '"event":"step"' "$1" | grep -o '"loss":[0-9.]*' | cut -d: -f2; }
if [[ -n ${PANO:-} ]]; then
  for type in q4_0 q4g q8_0 w8a8; do
    run pano quantize --model "$starter" --to "$type" --out "$work/$type"; code 0
    model="$work/$type" recipe 4 'adapter: {r: 4, alpha: 16}'
    run train "$work/r.yaml" --out "$work/over_$type" --json; code 0
    check "$type says what the base says" awk -v a="$(first_loss "$work/out")" -v b="$(first_loss "$work/whole")" \
      'BEGIN { exit !(a > 0 && b > 0 && a / b < 1.05 && b / a < 1.05) }'
    check "the loss falls" awk -v a="$(first_loss "$work/out")" -v b="$(losses "$work/out" | cut -d: -f2)" 'BEGIN { exit !(b < a) }'
    check "a PEFT folder" test -s "$work/over_$type/adapter/adapter_model.safetensors"
    rm -rf "$work/over_$type/checkpoints/step-4" "$work/over_$type/adapter.whole"
    mv "$work/over_$type/adapter" "$work/over_$type/adapter.whole"
    run train "$work/r.yaml" --out "$work/over_$type" --resume; code 0
    check "goes on to the same bits" cmp -s "$work/over_$type/adapter/adapter_model.safetensors" "$work/over_$type/adapter.whole/adapter_model.safetensors"
  done
  model="$work/q4_0" recipe 3
  run train "$work/r.yaml" --out "$work/x"; code 1; err "r.yaml:2: model: "; one_line_error
fi

# Refusals name file, line and key, and leave nothing behind.
recipe 3 'optimiser: {lr: 1}'
run train "$work/r.yaml" --out "$work/x"; code 1; err "r.yaml:8: optimiser: there is no such key; did you mean 'optimizer'?"; one_line_error
recipe 3 'dpo: {beta: 1}'
run train "$work/r.yaml" --out "$work/x"; code 1; err "r.yaml:8: dpo.beta: says nothing for task causal_lm"
model="$work/none" recipe 3
run train "$work/r.yaml" --out "$work/x"; code 1; err "r.yaml:2: model: "
recipe 3
echo '{"input_ids": [1, 99999]}' >>"$work/rows.jsonl"
run train "$work/r.yaml" --out "$work/x"; code 1; err "rows.jsonl:33: input_ids 99999 is not below 2048"
run train; code 2
run train --recipe; code 2
run train "$work/none.yaml"; code 1; err "none.yaml"
check "nothing was left" test ! -e "$work/x/model"
run train keys; code 0; out 'optimizer.weight_decay'

# Several heads: each folder says what made it, and not what made its base.
for i in $(seq 0 7); do printf '{"input_ids": [2, %d, 4], "mood.labels": %d, "topic.labels": %d}\n' $((5 + i)) $((i % 2)) $((i % 3)); done >"$work/heads.jsonl"
heads() {   # heads MODEL OUT
  printf '%s\n' 'task: sequence_classification' "model: $1" "data: {train: $work/heads.jsonl, format: tokens}" 'batch: {sequences: 4}' 'steps: 1' \
    'heads: {mood: {labels: 2}, topic: {labels: 3}}' >"$work/h.yaml"
  run train "$work/h.yaml" --out "$2"; code 0
}
heads '{config: {model_type: bert, architectures: [BertModel], vocab_size: 32, hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 24, max_position_embeddings: 32, type_vocab_size: 2}, init: random}' "$work/h1"
check "the lineage of a head" grep -q '"base_model": ""' "$work/h1/model/mood/lineage.json"
heads "$work/h1/model/mood" "$work/h2"
for head in mood topic; do check "the lineage of $head on a base" grep -q '"base_model": "mood"' "$work/h2/model/$head/lineage.json"; done

finish
