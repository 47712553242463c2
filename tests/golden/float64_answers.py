"""Original implementations in float64: models, their outputs and their greedy continuations."""

import contextlib

import torch
import transformers

GREEDY_PROMPT, GREEDY_STEPS = 16, 32
MIN_GAP = 1e-3


@contextlib.contextmanager
def float64_everywhere():
    """Makes the float32 casts inside the modelling code mean float64."""
    saved = torch.float32, torch.float, torch.Tensor.float
    torch.float32 = torch.float = torch.float64
    torch.Tensor.float = torch.Tensor.double
    try:
        yield
    finally:
        torch.float32, torch.float, torch.Tensor.float = saved


def model_config(config):
    return transformers.CONFIG_MAPPING[config["model_type"]].from_dict(config)


def attention(config):
    """Eager, but for Falcon's ALiBi: there the eager form adds the slopes twice (once into the mask,
    once to the scores), the other one once, as the model was trained."""
    return "sdpa" if config.get("alibi") else "eager"


def build(config, dtype):
    cls = getattr(transformers, config["architectures"][0])
    return cls._from_config(model_config(config), dtype=dtype, attn_implementation=attention(config),
                            experts_implementation="eager").eval()


def load_float32(folder, config):
    cls = getattr(transformers, config["architectures"][0])
    model = cls.from_pretrained(folder, dtype=torch.float32, attn_implementation=attention(config),
                                experts_implementation="eager")
    return model.eval()


def to_float64(model32, config, fill=None):
    """The same weights in a float64 model; what they lack or misfit stays as `fill` drew it."""
    state = {k: v.double() for k, v in model32.state_dict().items()}
    with float64_everywhere():
        model = build(config, torch.float64)
        if fill is not None:
            fill(model)
            shapes = {k: v.shape for k, v in model.state_dict().items()}
            state = {k: v for k, v in state.items() if shapes.get(k) == v.shape}
        # assign: parameters that the class ties stay apart where the file has them apart
        model.load_state_dict(state, strict=fill is None, assign=True)
    return model


def reset_rope(model):
    """Each forward takes the rotary factors of its own length, not of the longest seen before."""
    for module in model.modules():
        if hasattr(module, "max_seq_len_cached") and hasattr(module, "original_inv_freq"):
            module.max_seq_len_cached = module.original_max_seq_len
            module.inv_freq = module.original_inv_freq.clone()


def forward(model, inputs, cache=None, reset=True):
    wide = next(model.parameters()).dtype == torch.float64
    if reset:
        reset_rope(model)
    inputs = {k: v.to(next(model.parameters()).dtype) if v.is_floating_point() else v
              for k, v in inputs.items()}
    with torch.no_grad(), float64_everywhere() if wide else contextlib.nullcontext():
        if cache is not None:
            return model(**inputs, past_key_values=cache, use_cache=True)
        return model(**inputs, **({"use_cache": False} if hasattr(model, "generate") else {}))


def answers(case, model, inputs):
    """The outputs that expected.safetensors stores, by name, in the model's own type."""
    output = forward(model, inputs)
    names = case["outputs"]
    result = {name: getattr(output, name) for name in names if name != "sentence_embedding"}
    mask = inputs.get("attention_mask")
    if "sentence_embedding" in names:
        hidden, weights = result["last_hidden_state"], mask[..., None]
        pooled = hidden[:, 0]
        if case["pooling"] == "mean":
            pooled = (hidden * weights).sum(1) / weights.sum(1)
        if case["normalize"]:
            pooled = pooled / pooled.norm(dim=-1, keepdim=True)
        result["sentence_embedding"] = pooled
    if case["kind"] == "encoder" and mask is not None:
        for name, value in result.items():
            if value.ndim == 3:
                result[name] = value * mask[..., None]
    return result


def greedy(model, row):
    """The continuation of one row's prompt and its smallest gap; None once a step is too close."""
    sequence, gap_min = row[:, :GREEDY_PROMPT], float("inf")
    for _ in range(GREEDY_STEPS):
        logits = forward(model, {"input_ids": sequence}).logits[0, -1]
        top = logits.topk(2)
        gap = float((top.values[0] - top.values[1]) / logits.abs().max())
        if gap <= MIN_GAP:
            return None
        gap_min = min(gap_min, gap)
        sequence = torch.cat([sequence, top.indices[:1][None]], dim=1)
    return sequence[:, GREEDY_PROMPT:], gap_min


def cached_greedy(model, rows):
    """The same continuation with keys and values kept from step to step."""
    cache, ids, produced = transformers.DynamicCache(config=model.config), rows, []
    for step in range(GREEDY_STEPS):
        logits = forward(model, {"input_ids": ids}, cache, reset=step == 0).logits[:, -1]
        ids = logits.argmax(-1, keepdim=True)
        produced.append(ids)
    return torch.cat(produced, dim=1)


def relative(a, b):
    return float((a.double() - b.double()).abs().max() / b.double().abs().max())
