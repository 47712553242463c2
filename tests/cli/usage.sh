# Wrong usage ends with 2 and a hint, missing or broken files with 1 and one line, help with 0.
source "$SOURCE_DIR/tests/cli/harness.sh"

run pano; code 2; err "usage: pano <command>"
run pano --help; code 0; out "serve"; out "tokenize"
run pano --version; code 0; out "pano 0."
run pano frobnicate; code 2; err "no command 'frobnicate'"; one_line_error
for command in serve run chat inspect tokenize template grammar convert merge eval bench load doctor; do
  run pano $command --help; code 0; out "--help"
  run pano $command --no-such-option; code 2; err "hint:"
done
# A command of another executable runs that, with its arguments, or says how to get it.
for command in data infra edge federate; do
  [[ -x $(dirname "$PANO")/pano-$command ]] && continue
  run pano $command list; code 1; err "hint: build it with './pano $command --help'"; one_line_error
done
cp "$PANO" "$work/pano"
printf '#!/bin/sh\necho "data got $*"; exit 3\n' >"$work/pano-data"
chmod +x "$work/pano-data"
run "$work/pano" data sort 'a b'; code 3; out "data got sort a b"
run "$work/pano" --help; code 0; out "Version data (pano-data)"

# What could not be written is said: the disk is full, but not that a reader went away.
run sh -c '"$PANO" --help >/dev/full'; code 1; err "could not be written whole: No space left on device"; one_line_error
run sh -c '"$PANO" inspect "$SOURCE_DIR/models/starter" --json >/dev/full'; code 1; err "No space left"
run sh -c '"$PANO" --help | true; exit 0'; code 0; check "is silent" test ! -s "$work/err"

run pano serv; code 2; err "no command 'serv'; did you mean 'serve'?"
run pano serve --modle x; code 2; err "there is no option '--modle'; did you mean '--model'?"
run pano serve --api_key=secret; code 2; err "did you mean '--api-key'?"
run pano bench --no-such-option; code 2; err "there is no option '--no-such-option'"
run pano bench extra; code 2; err "'extra' is one argument too many"
run pano run --max-tokens many; code 2; err "--max-tokens: 'many' is not a number"
run pano run --max-tokens -5; code 2
run pano run --prompt a --prompt-ids 1; code 2; err "not both"
run pano eval --model x; code 2; err "--file"
run pano bench --batch 0; code 2; err "--batch"
run pano bench --shape llama-110m --model x; code 2; err "not both"
run pano bench --type q8_0; code 2; err "--shape"
run pano bench --write "$work/x"; code 2; err "--shape"
run pano bench --limits --shape llama-110m; code 2; err "alone"
run pano bench --shape no-such; code 1; err "no-such"; err "qwen2.5-0.5b"; one_line_error
run pano bench --shape llama-110m --type q9; code 1; err "q9"; err "q8_0"; one_line_error
run pano inspect; code 2
run pano inspect "$work/absent"; code 1; err "$work/absent"; one_line_error
run pano run --model "$work/absent" --prompt hi; code 1; err "absent"; one_line_error
run pano serve --model "$work/absent" --port 0; code 1; err "absent"
run pano tokenize --model "$work/absent" --text hi; code 1; err "absent"
run pano template --template "$work/absent"; code 1; err "absent"
run pano serve --host 0.0.0.0 --port 0; code 1; err "--api-key"
run env PANO_CPU=z80 "$PANO" bench --shape llama-110m; code 1; err "PANO_CPU"

printf 'garbage' >"$work/bad.gguf"
run pano inspect "$work/bad.gguf"; code 1; err "bad.gguf"; one_line_error
printf '\377\377\377\377\377\377\377\177{}' >"$work/bad.safetensors"
run pano inspect "$work/bad.safetensors"; code 1; err "bad.safetensors"; one_line_error
mkdir "$work/folder"
run pano inspect "$work/folder"; code 1; err "folder"
printf 'port: [[1]]\n' >"$work/bad.yaml"
run pano serve --config "$work/bad.yaml"; code 2; err "bad.yaml"
printf 'no-such: 1\n' >"$work/unknown.yaml"
run pano serve --config "$work/unknown.yaml"; code 2; err "no-such"
printf 'prot: 1\n' >"$work/unknown.yaml"
run pano serve --config "$work/unknown.yaml"; code 2; err "no setting 'prot'; did you mean 'port'?"
finish
