"""The cases of make_known_answers.py: those of make_models.py with small vocabularies, and what
those leave to the shared set: each family at least once, soft caps, classifiers."""

import decoder_cases
import encoder_cases
from decoder_cases import IDS, RMS, decoder
from encoder_cases import BERT, DISTILBERT, ROBERTA, encoder, labels

MORE = {
    "gemma2_caps": decoder(
        "Gemma2ForCausalLM", "float32",
        {"model_type": "gemma2", **RMS, "num_hidden_layers": 2, "rms_norm_eps": 1e-06,
         "hidden_activation": "gelu_pytorch_tanh", "hidden_act": "gelu_pytorch_tanh",
         "head_dim": 16, "query_pre_attn_scalar": 24, "sliding_window": 16,
         "attention_bias": False, "tie_word_embeddings": True, "attn_logit_softcapping": 5.0,
         "final_logit_softcapping": 6.0},
        {"no_score_cap": {"attn_logit_softcapping": None},
         "no_logit_cap": {"final_logit_softcapping": None},
         "no_window": {"sliding_window": 256}}, embedding=0.05),
    "modernbert_decoder": decoder(
        "ModernBertDecoderForCausalLM", "float32",
        {"model_type": "modernbert-decoder", "vocab_size": 323, "hidden_size": 48,
         "intermediate_size": 64, "num_hidden_layers": 4, "num_attention_heads": 4,
         "hidden_activation": "gelu", "max_position_embeddings": 256, "norm_eps": 1e-05,
         "norm_bias": False, "global_rope_theta": 160000.0, "local_rope_theta": 10000.0,
         "attention_bias": False, "mlp_bias": False, "decoder_bias": True,
         "classifier_bias": False, "classifier_activation": "gelu", "local_attention": 24,
         "global_attn_every_n_layers": 3, "pad_token_id": 0, **IDS},
        {"wider": {"local_attention": 26}, "other_theta": {"local_rope_theta": 1000.0}}),
    "bert_seqcls": encoder("BertForSequenceClassification", "float32", ["logits"],
                           {"model_type": "bert", **BERT, **labels(3)},
                           {"epsilon": {"layer_norm_eps": 1e-3}}),
    "bert_pooler": encoder("BertModel", "float32", ["last_hidden_state", "pooler_output"],
                           {"model_type": "bert", **BERT, "hidden_size": 32,
                            "num_hidden_layers": 2}, {"relu": {"hidden_act": "relu"}}),
    "roberta_seqcls": encoder("RobertaForSequenceClassification", "float32", ["logits"],
                              {"model_type": "roberta", **ROBERTA, **labels(4)},
                              {"pad_0": {"pad_token_id": 0}}),
    "xlm_roberta_tokcls": encoder("XLMRobertaForTokenClassification", "float32", ["logits"],
                                  {"model_type": "xlm-roberta", **ROBERTA, **labels(5)},
                                  {"pad_0": {"pad_token_id": 0}}),
    "distilbert_seqcls": encoder("DistilBertForSequenceClassification", "float32", ["logits"],
                                 {**DISTILBERT, **labels(3)}, {"relu": {"activation": "relu"}}),
    "modernbert_mlm": encoder("ModernBertForMaskedLM", "float32", ["logits"],
                              encoder_cases.MODERN, {"wider": {"local_attention": 14}}),
    "vit_seqcls": {
        "architecture": "ViTForImageClassification", "dtype": "float32", "kind": "vision",
        "outputs": ["logits"],
        "config": {"model_type": "vit", "hidden_size": 48, "num_hidden_layers": 2,
                   "num_attention_heads": 4, "intermediate_size": 96, "hidden_act": "gelu",
                   "layer_norm_eps": 1e-12, "image_size": 32, "patch_size": 8, "num_channels": 3,
                   "qkv_bias": True, **labels(6)},
        "changes": {"no_bias": {"qkv_bias": False}}},
}

VOCABULARY = 41
# What a model looks at in 36 tokens only if its own lengths are shorter.
SHORTER = {"phi3_longrope_short": {"changes": {"long_side": {
    "original_max_position_embeddings": 30}}}}


def small(name, case):
    """The same case with few ids, so that its answers are few; weights cost nothing."""
    config = dict(case["config"])
    if "vocab_size" in config:
        config["vocab_size"] = VOCABULARY
    if config.get("image_size", 0) > 0 and config["image_size"] // config["patch_size"] > 4:
        config["image_size"] = 4 * config["patch_size"]
    changes = {**case["changes"], **SHORTER.get(name, {}).get("changes", {})}
    return {**case, "config": config, "changes": changes, "dtype": "float32"}


CASES = {name: small(name, case) for name, case in
         {**decoder_cases.CASES, **encoder_cases.CASES, **MORE}.items()}
