# Texts and token ids against grammars, as `pano grammar` has them.
source "$SOURCE_DIR/tests/cli/harness.sh"

printf 'root ::= "[" (item ("," item)*)? "]"\nitem ::= [0-9]+ | root\n' >"$work/list.gbnf"
ask='{"text": "[1,[22]]"}
{"text": "[1,"}

{"text": "1"}
{"text": 5}
{"ids": [1]}
nonsense'
run_with "$ask" pano grammar --gbnf "$work/list.gbnf" --jsonl; code 0
out '{"accepts":true,"prefix":true}'
out '{"accepts":false,"prefix":true}'
out '{"accepts":false,"prefix":false}'
out '{"error":"text: expected a string"}'
out '{"error":"ids: need the vocabulary of a model, --model"}'
check "an answer for each line" test "$(wc -l <"$work/out")" -eq 6
run pano grammar --gbnf "$work/list.gbnf"; code 0; out "The grammar is fine"
run pano grammar --gbnf "$work/list.gbnf" --json; code 0; out '"states":'

printf '{"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}' >"$work/a.json"
run_with '{"text": "{\"a\": 1}"}' pano grammar --schema "$work/a.json" --jsonl; code 0; out '{"accepts":true,"prefix":true}'
run_with '{"text": "{\"a\": \"x"}' pano grammar --schema "$work/a.json" --jsonl; code 0; out '{"accepts":false,"prefix":false}'
run_with '{"text": "2024-0"}' pano grammar --regex '\d{4}-\d\d' --jsonl; code 0; out '{"accepts":false,"prefix":true}'

# What stands in brackets is no list, and a word behind a value no other value.
run_with '{"text": "b"}' pano grammar --regex '[ab]' --jsonl; code 0; out '{"accepts":true,"prefix":true}'
run_with '{"text": "a,b"}' pano grammar --regex='[a,b]' --jsonl; code 0; out '{"accepts":false,"prefix":false}'
run pano grammar --regex a b; code 2; err "'b' is one argument too many"

# Ids of the starter's vocabulary: what may come next, the end token included.
printf 'root ::= "yes" | "yesterday"' >"$work/yes.gbnf"
starter=$SOURCE_DIR/models/starter
run pano tokenize --model "$starter" --text yes --json --no-special; code 0
ids=$(cat "$work/out")
run_with "$ids" pano grammar --gbnf "$work/yes.gbnf" --model "$starter" --jsonl; code 0; out '"accepts":true'
run_with '{"ids": []}' pano grammar --gbnf "$work/yes.gbnf" --model "$starter" --jsonl; code 0; out '{"accepts":false,"allowed":'
run_with '{"ids": [99999999]}' pano grammar --gbnf "$work/yes.gbnf" --model "$starter" --jsonl; code 0; out '99999999 is no token id'
printf 'root ::= "q"?' >"$work/q.gbnf"
run_with '{"ids": []}' pano grammar --gbnf "$work/q.gbnf" --model "$starter" --jsonl; code 0; out '{"accepts":true,"allowed":2}'

# What is refused ends with 1 and says where and why.
printf 'root ::= "a" | missing' >"$work/bad.gbnf"
run pano grammar --gbnf "$work/bad.gbnf" --jsonl; code 1; err "bad.gbnf"; err "undefined rule 'missing'"; one_line_error
printf 'root ::= root "a" | "b"' >"$work/bad.gbnf"
run pano grammar --gbnf "$work/bad.gbnf" --jsonl; code 1; err "left recursion"
run pano grammar --regex '(a' --jsonl; code 1; err "'(' without ')'"
printf '{"type": "strin"}' >"$work/bad.json"
run pano grammar --schema "$work/bad.json" --jsonl; code 1; err "strin"; one_line_error
run pano grammar --schema "$work/absent" --jsonl; code 1; err "absent"; one_line_error
run pano grammar --gbnf "$work/q.gbnf" --model "$work/absent" --jsonl; code 1; err "absent"; one_line_error
run pano grammar; code 2; err "give one of --schema, --regex and --gbnf"
run pano grammar --regex a --gbnf "$work/q.gbnf"; code 2; err "give one of"
# A large source is refused within its bounds: an alternation, counts in counts.
seq -f '"x%.0f"' -s '|' 1 150000 | sed 's/^/root ::= /' >"$work/large.gbnf"
run timeout 20 "$PANO" grammar --gbnf "$work/large.gbnf"; code 0
printf 'root ::= (([a-z]{1,1000} ","){1,1000} ";"){1,1000}' >"$work/large.gbnf"
run timeout 20 "$PANO" grammar --gbnf "$work/large.gbnf"
check "ends in time" test "$got" -le 1
finish
