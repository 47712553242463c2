#include "model/nn/weights/weight_names.h"

#include <iterator>

#include "base/strings.h"

namespace pano::nn {
namespace {

struct RoleRow {
  TensorRole role;
  const char* WeightNames::*name;
  std::string_view text;
};

// One row a role, in their order.
constexpr RoleRow kRoles[] = {
    {TensorRole::kEmbedding, &WeightNames::embedding, "embedding"},
    {TensorRole::kPositions, &WeightNames::positions, "position embedding"},
    {TensorRole::kTokenTypes, &WeightNames::token_types, "token type embedding"},
    {TensorRole::kEmbeddingNorm, &WeightNames::embedding_norm, "norm of the embedding"},
    {TensorRole::kRelativeBias, &WeightNames::relative_bias, "relative bias"},
    {TensorRole::kAttentionNorm, &WeightNames::attention_norm, "norm before attention"},
    {TensorRole::kQuery, &WeightNames::q, "query"},
    {TensorRole::kKey, &WeightNames::k, "key"},
    {TensorRole::kValue, &WeightNames::v, "value"},
    {TensorRole::kLatentQueryDown, &WeightNames::q_a, "latent query, down"},
    {TensorRole::kLatentQueryNorm, &WeightNames::q_a_norm, "norm of the latent query"},
    {TensorRole::kLatentQueryUp, &WeightNames::q_b, "latent query, up"},
    {TensorRole::kLatentKvDown, &WeightNames::kv_a, "latent keys and values, down"},
    {TensorRole::kLatentKvNorm, &WeightNames::kv_a_norm, "norm of latent keys and values"},
    {TensorRole::kLatentKvUp, &WeightNames::kv_b, "latent keys and values, up"},
    {TensorRole::kAttentionOutput, &WeightNames::o, "attention output"},
    {TensorRole::kQueryNorm, &WeightNames::q_norm, "query norm"},
    {TensorRole::kKeyNorm, &WeightNames::k_norm, "key norm"},
    {TensorRole::kAttentionPostNorm, &WeightNames::attention_post_norm, "norm after attention"},
    {TensorRole::kCrossNorm, &WeightNames::cross_norm, "norm before cross attention"},
    {TensorRole::kCrossQuery, &WeightNames::cross_q, "cross attention query"},
    {TensorRole::kCrossKey, &WeightNames::cross_k, "cross attention key"},
    {TensorRole::kCrossValue, &WeightNames::cross_v, "cross attention value"},
    {TensorRole::kCrossOutput, &WeightNames::cross_o, "cross attention output"},
    {TensorRole::kFfnNorm, &WeightNames::ffn_norm, "norm before the feed-forward block"},
    {TensorRole::kGate, &WeightNames::gate, "gate"},
    {TensorRole::kUp, &WeightNames::up, "up"},
    {TensorRole::kDown, &WeightNames::down, "down"},
    {TensorRole::kRouter, &WeightNames::router, "router"},
    {TensorRole::kExpertGate, &WeightNames::expert_gate, "expert gate"},
    {TensorRole::kExpertUp, &WeightNames::expert_up, "expert up"},
    {TensorRole::kExpertDown, &WeightNames::expert_down, "expert down"},
    {TensorRole::kSharedGate, &WeightNames::shared_gate, "shared expert gate"},
    {TensorRole::kSharedUp, &WeightNames::shared_up, "shared expert up"},
    {TensorRole::kSharedDown, &WeightNames::shared_down, "shared expert down"},
    {TensorRole::kSharedRouter, &WeightNames::shared_router, "gate of the shared expert"},
    {TensorRole::kFfnPostNorm, &WeightNames::ffn_post_norm, "norm after the feed-forward block"},
    {TensorRole::kFinalNorm, &WeightNames::final_norm, "final norm"},
    {TensorRole::kHead, &WeightNames::head, "head"},
    {TensorRole::kHeadDense, &WeightNames::head_dense, "transform of the head"},
    {TensorRole::kHeadNorm, &WeightNames::head_norm, "norm of the head"},
    {TensorRole::kRopeFactors, &WeightNames::rope_factors, "rotary factors"},
    {TensorRole::kRopeLongFactors, &WeightNames::rope_long_factors, "long rotary factors"},
    {TensorRole::kRopeShortFactors, &WeightNames::rope_short_factors, "short rotary factors"},
};
constexpr bool InOrder() {
  for (size_t i = 0; i < std::size(kRoles); ++i) {
    if (static_cast<size_t>(kRoles[i].role) != i) return false;
  }
  return std::size(kRoles) == kTensorRoleCount;
}
static_assert(InOrder(), "a role has no row, or not in its place");

}  // namespace

const char* NameOf(const WeightNames& names, TensorRole role) {
  return names.*kRoles[static_cast<size_t>(role)].name;
}

std::string_view RoleName(TensorRole role) { return kRoles[static_cast<size_t>(role)].text; }

std::string PutNumber(std::string name, std::string_view mark, int64_t number) {
  const size_t at = name.find(mark);
  return at == std::string::npos ? name : name.replace(at, mark.size(), StrCat(number));
}

bool IsBuffer(std::string_view tensor) {
  for (std::string_view end : {"rotary_emb.inv_freq", ".attn.bias", ".attn.masked_bias",
                               ".attention.bias", ".attention.masked_bias", "position_ids"}) {
    if (tensor.ends_with(end)) return true;
  }
  return false;
}

}  // namespace pano::nn
