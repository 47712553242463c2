"""check_peft.py [BASE ADAPTER EXPECTED]...: PEFT reads ADAPTER over BASE; its logits are those of EXPECTED."""
import json
import os
import sys
import warnings

import torch
import transformers
from peft import PeftModel
from safetensors.torch import load_file

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
kinds = {"SEQ_CLS": transformers.AutoModelForSequenceClassification,
         "TOKEN_CLS": transformers.AutoModelForTokenClassification}


def check(base, adapter, expected):
    """What is wrong, or None."""
    with open(adapter + "/adapter_config.json") as file:
        kind = kinds.get(json.load(file)["task_type"], transformers.AutoModelForCausalLM)
    model = kind.from_pretrained(base, torch_dtype=torch.float32, attn_implementation="eager")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        model = PeftModel.from_pretrained(model, adapter).eval()
    for warning in said:
        text = str(warning.message)
        if "adapter" in text.lower() and ("missing" in text or "unexpected" in text):
            return f"PEFT says: {text}"
    want = load_file(expected)
    inputs = {key: want[key] for key in ("input_ids", "attention_mask", "token_type_ids") if key in want}
    with torch.no_grad():
        got = model(**inputs).logits
    if got.dim() == 3 and "attention_mask" in inputs:
        got = got * inputs["attention_mask"].unsqueeze(-1)
    worst = ((got - want["logits"]).abs().max() / want["logits"].abs().max()).item()
    off = ((want["logits_base"] - want["logits"]).abs().max() / want["logits"].abs().max()).item()
    print(f"{os.path.basename(adapter):26} logits within {worst:.1e} (the base alone: {off:.1e})", flush=True)
    return None if worst < 2e-5 else "the logits differ"


failed = 0
paths = sys.argv[1:]
for case in zip(paths[0::3], paths[1::3], paths[2::3]):
    try:
        wrong = check(*case)
    except Exception as error:  # one case that PEFT does not read leaves the others to be tried
        wrong = f"{type(error).__name__}: {error}"
    if wrong:
        print(f"FAILED: {case[1]}: {wrong}", flush=True)
        failed = 1
sys.exit(failed)
