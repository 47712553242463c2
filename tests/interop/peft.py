"""peft.py BASE ADAPTER EXPECTED: PEFT reads ADAPTER over BASE; its logits are those of EXPECTED."""
import json
import sys
import warnings

import torch
import transformers
from peft import PeftModel
from safetensors.torch import load_file

base, adapter, expected = sys.argv[1:]
kinds = {"SEQ_CLS": transformers.AutoModelForSequenceClassification,
         "TOKEN_CLS": transformers.AutoModelForTokenClassification}
with open(adapter + "/adapter_config.json") as file:
    kind = kinds.get(json.load(file)["task_type"], transformers.AutoModelForCausalLM)
model = kind.from_pretrained(base, torch_dtype=torch.float32, attn_implementation="eager")
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    model = PeftModel.from_pretrained(model, adapter).eval()
for warning in said:
    text = str(warning.message)
    if "adapter" in text.lower() and ("missing" in text or "unexpected" in text):
        sys.exit(f"PEFT says: {text}")
want = load_file(expected)
inputs = {key: want[key] for key in ("input_ids", "attention_mask", "token_type_ids") if key in want}
with torch.no_grad():
    got = model(**inputs).logits
if got.dim() == 3 and "attention_mask" in inputs:
    got = got * inputs["attention_mask"].unsqueeze(-1)
worst = ((got - want["logits"]).abs().max() / want["logits"].abs().max()).item()
off = ((want["logits_base"] - want["logits"]).abs().max() / want["logits"].abs().max()).item()
print(f"{adapter}: logits within {worst:.1e} (the base alone: {off:.1e})")
sys.exit(0 if worst < 2e-5 else 1)
