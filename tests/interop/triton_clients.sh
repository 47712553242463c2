#!/usr/bin/env bash
# Drives a server with the clients of KServe's v2 protocol that people have, unmodified: Triton's and KServe's in Python, over HTTP
# and gRPC. Opt-in, because it downloads them:
#
#   tests/interop/triton_clients.sh PANO MODEL ENCODER [WORK]
#
# PANO is the binary, MODEL a model path, ENCODER the path of one that takes token ids, WORK keeps the downloads between runs. Exit
# code 0: passed, or skipped with the reason on a line of its own; 1: a client failed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
usage="usage: triton_clients.sh PANO MODEL ENCODER [WORK]"
pano=${1:?$usage}
model=${2:?$usage}
encoder=${3:?$usage}
work=${4:-$(mktemp -d)}
mkdir -p "$work"

skip() { echo "SKIPPED: $*"; }

# Models that come and go lie in a folder.
models=$work/models
rm -rf "$models" && mkdir -p "$models" && cp -r "$encoder" "$models/encoder"

"$pano" serve --model "m=$model" --models-dir "$models" --models-quiet 0.2 --port 0 --grpc-port 0 --api-key interop-key --kv-bytes 67108864 \
  2>"$work/serve.log" &
server=$!
trap 'kill $server 2>/dev/null || true; wait $server 2>/dev/null || true' EXIT
for _ in $(seq 300); do
  url=$(sed -n 's/.*listening on http:\/\/\([^ ]*\).*/\1/p' "$work/serve.log")
  rpc=$(sed -n 's/.*gRPC on \([^ ]*\).*/\1/p' "$work/serve.log")
  [ -n "$url" ] && [ -n "$rpc" ] && break
  kill -0 $server 2>/dev/null || { cat "$work/serve.log"; exit 1; }
  sleep 0.1
done
[ -n "$url" ] || { echo "the server did not start"; exit 1; }
export PANO_URL=$url PANO_RPC=$rpc PANO_KEY=interop-key

failed=0
if ! command -v python3 >/dev/null; then
  skip "no python3"
elif { [ -x "$work/venv/bin/python" ] || python3 -m venv "$work/venv"; } >"$work/venv.log" 2>&1 &&
  "$work/venv/bin/pip" install -q 'tritonclient[http,grpc]==2.73.0' >>"$work/venv.log" 2>&1; then
  "$work/venv/bin/python" "$here/triton_client.py" || failed=1
else
  skip "Triton's client: pip could not install it (see $work/venv.log)"
fi

if [ -x "$work/venv/bin/python" ] && "$work/venv/bin/pip" install -q 'kserve==0.21.0' >>"$work/venv.log" 2>&1; then
  "$work/venv/bin/python" "$here/kserve_client.py" || failed=1
else
  skip "KServe's client: pip could not install it (see $work/venv.log)"
fi
exit $failed
