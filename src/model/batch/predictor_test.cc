#include "model/batch/predictor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

#include "base/threads.h"
#include "model/batch/testing/fake_encoder.h"
#include "model/serving/queue_room.h"
#include "model/serving/testing/recording_observer.h"

namespace pano::batch {
namespace {

using testing::FakeEncoder;

PredictRequest OneText(std::vector<nn::TokenId> ids) {
  PredictRequest request;
  request.inputs.texts.push_back({std::move(ids), {}, {}});
  request.inputs.outputs = {"sentence_embedding"};
  return request;
}

std::unique_ptr<Predictor> Make(std::unique_ptr<FakeEncoder> encoder, PredictorOptions options = {},
                                const serving::Observer& observer = {}) {
  return std::move(Predictor::Create(std::move(encoder), options, observer)).value();
}

TEST(Predictor, Answers) {
  std::unique_ptr<Predictor> predictor = Make(std::make_unique<FakeEncoder>());
  auto prediction = std::move(predictor->Submit(OneText({1, 2, 3}))).value();
  std::atomic<int> notified = 0;
  Result<Predicted> answer = prediction->Take();
  prediction->SetNotify([&] { ++notified; });  // it is done: at once
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(notified, 1);
  EXPECT_EQ(answer->outputs[0].rows[0], (std::vector<float>{6, 3}));
  EXPECT_GE(answer->total_ms, answer->queue_ms);
  EXPECT_EQ(predictor->info().architecture, "FakeModel");
  EXPECT_FALSE(predictor->Submit(OneText({5000})).ok());
}

TEST(Predictor, RefusesSenselessOptions) {
  PredictorOptions options;
  options.batch.rows_max = 0;
  EXPECT_FALSE(Predictor::Create(std::make_unique<FakeEncoder>(), options).ok());
}

// An encoder whose first batch lasts until a test lets it go.
struct Held {
  std::latch begun{1};
  std::latch go{1};
  std::unique_ptr<FakeEncoder> encoder = std::make_unique<FakeEncoder>();
  Held() {
    encoder->before = [this, first = true](const encoder::EncoderBatch&) mutable {
      if (!std::exchange(first, false)) return;
      begun.count_down();
      go.wait();
    };
  }
};

TEST(Predictor, AnUrgentRequestPassesThoseThatWait) {
  Held held;
  std::vector<float> order;  // the first token of each row, as they are computed
  PredictorOptions options;
  options.batch.delay = Duration::zero();
  auto* encoder = held.encoder.get();
  encoder->before = [&order, hold = std::move(encoder->before)](const encoder::EncoderBatch& batch) {
    for (const auto& text : batch.texts) order.push_back(static_cast<float>(text.ids[0]));
    hold(batch);
  };
  std::unique_ptr<Predictor> predictor = Make(std::move(held.encoder), options);
  Batching batching{.max_batch_size = 1, .max_queue_delay = Duration::zero(), .priority_levels = 2,
                    .default_priority_level = 2};
  batching.priority_queue_policy[2].max_queue_size = 2;
  predictor->SetBatching(batching);
  std::vector<std::shared_ptr<Prediction>> answers;
  answers.push_back(predictor->Submit(OneText({1})).value());
  held.begun.wait();
  answers.push_back(predictor->Submit(OneText({2})).value());
  answers.push_back(predictor->Submit(OneText({3})).value());
  EXPECT_EQ(predictor->Submit(OneText({4})).error().code(), StatusCode::kExhausted);  // level 2 is full
  PredictRequest urgent = OneText({5});
  urgent.priority = 1;
  answers.push_back(predictor->Submit(std::move(urgent)).value());
  PredictRequest unknown = OneText({6});
  unknown.priority = 3;
  EXPECT_EQ(predictor->Submit(std::move(unknown)).error().field(), "priority");
  EXPECT_EQ(predictor->GetStats().rejections, 1);
  held.go.count_down();
  for (const auto& answer : answers) EXPECT_TRUE(answer->Take().ok());
  EXPECT_EQ(order, (std::vector<float>{1, 5, 2, 3}));
}

// A queue policy's time runs on the predictor's clock, and whoever has waited it is told to come again.
TEST(Predictor, WhoWaitsLongerThanThePolicyAllowsIsRefused) {
  Held held;
  ManualClock clock;
  PredictorOptions options;
  options.batch.delay = Duration::zero();
  std::unique_ptr<Predictor> predictor =
      std::move(Predictor::Create(std::move(held.encoder), options, {}, nullptr, clock)).value();
  Batching batching{.max_batch_size = 1, .max_queue_delay = Duration::zero()};
  batching.default_queue_policy.default_timeout = std::chrono::milliseconds(10);
  predictor->SetBatching(batching);
  auto first = predictor->Submit(OneText({1})).value();
  held.begun.wait();
  auto late = predictor->Submit(OneText({2})).value();
  clock.Advance(std::chrono::milliseconds(10));
  held.go.count_down();
  EXPECT_TRUE(first->Take().ok());
  const Result<Predicted> refused = late->Take();
  EXPECT_EQ(refused.error().code(), StatusCode::kExhausted);
  EXPECT_EQ(refused.error().reason(), "queue_timeout");
}

TEST(Predictor, AFullQueueAnswersAtOnce) {
  Held held;
  serving::testing::RecordingObserver recorded;
  PredictorOptions options;
  options.queue_max = 1;
  options.batch.delay = Duration::zero();
  std::unique_ptr<Predictor> predictor = Make(std::move(held.encoder), options, recorded.observer());
  auto running = std::move(predictor->Submit(OneText({1}))).value();
  held.begun.wait();
  auto* room = dynamic_cast<serving::QueueRoom*>(predictor.get());
  ASSERT_NE(room, nullptr);
  EXPECT_TRUE(room->CheckRoom().ok());
  auto waiting = std::move(predictor->Submit(OneText({2}))).value();
  Result<std::shared_ptr<Prediction>> refused = predictor->Submit(OneText({3}));
  EXPECT_EQ(refused.error().code(), StatusCode::kExhausted);
  EXPECT_EQ(recorded.rejected.count("queue_full"), 1u);
  const Status unread = room->CheckRoom();
  EXPECT_EQ(unread.code(), StatusCode::kExhausted);
  EXPECT_EQ(unread.message(), refused.error().message());
  EXPECT_EQ(recorded.rejected.count("queue_full"), 2u);
  EXPECT_GE(predictor->RetryAfterSeconds(), 1);
  EXPECT_EQ(predictor->GetStats().waiting_requests, 1);
  EXPECT_EQ(predictor->GetStats().running_rows, 1);
  held.go.count_down();
  EXPECT_TRUE(running->Take().ok());
  EXPECT_TRUE(waiting->Take().ok());
  EXPECT_EQ(predictor->GetStats().rejections, 2);
}

TEST(Predictor, CancelsById) {
  PredictorOptions options;
  options.batch.delay = std::chrono::hours(1);
  std::unique_ptr<Predictor> predictor = Make(std::make_unique<FakeEncoder>(), options);
  PredictRequest mine = OneText({1});
  mine.id = "mine";
  mine.tenant = "a";
  auto waiting = std::move(predictor->Submit(mine)).value();
  EXPECT_EQ(predictor->Submit(mine).error().code(), StatusCode::kAlreadyExists);
  auto other = std::move(predictor->Submit(OneText({2}))).value();
  predictor->Cancel("nobody");
  predictor->Cancel("mine");
  EXPECT_EQ(waiting->Take().error().code(), StatusCode::kCancelled);
  EXPECT_FALSE(other->TryTake());
  std::vector<serving::TenantStats> tenants = predictor->GetTenantStats();
  ASSERT_EQ(tenants.size(), 2u);
  EXPECT_EQ(tenants[0].waiting_requests, 1);
  EXPECT_EQ(tenants[1].tenant, "a");
  EXPECT_EQ(tenants[1].waiting_requests, 0);
  EXPECT_EQ(tenants[1].requests, 1);
}

TEST(Predictor, DropsWhatNobodyHolds) {
  Held held;
  PredictorOptions options;
  options.batch.delay = Duration::zero();
  std::unique_ptr<Predictor> predictor = Make(std::move(held.encoder), options);
  auto running = std::move(predictor->Submit(OneText({1}))).value();
  held.begun.wait();
  static_cast<void>(predictor->Submit(OneText({2})));
  held.go.count_down();
  EXPECT_TRUE(running->Take().ok());
  EXPECT_TRUE(predictor->Drain(std::chrono::seconds(60)));
  EXPECT_EQ(predictor->GetStats().cancellations, 1);
}

TEST(Predictor, DrainsAndRefusesThen) {
  PredictorOptions options;
  options.batch.delay = std::chrono::hours(1);
  std::unique_ptr<Predictor> predictor = Make(std::make_unique<FakeEncoder>(), options);
  auto prediction = std::move(predictor->Submit(OneText({1}))).value();
  EXPECT_TRUE(predictor->Drain(std::chrono::seconds(60)));
  EXPECT_TRUE(prediction->Take().ok());
  EXPECT_EQ(predictor->Submit(OneText({1})).error().code(), StatusCode::kUnavailable);
}

TEST(Predictor, GoesWhileRequestsWait) {
  PredictorOptions options;
  options.batch.delay = std::chrono::hours(1);
  std::unique_ptr<Predictor> predictor = Make(std::make_unique<FakeEncoder>(), options);
  auto prediction = std::move(predictor->Submit(OneText({1}))).value();
  predictor.reset();
  EXPECT_EQ(prediction->Take().error().code(), StatusCode::kUnavailable);
  prediction->Cancel();
}

// Many callers at once, some of whom lose interest: every answer is what the request alone would
// get.
TEST(Predictor, SoakTest) {
  PredictorOptions options;
  options.batch = {.rows_max = 8, .tokens_max = 64, .delay = std::chrono::microseconds(100)};
  options.queue_max = 16;
  std::unique_ptr<Predictor> predictor = Make(std::make_unique<FakeEncoder>(), options);
  std::atomic<int> answered = 0, refused = 0, wrong = 0;
  auto caller = [&](int seed) {
    for (int i = 0; i < 400; ++i) {
      PredictRequest request;
      request.inputs.outputs = {i % 3 == 0 ? "last_hidden_state" : "sentence_embedding"};
      size_t rows = static_cast<size_t>(1 + (seed + i) % 11);
      for (size_t row = 0; row < rows; ++row) {
        request.inputs.texts.push_back(
            {std::vector<nn::TokenId>(1 + (row * 7 + static_cast<size_t>(i)) % 20, seed), {}, {}});
      }
      std::vector<encoder::TextRow> texts = request.inputs.texts;
      Result<std::shared_ptr<Prediction>> prediction = predictor->Submit(std::move(request));
      if (!prediction.ok()) {
        ++refused;
        continue;
      }
      if (i % 5 == 0) continue;  // the pointer goes
      Result<Predicted> answer = (*prediction)->Take();
      ++answered;
      if (!answer.ok() || answer->outputs[0].rows.size() != rows) {
        ++wrong;
        continue;
      }
      for (size_t row = 0; row < rows; ++row) {
        const std::vector<float>& got = answer->outputs[0].rows[row];
        size_t ids = texts[row].ids.size();
        bool right = i % 3 == 0 ? got.size() == 2 * ids && got[0] == static_cast<float>(seed)
                                : got[1] == static_cast<float>(ids);
        wrong += !right;
      }
    }
  };
  {
    std::vector<std::jthread> callers;
    for (int seed = 1; seed <= 4; ++seed) callers.emplace_back(caller, seed);
  }
  EXPECT_TRUE(predictor->Drain(std::chrono::seconds(60)));
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(answered, 0);
  serving::Stats stats = predictor->GetStats();
  EXPECT_EQ(stats.waiting_requests, 0);
  EXPECT_EQ(stats.running_rows, 0);
  EXPECT_EQ(stats.rejections, refused);
}

}  // namespace
}  // namespace pano::batch
