"""The encoders, image towers and T5 of make_models.py; decoder_cases.py says what a case is."""

from decoder_cases import SHAPE

BERT = {**SHAPE, "intermediate_size": 96, "hidden_act": "gelu", "max_position_embeddings": 64,
        "type_vocab_size": 2, "layer_norm_eps": 1e-12, "pad_token_id": 0}
ROBERTA = {**BERT, "max_position_embeddings": 66, "type_vocab_size": 1, "layer_norm_eps": 1e-05,
           "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
DISTILBERT = {"model_type": "distilbert", "vocab_size": 323, "dim": 48, "hidden_dim": 96,
              "n_layers": 3, "n_heads": 4, "activation": "gelu", "max_position_embeddings": 64,
              "pad_token_id": 0, "sinusoidal_pos_embds": False}


def labels(count):
    return {"id2label": {str(i): f"L{i}" for i in range(count)},
            "label2id": {f"L{i}": i for i in range(count)}}


def encoder(architecture, dtype, outputs, config, changes=None, **more):
    return {"architecture": architecture, "dtype": dtype, "kind": "encoder", "outputs": outputs,
            "config": config, "changes": changes or {}, **more}


def sentence(architecture, dtype, pooling, normalize, config, changes, **more):
    """A sentence-transformers folder: transformer, pooling and, if asked for, normalisation."""
    names = ["Transformer", "Pooling"] + ["Normalize"] * normalize
    paths = ["", "1_Pooling", "2_Normalize"]
    modules = [{"idx": i, "name": str(i), "path": paths[i],
                "type": f"sentence_transformers.models.{name}"} for i, name in enumerate(names)]
    modes = ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens")
    pool = {"word_embedding_dimension": config["hidden_size"],
            **{f"pooling_mode_{mode}": mode.startswith(pooling) and mode != "mean_sqrt_len_tokens"
               for mode in modes}}
    files = {"modules.json": modules, "1_Pooling/config.json": pool,
             "sentence_bert_config.json": {"max_seq_length": 64, "do_lower_case": False}}
    return encoder(architecture, dtype, ["last_hidden_state", "sentence_embedding"], config,
                   changes, pooling=pooling, normalize=normalize, files=files, padded_to=11, **more)


ENCODERS = {
    "sentence_cls": sentence("BertModel", "float32", "cls", True, {"model_type": "bert", **BERT},
                             {"mean": {"pooling": "mean"}, "raw": {"normalize": False}}),
    "roberta_embed": sentence("RobertaModel", "float16", "mean", False,
                              {"model_type": "roberta", **ROBERTA},
                              {"cls": {"pooling": "cls"}, "normalised": {"normalize": True}}),
    "nomic_embed": sentence("NomicBertModel", "float32", "mean", True,
                            {"model_type": "nomic_bert", **BERT, "hidden_act": "silu",
                             "max_position_embeddings": 128,
                             "rope_parameters": {"rope_type": "default", "rope_theta": 500.0}},
                            {"other_theta": {"rope_parameters": {"rope_type": "default",
                                                                 "rope_theta": 10000.0}}}),
    "bert_mlm": encoder("BertForMaskedLM", "float16", ["logits"], {"model_type": "bert", **BERT},
                        {"relu": {"hidden_act": "relu"}}),
    "roberta_mlm": encoder("RobertaForMaskedLM", "float32", ["logits"],
                           {"model_type": "roberta", **ROBERTA},
                           {"pad_0": {"pad_token_id": 0}}),
    "roberta_tokcls": encoder("RobertaForTokenClassification", "bfloat16", ["logits"],
                              {"model_type": "roberta", **ROBERTA, **labels(7)},
                              {"pad_0": {"pad_token_id": 0}}),
    "distilbert_tokcls": encoder("DistilBertForTokenClassification", "bfloat16", ["logits"],
                                 {**DISTILBERT, **labels(5)}, {"relu": {"activation": "relu"}}),
    "distilbert_mlm": encoder("DistilBertForMaskedLM", "float16", ["logits"], DISTILBERT,
                              {"relu": {"activation": "relu"}}),
}

MODERN = {"model_type": "modernbert", "hidden_size": 48, "intermediate_size": 64,
          "num_hidden_layers": 4, "num_attention_heads": 4, "hidden_activation": "gelu",
          "max_position_embeddings": 128, "norm_eps": 1e-05, "norm_bias": False,
          "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "cls_token_id": 1,
          "sep_token_id": 2, "global_rope_theta": 160000.0, "local_rope_theta": 10000.0,
          "global_attn_every_n_layers": 3, "local_attention": 12, "attention_bias": False,
          "mlp_bias": False, "decoder_bias": True, "classifier_pooling": "mean",
          "classifier_bias": False, "classifier_activation": "gelu", "vocab_size": 163}
MODERNBERT = {
    "modernbert_seqcls": encoder("ModernBertForSequenceClassification", "float32", ["logits"],
                                 {**MODERN, **labels(3)},
                                 {"cls": {"classifier_pooling": "cls"},
                                  "wider": {"local_attention": 14}}),
    "modernbert_seqcls_cls": encoder("ModernBertForSequenceClassification", "bfloat16", ["logits"],
                                     {**MODERN, **labels(4), "classifier_pooling": "cls"},
                                     {"mean": {"classifier_pooling": "mean"}}),
    "modernbert_tokcls": encoder("ModernBertForTokenClassification", "float16", ["logits"],
                                 {**MODERN, **labels(6), "classifier_bias": True,
                                  "norm_bias": True, "attention_bias": True, "mlp_bias": True},
                                 {"no_bias": {"classifier_bias": False},
                                  "no_norm_bias": {"norm_bias": False},
                                  "no_attention_bias": {"attention_bias": False},
                                  "no_mlp_bias": {"mlp_bias": False}}),
}

CLIP_TEXT = {"model_type": "clip_text_model", "bos_token_id": 1, "pad_token_id": 1,
             "projection_dim": 40, "hidden_act": "quick_gelu", "layer_norm_eps": 1e-05,
             "attention_dropout": 0.0, "vocab_size": 259, "hidden_size": 48,
             "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4,
             "max_position_embeddings": 16, "eos_token_id": 2}
T5_GATED = {"model_type": "t5", "vocab_size": 259, "d_model": 48, "d_kv": 12, "d_ff": 96,
            "num_layers": 2, "num_decoder_layers": 3, "num_heads": 4,
            "relative_attention_num_buckets": 8, "relative_attention_max_distance": 20,
            "dropout_rate": 0.0, "layer_norm_epsilon": 1e-06, "feed_forward_proj": "gated-gelu",
            "is_encoder_decoder": True, "tie_word_embeddings": False, "pad_token_id": 0,
            "eos_token_id": 1, "decoder_start_token_id": 0}
TOWERS = {
    # id 2 as end means the old rule: the place of the largest id, whatever it is
    "clip_eos2": {
        "architecture": "CLIPModel", "dtype": "float16", "kind": "clip",
        "outputs": ["image_embeds", "text_embeds", "logits_per_image"],
        "config": {"model_type": "clip", "projection_dim": 40, "logit_scale_init_value": 2.6592,
                   "text_config": CLIP_TEXT,
                   "vision_config": {"model_type": "clip_vision_model", "num_channels": 3,
                                     "projection_dim": 40, "hidden_act": "quick_gelu",
                                     "layer_norm_eps": 1e-05, "attention_dropout": 0.0,
                                     "hidden_size": 48, "intermediate_size": 96,
                                     "num_hidden_layers": 2, "num_attention_heads": 4,
                                     "image_size": 32, "patch_size": 8}},
        "changes": {"gelu": {"text_config": {**CLIP_TEXT, "hidden_act": "gelu"}},
                    "ends_at_3": {"text_config": {**CLIP_TEXT, "eos_token_id": 3}}}},
    "vit_base": {
        "architecture": "ViTModel", "dtype": "bfloat16", "kind": "vision",
        "outputs": ["last_hidden_state", "pooler_output"],
        "config": {"model_type": "vit", "hidden_size": 48, "num_hidden_layers": 3,
                   "num_attention_heads": 4, "intermediate_size": 96, "hidden_act": "gelu",
                   "layer_norm_eps": 1e-12, "image_size": 32, "patch_size": 4, "num_channels": 3,
                   "qkv_bias": True},
        "changes": {"no_bias": {"qkv_bias": False}}},
    "t5_gated": {
        "architecture": "T5ForConditionalGeneration", "dtype": "float32", "kind": "seq2seq",
        "outputs": ["logits"], "config": T5_GATED, "untied_head": True,
        "factors": {"Attention.q.": 0.3, "lm_head": 0.7},
        "changes": {"silu": {"feed_forward_proj": "gated-silu"},
                    "scaled_output": {"tie_word_embeddings": True}}},
}

CASES = {**ENCODERS, **MODERNBERT, **TOWERS}
