# A server as clients, pages and containers meet it: names of models, other origins and hosts, bodies in
# gzip, and the log that it writes of them.
source "$SOURCE_DIR/tests/cli/harness.sh"
starter=$SOURCE_DIR/models/starter
skip_unless "$starter/config.json" "models/starter is absent"

server=
trap '[[ -n $server ]] && kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
serve() {      # serve OPTION...: sets $url
  : >"$work/log"
  "$PANO" serve --port 0 --threads 1 --kv-bytes 67108864 "$@" 2>"$work/log" >/dev/null &
  server=$!
  for _ in {1..200}; do
    url=$(grep -o 'http://127.0.0.1:[0-9]*' "$work/log" | head -n 1)
    [[ -n $url ]] && return
    sleep 0.1
  done
  echo "serve_callers: the server does not start: $(tail -1 "$work/log")" >&2
  exit 1
}
stop() { kill "$server"; wait "$server"; server=; }
json='Content-Type: application/json'
ask='"prompt":"Once upon a time","max_tokens":2,"temperature":0'

serve --model "org/m=$starter" --alias llama3:8b=org/m --log-format json --allow-origin http://localhost:3000 --allow-host host.docker.internal
for model in org/m org/m@1 llama3:8b; do
  run curl -s "$url/v1/completions" -H "$json" -d "{\"model\":\"$model\",$ask}"; code 0; out '"text":", there"'
done
run curl -s "$url/v1/completions" -H "$json" -d "{\"model\":\"gpt-4o\",$ask}"; out model_not_found
for path in /v1/models/org/m /v1/models/org%2Fm /v1/models; do
  run curl -s "$url$path"; out '"id":"org/m"'; out '"aliases":["llama3:8b"]'
done
run curl -s "$url/v1/models/org%2Fm/versions/1/predict" -H "$json" -d '{"inputs":"Once upon a time","parameters":{"max_tokens":2,"temperature":0}}'; out '"text":", there"'
run curl -s "$url/v1/completions" -H "$json" -H 'Host: host.docker.internal:80' -d "{$ask}"; out '"text":", there"'
run curl -s "$url/health" -H 'Host: rebound.example'; out "--allow-host"
run curl -s "$url/health" -H 'Origin: http://localhost:3001'; out "--allow-origin"
run curl -si -X OPTIONS "$url/v1/chat/completions" -H 'Origin: http://localhost:3000' -H 'Access-Control-Request-Method: POST' -H 'Access-Control-Request-Headers: content-type'
out "204 No Content"; out "Access-Control-Allow-Origin: http://localhost:3000"; out "Access-Control-Allow-Headers: content-type"
run curl -si "$url/v1/completions" -H 'Origin: http://localhost:3000' -H "$json" -d "{$ask,\"stream\":true}"; out "Access-Control-Allow-Origin: http://localhost:3000"; out "[DONE]"
printf '{%s}' "$ask" | gzip >"$work/body.gz"
run curl -s "$url/v1/completions" -H "$json" -H 'Content-Encoding: gzip' --data-binary "@$work/body.gz"; out '"text":", there"'
head -c 3000000 /dev/zero | gzip >"$work/bomb.gz"
run curl -s "$url/v1/completions" -H "$json" -H 'Content-Encoding: gzip' --data-binary "@$work/bomb.gz"; out "100 times"
run curl -s "$url/v1/completions" -H "$json" -H 'Content-Encoding: br' -d x; out "unsupported_media_type"
run curl -s "$url/v1/secret%0Apath?key=word" -H 'X-Request-Id: mine'
run curl -s "$url/chat/completions" -H "$json" -d '{}'; out "did you mean '/v1/chat/completions'?"
stop
# One object a line, with what was asked and how it ended; no text of anybody.
run cat "$work/log"
out '"event":"request","method":"POST","path":"/v1/completions","model":"org/m","status":200,"prompt_tokens":5,"completion_tokens":2,'
out '"method":"OPTIONS","path":"/v1/chat/completions","model":null,"status":204'
out '"path":"-","model":null,"status":413'
out '"message":"[serve] stopped"'
check "is an object a line" test "$(grep -cv '^{"time":"[^"]*","level":"[a-z]*",.*}$' "$work/log")" = 0
check "has no prompt, answer or query" test "$(grep -c 'Once upon\|there\|key=word' "$work/log")" = "$(grep -c 'try: curl' "$work/log")"

serve --model "m=$starter" --any-model
run curl -s "$url/v1/completions" -H "$json" -d "{\"model\":\"gpt-4o\",$ask}"; out '"text":", there"'
run curl -s "$url/v1/models/gpt-4o"; out '"id":"m"'
run curl -s "$url/livez"
stop
run cat "$work/log"; out "[request] POST /v1/completions m 200 5+2 tokens "
check "is quiet about probes that are fine" test "$(grep -c livez "$work/log")" = 0

run pano serve --model "$starter" --alias x --port 0; code 1; err "--alias x: is not NAME=ID"
run pano serve --model "$starter" --alias x=nobody --port 0; code 1; err "--alias x: the model 'nobody' does not exist here"
run pano serve --model "a=$starter" --model "b=$starter" --any-model --port 0; code 1; err "--any-model"
run pano serve --model "$starter" --allow-origin localhost --port 0; code 1; err "'localhost' is no origin"
run pano serve --model "$starter" --allow-host a:8080 --port 0; code 1; err "'a:8080' is no host"
finish
