#!/usr/bin/env bash
# Shares a cache with huggingface_hub from PyPI, both ways: it finds what `pano pull` brought, and pano
# finds what it brought. Opt-in, because it downloads the package:
#
#   tests/interop/hub_cache.sh PANO [WORK]
#
# PANO is the binary, beside which pano-fake-hub stands; WORK keeps the download between runs. Exit code 0:
# passed, or skipped with the reason on a line of its own; 1: the two do not agree.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
pano=$(realpath "${1:?usage: hub_cache.sh PANO [WORK]}")
work=${2:-$(mktemp -d)}
mkdir -p "$work"
hub=$(dirname "$pano")/pano-fake-hub

skip() { echo "SKIPPED: $*"; exit 0; }

[ -x "$hub" ] || skip "no pano-fake-hub beside $pano"
command -v python3 >/dev/null || skip "no python3"
{ [ -x "$work/venv/bin/python" ] || python3 -m venv "$work/venv"; } >"$work/venv.log" 2>&1 &&
  "$work/venv/bin/pip" install -q huggingface_hub >>"$work/venv.log" 2>&1 ||
  skip "pip could not install huggingface_hub (see $work/venv.log)"

rm -rf "$work/repos" "$work/ours" "$work/theirs"
mkdir -p "$work"/repos/org/{starter,starter-GGUF}
cp "$here"/../../models/starter/* "$work/repos/org/starter/"
"$pano" convert --model "$here/../../models/starter" --to gguf --type q8_0 \
  --out "$work/repos/org/starter-GGUF/starter-Q8_0.gguf" >/dev/null
: >"$work/url"
"$hub" "$work/repos" >"$work/url" &
hub_pid=$!
trap 'kill $hub_pid 2>/dev/null || true' EXIT
for _ in $(seq 100); do [ -s "$work/url" ] && break; sleep 0.1; done
export HF_ENDPOINT HF_HUB_DISABLE_TELEMETRY=1 HF_HUB_DISABLE_XET=1 HF_HUB_DISABLE_PROGRESS_BARS=1
HF_ENDPOINT=$(cat "$work/url")
unset HF_TOKEN HF_HOME HF_HUB_OFFLINE 2>/dev/null || true

echo "1. huggingface_hub finds what pano pulled"
export HF_HUB_CACHE=$work/ours
"$pano" pull hf:org/starter >/dev/null
"$pano" pull hf:org/starter-GGUF:Q8_0 >/dev/null
HF_HUB_OFFLINE=1 "$work/venv/bin/python" "$here/hub_cache.py" find
"$work/venv/bin/python" "$here/hub_cache.py" fetch    # the rest of the repository, beside ours
"$pano" models verify

echo "2. pano finds what huggingface_hub fetched"
export HF_HUB_CACHE=$work/theirs
"$work/venv/bin/python" "$here/hub_cache.py" fetch
kill $hub_pid
HF_HUB_OFFLINE=1 "$pano" pull hf:org/starter >/dev/null
HF_HUB_OFFLINE=1 "$pano" inspect hf:org/starter-GGUF:Q8_0 >/dev/null
HF_HUB_OFFLINE=1 "$pano" run --model hf:org/starter --prompt Once --max-tokens 4 --temperature 0 >/dev/null
"$pano" models list
"$pano" models verify
"$pano" models rm hf:org/starter-GGUF
HF_HUB_OFFLINE=1 "$work/venv/bin/python" "$here/hub_cache.py" scan org/starter
echo passed
