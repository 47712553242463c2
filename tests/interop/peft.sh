#!/usr/bin/env bash
# PEFT reads adapters that we wrote: each known answer's adapter is read and written again, then loaded by
# PEFT over its base, whose logits must be the known ones. Opt-in, because it installs packages:
#
#   tests/interop/peft.sh BIN [WORK]
#
# BIN is the folder with pano-rewrite-adapter; WORK keeps the packages between runs. A torch that is
# installed (Debian's python3-torch; PYTHON chooses the interpreter) is used with versions of PEFT and transformers that it can run, else
# PyPI's is fetched. Exit code 0: passed, or skipped with the reason on a line of its own; 1: they do not agree.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$(realpath "${1:?usage: peft.sh BIN [WORK]}")
work=${2:-$(mktemp -d)}
python=${PYTHON:-python3}
mkdir -p "$work"
training=${PANO_SHARED:-$here/../../../shared}/data/golden/training

skip() { echo "SKIPPED: $*"; exit 0; }

[ -x "$bin/pano-rewrite-adapter" ] || skip "no pano-rewrite-adapter in $bin"
[ -d "$training/lora" ] || skip "no known answers in $training"
command -v "$python" >/dev/null || skip "no $python"
# Old enough for Debian's torch 1.13, which pip does not see as a package: nothing may ask for torch.
old=('transformers<4.41' 'peft<0.11' 'accelerate<0.31')
old_needs=('tokenizers<0.20' 'huggingface_hub<0.24' 'safetensors' 'numpy<2' regex requests tqdm pyyaml packaging psutil filelock)
install() {
  if "$python" -c 'import torch, sys; sys.exit(int(torch.__version__.split(".")[0]) >= 2)' 2>/dev/null; then
    "$work/venv/bin/pip" install -q "${old_needs[@]}" && "$work/venv/bin/pip" install -q --no-deps "${old[@]}"
  else
    "$work/venv/bin/pip" install -q torch transformers peft
  fi
}
{ [ -x "$work/venv/bin/python" ] || "$python" -m venv --system-site-packages "$work/venv"; } >"$work/venv.log" 2>&1 &&
  install >>"$work/venv.log" 2>&1 &&
  "$work/venv/bin/python" -c 'import torch, transformers, peft' >>"$work/venv.log" 2>&1 ||
  skip "torch, transformers and peft could not be installed (see $work/venv.log)"
"$work/venv/bin/python" -c 'import torch, transformers, peft
print("torch", torch.__version__, "transformers", transformers.__version__, "peft", peft.__version__)'

failed=0
cases=()
for adapter in "$training"/lora/*/; do
  name=$(basename "$adapter")
  base=$(sed -n 's/^ "base": "\(.*\)",$/\1/p' "$adapter/expected.json")
  rm -rf "${work:?}/$name"
  "$bin/pano-rewrite-adapter" "$training/$base" "$adapter" "$work/$name" || { failed=1; continue; }
  cases+=("$training/$base" "$work/$name" "$adapter/expected.safetensors")
done
[ ${#cases[@]} -gt 0 ] && HF_HUB_OFFLINE=1 "$work/venv/bin/python" "$here/check_peft.py" "${cases[@]}" || failed=1
exit $failed
