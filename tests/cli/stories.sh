# The public stories260K checkpoint in its three forms, through every command.
source "$SOURCE_DIR/tests/cli/harness.sh"
skip_unless "$stories/hf/config.json" "weights/stories260K is absent"

strip() { sed -e '$a\' "$1" >"$2"; }
for model in hf stories260K-f32.gguf; do
  run pano run --model "$stories/$model" --prompt "" --max-tokens 200 --temperature 0
  code 0
  strip "$stories/expected_greedy_200.txt" "$work/expected"
  strip "$work/out" "$work/got"
  check "continues as the known text says" cmp -s "$work/expected" "$work/got"
done
run pano run --model "$stories/hf" --prompt-ids 1 --max-tokens 5 --temperature 0 --json
code 0; out '"ids":['; out '"finish_reason":"length"'; out '"completion_tokens":5'
run pano run --model "$stories/hf" --prompt "Once" --max-tokens 8 --seed 7 --temperature 1 --json; code 0
cp "$work/out" "$work/first"
run pano run --model "$stories/hf" --prompt "Once" --max-tokens 8 --seed 7 --temperature 1 --json
check "a seed gives the same ids again" \
  test "$(grep -o '"ids":\[[^]]*\]' "$work/first")" = "$(grep -o '"ids":\[[^]]*\]' "$work/out")"
run pano run --model "$stories/hf" --prompt-ids 99999; code 1; err "99999"

run pano inspect "$stories/hf" --json; code 0; out '"architecture": "llama"'; out '"parameters": 260032'
run pano inspect "$stories/stories260K-q8_0.gguf"; code 0; out "llama"; out "Q8_0"

run pano tokenize --model "$stories/hf" --text "Once upon a time" --json; code 0; out '{"ids":[1,'
run_with '{"text":"Hello"}
{"ids":[1,403]}
nonsense
' pano tokenize --model "$stories/hf/tokenizer.json" --jsonl
code 0; out '"ids"'; out '"text"'; out '"error"'

run pano eval --model "$stories/hf" --file "$shared/data/corpora/tinystories_sample_4k.txt" \
  --context 256 --stride 128 --json
code 0; out '"tokens":1882'; out '"perplexity":6.5216'
printf '[[1,403,407],[1,2,3]]' >"$work/ids.json"
run pano eval --model "$stories/hf" --ids "$work/ids.json" --logits "$work/logits.safetensors"; code 0
run pano inspect "$work/logits.safetensors" --tensors; code 0; out "logits"; out "[2,3,512]"
printf '[[1],[1,2]]' >"$work/ragged.json"
run pano eval --model "$stories/hf" --ids "$work/ragged.json" --logits "$work/x"; code 1; err "ragged.json"

run pano bench --model "$stories/hf" --prompt-tokens 16 --gen-tokens 4 --batch 1,2 --json
code 0; out '"read_gb_s"'; out '"prefill":[{"tokens":16'; out '"batch":2'

# A file cut short is refused by name, whatever command meets it.
mkdir "$work/cut"
cp "$stories"/hf/*.json "$work/cut/"
head -c 500000 "$stories/hf/model.safetensors" >"$work/cut/model.safetensors"
run pano run --model "$work/cut" --prompt hi; code 1; err "model.safetensors"; one_line_error
head -c 500000 "$stories/stories260K-f32.gguf" >"$work/cut.gguf"
run pano inspect "$work/cut.gguf"; code 1; err "cut.gguf"; one_line_error

# A folder without a tokenizer loads; only text is refused.
mkdir "$work/bare"
cp "$stories"/hf/{config.json,model.safetensors} "$work/bare/"
run pano run --model "$work/bare" --prompt-ids 1,403 --max-tokens 3 --temperature 0 --json
code 0; out '"text":null'
run pano run --model "$work/bare" --prompt hi; code 1; err "tokenizer"
finish
