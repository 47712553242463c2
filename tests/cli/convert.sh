# Models go from one form to the other and back: the same bytes, the same text.
source "$SOURCE_DIR/tests/cli/harness.sh"
skip_unless "$stories/hf/config.json" "weights/stories260K is absent"

text() { run pano run --model "$1" --prompt "Once upon" --max-tokens 40 --temperature 0; code 0; cp "$work/out" "$2"; }

# Folder -> GGUF -> folder.
for model in "$stories/hf" "$SOURCE_DIR/models/starter"; do
  rm -rf "$work/a.gguf" "$work/back"
  run pano convert --model "$model" --to gguf --out "$work/a.gguf"; code 0; out "a.gguf: "
  run pano convert --model "$work/a.gguf" --to hf --out "$work/back"; code 0
  text "$model" "$work/text"
  text "$work/a.gguf" "$work/text-gguf"
  text "$work/back" "$work/text-back"
  check "GGUF tells the same story" cmp -s "$work/text" "$work/text-gguf"
  check "and the folder made of it" cmp -s "$work/text" "$work/text-back"
done

# Types.
run pano convert --model "$stories/hf" --to gguf --type q8_0 --out "$work/q8.gguf" --json
code 0; out '"types":{"F16":5,"F32":11,"Q8_0":31}'; out 'blk.0.ffn_down.weight: rows of 172'
run pano inspect "$work/q8.gguf"; code 0; out "Q8_0"
run pano convert --model "$work/q8.gguf" --to hf --out "$work/q8"; code 0; out "F16"
run pano convert --model "$work/q8" --to hf --type bf16 --out "$work/bf16" --json; code 0; out '"types":{"BF16":47}'
run pano convert --model "$stories/stories260K-f32.gguf" --to gguf --type f16 --out "$work/f16.gguf"; code 0

# Refusals leave nothing behind.
run pano convert --model "$stories/hf" --to gguf --out "$work/q8.gguf"; code 1; err "is there already"; err "--force"
run pano convert --model "$stories/hf" --to gguf --out "$work/q8.gguf" --force; code 0
run pano convert --model "$work/q8.gguf" --to hf --out "$work/q8"; code 1; err "is there already"
run pano convert --model "$work/q8.gguf" --to hf --out "$work/q8" --force; code 0
touch "$work/q8/letter.odt"
run pano convert --model "$work/q8.gguf" --to hf --out "$work/q8" --force; code 1; err "letter.odt"
run pano convert --model "$stories/hf" --to hf --type q4_0 --out "$work/x"; code 1; err "Q4_0"; one_line_error
run pano convert --model "$stories/hf" --to gguf --type q6_k --out "$work/x"; code 1; err "Q6_K is read, not written"
run pano convert --model "$stories/hf" --to gguf --type q9 --out "$work/x"; code 2; err "q9"
run pano convert --model "$stories/hf" --to onnx --out "$work/x"; code 2
run pano convert --model "$stories/hf" --to gguf; code 2; err "--out"
run pano convert --model "$work/absent" --to gguf --out "$work/x"; code 1; err "absent"
run pano convert --model "$stories/hf" --to gguf --out "$work/none/x"; code 1; err "none/x"
mkdir "$work/pickle"; cp "$stories/hf/config.json" "$work/pickle"; printf 'PK' >"$work/pickle/pytorch_model.bin"
run pano convert --model "$work/pickle" --to gguf --out "$work/x"; code 1; err "safetensors"
check "nothing half-written stays" test -z "$(find "$work" -name '*.tmp-*' -o -name x)"
finish
