# The API to the byte: what `pano serve` answers to good and bad requests at every route, heads and
# streams included, compared with api_bytes.expected. What differs from run to run (dates, ids, times,
# the page's nonce, measured values) is masked. To accept a change that is meant:
#   PANO=... SOURCE_DIR=. UPDATE=1 bash tests/cli/api_bytes.sh     and read the diff.
source "$SOURCE_DIR/tests/cli/harness.sh"
: "${PANO:?}"
starter=$SOURCE_DIR/models/starter
expected=$SOURCE_DIR/tests/cli/api_bytes.expected
skip_unless "$starter/config.json" "models/starter is absent"

server=
trap '[[ -n $server ]] && kill "$server" 2>/dev/null; rm -rf "$work"' EXIT

serve() {      # serve OPTION...: a server on a free port, set as $port
  : >"$work/log"
  "$PANO" serve --port 0 --threads 1 --compute f32 "$@" 2>"$work/log" >/dev/null &
  server=$!
  for _ in {1..200}; do
    port=$(sed -n 's/.*listening on http:\/\/.*:\([0-9]*\)$/\1/p' "$work/log")
    [[ -n $port ]] && return
    sleep 0.1
  done
  echo "api_bytes: the server does not start: $(tail -1 "$work/log")" >&2
  exit 1
}
stop() { kill "$server"; wait "$server"; server=; }

mask() {
  sed -E -e 's/\r$//' \
    -e 's/^Date: .*/Date: DATE/' \
    -e "s/'nonce-[0-9a-f]+'/'nonce-NONCE'/g; s/nonce=\"[0-9a-f]+\"/nonce=\"NONCE\"/g" \
    -e 's/"(id|request_id)":"(predict|chatcmpl|cmpl)-[0-9a-f]{24}"/"\1":"\2-ID"/g' \
    -e 's/(: |":")req-[0-9a-f]{24}/\1req-ID/g' \
    -e 's/"created":[0-9]+/"created":TIME/g' \
    -e 's/"([a-z_]*_ms|[a-z]*_tokens_per_second)":[-+.e0-9]+/"\1":N/g' \
    -e 's/([0-9]\.[0-9]{3})[0-9]+/\1/g' \
    -e 's/("info":\{"title":"Panorama","version":)"[^"]*"/\1VERSION/' \
    -e 's/^((pano|process)_[a-z_]+(\{.*\})?) [^ ]+$/\1 N/' \
    -e 's/^pano_build_info\{.*/pano_build_info{} N/' |
    sed -E '/^[0-9a-f]{1,6}$/d'       # sizes of chunks
}

nl=$'\r\n'
standard="Host: 127.0.0.1:8080${nl}X-Request-Id: r1${nl}Connection: close${nl}"

exchange() {   # exchange LABEL RAW-REQUEST: the transcript of one connection
  local answer
  exec 3<>"/dev/tcp/127.0.0.1/$port"
  printf '%s' "$2" >&3
  answer=$(mask <&3)
  exec 3>&- 3<&-
  # Times have as many digits as they have.
  [[ $answer == *'_ms":N'* || $answer == *pano_* ]] &&
    answer=$(sed -E 's/^Content-Length: .*/Content-Length: N/' <<<"$answer")
  printf '> %s\n%s\n\n' "$1" "$answer"
}
ask() {        # ask "METHOD TARGET" [HEADER...]
  local line=$1 headers=
  shift
  for header in "$@"; do headers+=$header$nl; done
  exchange "$line ${*}" "$line HTTP/1.1$nl$standard$headers$nl"
}
post_as() {    # post_as TYPE TARGET BODY [HEADER...]
  local LC_ALL=C type=$1 target=$2 body=$3 headers=
  shift 3
  for header in "$@"; do headers+=$header$nl; done
  exchange "POST $target ${body:0:200} ${*}" \
    "POST $target HTTP/1.1$nl${standard}Content-Type: $type${nl}Content-Length: ${#body}$nl$headers$nl$body"
}
post() { post_as application/json "$@"; }

routes() {
  ask "HEAD /"
  ask "GET /livez"; ask "HEAD /livez"; ask "OPTIONS /livez"; post /livez '{}'
  ask "GET /readyz"
  ask "GET /openapi.json" | sed 's/},"/},\n"/g'
  ask "GET /v1/models"; ask "GET /v1/models/"; ask "HEAD /v1/models"
  ask "GET /v1/models/m"; ask "GET /v1/models/m@1"; ask "GET /v1/models/nobody"; ask "GET /v1/models/m?format=tfs"
  ask "GET /v1/models/a%20%22b"; ask "GET /v1/models/a/b"; ask "GET /v1/models/%zz"; ask "GET /v1/models/%00"
  ask "DELETE /v1/models/m"; ask "PUT /v1/completions"; ask "GET /v1/completions"; ask "GET /nope"; ask "GET //livez"
  ask "GET /livez/"; ask "OPTIONS *"; ask "GET /v1/models/m/predict"
  post /nope '{}'
}

tokens() {
  post /v1/tokenize '{"text":"Once upon a time"}'
  post /v1/tokenize '{"text":"<|endoftext|>","add_special_tokens":false,"parse_special":false}'
  post /v1/tokenize '{"messages":[{"role":"user","content":"a"}]}'
  post /v1/tokenize '{}'
  post /v1/tokenize '{"text":"a","messages":[]}'
  post /v1/tokenize '{"text":7}'
  post /v1/tokenize '{"model":"nobody","text":"a"}'
  post /v1/detokenize '{"ids":[0,72,101]}'
  post /v1/detokenize '{"ids":[0,72],"skip_special_tokens":false}'
  post /v1/detokenize '{"ids":[99999]}'
  post /v1/detokenize '{"ids":[-1]}'
  post /v1/detokenize '{}'
}

# Bodies that no handler sees, and the guard before them.
guard() {
  for body in '' '{' '[]' '"x"' 'null' '{"prompt":1}{' "$(printf '[%.0s' {1..100})"; do
    post /v1/completions "$body"
  done
  post_as text/plain /v1/completions '{}'
  post_as 'application/json; charset=utf-8' /v1/tokenize '{"text":"a"}'
  post_as '' /v1/completions '{}'
  ask "GET /livez" "Origin: http://evil.example"
  ask "GET /livez" "Origin: http://127.0.0.1:8080"
  ask "POST /v1/completions" "Content-Length: 99999999"
  ask "POST /v1/completions" "Content-Length: 3" "Transfer-Encoding: chunked"
  ask "POST /v1/completions" "Content-Type: application/json" "Content-Length: x"
  ask "POST /v1/completions" "Transfer-Encoding: gzip"
  ask "GET /livez" "Expect: magic"
  ask "GET /livez" "X-Big: $(printf 'x%.0s' {1..20000})" | sed 's/x\{1000,\}/XXX/'
  exchange "another Host" "GET /livez HTTP/1.1${nl}Host: rebound.example${nl}X-Request-Id: r1${nl}Connection: close$nl$nl"
  exchange "no Host" "GET /livez HTTP/1.1${nl}X-Request-Id: r1$nl$nl"
  exchange "HTTP/1.0" "GET /livez HTTP/1.0${nl}Host: localhost${nl}X-Request-Id: r1$nl$nl"
  exchange "HTTP/2.0" "GET /livez HTTP/2.0${nl}Host: localhost${nl}X-Request-Id: r1$nl$nl"
}

predict() {
  local at=/v1/models/m/predict
  post $at '{"inputs":"Once upon a time","parameters":{"max_tokens":6,"temperature":0}}'
  post $at '{"inputs":["Once","The"],"parameters":{"max_tokens":3,"temperature":0,"logprobs":2,"return_token_ids":true}}'
  post $at '{"inputs":"Once upon a time","parameters":{"max_tokens":4,"temperature":0},"stream":true}'
  post $at '{"inputs":"Once upon a time","parameters":{"max_tokens":3,"temperature":0,"logprobs":1,"n":2},"stream":true}'
  post /v1/models/m/versions/1/predict '{"inputs":"Once upon a time","parameters":{"max_tokens":2,"temperature":0}}'
  post /v1/models/m/versions/9/predict '{"inputs":"Once"}'
  post /v1/models/nobody/predict '{"inputs":"Once"}'
  post $at '{"inputs":"Once","parameters":{"max_tokens":9,"temperature":0,"stop":["time"],"include_stop_str_in_output":true}}'
  post $at '{}'
  post $at '{"inputs":[]}'
  post $at '{"inputs":7}'
  post $at '{"inputs":["a",7]}'
  post $at '{"inputs":"a","parameters":7}'
  post $at '{"inputs":"a","parameters":{"tempurature":0}}'
  post $at '{"inputs":"a","unknown":1,"parameters":{"max_tokens":1,"temperature":0}}'
  post $at '{"inputs":"a","parameters":{"temperature":"hot"}}'
  post $at '{"inputs":"a","parameters":{"temperature":3}}'
  post $at '{"inputs":"a","parameters":{"max_tokens":0}}'
  post $at '{"inputs":"a","parameters":{"max_tokens":1.5}}'
  post $at '{"inputs":"a","parameters":{"top_p":0,"max_tokens":2}}'
  post $at '{"inputs":"a","parameters":{"logit_bias":{"x":1}}}'
  post $at '{"inputs":"a","parameters":{"logit_bias":{"99999":1}}}'
  post $at '{"inputs":"a","parameters":{"stop_token_ids":[99999]}}'
  post $at '{"inputs":"a","parameters":{"min_tokens":9,"max_tokens":2}}'
  post $at '{"inputs":"a","parameters":{"stop":["",""]}}'
  post $at '{"inputs":"a","parameters":{"n":200}}'
  post $at '{"inputs":["a","b","c"],"parameters":{"n":128}}'
  post $at '{"inputs":"a","parameters":{"max_tokens":5000,"temperature":0,"stop":["."]}}'
  post $at '{"inputs":"a","parameters":{"max_tokens":5000,"temperature":0,"stop":[" "]},"stream":true}'
  post $at "{\"inputs\":\"$(printf 'once upon a time %.0s' {1..400})\"}"
  post $at "{\"inputs\":\"$(printf 'once upon a time %.0s' {1..40000})\"}"
  post $at '{"instances":["a"]}'
  post $at '{"inputs":"a","parameters":{"timeout_ms":0}}'
}

openai() {
  local at=/v1/completions
  post $at '{"prompt":"Once upon a time","max_tokens":4,"temperature":0}'
  post $at '{"model":"m","prompt":["Once","The"],"max_tokens":2,"temperature":0,"n":2,"logprobs":1,"echo":true}'
  post $at '{"model":"m@1","prompt":[1,2,3],"max_tokens":2,"temperature":0,"return_token_ids":true}'
  post $at '{"prompt":[[1,2],[3]],"max_tokens":1,"temperature":0,"echo":true,"logprobs":0}'
  post $at '{"prompt":"Once upon","max_tokens":3,"temperature":0,"stream":true,"stream_options":{"include_usage":true}}'
  post $at '{"prompt":"Once upon","max_tokens":2,"temperature":0,"stream":true,"echo":true,"logprobs":2}'
  post $at '{"model":"nobody","prompt":"a"}'
  post $at '{"model":"m@7","prompt":"a"}'
  post $at '{"model":7,"prompt":"a"}'
  post $at '{"prompt":[99999]}'
  post $at '{"prompt":[-1]}'
  post $at '{"prompt":["a",1]}'
  post $at '{"prompt":"a","suffix":"b"}'
  post $at '{"prompt":"a","best_of":2}'
  post $at '{"prompt":"a","temperature":0,"response_format":{"type":"json_object"}}'
  post $at '{"prompt":"a","logprobs":21}'
  post $at '{"prompt":"a","max_tokens":600,"temperature":0,"stop":"."}'
  post $at '{"prompt":"a","logit_bias":{"5000":1}}'
  post $at '{"prompt":"a","min_tokens":500,"max_tokens":5}'
  post $at '{"prompt":"a","stream_options":7}'
  at=/v1/chat/completions
  post $at '{"messages":[{"role":"user","content":"Once upon a time"}],"max_tokens":4,"temperature":0}'
  post $at '{"messages":[{"role":"user","content":[{"type":"text","text":"Once"}]}],"max_tokens":2,"temperature":0,"logprobs":true,"top_logprobs":2}'
  post $at '{"messages":[{"role":"user","content":"Once upon"}],"max_completion_tokens":3,"temperature":0,"stream":true,"stream_options":{"include_usage":true}}'
  post $at '{"messages":[{"role":"user","content":"Once upon"}],"max_tokens":2,"temperature":0,"stream":true,"logprobs":true,"top_logprobs":1,"n":2,"return_token_ids":true}'
  post $at '{"messages":[]}'
  post $at '{}'
  post $at '{"messages":7}'
  post $at '{"messages":[7]}'
  post $at '{"messages":[{"role":"robot","content":"a"}]}'
  post $at '{"messages":[{"role":"user"}]}'
  post $at '{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}'
  post $at '{"messages":[{"role":"user","content":"a"}],"top_logprobs":2}'
  post $at '{"messages":[{"role":"user","content":"a"}],"tool_choice":"required"}'
  post $at "{\"messages\":[{\"role\":\"user\",\"content\":\"$(printf 'once upon a time %.0s' {1..400})\"}]}"
  at=/v1/embeddings
  post $at '{"input":"a"}'
  post $at '{}'
  post $at '{"input":"a","encoding_format":7}'
}

transcript() {
  serve --model "m=$starter"
  routes; tokens; guard; predict; openai
  ask "GET /metrics" | grep -v _bucket
  stop
  serve --model "m=$starter" --model "n=$starter" --api-key secret
  ask "GET /livez"; ask "GET /v1/models"; ask "GET /nope"; ask "GET /v1/models" "Authorization: Bearer wrong"
  ask "GET /v1/models" "Authorization: Bearer secret"; ask "GET /v1/models" "X-Api-Key: secret"
  post /v1/completions '{"prompt":"a"}' "X-Api-Key: secret"
  post /v1/completions '{"prompt":"a"}'
  ask "GET /metrics" "X-Api-Key: secret" | grep -v _bucket
  stop
  # The one connection that is open fills the server.
  serve --model "m=$starter" --max-connections 1
  exec 4<>"/dev/tcp/127.0.0.1/$port"
  printf 'GET /livez HTTP/1.1%sHost: localhost%s%s' "$nl" "$nl" "$nl" >&4
  read -r -u 4 _
  ask "GET /livez"
  exec 4>&-
  stop
}

transcript >"$work/transcript"
if [[ -n ${UPDATE:-} ]]; then
  cp "$work/transcript" "$expected"
  echo "api_bytes: $(grep -c '^> ' "$expected") exchanges written"
  exit
fi
shown="the API's transcript" got=0
cp "$work/transcript" "$work/out"
diff "$expected" "$work/transcript" >"$work/err"
check "is api_bytes.expected" cmp -s "$expected" "$work/transcript"
finish
