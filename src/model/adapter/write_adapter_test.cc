#include "model/adapter/write_adapter.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "base/strings.h"
#include "base/testing/fault_env.h"
#include "base/testing/memory_env.h"
#include "model/adapter/adapter.h"
#include "model/adapter/testing/tiny_adapter.h"

namespace pano::adapter {
namespace {

std::vector<format::TensorStream> StreamsOf(const format::Weights& weights) {
  std::vector<format::TensorStream> out;
  for (const std::string& name : weights.Names()) {
    out.push_back(format::StreamOf(name, *weights.Find(name)));
  }
  return out;
}

TEST(WriteAdapter, IsReadBackTheSame) {
  const std::string folder = StrCat(::testing::TempDir(), "write_adapter.", getpid());
  (void)Env::Real().RemoveTree(folder);
  ASSERT_TRUE(Env::Real().MakeFolder(folder).ok());
  testing::TinyAdapter tiny;
  tiny.AddQueries();
  const AdapterConfig config = ParseAdapterConfig(tiny.config).value();
  ASSERT_TRUE(WriteAdapter(folder, config, StreamsOf(*tiny.weights)).ok());

  testing::TinyModel model;
  auto read = LoadAdapter(folder, *BaseModules::Of(model.files));
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_EQ(AdapterConfigText((*read)->config()), AdapterConfigText(config));
  ASSERT_EQ((*read)->changes().size(), 2u);
  for (const ModuleChange& change : (*read)->changes()) {
    EXPECT_EQ(Floats(*change.a),
              Floats(*tiny.weights->Find(AdapterKey(change.name, "lora_A.weight"))));
    EXPECT_EQ(Floats(*change.b),
              Floats(*tiny.weights->Find(AdapterKey(change.name, "lora_B.weight"))));
  }
  EXPECT_TRUE(Env::Real().RemoveTree(folder).ok());
}

TEST(WriteAdapter, AFailureLeavesNoConfiguration) {
  testing::TinyAdapter tiny;
  tiny.AddQueries();
  const AdapterConfig config = ParseAdapterConfig(tiny.config).value();
  bool whole = false;
  for (int64_t at = 0; !whole; ++at) {
    ASSERT_LT(at, 100);
    MemoryEnv memory;
    ASSERT_TRUE(memory.MakeFolder("a").ok());
    FaultEnv env(memory, {.fail_at = at});
    whole = WriteAdapter("a", config, StreamsOf(*tiny.weights), env).ok();
    const bool named = memory.Stat("a/adapter_config.json").ok();
    EXPECT_TRUE(!named || memory.Stat("a/adapter_model.safetensors").ok()) << at;
  }
}

TEST(WriteAdapter, RefusesKeysThatPeftWouldNotFind) {
  MemoryEnv env;
  ASSERT_TRUE(env.MakeFolder("a").ok());
  testing::TinyAdapter tiny;
  tiny.weights->Add("layers.0.lora_A.weight", {1}, {1});
  const Status status = WriteAdapter("a", AdapterConfig(), StreamsOf(*tiny.weights), env);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("layers.0.lora_A.weight"), std::string::npos);
}

TEST(AllLinear, LeavesOutTheHeadAndWhatIsSavedWhole) {
  testing::TinyModel model;
  const auto base = BaseModules::Of(model.files);
  ASSERT_TRUE(base.ok());
  AdapterConfig config;
  EXPECT_EQ(AllLinear(**base, config).size(), 14u);  // seven a layer
  config.modules_to_save = {"down_proj"};
  const std::vector<std::string> names = AllLinear(**base, config);
  EXPECT_EQ(names.size(), 12u);
  EXPECT_EQ(std::ranges::find(names, "lm_head"), names.end());
}

}  // namespace
}  // namespace pano::adapter
