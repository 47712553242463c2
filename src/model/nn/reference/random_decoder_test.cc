// The fast pass against the reference pass, on decoders whose every option is drawn from a seed.
// PANO_REFERENCE_SEED=N runs one seed alone, PANO_REFERENCE_SEEDS=N that many from 1 on.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "base/strings.h"
#include "base/threads.h"
#include "model/nn/decoder.h"
#include "model/nn/reference/decoder_kinds.h"
#include "model/nn/reference/drawn_decoder.h"
#include "model/nn/reference/seeds.h"
#include "model/ops/context.h"

namespace pano::reference {
namespace {

using nn::BlockId;
using nn::ModelConfig;

// max|a - b| / max|b| that half of the models must stay below, beside the bound of each.
constexpr double kMedianBound = 2e-6;
constexpr uint64_t kSeeds = 300;

// One sequence on its way through the model: blocks of its own in every group of the state.
struct Walk {
  const std::vector<nn::TokenId>* tokens = nullptr;
  std::vector<std::vector<BlockId>> tables = {};  // [groups][blocks]
  size_t done = 0;
  std::vector<float> logits = {};  // [tokens, vocab]

  bool finished() const { return done == tokens->size(); }

  // Window groups lose the blocks that they no longer see.
  nn::SequenceSlice Next(size_t count, const nn::StateLayout& layout) {
    count = std::min(count, tokens->size() - done);
    nn::SequenceSlice slice;
    slice.tokens = std::span(*tokens).subspan(done, count);
    slice.position = static_cast<int64_t>(done);
    slice.planned_length = static_cast<int64_t>(tokens->size());
    for (size_t g = 0; g < tables.size(); ++g) {
      const int64_t window = layout.groups[g].window;
      for (size_t b = 0; window > 0 && b < tables[g].size(); ++b) {
        const auto end = static_cast<int64_t>((b + 1) * nn::kBlockTokens);
        if (end <= slice.position - window + 1) tables[g][b] = nn::kNoBlock;
      }
      slice.tables.emplace_back(tables[g]);
    }
    done += count;
    return slice;
  }
};

class FastPass {
 public:
  FastPass(const DrawnDecoder& drawn, ComputePool& pool) : drawn_(drawn) {
    nn::FamilyConfig family{nullptr, drawn.model.names, drawn.model.config};
    auto weights = nn::BindWeights(drawn.files, family);
    EXPECT_TRUE(weights.ok()) << weights.error().ToString();
    decoder_ = std::make_unique<nn::Decoder>(family.config, std::move(*weights), nn::KvType::kF32,
                                             ops::CreateCpuContext(nn::Compute::kF32, pool));
  }

  // Logits of every sequence. Each step takes some of them, each with up to `chunk` tokens.
  std::vector<std::vector<float>> Run(size_t chunk, Random& random) {
    const nn::StateLayout layout = decoder_->state_layout();
    const size_t count = drawn_.sequences.size();
    constexpr size_t kBlocks = (kContext + nn::kBlockTokens - 1) / nn::kBlockTokens;
    auto state = decoder_->CreateState(layout.Uniform(static_cast<int>(kBlocks * count)));
    EXPECT_TRUE(state.ok());
    std::vector<Walk> walks(count);
    std::vector<BlockId> blocks(kBlocks * count);
    std::iota(blocks.begin(), blocks.end(), 0);
    for (size_t g = 0; g < layout.groups.size(); ++g) {
      for (size_t i = blocks.size(); i > 1; --i) std::swap(blocks[i - 1], blocks[random.Below(i)]);
      for (size_t s = 0; s < count; ++s) {
        walks[s].tables.emplace_back(
            blocks.begin() + static_cast<std::ptrdiff_t>(s * kBlocks),
            blocks.begin() + static_cast<std::ptrdiff_t>((s + 1) * kBlocks));
      }
    }
    for (size_t s = 0; s < count; ++s) walks[s].tokens = &drawn_.sequences[s];
    while (!std::ranges::all_of(walks, &Walk::finished)) Step(walks, chunk, random, **state);
    std::vector<std::vector<float>> out;
    for (Walk& walk : walks) out.push_back(std::move(walk.logits));
    return out;
  }

 private:
  void Step(std::vector<Walk>& walks, size_t chunk, Random& random, nn::State& state) {
    nn::StepPlan plan;
    std::vector<Walk*> stepped;
    for (Walk& walk : walks) {
      if (walk.finished() || random.Below(4) == 0) continue;
      plan.slices.push_back(walk.Next(1 + random.Below(chunk), decoder_->state_layout()));
      stepped.push_back(&walk);
    }
    if (stepped.empty()) return;
    nn::Logits logits;
    const Status status = decoder_->Forward(plan, state, logits);
    ASSERT_TRUE(status.ok()) << status.ToString();
    size_t row = 0;
    for (size_t i = 0; i < stepped.size(); ++i) {
      for (size_t t = 0; t < plan.slices[i].tokens.size(); ++t, ++row) {
        const auto values = logits.row(row);
        stepped[i]->logits.insert(stepped[i]->logits.end(), values.begin(), values.end());
      }
    }
  }

  const DrawnDecoder& drawn_;
  std::unique_ptr<nn::Decoder> decoder_;
};

TEST(RandomDecoder, EqualsTheReferenceWhateverTheChunksAndTheBatch) {
  ComputePool pool(2);
  std::vector<double> differences;
  double share = 0;  // of the bound
  std::set<std::string> drawn_kinds;
  const std::vector<uint64_t> seeds = Seeds(kSeeds);
  for (uint64_t seed : seeds) {
    SCOPED_TRACE(StrCat("PANO_REFERENCE_SEED=", seed));
    const DrawnDecoder drawn = MakeDecoder(seed);
    drawn_kinds.merge(DecoderKinds(drawn.model.config));
    FastPass fast(drawn, pool);
    Random random(seed);
    const auto whole = fast.Run(kContext, random);
    differences.push_back(Difference(whole, drawn.logits));
    EXPECT_LT(differences.back(), drawn.bound);
    share = std::max(share, differences.back() / drawn.bound);
    for (size_t chunk : {size_t{1}, size_t{3}, size_t{40}}) {
      EXPECT_TRUE(fast.Run(chunk, random) == whole) << "slices of up to " << chunk << " tokens";
    }
  }
  std::ranges::sort(differences);
  const double median = differences[differences.size() / 2];
  std::printf(
      "[ reference] %zu decoders: median difference %.1e, largest %.1e, at most %.0f %% of the "
      "bound\n",
      seeds.size(), median, differences.back(), 100 * share);
  if (seeds.size() < kSeeds) return;
  EXPECT_LT(median, kMedianBound);
  for (const std::string& kind : AllDecoderKinds()) {
    EXPECT_TRUE(drawn_kinds.contains(kind)) << "no seed has '" << kind << "'";
  }
}

// One option read otherwise; false where the model does not have it or would not change.
struct Mutation {
  const char* name;
  bool (*apply)(ModelConfig& config);
};
template <typename T>
bool SetIf(bool applies, T& field, T value) {
  if (applies) field = value;
  return applies;
}
bool AnyWindow(const ModelConfig& c) {
  return std::ranges::any_of(c.layers, [](const auto& l) { return l.window > 1 && l.window < 40; });
}
bool Rotates(const ModelConfig& c) {
  return c.rope.dim > 2 && std::ranges::all_of(c.layers, [](const auto& l) {
           return l.rope == nn::LayerConfig::Rope::kGlobal;
         });
}
bool Experts(const ModelConfig& c) {
  return std::ranges::all_of(c.layers, &nn::LayerConfig::experts);
}
using M = ModelConfig&;
using Scaling = nn::RopeConfig::Scaling;
constexpr Mutation kMutations[] = {
    {"window shorter by one",
     [](M c) {
       const bool any = AnyWindow(c);
       for (auto& layer : c.layers) layer.window -= layer.window > 1 ? 1 : 0;
       return any;
     }},
    {"no window",
     [](M c) {
       const bool any = AnyWindow(c);
       for (auto& layer : c.layers) layer.window = 0;
       return any;
     }},
    {"rope base", [](M c) { return SetIf(Rotates(c), c.rope.theta, c.rope.theta * 1.1); }},
    {"rope pairs", [](M c) { return SetIf(Rotates(c), c.rope.interleaved, !c.rope.interleaved); }},
    {"rope part",
     [](M c) {
       return SetIf(c.latent == std::nullopt && Rotates(c) && c.rope.scaling == Scaling::kLinear,
                    c.rope.dim, c.rope.dim - 2);
     }},
    {"rope factor",
     [](M c) {
       return SetIf(Rotates(c) && c.rope.scaling == Scaling::kLinear, c.rope.factor,
                    c.rope.factor * 1.1);
     }},
    {"yarn ramp",
     [](M c) {
       return SetIf(Rotates(c) && c.rope.dim > 4 && c.rope.scaling == Scaling::kYarn,
                    c.rope.scaling, Scaling::kLinear);
     }},
    {"dynamic as none",
     [](M c) {
       return SetIf(Rotates(c) && c.rope.scaling == Scaling::kDynamic, c.rope.scaling,
                    Scaling::kNone);
     }},
    {"longrope by length",
     [](M c) {
       return SetIf(Rotates(c) && c.rope.scaling == Scaling::kLongRope, c.rope.original_context,
                    int64_t{1000});
     }},
    {"attention factor",
     [](M c) {
       return SetIf(Rotates(c) && c.rope.attention_factor != 1, c.rope.attention_factor, 1.0);
     }},
    {"position offset",
     [](M c) { return SetIf(c.position_offset > 0, c.position_offset, c.position_offset - 1); }},
    {"alibi", [](M c) { return SetIf(c.alibi, c.alibi, false); }},
    {"relative distance",
     [](M c) {
       return SetIf(c.relative_buckets > 4, c.relative_distance, c.relative_distance + 20);
     }},
    {"epsilon", [](M c) { return SetIf(c.norm_epsilon == 1e-2f, c.norm_epsilon, 1.1e-2f); }},
    {"norm offset", [](M c) { return SetIf(c.norm_offset != 0, c.norm_offset, 0.0f); }},
    {"norm kind",
     [](M c) { return SetIf(c.norm == nn::NormKind::kLayer, c.norm, nn::NormKind::kRms); }},
    {"norm of the embedding", [](M c) { return SetIf(c.embedding_norm, c.embedding_norm, false); }},
    {"norm in front of the first layer",
     [](M c) {
       return SetIf(c.first_norm && !c.parallel && c.norm_placement == nn::NormPlacement::kBefore &&
                        c.layer_count == 1,
                    c.first_norm, false);
     }},
    {"biases of queries, keys and values",
     [](M c) { return SetIf(c.qkv_bias, c.qkv_bias, false); }},
    {"bias of attention's output", [](M c) { return SetIf(c.output_bias, c.output_bias, false); }},
    {"norms of queries and keys",
     [](M c) {
       return SetIf(!c.latent && c.qk_norm != nn::QkNorm::kNone, c.qk_norm, nn::QkNorm::kNone);
     }},
    {"scale of scores",
     [](M c) { return SetIf(c.attention_scale > 0, c.attention_scale, c.attention_scale * 1.01); }},
    {"scale by layer",
     [](M c) { return SetIf(c.scale_by_layer && c.layer_count > 1, c.scale_by_layer, false); }},
    {"soft cap of scores",
     [](M c) { return SetIf(c.attention_softcap > 0, c.attention_softcap, 0.0f); }},
    {"activation",
     [](M c) {
       return SetIf(c.activation == ops::Activation::kGelu, c.activation,
                    ops::Activation::kGeluTanh);
     }},
    {"biases of the feed-forward block",
     [](M c) { return SetIf(c.mlp_bias && !Experts(c) && c.layer_count == 1, c.mlp_bias, false); }},
    {"one expert less",
     [](M c) {
       return SetIf(Experts(c) && c.experts.used > 1, c.experts.used, c.experts.used - 1);
     }},
    {"groups of experts",
     [](M c) {
       return SetIf(Experts(c) && c.experts.groups_used < c.experts.groups, c.experts.groups_used,
                    c.experts.groups);
     }},
    {"sum of the experts",
     [](M c) {
       return SetIf(Experts(c) && c.experts.used < c.experts.count, c.experts.normalize,
                    !c.experts.normalize);
     }},
    {"scale of the experts",
     [](M c) { return SetIf(Experts(c) && c.experts.scale != 1, c.experts.scale, 1.0f); }},
    {"shared expert",
     [](M c) {
       return SetIf(Experts(c) && c.experts.shared_size > 0, c.experts.shared_size, int64_t{0});
     }},
    {"gate of the shared expert",
     [](M c) { return SetIf(Experts(c) && c.experts.shared_gate, c.experts.shared_gate, false); }},
    {"epsilon of latent norms",
     [](M c) {
       return SetIf(c.latent && c.latent->norm_epsilon == 1e-2f, c.latent, [&] {
         auto latent = c.latent;
         if (latent) latent->norm_epsilon = 2e-2f;
         return latent;
       }());
     }},
    {"scale of the embedding",
     [](M c) {
       return SetIf(c.embedding_scale != 1 && c.embedding_norm == false, c.embedding_scale, 1.0f);
     }},
    {"scale of residuals",
     [](M c) { return SetIf(c.residual_scale != 1, c.residual_scale, 1.0f); }},
    {"scale of logits", [](M c) { return SetIf(c.logit_scale != 1, c.logit_scale, 1.0f); }},
    {"soft cap of logits", [](M c) { return SetIf(c.final_softcap > 0, c.final_softcap, 0.0f); }},
    {"final norm", [](M c) { return SetIf(c.final_norm, c.final_norm, false); }},
    {"bias of the head", [](M c) { return SetIf(c.head_bias, c.head_bias, false); }},
    {"transform of the head",
     [](M c) {
       return SetIf(c.head_transform.has_value(), c.head_transform,
                    std::optional<ops::Activation>());
     }},
};

// The comparison has teeth: reading one option otherwise, in models that have it, is noticed.
TEST(RandomDecoder, OneOptionReadOtherwiseIsMoreThanTheBound) {
  constexpr int kModels = 3;  // for each option
  ComputePool pool(1);
  std::vector<int> seen(std::size(kMutations));
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    if (std::ranges::all_of(seen, [](int count) { return count == kModels; })) break;
    const DrawnDecoder drawn = MakeDecoder(seed);
    std::vector<std::vector<float>> fast;
    for (size_t m = 0; m < std::size(kMutations); ++m) {
      ModelConfig other = drawn.model.config;
      if (seen[m] == kModels || !kMutations[m].apply(other)) continue;
      ++seen[m];
      if (fast.empty()) {
        Random random(seed);
        fast = FastPass(drawn, pool).Run(kContext, random);
      }
      EXPECT_GT(Difference(fast, LogitsAs(drawn, other)), drawn.bound)
          << kMutations[m].name << ", PANO_REFERENCE_SEED=" << seed;
    }
  }
  for (size_t m = 0; m < std::size(kMutations); ++m) {
    EXPECT_EQ(seen[m], kModels) << "too few seeds have '" << kMutations[m].name << "'";
  }
}

}  // namespace
}  // namespace pano::reference
