# Tokenizers of every kind of file, as `pano tokenize` has them.
source "$SOURCE_DIR/tests/cli/harness.sh"

# Without a model it is the starter's.
run pano tokenize --text 'Hello'; code 0
starter=$(cat "$work/out")
run_with "$starter" pano tokenize --decode --no-special; code 0; out Hello

run pano tokenize --pattern qwen --text hi; code 2; err '.tiktoken'
printf '%s\n' 'YQ== 0' 'Yg== 1' 'YWI= 2' 'IA== 3' >"$work/tiny.tiktoken"
run pano tokenize --model "$work/tiny.tiktoken" --text ab; code 1; err 'give a pattern'
run pano tokenize --model "$work/tiny.tiktoken" --pattern '\p{L}+|\s' --text 'ab ba'; code 0; out '2,3,1,0'
printf '{"<|x|>": 9}' >"$work/special.json"
ask='{"text": "ab<|x|>"}
{"text": "a", "pair": "b"}
{"ids": [2, 9], "skip_special_tokens": true}
{"ids": [2, 9], "stream": true, "skip_special_tokens": true}
{"ids": [2], "text": "a"}'
run_with "$ask" pano tokenize --model "$work/tiny.tiktoken" --pattern '[a-z]+' --special "$work/special.json" --jsonl
code 0
printf '%s\n' '{"ids":[2,9]}' '{"ids":[0,1],"type_ids":[0,1]}' '{"text":"ab"}' '{"pieces":["ab",null],"rest":""}' \
  '{"error":"expected an object with either \"text\" or \"ids\""}' >"$work/expected"
same "$work/expected"
printf 'nonsense' >"$work/bad.tiktoken"
run pano tokenize --model "$work/bad.tiktoken" --pattern qwen --text hi; code 1; err 'line 1'
printf 'nonsense' >"$work/bad.model"
run pano tokenize --model "$work/bad.model" --text hi; code 1; err bad.model

tokenizers=$shared/data/golden/tokenizers
skip_unless "$tokenizers/bert_uncased/tokenizer.json" 'the tokenizers are not there'
run_with '{"text": "Hello world", "pair": "How are you?"}' pano tokenize --model "$tokenizers/bert_uncased" --jsonl
out '"type_ids":[0,0,0,0,0,0,0,1,1,1,1,1]'
run pano tokenize --model "$shared/data/tokenizers/llama2/tokenizer.model" --text 'Hello <s>'; code 0; out '15043,529,29879,29958'
mkdir "$work/folder"
cp "$shared/data/tokenizers/llama2/tokenizer.model" "$work/folder"
run pano tokenize --model "$work/folder" --text Hello; code 0; out 15043
finish
