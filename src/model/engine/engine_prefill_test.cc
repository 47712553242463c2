// What a prompt costs: each token of it is computed once, with logits for its last one alone.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <semaphore>
#include <vector>

#include "base/log.h"
#include "base/threads.h"
#include "model/engine/engine.h"
#include "model/engine/testing/engine_checks.h"
#include "model/engine/testing/fake_model.h"
#include "model/engine/testing/fake_tokenizer.h"
#include "model/engine/testing/make_engine.h"
#include "model/engine/testing/random_request.h"
#include "model/engine/testing/reference_generator.h"

namespace pano::engine {
namespace {

class EnginePrefillTest : public testing::Test {
 protected:
  void SetUp() override { SetLogLevel(LogLevel::kError); }

  std::unique_ptr<Engine> Make(Options options, FakeModel& model) {
    options.begin_token_id = 0;
    return MakeEngine(std::move(options), model, pool_);
  }

  Request Prompt(size_t length, uint64_t seed, int64_t max_tokens = 1) {
    Random random(seed);
    Request request;
    request.prompt = RandomPrompt(random, length);
    request.max_tokens = max_tokens;
    request.ignore_eos = true;
    request.sampling.temperature = 0;
    return request;
  }

  // The first step waits until all that is submitted meanwhile has arrived: a batch.
  FakeModel::Options Gated() {
    return {.context_length = 2048, .before_step = [this] {
              if (!opened_.exchange(true)) gate_.acquire();
            }};
  }

  // The tokens that `requests` compute when they arrive together. Each is answered as alone.
  int64_t ComputedTogether(const std::vector<Request>& requests, Options options = {}) {
    opened_ = false;
    FakeModel model(Gated());
    auto engine = Make(options, model);
    auto first = engine->Submit(Prompt(2, 99));
    std::vector<std::shared_ptr<TokenStream>> streams;
    for (const Request& request : requests) {
      auto stream = engine->Submit(request);
      EXPECT_TRUE(stream.ok()) << stream.status().ToString();
      streams.push_back(*stream);
    }
    gate_.release();
    EXPECT_TRUE(first.ok());
    ReadAll(**first);
    for (size_t i = 0; i < requests.size(); ++i) {
      const auto output = ReadAll(*streams[i])[0];
      EXPECT_EQ(output.ids, GenerateAlone(model, requests[i], 0, {}).ids) << i;
      EXPECT_EQ(output.finish.reason, FinishReason::kLength);
    }
    rows_ = model.logit_rows - 1;
    ExpectEmpty(engine->GetEngineStats());
    return model.tokens - 2;
  }

  ComputePool pool_{2};
  std::binary_semaphore gate_{0};
  std::atomic<bool> opened_{false};
  int64_t rows_ = 0;  // of logits
};

TEST_F(EnginePrefillTest, OnlyTheLastTokenOfAPromptHasLogits) {
  EXPECT_EQ(ComputedTogether({Prompt(512, 1)}), 512);
  EXPECT_EQ(rows_, 1);
  // In pieces, and beside others.
  EXPECT_EQ(ComputedTogether({Prompt(700, 2), Prompt(300, 3), Prompt(33, 4, 5)},
                             {.step_tokens_max = 100}),
            700 + 300 + 33 + 4);
  EXPECT_EQ(rows_, 1 + 1 + 5);
}

TEST_F(EnginePrefillTest, EightRequestsWithOnePromptComputeItOnce) {
  const std::vector<Request> requests(8, Prompt(512, 1));
  // All but the last block, of which at least a token is computed.
  for (const int64_t budget : {4096, 512, 100}) {
    EXPECT_EQ(ComputedTogether(requests, {.step_tokens_max = budget}), 512 + 7 * 32) << budget;
    EXPECT_EQ(rows_, 8) << budget;
  }
  EXPECT_EQ(ComputedTogether(requests, {.step_tokens_max = 4096, .prefix_cache = false}), 8 * 512);
}

TEST_F(EnginePrefillTest, PromptsThatBeginAlikeShareTheBeginning) {
  std::vector<Request> requests;
  for (uint64_t i = 0; i < 4; ++i) {
    Request request = Prompt(256, 1, 3);
    const Request own = Prompt(100 + 10 * i, 10 + i);
    request.prompt.insert(request.prompt.end(), own.prompt.begin(), own.prompt.end());
    requests.push_back(request);
  }
  // Each goes on by itself behind the common 256, and decodes two tokens.
  EXPECT_EQ(ComputedTogether(requests, {.step_tokens_max = 4096}),
            256 + (100 + 110 + 120 + 130) + 4 * 2);
}

TEST_F(EnginePrefillTest, AChainOfLongerPromptsIsComputedOnce) {
  std::vector<Request> requests;
  for (size_t blocks : {4u, 8u, 16u}) {
    Request request = Prompt(16 * 32, 1);
    request.prompt.resize(blocks * 32 + 1);
    requests.push_back(request);
  }
  EXPECT_EQ(ComputedTogether(requests, {.step_tokens_max = 4096}), 129 + 129 + 257);
}

TEST_F(EnginePrefillTest, TenantsShareNothing) {
  std::vector<Request> requests(4, Prompt(256, 1));
  requests[2].tenant = requests[3].tenant = "b";
  EXPECT_EQ(ComputedTogether(requests, {.step_tokens_max = 4096}), 2 * (256 + 32));
}

// Who computes the common part goes away before it is done: another one does it then.
TEST_F(EnginePrefillTest, TheOneThatIsWaitedForMayGo) {
  std::atomic<int> steps{0};
  std::binary_semaphore gate{0}, reached{0};
  FakeModel model({.context_length = 2048, .before_step = [&] {
                     if (++steps == 2) {
                       reached.release();
                       gate.acquire();
                     }
                   }});
  auto engine = Make({.step_tokens_max = 64}, model);
  const Request request = Prompt(512, 1, 4);
  auto first = *engine->Submit(request);
  std::vector<std::shared_ptr<TokenStream>> others;
  for (int i = 0; i < 3; ++i) others.push_back(*engine->Submit(request));
  reached.acquire();
  first->Cancel();
  gate.release();
  EXPECT_EQ(ReadAll(*first)[0].finish.reason, FinishReason::kCancelled);
  for (const auto& stream : others) {
    EXPECT_EQ(ReadAll(*stream)[0].ids, GenerateAlone(model, request, 0, {}).ids);
  }
  // What the first one had computed of the prompt was of use.
  EXPECT_EQ(model.tokens, 512 + 2 * 32 + 3 * 3);
  ExpectEmpty(engine->GetEngineStats());
}

}  // namespace
}  // namespace pano::engine
