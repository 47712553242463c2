#include "model/batch/batch_loop.h"

#include <gtest/gtest.h>

#include "model/batch/testing/fake_encoder.h"
#include "model/serving/fixed_batch_policy.h"
#include "model/serving/testing/recording_observer.h"

namespace pano::batch {
namespace {

using encoder::Task;
using std::chrono::milliseconds;
using testing::FakeEncoder;

// A loop that a test steps by hand, in time that it moves by hand.
class BatchLoopTest : public ::testing::Test {
 protected:
  JobPtr Enter(PredictRequest request) {
    auto job = std::make_shared<Job>(std::to_string(jobs_++), std::move(request), clock_.Now());
    EXPECT_TRUE(core_.Enter(job->id(), "").ok());
    job->prediction()->SetWake([this] { core_.wakeup().Notify(); });
    queue_.Enter(job);
    return job;
  }
  JobPtr EnterTexts(const std::vector<std::vector<nn::TokenId>>& texts,
                    std::vector<std::string> outputs = {"sentence_embedding"}) {
    PredictRequest request;
    for (const auto& ids : texts) request.inputs.texts.push_back({ids, {}, {}});
    request.inputs.outputs = std::move(outputs);
    return Enter(std::move(request));
  }
  JobPtr EnterAs(std::string tenant, int rows) {
    PredictRequest request;
    request.tenant = std::move(tenant);
    for (int i = 0; i < rows; ++i) request.inputs.texts.push_back({{1, 2}, {}, {}});
    request.inputs.outputs = {"sentence_embedding"};
    return Enter(std::move(request));
  }
  static std::vector<std::vector<float>> Rows(const JobPtr& job) {
    std::optional<Result<Predicted>> answer = job->prediction()->TryTake();
    if (!answer || !answer->ok()) return {};
    return (*answer)->outputs[0].rows;
  }
  static StatusCode Failure(const JobPtr& job) {
    std::optional<Result<Predicted>> answer = job->prediction()->TryTake();
    return answer ? answer->error().code() : StatusCode::kOk;
  }

  ManualClock clock_;
  FakeEncoder encoder_;
  serving::testing::RecordingObserver recorded_;
  serving::Core core_{clock_, 64, recorded_.observer(),
                      std::make_unique<serving::FixedBatchPolicy>(serving::FixedBatchOptions{
                          .rows_max = 3, .tokens_max = 100, .delay = milliseconds(2)})};
  serving::Ledger& ledger_ = core_.ledger();
  JobQueue queue_{core_.wakeup()};
  BatchLoop loop_{encoder_, core_, queue_};
  int jobs_ = 0;
};

TEST_F(BatchLoopTest, AFloodDoesNotDelayAnotherTenantByMoreThanABatch) {
  std::vector<JobPtr> flood;
  for (int i = 0; i < 20; ++i) flood.push_back(EnterAs("flood", 5));
  loop_.Step();
  const JobPtr few = EnterAs("few", 1);
  loop_.Step();
  EXPECT_TRUE(few->over());
  EXPECT_EQ(Rows(few).size(), 1u);
  // The flood is served on, and each row is what it is alone.
  for (int i = 0; i < 200 && !flood.back()->over(); ++i) {
    loop_.Step();
    clock_.Advance(milliseconds(2));  // the last batch is not full
  }
  for (const JobPtr& job : flood) {
    const auto rows = Rows(job);
    ASSERT_EQ(rows.size(), 5u);
    EXPECT_EQ(rows[4], rows[0]);
  }
}

TEST_F(BatchLoopTest, WaitsForCompanyAsLongAsThePolicySays) {
  EXPECT_FALSE(loop_.Step().until);  // nothing to do
  JobPtr first = EnterTexts({{1, 2}});
  BatchLoop::Next next = loop_.Step();
  EXPECT_EQ(next.until, clock_.Now() + milliseconds(2));
  clock_.Advance(milliseconds(1));
  JobPtr second = EnterTexts({{5}});
  EXPECT_EQ(loop_.Step().until, clock_.Now() + milliseconds(1));
  clock_.Advance(milliseconds(1));
  EXPECT_TRUE(loop_.Step().now);
  EXPECT_EQ(Rows(first), (std::vector<std::vector<float>>{{3, 2}}));
  EXPECT_EQ(Rows(second), (std::vector<std::vector<float>>{{5, 1}}));
  EXPECT_EQ(recorded_.step_rows.values(), (std::vector<double>{2}));
  EXPECT_TRUE(ledger_.empty());
  EXPECT_EQ(ledger_.Get().tokens.input, 3);
}

TEST_F(BatchLoopTest, ARequestMayTakeSeveralBatchesAndABatchSeveralRequests) {
  JobPtr large = EnterTexts({{1}, {2}, {3}, {4}});
  JobPtr small = EnterTexts({{5}});
  EXPECT_TRUE(loop_.Step().now);  // full: no delay
  EXPECT_FALSE(large->over());
  EXPECT_EQ(ledger_.Get().waiting_requests, 1);
  clock_.Advance(milliseconds(2));
  EXPECT_TRUE(loop_.Step().now);
  EXPECT_EQ(recorded_.step_rows.values(), (std::vector<double>{3, 2}));
  EXPECT_EQ(Rows(large), (std::vector<std::vector<float>>{{1, 1}, {2, 1}, {3, 1}, {4, 1}}));
  EXPECT_EQ(Rows(small), (std::vector<std::vector<float>>{{5, 1}}));
}

TEST_F(BatchLoopTest, OnlyTheLikeShareABatch) {
  JobPtr vectors = EnterTexts({{1}});
  JobPtr states = EnterTexts({{2, 3}}, {"last_hidden_state"});
  JobPtr more = EnterTexts({{4}});
  clock_.Advance(milliseconds(2));
  loop_.Step();
  EXPECT_TRUE(vectors->over());
  EXPECT_TRUE(more->over());
  EXPECT_FALSE(states->over());
  loop_.Step();
  EXPECT_EQ(Rows(states), (std::vector<std::vector<float>>{{2, 0, 3, 1}}));
  EXPECT_EQ(encoder_.batches[1].outputs, std::vector<std::string>{"last_hidden_state"});
}

TEST_F(BatchLoopTest, KeepsThePositionsThatAreWanted) {
  PredictRequest request;
  request.inputs.texts = {{{7, 8, 9}, {}, {}}};
  request.inputs.outputs = {"last_hidden_state"};
  request.positions = {{0, 2}};
  JobPtr job = Enter(std::move(request));
  clock_.Advance(milliseconds(2));
  loop_.Step();
  EXPECT_EQ(Rows(job), (std::vector<std::vector<float>>{{7, 0, 9, 2}}));
}

TEST_F(BatchLoopTest, ARefusedBatchIsTriedRowByRow) {
  JobPtr good = EnterTexts({{1}});
  JobPtr bad = EnterTexts({{2}, {999}});
  EXPECT_TRUE(loop_.Step().now);
  EXPECT_EQ(Rows(good), (std::vector<std::vector<float>>{{1, 1}}));
  EXPECT_EQ(Failure(bad), StatusCode::kInvalidArgument);
  EXPECT_TRUE(ledger_.empty());
}

TEST_F(BatchLoopTest, TheRestOfAFailedRequestIsNotComputed) {
  JobPtr bad = EnterTexts({{999}, {1}, {2}, {3}, {4}});
  loop_.Step();
  EXPECT_EQ(Failure(bad), StatusCode::kInvalidArgument);
  size_t before = encoder_.batches.size();
  loop_.Step();
  EXPECT_EQ(encoder_.batches.size(), before);
  EXPECT_TRUE(ledger_.empty());
}

TEST_F(BatchLoopTest, EndsWhatIsCancelledOrLate) {
  JobPtr gone = EnterTexts({{1}});
  PredictRequest request;
  request.inputs.texts = {{{2}, {}, {}}};
  request.deadline = clock_.Now() + milliseconds(1);
  JobPtr late = Enter(std::move(request));
  EXPECT_EQ(loop_.Step().until, clock_.Now() + milliseconds(1));  // the deadline comes first
  gone->prediction()->Cancel();
  loop_.Step();
  EXPECT_EQ(Failure(gone), StatusCode::kCancelled);
  clock_.Advance(milliseconds(1));
  loop_.Step();
  EXPECT_EQ(Failure(late), StatusCode::kDeadline);
  EXPECT_EQ(recorded_.ended.names(), (std::vector<std::string>{"client", "deadline"}));
  EXPECT_TRUE(encoder_.batches.empty());
  EXPECT_EQ(ledger_.Get().cancellations, 2);
}

TEST_F(BatchLoopTest, StopsAndDrains) {
  JobPtr job = EnterTexts({{1}});
  core_.wakeup().StartDraining();
  EXPECT_TRUE(loop_.Step().now);  // no delay: nobody else will come
  EXPECT_FALSE(Rows(job).empty());
  JobPtr left = EnterTexts({{1}});
  core_.wakeup().Stop();
  EXPECT_TRUE(loop_.Step().stop);
  EXPECT_EQ(Failure(left), StatusCode::kUnavailable);
}

TEST(BatchLoop, TextsAndImagesGoTogether) {
  ManualClock clock;
  FakeEncoder encoder(Task::kImageText);
  serving::Core core(clock, 8, {},
                     std::make_unique<serving::FixedBatchPolicy>(
                         serving::FixedBatchOptions{.delay = Duration::zero()}));
  JobQueue queue(core.wakeup());
  BatchLoop loop(encoder, core, queue);
  std::vector<JobPtr> jobs;
  for (const char* id : {"a", "b"}) {
    PredictRequest request;
    request.inputs.texts = {{{1}, {}, {}}, {{2}, {}, {}}};
    request.inputs.images = {{1, 1, 1, 1}};
    jobs.push_back(std::make_shared<Job>(id, std::move(request), clock.Now()));
    ASSERT_TRUE(core.Enter(id, "").ok());
    queue.Enter(jobs.back());
  }
  loop.Step();
  loop.Step();
  ASSERT_EQ(encoder.batches.size(), 2u);
  for (const JobPtr& job : jobs) {
    Result<Predicted> answer = job->prediction()->Take();
    ASSERT_TRUE(answer.ok());
    EXPECT_EQ(answer->Find("logits_per_image")->rows, (std::vector<std::vector<float>>{{4, 5}}));
    EXPECT_EQ(answer->Find("text_embeds")->rows.size(), 2u);
  }
}

}  // namespace
}  // namespace pano::batch
