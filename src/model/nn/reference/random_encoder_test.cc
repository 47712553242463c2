// The fast pass against the reference pass, on encoders whose every option is drawn from a seed.
// PANO_REFERENCE_SEED=N runs one seed alone, PANO_REFERENCE_SEEDS=N that many from 1 on.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "base/strings.h"
#include "base/threads.h"
#include "model/nn/encoder/encoder_family.h"
#include "model/nn/reference/drawn_encoder.h"
#include "model/nn/reference/seeds.h"

namespace pano::reference {
namespace {

using encoder::EncoderBatch;
using encoder::EncoderConfig;

constexpr uint64_t kSeeds = 200;

std::vector<EncoderOutput> FastOutputs(const DrawnEncoder& drawn, ComputePool& pool) {
  auto fast = encoder::BindEncoder(drawn.config, drawn.files, {nn::Compute::kF32, {}}, pool);
  EXPECT_TRUE(fast.ok()) << fast.error().ToString();
  if (!fast.ok()) return {};
  auto outputs = (*fast)->Encode(drawn.batch);
  EXPECT_TRUE(outputs.ok()) << outputs.error().ToString();
  std::vector<EncoderOutput> out;
  if (!outputs.ok()) return out;
  for (const encoder::Output& output : *outputs) {
    EncoderOutput& to = out.emplace_back(EncoderOutput{output.name, {}});
    for (const std::vector<float>& row : output.rows) {
      const auto size = output.size > 0 ? static_cast<size_t>(output.size) : row.size();
      to.rows.emplace_back(row.size() / size, size, Vector(row.begin(), row.end()));
    }
  }
  return out;
}

// The worst difference of all outputs as a share of what is allowed.
double Share(const DrawnEncoder& drawn, const std::vector<EncoderOutput>& fast,
             const std::vector<EncoderOutput>& reference) {
  double worst = 0;
  EXPECT_EQ(fast.size(), reference.size());
  for (size_t i = 0; i < reference.size() && i < fast.size(); ++i) {
    EXPECT_EQ(fast[i].name, reference[i].name);
    worst = std::max(worst, Difference(fast[i], reference[i]) / drawn.bounds[i]);
  }
  return worst;
}

TEST(RandomEncoder, EqualsTheReference) {
  ComputePool pool(2);
  std::set<std::string> drawn_kinds;
  double worst = 0;
  const std::vector<uint64_t> seeds = Seeds(kSeeds);
  for (uint64_t seed : seeds) {
    SCOPED_TRACE(StrCat("PANO_REFERENCE_SEED=", seed));
    const DrawnEncoder drawn = MakeEncoder(seed);
    drawn_kinds.merge(EncoderKinds(drawn));
    const double share = Share(drawn, FastOutputs(drawn, pool), drawn.outputs);
    EXPECT_LT(share, 1.0);
    worst = std::max(worst, share);
  }
  std::printf("[ reference] %d encoders: at most %.0f %% of the bound\n",
              static_cast<int>(seeds.size()), 100 * worst);
  if (seeds.size() < kSeeds) return;
  for (const std::string& kind : AllEncoderKinds()) {
    EXPECT_TRUE(drawn_kinds.contains(kind)) << "no seed has '" << kind << "'";
  }
}

// One option or input read otherwise; false where the model does not have it.
struct Mutation {
  const char* name;
  bool (*apply)(EncoderConfig& config, EncoderBatch& batch);
};
using C = EncoderConfig&;
using B = EncoderBatch&;
constexpr Mutation kMutations[] = {
    {"mask",
     [](C, B b) {
       bool any = false;
       for (encoder::TextRow& row : b.texts) {
         any = any || std::ranges::count(row.mask, 0) > 0;
         row.mask.clear();
       }
       return any;
     }},
    {"window wider by two",
     [](C c, B b) {
       bool any = false;
       for (nn::LayerConfig& layer : c.text->model.layers) {
         const auto reach = static_cast<size_t>(layer.window / 2 + 1);
         for (const encoder::TextRow& row : b.texts) {
           any = any || (layer.window > 0 && row.mask.empty() && row.ids.size() > reach);
         }
         if (layer.window > 0) layer.window += 2;
       }
       return any;
     }},
    {"causal",
     [](C c, B b) {
       c.text->model.causal = !c.text->model.causal;
       return b.texts[0].ids.size() > 2 && b.texts[0].mask.empty();
     }},
    {"token types",
     [](C c, B b) {
       bool any = false;
       for (encoder::TextRow& row : b.texts) {
         any = any || (row.mask.empty() && std::ranges::count(row.types, 1) > 0);
         row.types.clear();
       }
       return any && c.text->model.token_types > 1;
     }},
    {"positions of padding",
     [](C c, B b) {
       const bool has = c.position_pad.has_value() && b.texts[0].mask.empty();
       c.position_pad.reset();
       return has;
     }},
    {"answers given to another text",
     [](C c, B b) {
       std::swap(b.texts[0], b.texts[1]);
       return c.decoder.has_value();
     }},
    {"order of the answer's ids",
     [](C c, B b) {
       if (!c.decoder || b.decoder_ids[0].size() < 3) return false;
       std::swap(b.decoder_ids[0][0], b.decoder_ids[0][1]);
       return b.decoder_ids[0][0] != b.decoder_ids[0][1];
     }},
    {"order of pixels",
     [](C, B b) {
       if (b.images.empty()) return false;
       std::swap(b.images[0][0], b.images[0][1]);
       return true;
     }},
    {"scale of a stage",
     [](C c, B) {
       for (encoder::HeadConfig& head : c.heads) {
         if (head.stages.empty()) continue;
         encoder::Stage& last = head.stages.back();
         if (last.kind != encoder::Stage::Kind::kScale) continue;
         last.factor *= 1.001f;
         return true;
       }
       return false;
     }},
};

TEST(RandomEncoder, OneOptionReadOtherwiseIsMoreThanTheBound) {
  constexpr int kModels = 3;  // for each option
  ComputePool pool(1);
  std::vector<int> seen(std::size(kMutations));
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    if (std::ranges::all_of(seen, [](int count) { return count == kModels; })) break;
    const DrawnEncoder drawn = MakeEncoder(seed);
    std::vector<EncoderOutput> fast;
    for (size_t m = 0; m < std::size(kMutations); ++m) {
      EncoderConfig config = drawn.config;
      EncoderBatch batch = drawn.batch;
      if (seen[m] == kModels || !kMutations[m].apply(config, batch)) continue;
      ++seen[m];
      if (fast.empty()) fast = FastOutputs(drawn, pool);
      std::vector<EncoderOutput> other = OutputsAs(drawn, config, batch);
      double share = 0;
      for (size_t i = 0; i < fast.size(); ++i) {
        bool same_shape = true;
        for (size_t r = 0; r < fast[i].rows.size(); ++r) {
          same_shape =
              same_shape && fast[i].rows[r].values.size() == other[i].rows[r].values.size();
        }
        share = std::max(share, same_shape ? Difference(fast[i], other[i]) / drawn.bounds[i] : 1e9);
      }
      EXPECT_GT(share, 1.0) << kMutations[m].name << ", PANO_REFERENCE_SEED=" << seed;
    }
  }
  for (size_t m = 0; m < std::size(kMutations); ++m) {
    EXPECT_EQ(seen[m], kModels) << "too few seeds have '" << kMutations[m].name << "'";
  }
}

}  // namespace
}  // namespace pano::reference
