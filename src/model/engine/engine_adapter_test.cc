// Requests with different adapters and none in one engine: each comes out, to the bit, as if it were
// alone, whatever is batched, cached, guessed, preempted or forced by a grammar beside it.
#include <gtest/gtest.h>

#include "base/log.h"
#include "base/threads.h"
#include "model/engine/engine.h"
#include "model/engine/testing/engine_checks.h"
#include "model/engine/testing/reference_generator.h"
#include "model/nn/decoder.h"
#include "model/nn/testing/random_adapter.h"
#include "model/nn/testing/random_model.h"

namespace pano::engine {
namespace {

class EngineAdapterTest : public testing::Test {
 protected:
  void SetUp() override {
    SetLogLevel(LogLevel::kError);
    config_.context_length = 256;
    model_ = std::make_unique<nn::Decoder>(config_, nn::testing::DrawWeights(config_, 1),
                                           nn::KvType::kF32,
                                           ops::CreateCpuContext(nn::Compute::kF32, pool_));
    adapters_.push_back(nullptr);
    for (uint64_t i = 1; i < 4; ++i) {
      adapters_.push_back(nn::testing::DrawAdapter(*model_, 2 + i, i));
    }
  }
  std::unique_ptr<Engine> Start(Options options) {
    return std::move(Engine::Create(*model_, nullptr, pool_, std::move(options))).value();
  }
  Request Ask(size_t adapter, size_t prompt, int32_t n = 1) const {
    Request request;
    for (size_t i = 0; i < prompt; ++i) {
      request.prompt.push_back(static_cast<TokenId>((i * 7 + i / 5) % 61));
    }
    request.max_tokens = 60;
    request.n = n;
    request.sampling.temperature = 0.8f;
    request.sampling.seed = 3;
    request.logprobs = 2;
    request.adapter = adapters_[adapter];
    return request;
  }
  // In an engine of its own, without anything else.
  std::vector<ChoiceOutput> Alone(const Request& request) {
    const auto engine = Start({.prefix_cache = false, .speculation = {.draft_tokens = 0}});
    return ReadAll(**engine->Submit(request), request.n);
  }

  ComputePool pool_{2};
  nn::ModelConfig config_ = nn::testing::SmallConfig();
  std::unique_ptr<nn::Decoder> model_;
  std::vector<std::shared_ptr<const nn::BoundAdapter>> adapters_;  // the first is none
};

TEST_F(EngineAdapterTest, AMixedBatchIsItsRequestsAlone) {
  std::vector<std::vector<ChoiceOutput>> want;
  std::vector<Request> requests;
  for (size_t i = 0; i < 12; ++i) {
    requests.push_back(Ask(i % 4, 9 + 7 * i, i % 3 == 1 ? 2 : 1));
    want.push_back(Alone(requests.back()));
  }
  EXPECT_NE(want[0][0].ids, Alone(Ask(1, 9))[0].ids);  // an adapter does something
  // Plenty of memory; so little that sequences are preempted; drafts, right or wrong.
  const Options settings[] = {
      {},
      {.step_tokens_max = 40, .kv_blocks = 10},
      {.prefix_cache = false, .speculation = {.draft_tokens = 3}},
  };
  for (const Options& options : settings) {
    SCOPED_TRACE(options.kv_blocks);
    const auto engine = Start(options);
    std::vector<std::shared_ptr<TokenStream>> streams;
    for (const Request& request : requests) streams.push_back(*engine->Submit(request));
    for (size_t i = 0; i < streams.size(); ++i) {
      ExpectSame(ReadAll(*streams[i], requests[i].n), want[i]);
    }
  }
}

TEST_F(EngineAdapterTest, PrefixesAreKeptByAdapter) {
  const auto engine = Start({});
  const std::vector<ChoiceOutput> want[] = {Alone(Ask(0, 100)), Alone(Ask(1, 100)),
                                            Alone(Ask(2, 100))};
  for (int64_t again : {0, 1}) {
    for (size_t adapter : {0, 1, 2}) {
      const Request request = Ask(adapter, 100);
      const std::vector<ChoiceOutput> got = ReadAll(**engine->Submit(request), 1);
      ExpectSame(got, want[adapter]);
      EXPECT_EQ(got[0].finish.usage.cached_tokens, again * 96) << adapter;
    }
  }
  // The same adapter bound once more is another: its file may have changed in between.
  adapters_[1] = nn::testing::DrawAdapter(*model_, 3, 1);
  const std::vector<ChoiceOutput> got = ReadAll(**engine->Submit(Ask(1, 100)), 1);
  ExpectSame(got, want[1]);
  EXPECT_EQ(got[0].finish.usage.cached_tokens, 0);
}

TEST_F(EngineAdapterTest, AnAdapterLivesAsLongAsItsRequests) {
  const auto want = Alone(Ask(2, 30));
  const auto engine = Start({});
  auto stream = *engine->Submit(Ask(2, 30));
  std::weak_ptr<const nn::BoundAdapter> gone = adapters_[2];
  adapters_[2].reset();
  ExpectSame(ReadAll(*stream, 1), want);
  stream.reset();
  EXPECT_TRUE(engine->Drain(std::chrono::seconds(10)));
}

}  // namespace
}  // namespace pano::engine
