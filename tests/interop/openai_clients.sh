#!/usr/bin/env bash
# Drives a server with the clients that people have, unmodified: OpenAI's own and LiteLLM in Python from
# PyPI, OpenAI's in JavaScript from npm. Opt-in, because it downloads them:
#
#   tests/interop/openai_clients.sh PANO MODEL [WORK]
#
# PANO is the binary, MODEL a model path, WORK keeps the downloads between runs. Exit code 0: passed,
# or skipped with the reason on a line of its own; 1: a client failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
pano=${1:?usage: openai_clients.sh PANO MODEL [WORK]}
model=${2:?usage: openai_clients.sh PANO MODEL [WORK]}
work=${3:-$(mktemp -d)}
mkdir -p "$work"

skip() { echo "SKIPPED: $*"; }

"$pano" serve --model "m=$model" --port 0 --api-key interop-key --max-queue 4 --max-sequences 4 \
  2>"$work/serve.log" &
server=$!
trap 'kill $server 2>/dev/null || true; wait $server 2>/dev/null || true' EXIT
for _ in $(seq 300); do
  url=$(sed -n 's/.*listening on \(http[^ ]*\).*/\1/p' "$work/serve.log")
  [ -n "$url" ] && break
  kill -0 $server 2>/dev/null || { cat "$work/serve.log"; exit 1; }
  sleep 0.1
done
[ -n "$url" ] || { echo "the server did not start"; exit 1; }
export OPENAI_BASE_URL="$url/v1" OPENAI_API_KEY=interop-key

failed=0
if ! command -v python3 >/dev/null; then
  skip "Python client: no python3"
elif { [ -x "$work/venv/bin/python" ] || python3 -m venv "$work/venv"; } >"$work/venv.log" 2>&1 &&
  "$work/venv/bin/pip" install -q openai >>"$work/venv.log" 2>&1; then
  "$work/venv/bin/python" "$here/openai_client.py" || failed=1
else
  skip "Python client: pip could not install openai (see $work/venv.log)"
fi

if [ -x "$work/venv/bin/python" ] && "$work/venv/bin/pip" install -q litellm >>"$work/venv.log" 2>&1; then
  "$work/venv/bin/python" "$here/litellm_client.py" || failed=1
else
  skip "LiteLLM: pip could not install it (see $work/venv.log)"
fi

if ! command -v npm >/dev/null; then
  skip "JavaScript client: no npm"
elif mkdir -p "$work/js" && cp "$here/openai_client.mjs" "$work/js/" &&
  (cd "$work/js" && npm install --no-audit --no-fund --silent openai) >"$work/npm.log" 2>&1; then
  node "$work/js/openai_client.mjs" || failed=1
else
  skip "JavaScript client: npm could not install openai (see $work/npm.log)"
fi
exit $failed
