# Runs of pano-train that are killed, stopped, torn, shared out and refused: what resumes is to the bit
# what was never stopped.
source "$SOURCE_DIR/tests/cli/harness.sh"

train() { "$PANO_TRAIN" "$@"; }

# 48 rows of numbers that count upwards.
awk 'BEGIN { srand(3); for (i = 0; i < 48; i++) { s = int(rand() * 50); printf "{\"input_ids\":[";
  n = 12 + i % 7; for (k = 0; k < n; k++) printf "%s%d", k ? "," : "", s + k; print "]}" } }' \
  >"$work/rows.jsonl"
head -8 "$work/rows.jsonl" >"$work/held_out.jsonl"
recipe() {   # recipe STEPS MORE
  cat <<END
task: causal_lm
model: {config: {model_type: llama, vocab_size: 80, hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 4,
  num_key_value_heads: 2, intermediate_size: 64, max_position_embeddings: 64}, init: random}
data: {train: $work/rows.jsonl, validation: $work/held_out.jsonl, format: tokens, shuffle: true}
batch: {sequences: 8, accumulate: 2}
steps: $1
seed: 5
dropout: 0.1
optimizer: {lr: 0.01}
schedule: {name: cosine, warmup_steps: 3}
checkpoint: {every: 3, keep: 2}
evaluate: {every: 10}
${2:-}
END
}
recipe 40 >"$work/r.yaml"
recipe 12 >"$work/short.yaml"
losses() { grep -h '"event":"step"' "$@" | grep -o '"step":[0-9]*,"loss":[^,]*,"grad_norm":[^,]*' | sort -u -t: -k2n; }
same_model() { check "the same weights: $2" cmp -s "$1/model/model.safetensors" "$2/model/model.safetensors"; }
no_unfinished() { check "nothing unfinished in $1" test -z "$(find "$1/checkpoints" -name '*.tmp-*')"; }

run train --recipe "$work/r.yaml" --out "$work/whole" --json --threads 1
code 0; out '"event":"done"'; out '"event":"eval"'; cp "$work/out" "$work/whole.jsonl"
check "40 steps" test "$(grep -c '"event":"step"' "$work/whole.jsonl")" = 40
for file in recipe.yaml run.json curves.csv curves.svg model/README.md model/config.json; do
  check "there is $file" test -s "$work/whole/$file"
done
check "a TensorBoard file" test -n "$(find "$work/whole/tensorboard" -name 'events.out.tfevents.*')"

# kill -9, again and again, at moments that nobody chose.
for i in 1 2 3 4 5 6 7 8 9 10; do
  "$PANO_TRAIN" --recipe "$work/r.yaml" --out "$work/killed" --json --threads 1 --resume >>"$work/killed.jsonl" 2>>"$work/killed.err" </dev/null &
  child=$!
  sleep "0.$(( (i * 37) % 90 + 10 ))"
  kill -9 $child 2>/dev/null
  wait $child 2>/dev/null
done
run train --recipe "$work/r.yaml" --out "$work/killed" --json --threads 1 --resume
code 0; cp "$work/out" "$work/last.jsonl"
same_model "$work/whole" "$work/killed"
no_unfinished "$work/killed"
losses "$work/whole.jsonl" >"$work/whole.losses"
losses "$work/killed.jsonl" "$work/last.jsonl" >"$work/killed.losses"
check "each loss to the bit, however often its step was done" cmp -s "$work/whole.losses" "$work/killed.losses"
cut -d, -f1-7 "$work/whole/curves.csv" >"$work/a"; cut -d, -f1-7 "$work/killed/curves.csv" >"$work/b"
check "each step once in the curves" cmp -s "$work/a" "$work/b"

# A torn checkpoint is named and skipped.
rm -rf "$work/killed/model"
newest=$(ls -d "$work"/killed/checkpoints/step-* | sort -t- -k2n | tail -1)
truncate -s -1 "$newest/model.safetensors"
run train --recipe "$work/r.yaml" --out "$work/killed" --json --threads 1 --resume
code 0; out "$(basename "$newest"): model.safetensors"; same_model "$work/whole" "$work/killed"

# SIGTERM: a checkpoint, exit 0.
"$PANO_TRAIN" --recipe "$work/r.yaml" --out "$work/stopped" --json --threads 1 >"$work/stopped.jsonl" </dev/null &
child=$!
for _ in $(seq 200); do grep -q '"event":"step"' "$work/stopped.jsonl" && break; sleep 0.05; done
check "its threads wait without spinning" grep -qz '^OMP_WAIT_POLICY=passive$' "/proc/$child/environ"
kill -TERM $child; wait $child; got=$? shown="SIGTERM"
code 0
check "says so" grep -q '"reason":"terminated"' "$work/stopped.jsonl"
check "no result" test ! -e "$work/stopped/model"
run train --recipe "$work/r.yaml" --out "$work/stopped" --threads 1 --resume
code 0; out "done at step 40"; same_model "$work/whole" "$work/stopped"

# Refusals: exit 1, a line or two, no result.
run train --recipe "$work/r.yaml" --out "$work/whole" --threads 1; code 1; err "--resume"; one_line_error
echo '{"input_ids":[1,2,3]}' >>"$work/rows.jsonl"
run train --recipe "$work/r.yaml" --out "$work/whole" --threads 1 --resume; code 1; err "rows.jsonl"; one_line_error
sed -i '$d' "$work/rows.jsonl"
run train --recipe "$work/none.yaml" --out "$work/n"; code 1; err "none.yaml"; one_line_error
run train --recipe "$work/r.yaml" --out "$work/n" --nproc 9; code 1; err "batch.sequences"; check "no model" test ! -e "$work/n/model"
run train --recipe "$work/r.yaml" --out "$work/n2" --nodes 2; code 1; err "--rendezvous"; one_line_error
run train --recipe "$work/r.yaml" --out "$work/n2" --nodes 2 --rendezvous 127.0.0.1:1; code 1; err "PANO_TRAIN_TOKEN"; one_line_error
run train --recipe "$work/r.yaml" --out "$work/n2" --nproc 0; code 2
run train --recipe "$work/r.yaml" --out "$work/rows.jsonl"; code 1; err "rows.jsonl"; one_line_error

# Several processes: the bits of one.
run train --recipe "$work/short.yaml" --out "$work/one" --json --threads 1 --deterministic; code 0
cp "$work/out" "$work/one.jsonl"
for n in 2 4; do
  run train --recipe "$work/short.yaml" --out "$work/of$n" --json --threads 1 --deterministic --nproc $n
  code 0; cp "$work/out" "$work/of.jsonl"; same_model "$work/one" "$work/of$n"
  losses "$work/one.jsonl" >"$work/a"; losses "$work/of.jsonl" >"$work/b"
  check "the same losses" cmp -s "$work/a" "$work/b"
done
for how in hub gloo; do
  run train --recipe "$work/short.yaml" --out "$work/by_$how" --json --threads 1 --nproc 2 --collective $how
  if grep -q 'no Gloo' "$work/err"; then echo "skipped: this build has no Gloo"; continue; fi
  code 0; out '"event":"done"'
done

# A member that is killed: the others end, with its number; another number of processes goes on.
recipe 4000 >"$work/long.yaml"
"$PANO_TRAIN" --recipe "$work/long.yaml" --out "$work/lost" --json --threads 1 --deterministic --nproc 3 >"$work/lost.jsonl" 2>"$work/err" </dev/null &
parent=$!
for _ in $(seq 400); do grep -q '"event":"checkpoint"' "$work/lost.jsonl" && break; sleep 0.05; done
kill -9 "$(pgrep -P $parent | tail -1)"
wait $parent; got=$? shown="a member is killed"; cp "$work/lost.jsonl" "$work/out"
code 1; err "was killed by signal 9"; err "--resume"
check "no process is left" test -z "$(pgrep -f "$work/lost" || true)"
step=$(ls "$work/lost/checkpoints" | grep -o '[0-9]*$' | sort -n | tail -1)
recipe $((step + 2)) >"$work/goes_on.yaml"
run train --recipe "$work/goes_on.yaml" --out "$work/lost" --threads 1 --nproc 2 --resume
code 0; out "done at step $((step + 2))"

# A disk that is full: a word, and the last good checkpoint.
if unshare -rm mount -t tmpfs none "$work" 2>/dev/null; then
  mkdir "$work/small"
  cat >"$work/full.sh" <<END
mount -t tmpfs -o size=900k none "$work/small" || exit 99
"$PANO_TRAIN" run --recipe "$work/short.yaml" --out "$work/small/run" --json --threads 1
echo "code \$?" >&2
ls "$work/small/run/checkpoints" >&2
END
  run unshare -rm bash "$work/full.sh"
  out '"error":'; err "step-3"
  check "says what is full" grep -q 'the disk has' "$work/out" "$work/err"
fi

finish
