#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "base/clock.h"
#include "base/threads.h"
#include "model/engine/engine.h"
#include "model/engine/testing/fake_model.h"
#include "model/engine/testing/fake_tokenizer.h"

namespace pano::engine {

// An engine over a fake model and its tokenizer, whose token 1 ends a text.
inline std::unique_ptr<Engine> MakeEngine(Options options, FakeModel& model, ComputePool& pool,
                                          Observer observer = {}, Clock& clock = Clock::Real(),
                                          std::unique_ptr<serving::BatchPolicy> policy = nullptr) {
  options.end_token_ids = {1};
  auto engine = Engine::Create(model, std::make_shared<FakeTokenizer>(), pool, options,
                               std::move(observer), std::move(policy), clock);
  EXPECT_TRUE(engine.ok()) << engine.status().ToString();
  return std::move(engine).value();
}

}  // namespace pano::engine
