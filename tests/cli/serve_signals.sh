# How a server ends: the first signal drains, the second ends at once, whatever its threads do.
source "$SOURCE_DIR/tests/cli/harness.sh"
starter="$SOURCE_DIR/models/starter"

# start ARGS...: a server on a free port; $url when it is ready
start() {
  "$PANO" serve --port 0 --threads 1 --kv-bytes 67108864 "$@" >"$work/log" 2>&1 &
  server=$!
  url=''
  for _ in $(seq 300); do
    url=$(grep -o 'listening on http://[0-9.:]*' "$work/log" | head -1 | sed 's/listening on //')
    [[ -n $url ]] && return
    sleep 0.1
  done
}
# ends SECONDS: it ends within so many; $got is its exit code
ends() {
  local until=$((SECONDS + $1))
  while kill -0 "$server" 2>/dev/null && ((SECONDS < until)); do sleep 0.1; done
  shown="the server"
  : >"$work/out"; cp "$work/log" "$work/err"
  check "ended within $1 s" bash -c "! kill -0 $server 2>/dev/null"
  kill -9 "$server" 2>/dev/null
  wait "$server" 2>/dev/null
  got=$?
}

for signal in TERM INT HUP; do
  start --model "$starter"
  kill -$signal "$server"; ends 20; code 0; err "draining"; err "stopped"
done

# A template that works for as long as it may, with nobody left to hear the answer.
mkdir "$work/busy"
ln -s "$starter"/{config.json,model.safetensors,tokenizer.json,tokenizer_config.json,generation_config.json} "$work/busy/"
printf '%s' '{%- for i in range(99999) -%}{%- for j in range(99) -%}{%- set x = "%.999f" % 1.5 -%}{%- endfor -%}{%- endfor -%}' >"$work/busy/chat_template.jinja"
start --model "$work/busy"
curl -s -o /dev/null -m 1 "$url/v1/chat/completions" -H 'Content-Type: application/json' \
  -d '{"messages":[{"role":"user","content":"hi"}]}' &
sleep 0.3
kill -TERM "$server"; sleep 0.5; kill -INT "$server"; ends 3
check "the exit code says so" test "$got" -le 1

# The port is bound before the models load: an address in use is known at once.
start --model "$starter"
run pano serve --port "${url##*:}" --model "$starter"; code 1; err "cannot listen"; one_line_error() { :; }
kill -TERM "$server"; ends 20; code 0
finish
