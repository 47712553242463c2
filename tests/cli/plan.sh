# Plans of hardware as `pano plan` prints them, and what it says to input that lies.
source "$SOURCE_DIR/tests/cli/harness.sh"
starter=$SOURCE_DIR/models/starter

run pano plan --model 7B --hardware 8xA100-80G --concurrency 16; code 0; out "It fits"; out "weights"; out "Plan: "
run pano plan --model 70B --hardware 1xA100-80G --json; code 0; out '"fits": false'
run pano plan --explain guide; code 0; out "420.0 GB = 391.155 GiB"; out "six cards"
run pano plan --model 7B --hardware 64xH100-80G --task train --global-batch 256 --context 2048 --explain; code 0
out "Assumed:"; out "[derived]"
run pano plan --model "$starter" --hardware cpu --context 128 --concurrency 2 --plot "$work/m.svg" --json; code 0; out '"command": ['
check "draws a picture" grep -q '</svg>' "$work/m.svg"

printf '{"dp": 8, "global_batch": 64}\n{"dp": 7, "global_batch": 64}\n' >"$work/plans.jsonl"
run pano plan --task train --model 350M --hardware 8xA100-80G --global-batch 64 --context 1024 --evaluate "$work/plans.jsonl" --json
code 0; out '"mfu":'; out '{"error":'
check "an answer for each plan" test "$(wc -l <"$work/out")" -eq 2

run pano plan; code 2; err "--model is missing"
run pano plan --model 7B --hardware 0xA100-80G; code 1; err "no number of cards"; one_line_error
run pano plan --model 7B --hardware 8xA10080G; code 1; err "did you mean"; one_line_error
run pano plan --model layers=1000000000,hidden=64,heads=1 --hardware 8xA100-80G; code 1; one_line_error
run pano plan --model "$work/none" --hardware cpu; code 1; err "no model folder"; one_line_error
run pano plan --model 7B --hardware "$work/none.yaml"; code 1; one_line_error
run pano plan --model 7B --hardware 8xA100-80G --catalogue "$work/plans.jsonl"; code 1; one_line_error
run pano plan --model 7B --hardware 8xA100-80G --plot /nowhere/m.svg; code 1; err "/nowhere/m.svg"
run pano plan --model 7B --hardware 8xA100-80G --weights q9; code 1; err "is no type of weights"
run pano plan --model 7B --hardware 8xA100-80G --tensor-parallel 3; code 1; err "does not divide"
run pano plan --model 7B --evaluate "$work/plans.jsonl"; code 1; err "--task train"
run pano plan topic; code 2
finish
