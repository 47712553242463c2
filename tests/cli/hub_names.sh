# Models of the hub by name, from the cache alone: HF_HUB_OFFLINE. The network's part is in hub.sh.
source "$SOURCE_DIR/tests/cli/harness.sh"
export HF_HOME="$work/hf" HF_HUB_OFFLINE=1
unset HF_HUB_CACHE HF_TOKEN HF_ENDPOINT HF_TOKEN_PATH

repo=$HF_HOME/hub/models--org--starter
commit=0123456789abcdef0123456789abcdef01234567
mkdir -p "$repo"/{blobs,refs,snapshots/$commit}
printf %s $commit >"$repo/refs/main"
for file in "$SOURCE_DIR"/models/starter/*.json "$SOURCE_DIR"/models/starter/*.safetensors; do
  [[ -f $file ]] || continue
  cp "$file" "$repo/blobs/$(basename "$file")"
  ln -s "../../blobs/$(basename "$file")" "$repo/snapshots/$commit/$(basename "$file")"
done

run pano inspect hf:org/starter --json; code 0; out '"parameters"'
run pano tokenize --model hf:org/starter --text 'Once upon'; code 0
run pano run --model hf:org/starter --prompt Once --max-tokens 4 --temperature 0; code 0
run pano inspect "hf:org/starter@$commit"; code 0

run pano inspect hf:org/absent; code 1; err "hf:org/absent"; one_line_error
run pano run --model hf:org/starter@other --prompt hi; code 1; err "hf:org/starter@other"; one_line_error
run pano inspect hf:org/starter:Q4_K_M; code 1; one_line_error
run pano inspect hf:../x; code 1; err "ORG/NAME"; one_line_error
run pano serve --port 0 --model hf:org/absent; code 1; err "hf:org/absent"
run pano serve --port 0 --model ollama:llama3:8b; code 1; err "ollama"
run pano run --model oci:registry/x --prompt hi; code 1; err "oci registries are not supported"
rm "$repo/blobs/model.safetensors"
run pano inspect hf:org/starter; code 1; err "not whole"; one_line_error
finish
