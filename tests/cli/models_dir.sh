# A folder of models under a running server: they come, change and go, and none disturbs another.
source "$SOURCE_DIR/tests/cli/harness.sh"
starter=$SOURCE_DIR/models/starter
skip_unless "$starter/config.json" "models/starter is absent"
server=
trap '[[ -n $server ]] && kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
models=$work/models
mkdir "$models"

serve() { start_server "" --kv-bytes 33554432 --models-dir "$models" --models-poll 0.1 --models-quiet 1 "$@"; }
stop() { kill "$server"; wait "$server"; got=$?; shown="the server"; server=; code 0; }
json='Content-Type: application/json'
ask() {        # ask MODEL [FIELDS]: the answer, and its status in the last line
  run curl -s -m 60 -w '\n%{http_code}\n' "$url/v1/completions" -H "$json" -d "{\"model\":\"$1\",\"prompt\":\"Once upon a time\",\"max_tokens\":2,\"temperature\":0${2:-}}"
}
state() { run curl -s "$url/v1/models/$1"; }
until_state() {   # until_state MODEL TEXT: waits until the model's description holds TEXT
  for _ in {1..300}; do
    curl -s "$url/v1/models/$1" >"$work/out"
    grep -qF -- "$2" "$work/out" && break
    sleep 0.1
  done
  shown="/v1/models/$1"; got=0
  out "$2"
}
put() { mkdir -p "$(dirname "$models/$1")"; cp -rL "$starter" "$models/.new"; mv "$models/.new" "$models/$1"; }   # in one step

# 1. A model that comes is served, whatever its neighbours are like.
put a
put org/b/3
mkdir "$models/broken"; cp "$starter/config.json" "$models/broken/"; head -c 5000 "$starter"/*.safetensors >"$models/broken/model.safetensors"
serve
until_state a '"state":"ready"'
ask a; out ", there"; out 200
until_state org/b '"state":"ready"'
ask org/b@3; out 200
until_state broken '"state":"failed"'; out '"reason":'
ask broken; out 503; out '"code":"model_failed"'
run curl -si "$url/readyz"; out "200 OK"; out '"model":"a@1","ready":true'; out '"model":"broken@1","ready":false,"reason":"failed: '
run curl -s "$url/v1/models"; out '"id":"broken"'; out '"id":"org/b"'

# 2. A folder that is copied slowly is not read before it is whole, and nobody waits for it meanwhile.
mkdir "$models/slow"
(for file in "$starter"/*; do
  [[ -f $file ]] || continue
  size=$(stat -Lc %s "$file")
  for part in 0 1 2; do
    dd if="$file" of="$models/slow/$(basename "$file")" bs=$(((size + 2) / 3)) skip=$part seek=$part count=1 conv=notrunc 2>/dev/null
    sleep 0.3
  done
done) &
copying=$!
while kill -0 $copying 2>/dev/null; do
  ask slow >/dev/null
  check "is not served half" grep -qE '^(404|503)$' "$work/out"
  ask a; out 200
  sleep 0.3
done
until_state slow '"state":"ready"'
ask slow; out ", there"
check "was never tried half" test "$(grep -c 'slow@1 is not loaded' "$work/log")" = 0

# 3. A model is removed under load: requests that run go on to their end, later ones find it gone.
for _ in 1 2 3 4; do
  curl -s -N -m 120 "$url/v1/models/a/predict" -H "$json" -d '{"inputs":"Once","stream":true,"parameters":{"max_tokens":300,"ignore_eos":true,"temperature":0}}' >"$work/stream.$_" &
  streams[$_]=$!
done
for _ in {1..100}; do grep -q progress "$work/stream.4" 2>/dev/null && break; sleep 0.05; done
rm -rf "$models/a"
for _ in {1..100}; do ask a; grep -q '^404$' "$work/out" && break; sleep 0.1; done
out 404
for i in 1 2 3 4; do wait ${streams[$i]}; done
shown="streams of the model that was removed"
check "end as they would have" test "$(grep -lE 'finish_reason":"length"' "$work"/stream.? | wc -l)" = 4
ask slow; out 200
for _ in {1..100}; do grep -q 'a@1 is unloaded' "$work/log" && break; sleep 0.1; done
run cat "$work/log"; out "a@1 takes no more requests: its folder is gone"; out "a@1 is unloaded"

# 4. An operator unloads and loads; a new version takes over, and one that is broken does not.
run curl -s "$url/v1/models/slow/unload" -H "$json" -d '{}'; out '"state":"unloaded"'
ask slow; out 503; out model_unloaded
run curl -s "$url/v1/models/slow/load" -H "$json" -d '{}'; out '"state":"ready"'
ask slow; out 200
run curl -s "$url/v1/models/nobody/load" -H "$json" -d '{}'; out model_not_found
put org/b/4
until_state org/b '"version":"4","state":"ready"'
mkdir "$models/org/b/5"; cp "$starter/config.json" "$models/org/b/5/"; echo none >"$models/org/b/5/model.safetensors"
until_state org/b '"version":"5","state":"failed"'
ask org/b; out 200
run curl -s "$url/v1/models/org/b?format=tfs"; out '"version":"4","state":"AVAILABLE"'
run kill -0 $server; code 0
stop

# 5. Two models and memory for one: the one that is asked for takes the other's place.
rm -rf "$models"/*; put x; put y
size=$(stat -Lc %s "$starter"/*.safetensors | awk '{s += $1} END {print s}')
serve --lazy-load --memory-budget $((size + 33554432 + size / 2))
state x; out '"state":"unloaded"'
for _ in {1..300}; do curl -s "$url/readyz" | grep -qF moment || break; sleep 0.1; done   # until both are complete
run curl -si "$url/readyz"; out "200 OK"
for model in x y x; do
  ask $model; out ", there"; out 200
  sleep 0.7
done
state y; out '"state":"unloaded"'; out "others need its memory"
state x; out '"state":"ready"'
stop

# 6. Nobody waits who does not want to: 503, when to come back, and how far it is.
serve --lazy-load --load-wait 0
run curl -si "$url/v1/completions" -H "$json" -d '{"model":"x","prompt":"Once","max_tokens":1}'
out "503 Service Unavailable"; out "Retry-After: "; out '"code":"model_loading"'; out '"progress":{"fraction":'
until_state x '"state":"ready"'
ask x; out 200
stop

# 7. What is idle goes, and comes back for the next request.
serve --idle-unload 1
until_state x '"state":"ready"'
until_state x '"state":"unloaded"'; out "nobody has used it"
ask x; out 200
stop

# 8. A canary: one in five users gets version 2, and keeps it; taken back, nobody does.
rm -rf "$models"/*; put c/1; put c/2
version_of() {  # version_of USER
  curl -s -m 60 "$url/v1/models/c/predict" -H "$json" -d "{\"inputs\":\"Once\",\"user\":\"$1\",\"parameters\":{\"max_tokens\":1}}" | grep -o '"version":"[0-9]*"'
}
echo 'labels: {stable: 1, canary: {version: 2, weight: 20}}' >"$models/c/model.yaml"
serve
until_state c '"version":"1","state":"ready"'; until_state c '"version":"2","state":"ready"'; out '"labels":["canary"]'
for user in $(seq 100); do version_of u$user; done >"$work/first"
for user in $(seq 100); do version_of u$user; done >"$work/second"
shown="a canary of 20 %"
check "gets about a fifth" test "$(grep -c '"2"' "$work/first")" -ge 8 -a "$(grep -c '"2"' "$work/first")" -le 34
check "keeps its users" cmp -s "$work/first" "$work/second"
ask c@canary; out 200
echo 'labels: {stable: 1, canary: 2}' >"$models/c/model.yaml"
sleep 1
check "is taken back" test "$(for user in $(seq 30); do version_of u$user; done | grep -c '"1"')" = 30
echo 'lables: {stable: 1}' >"$models/c/model.yaml"
for _ in {1..100}; do grep -q "stays so" "$work/log" && break; sleep 0.1; done
ask c; out 200
run cat "$work/log"; out "what was in force before stays so"
stop

run pano serve --port 0 --models-dir "$work/nowhere"; code 1; err "--models-dir: $work/nowhere: "
finish
