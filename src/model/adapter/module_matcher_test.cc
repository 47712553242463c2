#include "model/adapter/module_matcher.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <string>

#include "base/strings.h"

namespace pano::adapter {
namespace {

AdapterConfig Config(std::string_view more) {
  auto config = ParseAdapterConfig(StrCat(R"({"peft_type":"LORA","r":8,"lora_alpha":16,)", more, "}"));
  EXPECT_TRUE(config.ok()) << config.error().ToString();
  return config.ok() ? *config : AdapterConfig();
}

class Matcher {
 public:
  explicit Matcher(std::string_view more) : config_(Config(more)) {
    auto matcher = ModuleMatcher::Create(config_);
    EXPECT_TRUE(matcher.ok()) << matcher.error().ToString();
    if (matcher.ok()) matcher_.emplace(std::move(*matcher));
  }
  bool Targets(std::string_view name) const { return matcher_->Targets(name).value(); }
  bool Saved(std::string_view name) const { return matcher_->Saved(name); }
  int64_t Rank(std::string_view name) const { return matcher_->RankOf(name).value(); }
  double Scale(std::string_view name) const { return matcher_->ScaleOf(name).value(); }

 private:
  AdapterConfig config_;
  std::optional<ModuleMatcher> matcher_;
};

const std::string kQ0 = "model.layers.0.self_attn.q_proj", kQ1 = "model.layers.1.self_attn.q_proj";

TEST(ModuleMatcher, NamesMeanAModuleOrAnEnding) {
  const Matcher m(R"("target_modules":["q_proj","layers.1.mlp.up_proj"])");
  EXPECT_TRUE(m.Targets(kQ0));
  EXPECT_TRUE(m.Targets("q_proj"));
  EXPECT_FALSE(m.Targets("model.layers.0.self_attn.eq_proj"));  // no dot in front
  EXPECT_FALSE(m.Targets("model.layers.0.q_proj.inner"));
  EXPECT_TRUE(m.Targets("model.layers.1.mlp.up_proj"));
  EXPECT_FALSE(m.Targets("model.layers.11.mlp.up_proj"));
}

TEST(ModuleMatcher, ExclusionsAndSavedModulesCountFirst) {
  const Matcher m(
      R"("target_modules":["q_proj","dense"],"exclude_modules":["layers.0.self_attn.q_proj"],
         "modules_to_save":["classifier"])");
  EXPECT_FALSE(m.Targets(kQ0));
  EXPECT_TRUE(m.Targets(kQ1));
  EXPECT_FALSE(m.Targets("classifier.dense"));
  EXPECT_TRUE(m.Targets("classifiers.dense"));
  EXPECT_TRUE(m.Saved("classifier.dense"));
  EXPECT_TRUE(m.Saved("classifier"));
  EXPECT_FALSE(m.Saved("bert.encoder"));
  const Matcher regex(R"("target_modules":".*_proj","exclude_modules":".*layers\\.0\\..*")");
  EXPECT_FALSE(regex.Targets(kQ0));
  EXPECT_TRUE(regex.Targets(kQ1));
}

TEST(ModuleMatcher, LayersAreTheFirstNumberBehindTwoNames) {
  const Matcher m(R"("target_modules":["q_proj","w1","lm_head"],"layers_to_transform":[1])");
  EXPECT_FALSE(m.Targets(kQ0));
  EXPECT_TRUE(m.Targets(kQ1));
  EXPECT_TRUE(m.Targets("model.layers.1.moe.experts.0.w1"));   // the layer, not the expert
  EXPECT_FALSE(m.Targets("model.layers.0.moe.experts.1.w1"));
  EXPECT_FALSE(m.Targets("layers.1.self_attn.q_proj"));        // PEFT asks for two names in front
  EXPECT_TRUE(m.Targets("lm_head"));                           // named whole: no layer is asked for
  const Matcher one(R"("target_modules":["q_proj"],"layers_to_transform":1)");
  EXPECT_TRUE(one.Targets(kQ1));
  EXPECT_FALSE(one.Targets("model.layers.11.self_attn.q_proj"));
}

TEST(ModuleMatcher, LayersPatternSaysWhichNumber) {
  const Matcher m(
      R"("target_modules":["w1"],"layers_to_transform":[1],"layers_pattern":["experts"])");
  EXPECT_TRUE(m.Targets("model.layers.0.moe.experts.1.w1"));
  EXPECT_FALSE(m.Targets("model.layers.1.moe.experts.0.w1"));
  const Matcher first(
      R"("target_modules":["w1"],"layers_to_transform":[2],"layers_pattern":"blocks|layers")");
  EXPECT_TRUE(first.Targets("layers.2.w1"));
  EXPECT_FALSE(first.Targets("layers.1.blocks.2.w1"));         // the first place counts
}

TEST(ModuleMatcher, TheFirstPatternInTheFileCounts) {
  const Matcher m(
      R"("target_modules":".*_proj","rank_pattern":{"q_proj":2,"layers.1.self_attn.q_proj":4},
         "alpha_pattern":{"^model.layers.1.self_attn.(q|k)_proj":32,"q_proj":3})");
  EXPECT_EQ(m.Rank(kQ0), 2);
  EXPECT_EQ(m.Rank(kQ1), 2);
  EXPECT_EQ(m.Rank("model.layers.0.self_attn.eq_proj"), 8);
  EXPECT_DOUBLE_EQ(m.Scale(kQ0), 1.5);
  EXPECT_DOUBLE_EQ(m.Scale(kQ1), 16);
  EXPECT_DOUBLE_EQ(m.Scale("model.layers.0.mlp.up_proj"), 2);
  // A dot stands for any character, as in a regular expression.
  const Matcher dot(R"("target_modules":".*","rank_pattern":{"q.proj":3})");
  EXPECT_EQ(dot.Rank(kQ0), 3);
}

TEST(ModuleMatcher, ScalesByTheRootOfTheRankWithRslora) {
  const Matcher m(R"("target_modules":["q_proj"],"use_rslora":true,"rank_pattern":{"q_proj":4})");
  EXPECT_DOUBLE_EQ(m.Scale(kQ0), 8);
  EXPECT_DOUBLE_EQ(m.Scale("other"), 16 / std::sqrt(8.0));
}

TEST(ModuleMatcher, NamesTheKeyOfAnExpressionThatIsNotUnderstood) {
  for (const char* key : {"target_modules", "exclude_modules"}) {
    const AdapterConfig config = Config(
        StrCat(R"("modules_to_save":["x"],")", key, R"(":"(a")"));
    auto matcher = ModuleMatcher::Create(config);
    ASSERT_FALSE(matcher.ok());
    EXPECT_TRUE(matcher.error().message().starts_with(key)) << matcher.error().message();
  }
  const AdapterConfig config = Config(R"("target_modules":["a"],"rank_pattern":{"(a":1})");
  EXPECT_TRUE(ModuleMatcher::Create(config).error().message().starts_with("rank_pattern"));
}

}  // namespace
}  // namespace pano::adapter
