#include "model/adapter/base_modules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "model/format/weights.h"
#include "model/nn/testing/tiny_families.h"

namespace pano::adapter {
namespace {

// Every linear layer and table of every family has a module, whose rows are those of its entries.
TEST(BaseModules, HoldsEveryMatrixOfEveryFamily) {
  for (const auto& [name, files] : nn::testing::TinyDecoders()) {
    SCOPED_TRACE(name);
    const auto family = nn::ReadFamilyConfig(files);
    ASSERT_TRUE(family.ok()) << family.error().ToString();
    const auto base = BaseModules::Of(*family);
    ASSERT_TRUE(base.ok()) << base.error().ToString();
    ASSERT_TRUE((*base)->embedding());
    const auto& entries = (*base)->entries(Stack::kText);
    std::set<uint32_t> seen;
    for (const BaseModule& module : (*base)->all()) {
      EXPECT_EQ((*base)->Find(module.name), &module);
      if (!module.stored || module.kind != ModuleKind::kLinear) continue;
      int64_t rows = 0;
      for (size_t i = 0; i < module.stored->entries.size(); ++i) {
        EXPECT_TRUE(seen.insert(module.stored->entries[i]).second);
        rows += module.stored->RowsOf(i);
        EXPECT_EQ(entries[module.stored->entries[i]].shape.back(), module.in) << module.name;
      }
      EXPECT_EQ(rows, module.out) << module.name;
    }
    for (size_t i = 0; i < entries.size(); ++i) {
      const nn::TensorEntry& entry = entries[i];
      const bool matrix = entry.kind() == nn::TensorKind::kLinear && entry.expert < 0 &&
                          entry.part == nn::TensorPart::kWeight;
      const bool found = seen.contains(static_cast<uint32_t>(i));
      EXPECT_TRUE(found || !matrix || entry.optional) << i;
    }
  }
}

TEST(BaseModules, FindsNamesWithAndWithoutThePrefix) {
  nn::testing::TinyModel model;
  const auto base = BaseModules::Of(model.files);
  ASSERT_TRUE(base.ok()) << base.error().ToString();
  const BaseModule* query = (*base)->Find("model.layers.1.self_attn.q_proj");
  ASSERT_TRUE(query);
  EXPECT_EQ((*base)->Find("layers.1.self_attn.q_proj"), query);
  EXPECT_EQ((*base)->Find("layers.2.self_attn.q_proj"), nullptr);
  EXPECT_EQ(query->out, 80);
  EXPECT_EQ(query->in, 48);
  EXPECT_FALSE(query->bias || query->transposed || query->tied);
  ASSERT_TRUE((*base)->Find("lm_head"));
  EXPECT_TRUE((*base)->Find("lm_head")->tied);
  EXPECT_EQ((*base)->embedding()->name, "model.embed_tokens");
  EXPECT_EQ((*base)->Find("model.norm")->kind, ModuleKind::kOther);
}

TEST(BaseModules, KnowsMatricesThatAreStoredTransposed) {
  for (const auto& [name, files] : nn::testing::TinyDecoders()) {
    if (name != "gpt2") continue;
    const auto base = BaseModules::Of(*nn::ReadFamilyConfig(files));
    ASSERT_TRUE(base.ok());
    const BaseModule* fused = (*base)->Find("transformer.h.0.attn.c_attn");
    ASSERT_TRUE(fused);
    EXPECT_TRUE(fused->transposed && fused->bias);
    EXPECT_EQ(fused->out, 3 * 64);
    EXPECT_EQ(fused->in, 64);
    EXPECT_EQ(fused->stored->entries.size(), 3u);
    EXPECT_FALSE((*base)->Find("lm_head")->transposed);
  }
}

TEST(BaseModules, RefusesWhatIsNoModelThatIsKnown) {
  format::ModelFiles files = nn::testing::ShapeOf(R"({"model_type":"abacus"})");
  EXPECT_EQ(BaseModules::Of(files).error().code(), StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace pano::adapter
