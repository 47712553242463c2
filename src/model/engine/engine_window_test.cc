#include <gtest/gtest.h>

#include <algorithm>

#include "base/log.h"
#include "base/random.h"
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

using Groups = std::vector<nn::StateGroup>;

// Models with state groups that see a window only. The fake model checks what it is given.
class EngineWindowTest : public testing::Test {
 protected:
  void SetUp() override { SetLogLevel(LogLevel::kError); }

  std::unique_ptr<Engine> Make(Options options, FakeModel& model) {
    return MakeEngine(std::move(options), model, pool_);
  }

  static Request LongRequest(size_t prompt, int64_t output) {
    Random random(prompt);
    Request request;
    request.prompt = RandomPrompt(random, prompt);
    request.max_tokens = output;
    request.ignore_eos = true;
    request.sampling.seed = 3;
    return request;
  }

  ComputePool pool_{2};
};

TEST_F(EngineWindowTest, AWindowNeedsNoMoreThanItSees) {
  // Three blocks are seen; they do for any length, a prompt is cut to what there is room for.
  for (int64_t step_tokens : {1, 20, 512}) {
    FakeModel model({.groups = {FakeModel::Window(40)}});
    auto engine = Make({.step_tokens_max = step_tokens, .kv_blocks = 3}, model);
    EXPECT_EQ(engine->context_max(), 512);
    std::vector<std::shared_ptr<TokenStream>> streams;
    Request request = LongRequest(300, 212);
    for (int i = 0; i < 3; ++i) streams.push_back(*engine->Submit(request));
    for (auto& stream : streams) {
      auto output = ReadAll(*stream)[0];
      EXPECT_EQ(output.ids, GenerateAlone(model, request, 0, {}).ids) << output.finish.error;
    }
    EXPECT_EQ(model.unseen, 0);
    ExpectEmpty(engine->GetEngineStats());
  }
}

TEST_F(EngineWindowTest, BlocksAreFreeAsSoonAsTheyAreNotSeen) {
  Engine* running = nullptr;
  int64_t most = 0;
  FakeModel model({.before_step = [&] {
                     most = std::max(most, running->GetEngineStats().kv_blocks.used);
                   },
                   .groups = {FakeModel::Window(33), FakeModel::Paged(1024)}});
  auto engine = Make({.step_tokens_max = 16, .kv_blocks = 16, .prefix_cache = false}, model);
  running = engine.get();
  EXPECT_EQ(ReadAll(**engine->Submit(LongRequest(300, 200)))[0].ids.size(), 200u);
  EXPECT_EQ(most, 16 + 2);
  EXPECT_EQ(model.unseen, 0);
  ExpectEmpty(engine->GetEngineStats());
}

TEST_F(EngineWindowTest, PromptsHitAtBlockBorders) {
  for (int64_t window : {1, 5, 32, 33, 100}) {
    for (const Groups& groups : {Groups{FakeModel::Paged(1024), FakeModel::Window(window)},
                                 Groups{FakeModel::Window(window)}}) {
      SCOPED_TRACE(testing::Message() << groups.size() << " groups, window " << window);
      FakeModel model({.groups = groups});
      auto engine = Make({.step_tokens_max = 48}, model);
      Request request = LongRequest(200, 40);
      auto run = [&](size_t length) {
        Request part = request;
        part.prompt.resize(length, 9);
        auto output = ReadAll(**engine->Submit(part))[0];
        EXPECT_EQ(output.ids, GenerateAlone(model, part, 0, {}).ids) << output.finish.error;
        return output.finish.usage.cached_tokens;
      };
      EXPECT_EQ(run(200), 0);
      EXPECT_EQ(run(200), 192);
      EXPECT_EQ(run(160), 128);
      EXPECT_EQ(run(100), 96);
      EXPECT_EQ(run(300), 192);   // and goes on differently
      EXPECT_EQ(run(300), 288);
      EXPECT_EQ(model.unseen, 0);
      ExpectEmpty(engine->GetEngineStats());
    }
  }
}

TEST_F(EngineWindowTest, ChoicesShareThePrompt) {
  FakeModel model({.groups = {FakeModel::Paged(1024), FakeModel::Window(33)}});
  auto engine = Make({}, model);
  Request request = LongRequest(100, 70);
  request.n = 4;
  auto outputs = ReadAll(**engine->Submit(request), 4);
  for (int i = 0; i < 4; ++i) {
    const ChoiceOutput& output = outputs[static_cast<size_t>(i)];
    EXPECT_EQ(output.ids, GenerateAlone(model, request, i, {}).ids);
    EXPECT_EQ(output.finish.usage.cached_tokens, i == 0 ? 0 : 96);
  }
}

// Many sequences in too little memory, with shared prompts, that are cancelled, dropped or read late:
// what comes out is a beginning of what the request gives alone, and nothing is left.
TEST_F(EngineWindowTest, RandomLivesLeakNothing) {
  Stats sum;
  for (int64_t window : {1, 5, 32, 33, 100}) {
    for (const Groups& groups :
         {Groups{FakeModel::Paged(1024), FakeModel::Window(window)},
          Groups{FakeModel::Window(window)},
          Groups{FakeModel::Window(window), FakeModel::Paged(1024), FakeModel::Window(40)}}) {
      for (bool cache : {true, false}) {
        SCOPED_TRACE(testing::Message() << groups.size() << " groups, window " << window
                                        << (cache ? "" : ", no cache"));
        FakeModel model({.groups = groups});
        auto engine = Make({.step_tokens_max = 40, .sequences_max = 10,
                            .kv_blocks = groups.size() == 1 ? 9 : 14, .stream_capacity = 8,
                            .prefix_cache = cache},
                           model);
        Random random(static_cast<uint64_t>(window) * 10 + groups.size());
        for (int round = 0; round < 4; ++round) {
          std::vector<Request> requests;
          std::vector<std::shared_ptr<TokenStream>> streams;
          for (int i = 0; i < 14; ++i) {
            Request request = RandomRequest(random, 90, 120);
            request.id = std::to_string(round) + "-" + std::to_string(i);
            request.tenant = std::to_string(random.Below(2));
            if (random.Below(6) == 0) request.prompt_logprobs = 1;
            auto stream = engine->Submit(request);
            ASSERT_TRUE(stream.ok()) << stream.status().ToString();
            if (random.Below(8) == 0) continue;   // dropped at once
            requests.push_back(std::move(request));
            streams.push_back(std::move(stream).value());
          }
          ASSERT_NO_FATAL_FAILURE(ReadAndCancelInAnyOrder(
              *engine, model, random, std::move(requests), std::move(streams)));
        }
        EXPECT_TRUE(engine->Drain(std::chrono::seconds(60)));
        EXPECT_EQ(model.unseen, 0);
        ExpectEmpty(engine->GetEngineStats());
        sum.preemptions += engine->GetEngineStats().preemptions;
        sum.serving.tokens.cached += engine->GetEngineStats().serving.tokens.cached;
        sum.serving.cancellations += engine->GetEngineStats().serving.cancellations;
      }
    }
  }
  EXPECT_GT(sum.preemptions, 100);
  EXPECT_GT(sum.serving.tokens.cached, 1000);
  EXPECT_GT(sum.serving.cancellations, 100);
}

}  // namespace
}  // namespace pano::engine
