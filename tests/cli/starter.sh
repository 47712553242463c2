# The committed starter model: needs nothing that is not in the checkout.
source "$SOURCE_DIR/tests/cli/harness.sh"
skip_unless "$SOURCE_DIR/models/starter/config.json" "models/starter is absent"

run pano run --prompt "Once upon a time" --max-tokens 20 --temperature 0 --json; code 0; out '"text":"'
run pano inspect "$SOURCE_DIR/models/starter"; code 0; out "llama"
run pano tokenize --model "$SOURCE_DIR/models/starter" --text "a cat" --json; code 0; out '"ids":['
run_with 'Once upon a time' pano run --prompt - --max-tokens 4 --seed 1 --json; code 0; out '"prompt_tokens"'
finish
