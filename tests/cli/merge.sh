# An adapter becomes part of its model, or nothing is written and one line says why.
source "$SOURCE_DIR/tests/cli/harness.sh"

run pano merge; code 2; err "--adapter"
run pano merge --model a --adapter b; code 2; err "--out"
run pano merge --model "$work/none" --adapter "$work/none" --out "$work/out1"; code 1; err "none"; one_line_error

training=$shared/data/golden/training
skip_unless "$training/base/llama/config.json" "golden/training is absent"
llama=$training/base/llama
lora=$training/lora

run pano merge --model "$llama" --adapter "$lora/llama_qv_r8" --out "$work/merged"; code 0; out "4 of "
run pano inspect "$work/merged"; code 0; out "llama"
check "the configuration stays" cmp -s "$llama/config.json" "$work/merged/config.json"
run pano merge --model "$llama" --adapter "$lora/llama_patterns" --out "$work/merged"
code 1; err "is there already"; err "--force"
run pano merge --model "$llama" --adapter "$lora/llama_patterns" --out "$work/merged" --force --json
code 0; out '"merged":14'

# What a file says wrong, by file and key.
damaged() {   # damaged FILE SED...: a copy of an adapter with a changed configuration
  rm -rf "$work/adapter"
  cp -r "$lora/$1" "$work/adapter"
  chmod -R u+w "$work/adapter"
  sed -i "$2" "$work/adapter/adapter_config.json"
}
refused() {   # refused WORD...: the damaged adapter is not merged
  run pano merge --model "$llama" --adapter "$work/adapter" --out "$work/refused"; code 1; one_line_error
  for word in "$@"; do err "$word"; done
  check "nothing is written" test ! -e "$work/refused"
}
damaged llama_qv_r8 's/"r": 8/"r": 4/'; refused "needs [4, 32]" "adapter_model.safetensors"
damaged llama_qv_r8 's/"r": 8/"r": 0/'; refused "adapter_config.json: r: "
damaged llama_qv_r8 's/"use_qalora": false/"use_qalora": true/'; refused "use_qalora"
damaged llama_qv_r8 's/"LORA"/"LOHA"/'; refused "peft_type" "LOHA"
damaged llama_qv_r8 's/"q_proj"/"k_proj"/'; refused "q_proj"
damaged llama_qv_r8 's/"bias": "none"/"bias": "some"/'; refused "bias: "
damaged llama_regex 's/"target_modules": ".*"/"target_modules": "(((a+)+)+)+b"/'; refused "does not target"
damaged llama_regex 's/"target_modules": ".*"/"target_modules": "(?R)"/'; refused "target_modules" "(?R)"
damaged llama_qv_r8 's/{/[/'; refused "adapter_config.json"
damaged llama_qv_r8 ''; truncate -s -7 "$work/adapter/adapter_model.safetensors"; refused "adapter_model.safetensors"
damaged llama_qv_r8 ''; mv "$work/adapter/adapter_model.safetensors" "$work/adapter/adapter_model.bin"
refused "adapter_model.bin: pickled"
damaged llama_qv_r8 ''; rm "$work/adapter/adapter_config.json"; refused "adapter_config.json: no such file"
run pano merge --model "$training/base/qwen2" --adapter "$lora/gpt2_conv1d" --out "$work/refused"
code 1; err "the base has no module"; one_line_error
run pano merge --model "$shared/data/golden/gguf/llama/llama-q8_0.gguf" --adapter "$lora/llama_qv_r8" --out "$work/refused"
code 1; err "Hugging Face folders only"; one_line_error
run pano merge --model "$llama" --adapter "$lora/llama_qv_r8" --out "$work/no/such/place"; code 1; err "no/such/place"
check "nothing half-written stays" test -z "$(find "$work" -name '*.tmp-*' -o -name refused)"
finish
