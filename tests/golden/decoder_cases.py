"""The decoders of make_models.py, one table per family.

A case: `architecture`, `dtype` of the file, `kind` (decoder, encoder, vision, clip, seq2seq),
`outputs` that are stored, `config` as hub models write it, and `changes`: label -> lines of the
config (or `pooling`, `normalize`) that must move the answers when they are set otherwise.
An option that decides the shape of a tensor needs no change: ignoring it cannot load the file.
`gain`, `embedding`, `factors`: scale of the random matrices, embeddings, and parts by name.
"""

IDS = {"bos_token_id": 1, "eos_token_id": 2}
SHAPE = {"vocab_size": 323, "hidden_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4}
GATED = {**SHAPE, "intermediate_size": 88, "num_key_value_heads": 2, "hidden_act": "silu",
         "max_position_embeddings": 256, "rope_theta": 10000.0, "rope_scaling": None,
         "tie_word_embeddings": False, **IDS}
RMS = {**GATED, "rms_norm_eps": 1e-05}
MOE = {**RMS, "vocab_size": 259}


def decoder(architecture, dtype, config, changes=None, **scales):
    return {"architecture": architecture, "dtype": dtype, "kind": "decoder",
            "outputs": ["logits"], "config": config, "changes": changes or {}, **scales}


def falcon(dtype, changes, **options):
    config = {"model_type": "falcon", **SHAPE, "layer_norm_epsilon": 1e-05, "alibi": False,
              "apply_residual_connection_post_layernorm": False, "bias": False,
              "multi_query": True, "new_decoder_architecture": False, "parallel_attn": True,
              "hidden_dropout": 0.0, "attention_dropout": 0.0, **IDS, **options}
    return decoder("FalconForCausalLM", dtype, config, changes, embedding=0.2)


FALCON = {
    "falcon_7b": falcon("bfloat16", {"sequential": {"parallel_attn": False},
                                     "alibi": {"alibi": True}}),
    "falcon_40b": falcon("float32", {"one_norm": {"num_ln_in_parallel_attn": 1}},
                         new_decoder_architecture=True, num_kv_heads=2),
    "falcon_11b": falcon("bfloat16", {"two_norms": {"num_ln_in_parallel_attn": 2}},
                         new_decoder_architecture=True, num_kv_heads=2, ffn_hidden_size=88,
                         num_ln_in_parallel_attn=1, rope_theta=500042.0,
                         tie_word_embeddings=False, max_position_embeddings=256),
    # 6 heads: the slopes of a head count that is no power of two
    "falcon_rw": falcon("float32", {"rotary": {"alibi": False}, "parallel": {"parallel_attn": True},
                                    "no_bias": {"bias": False}},
                        alibi=True, bias=True, multi_query=False, parallel_attn=False,
                        num_attention_heads=6),
}


def starcoder2(dtype, changes, **options):
    config = {"model_type": "starcoder2", **SHAPE, "intermediate_size": 96,
              "num_key_value_heads": 2, "hidden_act": "gelu_pytorch_tanh", "norm_epsilon": 1e-05,
              "norm_type": "layer_norm", "mlp_type": "default", "max_position_embeddings": 256,
              "rope_theta": 999999.4420358813, "use_bias": True, "sliding_window": None, **IDS,
              **options}
    return decoder("Starcoder2ForCausalLM", dtype, config, changes, embedding=0.2)


STARCODER2 = {
    "starcoder2": starcoder2("bfloat16", {"no_bias": {"use_bias": False},
                                          "other_theta": {"rope_theta": 10000.0}}),
    "starcoder2_swa": starcoder2("float32", {"no_window": {"sliding_window": None},
                                             "window_less_one": {"sliding_window": 15}},
                                 sliding_window=16),
}


def cohere(dtype, changes, **options):
    config = {"model_type": "cohere", **SHAPE, "intermediate_size": 88, "num_key_value_heads": 2,
              "hidden_act": "silu", "layer_norm_eps": 1e-05, "logit_scale": 0.0625,
              "max_position_embeddings": 256, "rope_theta": 8000000.0, "attention_bias": False,
              "pad_token_id": 0, **IDS, **options}
    return decoder("CohereForCausalLM", dtype, config, changes, embedding=0.2)


COHERE = {
    "cohere": cohere("float16", {"no_scale": {"logit_scale": 1.0},
                                 "other_theta": {"rope_theta": 10000.0}}),
    "cohere_qknorm": cohere("bfloat16", {"no_qk_norm": {"use_qk_norm": False}},
                            use_qk_norm=True, logit_scale=0.125),
}


def llama(dtype, scaling, changes=None, **options):
    config = {"model_type": "llama", **RMS, "attention_bias": False, "mlp_bias": False,
              "rope_scaling": scaling, **options}
    return decoder("LlamaForCausalLM", dtype, config,
                   {"no_scaling": {"rope_scaling": None}, **(changes or {})})


YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32,
        "beta_fast": 8.0, "beta_slow": 0.5}
LLAMA3 = {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0,
          "high_freq_factor": 4.0, "original_max_position_embeddings": 32}
LLAMA = {
    "llama_linear": llama("float16", {"type": "linear", "factor": 4.0}),
    # both the forward of 48 ids and the later greedy steps are past max_position_embeddings
    "llama_dynamic": llama("float32", {"type": "dynamic", "factor": 2.0},
                           {"as_linear": {"rope_scaling": {"type": "linear", "factor": 2.0}},
                            "other_factor": {"rope_scaling": {"type": "dynamic", "factor": 3.0}}},
                           max_position_embeddings=24),
    "llama_yarn": llama("bfloat16", YARN,
                        {"default_betas": {"rope_scaling": {**YARN, "beta_fast": 32.0,
                                                            "beta_slow": 1.0}},
                         "attention_factor_1": {"rope_scaling": {**YARN,
                                                                 "attention_factor": 1.0}}},
                        hidden_size=64, max_position_embeddings=128),
    # `dtype` and `rope_parameters`: the way transformers 5 writes the file
    "llama_v5_config": decoder(
        "LlamaForCausalLM", "bfloat16",
        {k: v for k, v in {"model_type": "llama", **RMS, "attention_bias": False, "head_dim": 16,
                           "mlp_bias": False, "pad_token_id": None,
                           "rope_parameters": LLAMA3}.items()
         if k not in ("rope_theta", "rope_scaling")},
        {"no_scaling": {"rope_parameters": {"rope_type": "default", "rope_theta": 500000.0}},
         "other_theta": {"rope_parameters": {**LLAMA3, "rope_theta": 10000.0}}},
        dtype_key="dtype"),
}

LONG_FACTORS = {"short_factor": [1.0, 1.3, 1.7, 2.0, 2.5, 3.0],
                "long_factor": [1.0, 2.0, 4.0, 6.0, 9.0, 12.0]}
SLIDING = {
    "mistral_headdim": decoder(
        "MistralForCausalLM", "bfloat16",
        {"model_type": "mistral", **RMS, "head_dim": 20, "sliding_window": None}),
    "mixtral_swa": decoder(
        "MixtralForCausalLM", "float32",
        {"model_type": "mixtral", **MOE, "intermediate_size": 64, "num_local_experts": 4,
         "num_experts_per_tok": 2, "sliding_window": 16, "router_aux_loss_coef": 0.02},
        {"no_window": {"sliding_window": None}, "one_expert": {"num_experts_per_tok": 1}}),
    "qwen2_swa": decoder(
        "Qwen2ForCausalLM", "float16",
        {"model_type": "qwen2", **RMS, "rms_norm_eps": 1e-06, "use_sliding_window": True,
         "sliding_window": 16, "max_window_layers": 1},
        {"no_window": {"use_sliding_window": False}, "every_layer": {"max_window_layers": 0},
         "last_layer": {"max_window_layers": 2}}),
    "qwen3_swa": decoder(
        "Qwen3ForCausalLM", "bfloat16",
        {"model_type": "qwen3", **RMS, "head_dim": 16, "attention_bias": False,
         "use_sliding_window": True, "sliding_window": 16, "max_window_layers": 2},
        {"no_window": {"use_sliding_window": False}, "every_layer": {"max_window_layers": 0}}),
    # shorter than the original length throughout: short factors, and the attention factor too
    "phi3_longrope_short": decoder(
        "Phi3ForCausalLM", "float16",
        {"model_type": "phi3", **RMS, "original_max_position_embeddings": 64, "pad_token_id": 0,
         "sliding_window": None, "rope_scaling": {"type": "longrope", **LONG_FACTORS}},
        {"no_scaling": {"rope_scaling": None},
         "long_side": {"original_max_position_embeddings": 40},
         "attention_factor_1": {"rope_scaling": {"type": "longrope", **LONG_FACTORS,
                                                 "attention_factor": 1.0}}}),
    "phi3_partial": decoder(
        "Phi3ForCausalLM", "bfloat16",
        {"model_type": "phi3", **RMS, "hidden_size": 64, "original_max_position_embeddings": 256,
         "partial_rotary_factor": 0.75, "sliding_window": 16, "pad_token_id": 0},
        {"whole_rotary": {"partial_rotary_factor": 1.0}, "no_window": {"sliding_window": None}}),
}

EXPERTS = {
    "qwen2_moe": decoder(
        "Qwen2MoeForCausalLM", "bfloat16",
        {"model_type": "qwen2_moe", **MOE, "num_experts": 6, "num_experts_per_tok": 2,
         "moe_intermediate_size": 24, "shared_expert_intermediate_size": 40,
         "norm_topk_prob": False, "decoder_sparse_step": 1, "mlp_only_layers": [],
         "use_sliding_window": False, "sliding_window": 256, "max_window_layers": 3},
        {"renormalised": {"norm_topk_prob": True}}),
    # layer 1 alone has experts: 0 and 2 by the step, 3 by the list
    "qwen3_moe_mixed": decoder(
        "Qwen3MoeForCausalLM", "float32",
        {"model_type": "qwen3_moe", **MOE, "num_hidden_layers": 4, "attention_bias": False,
         "head_dim": 16, "num_experts": 8, "num_experts_per_tok": 3, "moe_intermediate_size": 24,
         "norm_topk_prob": False, "decoder_sparse_step": 2, "mlp_only_layers": [3],
         "use_sliding_window": False},
        {"renormalised": {"norm_topk_prob": True}, "every_layer": {"decoder_sparse_step": 1},
         "no_list": {"mlp_only_layers": []}}),
    "deepseek_v2_lora": decoder(
        "DeepseekV2ForCausalLM", "float32",
        {"model_type": "deepseek_v2", **MOE, "num_key_value_heads": 4, "attention_bias": False,
         "q_lora_rank": 20, "kv_lora_rank": 24, "qk_nope_head_dim": 12, "qk_rope_head_dim": 8,
         "v_head_dim": 12, "n_routed_experts": 12, "n_shared_experts": 2, "num_experts_per_tok": 4,
         "moe_intermediate_size": 20, "first_k_dense_replace": 1, "moe_layer_freq": 1,
         "norm_topk_prob": False, "routed_scaling_factor": 2.5, "scoring_func": "softmax",
         "topk_method": "group_limited_greedy", "n_group": 3, "topk_group": 2,
         "rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64,
                          "beta_fast": 8, "beta_slow": 1, "mscale": 1.0, "mscale_all_dim": 0.707}},
        {"greedy_experts": {"topk_method": "greedy"}, "one_group": {"topk_group": 1},
         "no_routed_scale": {"routed_scaling_factor": 1.0}, "no_yarn": {"rope_scaling": None},
         "no_mscale": {"rope_scaling": {"type": "yarn", "factor": 4.0, "beta_fast": 8,
                                        "original_max_position_embeddings": 64}}}),
}

OTHERS = {
    # the early releases say "gelu" and mean the tanh form
    "gemma_legacy_act": decoder(
        "GemmaForCausalLM", "float16",
        {"model_type": "gemma", **RMS, "rms_norm_eps": 1e-06, "hidden_act": "gelu", "head_dim": 16,
         "attention_bias": False, "tie_word_embeddings": True},
        {"relu": {"hidden_act": "relu"}}, embedding=0.05),
    # the scaling is for the global layers alone
    "gemma3_linear": decoder(
        "Gemma3ForCausalLM", "float32",
        {"model_type": "gemma3_text", **RMS, "num_hidden_layers": 4, "rms_norm_eps": 1e-06,
         "hidden_activation": "gelu_pytorch_tanh", "head_dim": 16, "query_pre_attn_scalar": 16,
         "attention_bias": False, "tie_word_embeddings": True, "rope_theta": 1000000.0,
         "rope_local_base_freq": 10000.0, "sliding_window": 16, "sliding_window_pattern": 2,
         "rope_scaling": {"rope_type": "linear", "factor": 8.0}},
        {"no_scaling": {"rope_scaling": None}, "other_pattern": {"sliding_window_pattern": 3},
         "other_local_base": {"rope_local_base_freq": 1000.0}}, embedding=0.05),
    "gemma2_nocap": decoder(
        "Gemma2ForCausalLM", "bfloat16",
        {"model_type": "gemma2", **RMS, "num_hidden_layers": 4, "rms_norm_eps": 1e-06,
         "hidden_activation": "gelu_pytorch_tanh", "hidden_act": "gelu_pytorch_tanh",
         "head_dim": 16, "query_pre_attn_scalar": 24, "sliding_window": 16,
         "attention_bias": False, "tie_word_embeddings": True, "attn_logit_softcapping": None,
         "final_logit_softcapping": None},
        {"score_cap": {"attn_logit_softcapping": 5.0},
         "logit_cap": {"final_logit_softcapping": 6.0},
         "no_window": {"sliding_window": 256}}, embedding=0.05),
    "gpt_neox_seq": decoder(
        "GPTNeoXForCausalLM", "float32",
        {"model_type": "gpt_neox", **SHAPE, "intermediate_size": 96, "hidden_act": "gelu",
         "rotary_pct": 0.5, "rotary_emb_base": 25000, "max_position_embeddings": 256,
         "layer_norm_eps": 1e-05, "use_parallel_residual": False, "attention_bias": False,
         "tie_word_embeddings": False, **IDS},
        {"parallel": {"use_parallel_residual": True}, "quarter_rotary": {"rotary_pct": 0.25},
         "bias": {"attention_bias": True}, "other_base": {"rotary_emb_base": 10000}}),
    "phi_qkln": decoder(
        "PhiForCausalLM", "float16",
        {"model_type": "phi", **SHAPE, "intermediate_size": 96, "num_key_value_heads": 4,
         "hidden_act": "gelu_new", "max_position_embeddings": 256, "rope_theta": 10000.0,
         "rope_scaling": None, "partial_rotary_factor": 0.5, "layer_norm_eps": 1e-05,
         "qk_layernorm": True, "tie_word_embeddings": False, **IDS},
        {"no_qk_norm": {"qk_layernorm": False}}),
    "stablelm_par": decoder(
        "StableLmForCausalLM", "bfloat16",
        {"model_type": "stablelm", **GATED, "partial_rotary_factor": 0.5, "layer_norm_eps": 1e-05,
         "use_qkv_bias": False, "qk_layernorm": True, "use_parallel_residual": True},
        {"no_qk_norm": {"qk_layernorm": False}, "sequential": {"use_parallel_residual": False}}),
    "granite_bias": decoder(
        "GraniteForCausalLM", "float32",
        {"model_type": "granite", **RMS, "attention_bias": True, "mlp_bias": True,
         "embedding_multiplier": 3.0, "attention_multiplier": 0.12, "residual_multiplier": 0.6,
         "logits_scaling": 4.0, "tie_word_embeddings": True},
        {"no_bias": {"attention_bias": False}, "no_mlp_bias": {"mlp_bias": False}}, embedding=0.1),
    "olmo2_gqa": decoder(
        "Olmo2ForCausalLM", "float16",
        {"model_type": "olmo2", **RMS, "rope_theta": 500000.0, "attention_bias": False},
        {"other_theta": {"rope_theta": 10000.0}}),
    "gpt2_scale": decoder(
        "GPT2LMHeadModel", "float32",
        {"model_type": "gpt2", "vocab_size": 323, "n_positions": 128, "n_ctx": 128, "n_embd": 48,
         "n_layer": 3, "n_head": 4, "n_inner": 80, "activation_function": "gelu_new",
         "layer_norm_epsilon": 1e-05, "scale_attn_by_inverse_layer_idx": True,
         "tie_word_embeddings": True, **IDS},
        {"unscaled": {"scale_attn_by_inverse_layer_idx": False}}, transposed=True),
}

CASES = {**FALCON, **STARCODER2, **COHERE, **LLAMA, **SLIDING, **EXPERTS, **OTHERS}
