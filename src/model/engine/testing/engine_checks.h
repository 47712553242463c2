#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "base/random.h"
#include "model/engine/engine.h"
#include "model/engine/testing/fake_model.h"
#include "model/engine/testing/reference_generator.h"

namespace pano::engine {

// Nothing runs, waits or holds a block.
inline void ExpectEmpty(const Stats& stats) {
  EXPECT_EQ(stats.kv_blocks.used, 0);
  EXPECT_EQ(stats.kv_blocks.free + stats.kv_blocks.cached, stats.kv_blocks.total);
  EXPECT_EQ(stats.serving.running_rows, 0);
  EXPECT_EQ(stats.serving.waiting_requests, 0);
}

// The same tokens with the same probabilities, to the bit, and the same texts.
inline void ExpectSame(const std::vector<ChoiceOutput>& got, const std::vector<ChoiceOutput>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].ids, want[i].ids);
    EXPECT_EQ(got[i].logprobs, want[i].logprobs);
    EXPECT_EQ(got[i].text, want[i].text);
  }
}

// Reads the streams of `requests` to their ends in any order, and cancels some on the way: each
// choice is what it is alone, or begins like that when it was cancelled. Under
// ASSERT_NO_FATAL_FAILURE.
inline void ReadAndCancelInAnyOrder(Engine& engine, FakeModel& model, Random& random,
                                    std::vector<Request> requests,
                                    std::vector<std::shared_ptr<TokenStream>> streams) {
  while (!streams.empty()) {
    const auto i = static_cast<std::ptrdiff_t>(random.Below(streams.size()));
    auto& stream = streams[static_cast<size_t>(i)];
    const Request& request = requests[static_cast<size_t>(i)];
    if (random.Below(6) == 0) engine.Cancel(request.id);
    auto outputs = ReadAll(*stream, request.n);
    for (int choice = 0; choice < request.n; ++choice) {
      const ChoiceOutput& got = outputs[static_cast<size_t>(choice)];
      ChoiceOutput want = GenerateAlone(model, request, choice, {1});
      ASSERT_EQ(got.finishes, 1);
      ASSERT_NE(got.finish.reason, FinishReason::kError) << got.finish.error;
      if (got.finish.reason == FinishReason::kCancelled) {
        ASSERT_LE(got.ids.size(), want.ids.size());
        want.ids.resize(got.ids.size());
        want.logprobs.resize(got.ids.size());
      }
      ASSERT_EQ(got.ids, want.ids);
      ASSERT_EQ(got.logprobs, want.logprobs);
    }
    streams.erase(streams.begin() + i);
    requests.erase(requests.begin() + i);
  }
}

}  // namespace pano::engine
