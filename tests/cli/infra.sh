# Clusters simulated from the command line: answers, pictures, and a word for what makes no sense.
source "$SOURCE_DIR/tests/cli/harness.sh"
infra() { "$PANO_INFRA" "$@"; }

run infra --help; code 0; out "sim allreduce"
run infra; code 2
run infra sim; code 2; err "sim flows"
run infra sim flow; code 2; err "did you mean 'sim flows'"
for command in allreduce step serve queue flows bench; do
  run infra sim $command --help; code 0; out "--json"
done

# The guide's scene: 12 s in an order that knows no nodes, 1.6 s by two levels.
run infra sim allreduce --nodes 128 --gpus 8 --fabric 100gbe --bytes 9.38e9 --algorithm all --plot "$work/a.svg"; code 0
out "ring-unaware"; out "two-level"; out "in-network"
check "a picture" grep -q '<polyline' "$work/a.svg"
run infra sim allreduce --nodes 128 --gpus 8 --fabric 100gbe --bytes 9.38e9 --algorithm two-level --json; code 0
check "at most 1.6 s" awk -F'"sim_s":' '{split($2, a, ","); exit !(a[1] > 1.4 && a[1] <= 1.6)}' "$work/out"
run infra sim allreduce --nodes 128 --gpus 8 --fabric 100gbe --bytes 1e3,1e9 --algorithm auto --json; code 0
check "one row a size" test "$(grep -o '"algorithm"' "$work/out" | wc -l)" -eq 2
run infra sim allreduce --nodes 4 --gpus 2 --fabric 100gbe --bytes 1e8 --algorithm two-level --fault-node 1; code 1; err "no link carries"; one_line_error
run infra sim allreduce --nodes 4 --gpus 2 --fabric 100gbe --bytes 1e8 --algorithm two-level --fault-node 1 --fault-seconds 1; code 0

run infra sim allreduce --nodes 0 --gpus 8 --fabric 100gbe --bytes 1; code 2; err "nodes"
run infra sim allreduce --nodes 1000000000 --gpus 8 --fabric 100gbe --bytes 1; code 2; err "nodes"
run infra sim allreduce --nodes 1048576 --gpus 8 --fabric 100gbe --bytes 1; code 1; err "cards"; one_line_error
run infra sim allreduce --nodes 2 --gpus 8 --fabric 101gbe --bytes 1; code 1; err "101gbe"
run infra sim allreduce --gpus 8 --fabric 100gbe --bytes 1; code 1; err "--nodes"
run infra sim allreduce --nodes 2 --gpus 8 --fabric 100gbe --bytes -5; code 2; err "no number of bytes"
run infra sim allreduce --nodes 2 --gpus 8 --fabric 100gbe --bytes nan; code 2; err "no number of bytes"
run infra sim allreduce --nodes 2 --gpus 8 --fabric 100gbe --bytes 1e9 --algorithm twolevel; code 1; err "did you mean 'two-level'"
run infra sim allreduce --nodes 2 --gpus 8 --fabric 100gbe --bytes 1e9 --algorithm rhd; code 1; err "one rank a node"
run infra sim allreduce --fabric "$work/none.yaml" --bytes 1; code 1; err "none.yaml"
run infra sim allreduce --nodes 2 --gpus 8 --fabric 100gbe --bytes 1e9 --plot "$work/no/where.svg"; code 1; err "where.svg"

printf '{"links": {"a": 10}, "flows": [{"id": "1", "path": ["a"], "bytes": 1e9, "start_s": 0}, {"id": "2", "path": ["a"], "bytes": 1e9, "start_s": 0}]}' >"$work/f.json"
run infra sim flows --case "$work/f.json" --json; code 0; out '"rate_at_0_gb_s":5.0'; out '"finish_s":0.2'
printf '{"links": {"a": -1}, "flows": []}' >"$work/f.json"
run infra sim flows --case "$work/f.json"; code 1; err "capacity"; one_line_error
run infra sim flows --case "$work/none"; code 1; err "none"
run infra sim flows; code 2; err "--case"

printf 'TIMESTAMP,ContextTokens,GeneratedTokens\n2026-01-01 00:00:00,100,3\n2026-01-01 00:00:01,100,3\n' >"$work/t.csv"
printf 'replicas: 1\nmax_sequences: 4\niteration: {base_s: 0.1, prefill_s_per_token: 0.01, decode_s_per_sequence: 0.1}\n' >"$work/p.yaml"
run infra sim serve --trace "$work/t.csv" --plan "$work/p.yaml" --json; code 0; out '"requests":2'
printf 'TIMESTAMP,ContextTokens,GeneratedTokens\n2026-01-01 00:00:00,,3\n' >"$work/hole.csv"
run infra sim serve --trace "$work/hole.csv" --plan "$work/p.yaml"; code 1; err "line 2"; one_line_error
printf 'replicas: 0\n' >"$work/bad.yaml"
run infra sim serve --trace "$work/t.csv" --plan "$work/bad.yaml"; code 1; err "replicas"; one_line_error

run infra sim queue --arrival-rate 10 --service exp:0.05 --requests 100000; code 0; out "0.05"
run infra sim queue --arrival-rate 30 --service exp:0.05; code 2; err "without end"
run infra sim queue --arrival-rate 30 --service weird:0.05; code 2; err "no service"
run infra sim queue --arrival-rate 30 --service exp:0.05 --capacity 3 --requests 1000 --json; code 0; out '"p_refused"'
run infra sim bench --events 100000 --json; code 0; out '"events":100000'
run infra sim step --fabric 100gbe --nodes 8 --gpus 8 --parameters 340e6 --tokens 8192 --flops 50e12 --json; code 0; out '"exposed"'
run infra sim step --fabric 100gbe --nodes 8 --gpus 8; code 2; err "--parameters"
finish
