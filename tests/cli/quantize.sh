# Packed folders: written whole or not at all, read by mapping, near the original.
source "$SOURCE_DIR/tests/cli/harness.sh"
starter="$SOURCE_DIR/models/starter"

for type in q8_0 w8a8 q4_0 q4g q4_k; do
  run pano quantize --model "$starter" --to $type --out "$work/$type" --json; code 0; out "\"type\":\"$type\""
  run pano run --model "$work/$type" --prompt "Once upon" --max-tokens 20 --temperature 0; code 0; out "time"
  run pano inspect "$work/$type"; code 0
done
printf 'One day, a little girl named Lily went to the park with her mom. She saw a big dog.\n' > "$work/text"
run pano eval --model "$work/q8_0" --compute fast --file "$work/text" --reference "$starter" --json; code 0
out '"perplexity_ratio":'; out '"mean_kl":0.00'
run pano run --model "$starter" --kv-type int8 --prompt "Once upon" --max-tokens 5; code 0

run pano quantize --model "$starter" --to q8_0 --out "$work/q8_0"; code 1; err "is there already"; err "--force"
run pano quantize --model "$starter" --to q4g --out "$work/q8_0" --force; code 0
run pano quantize --model "$starter" --to q9 --out "$work/x"; code 2; err "'q9' is not one of q8_0"
run pano quantize --model "$work/none" --to q8_0 --out "$work/x"; code 1; err "no such file or folder"; one_line_error
run pano quantize --to q8_0; code 2; err "--model"
run pano eval --reference "$starter" --ids x --logits y; code 2; err "--reference"

# The fastest type within a bound: what was measured is said, the other types leave nothing behind.
run pano quantize --model "$starter" --to auto --out "$work/auto" --prompt-tokens 64 --gen-tokens 16 --json; code 0
out '"auto":{"work":{"prompt_tokens":64,"generated_tokens":16},"bounds":{"mean_kl":0.02}'; out '"reason":"'
taken=$(sed -n 's/.*"taken":"\([a-z0-9_]*\)".*/\1/p' "$work/out")
out "\"type\":\"$taken\""
check "the folder is of the type that was taken" grep -q "\"type\": \"$taken\"" "$work/auto/config.json"
run pano run --model "$work/auto" --prompt "Once upon" --max-tokens 5; code 0
run pano quantize --model "$starter" --to auto --out "$work/eight" --candidates q8_0 --text "$work/long"; code 1; err "--text"
for i in $(seq 30); do cat "$work/text"; done > "$work/long"
run pano quantize --model "$starter" --to auto --out "$work/eight" --candidates q8_0 --text "$work/long"; code 0
out "taken: the fastest within the bounds"; out "as q8_0"
run pano quantize --model "$starter" --to auto --out "$work/none" --max-kl 0 --candidates q8_0,q4_0; code 1
err "no type meets the bound; the nearest is q8_0"; err "raise --max-kl"; out "is above 0"
run pano quantize --model "$starter" --to auto --out "$work/eight"; code 1; err "--force"
run pano quantize --model "$starter" --to auto --out "$work/x" --candidates q8_0,q9; code 2; err "'q9' is not one of"
run pano quantize --model "$starter" --to q8_0 --out "$work/x" --max-kl 1; code 2; err "--to auto"

# A folder beside the output is somebody's: OUT.f32 was once deleted without a word.
run pano convert --model "$starter" --to gguf --out "$work/m.gguf"; code 0
mkdir "$work/notes.f32"; echo mine > "$work/notes.f32/NOTES"
run pano quantize --model "$work/m.gguf" --to q8_0 --out "$work/notes"; code 0
check "what stood beside it is still there" grep -q mine "$work/notes.f32/NOTES"
rm -r "$work/notes.f32"

# A file cut short, and a configuration that lies.
mkdir "$work/cut"; cp "$work"/q4_0/*.json "$work/cut"
head -c 500000 "$work/q4_0/model.safetensors" > "$work/cut/model.safetensors"
run pano run --model "$work/cut" --prompt x; code 1; err "model.safetensors"; one_line_error
cp "$work/q4_0/model.safetensors" "$work/cut"
sed 's/Q4_0X16/Q8_0X16/' "$work/q4_0/config.json" > "$work/cut/config.json"
run pano run --model "$work/cut" --prompt x; code 1; err "quantization_config"; one_line_error
check "nothing half-written stays" test -z "$(find "$work" -name '*.tmp-*' -o -name x -o -name "*.f32")"
finish
