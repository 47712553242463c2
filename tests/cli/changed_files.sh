# A model's file that is cut short or overwritten under a running server costs that model alone; a command
# says what happened and ends with 1, where it died of SIGBUS before.
source "$SOURCE_DIR/tests/cli/harness.sh"
starter="$SOURCE_DIR/models/starter"

pano quantize --model "$starter" --to q8_0 --out "$work/cut" >/dev/null
cp -r "$work/cut" "$work/over"
"$PANO" serve --port 0 --threads 1 --kv-bytes 67108864 --compute fast --model "$starter" \
  --model cut="$work/cut" --model over="$work/over" >"$work/log" 2>&1 &
server=$!
for _ in $(seq 300); do
  url=$(grep -o 'listening on http://[0-9.:]*' "$work/log" | head -1 | sed 's/listening on //')
  [[ -n $url ]] && break
  sleep 0.1
done
ask() {   # ask MODEL TEXT: the answer, and its status in the last line
  run curl -s -m 20 -w '\n%{http_code}\n' "$url/v1/models/$1/predict" -H 'Content-Type: application/json' \
    -d "{\"inputs\":\"$2\",\"parameters\":{\"max_tokens\":3}}"
}
for model in starter cut over; do ask $model "Once"; out 200; done
truncate -s 4096 "$work/cut/model.safetensors"
ask cut "There was a dog and another one who"; out 503; out "cut short"
dd if=/dev/zero of="$work/over/model.safetensors" bs=1 seek=100000 count=64 conv=notrunc 2>/dev/null
sleep 1.1
ask over "There was a dog"; out 503; out "overwritten"
ask cut "Once"; out 503
ask starter "Once"; out 200
run cat "$work/log"; out "cut@1 answers no more"; out "over@1 answers no more"
kill -TERM $server; wait $server; got=$?; shown="the server"; code 0

# cut_under COMMAND...: runs it with a model of its own as --model, and cuts that short once it is in use.
cut_under() {
  shown="$* while its model is cut short"
  rm -rf "$work/own"; cp -r "$work/whole" "$work/own"
  "$@" --model "$work/own" >"$work/out" 2>"$work/err" <"$work/wait" &
  local pid=$!
  exec 9>"$work/wait"
  for _ in $(seq 300); do
    grep -q own/model.safetensors "/proc/$pid/maps" 2>/dev/null && break
    sleep 0.1
  done
  sleep 1
  truncate -s 4096 "$work/own/model.safetensors"
  (trap '' PIPE; echo "Once upon a time" >&9) 2>/dev/null || true   # it may have ended already
  exec 9>&-
  wait $pid
  got=$?
}
pano quantize --model "$starter" --to q8_0 --out "$work/whole" >/dev/null
mkfifo "$work/wait"
for _ in $(seq 400); do cat "$SOURCE_DIR/README.md"; done >"$work/text"
for command in "run --chat" "run --chat --json" "chat" "eval --file $work/text" "bench --repetitions 1000"; do
  cut_under "$PANO" $command; code 1; err "own/model.safetensors: the file was cut short while it was in use"
  check "nothing of it is printed" test ! -s "$work/out"
done
finish
