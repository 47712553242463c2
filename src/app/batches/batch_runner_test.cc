#include "app/batches/batch_runner.h"

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <filesystem>
#include <fstream>
#include <thread>

#include "app/batches/testing/temporary_store.h"
#include "base/strings.h"

namespace pano::batches {
namespace {

using testing::InputLine;
using testing::TemporaryStore;

// Answers that a test gives by hand. Thread-safe.
class FakeService {
 public:
  struct Asked {
    LineRequest request;
    std::function<void(LineAnswer)> done;
    bool ended = false;
  };

  LineService Service() {
    return [this](LineRequest request, std::function<void(LineAnswer)> done) -> std::function<void()> {
      MutexLock lock(mu_);
      const size_t at = asked_.size();
      asked_.push_back({std::move(request), std::move(done)});
      changed_.NotifyAll();
      if (automatic_) asked_[at].done({200, StrCat("{\"n\":", at, "}")});
      return [this, at] {
        MutexLock ended(mu_);
        asked_[at].ended = true;
      };
    };
  }
  void AnswerAll() { automatic_ = true; }
  size_t AwaitAsked(size_t count) {
    MutexLock lock(mu_);
    while (asked_.size() < count) {
      if (!Clock::Real().WaitUntil(changed_, mu_, Clock::Real().Now() + std::chrono::seconds(10))) break;
    }
    return asked_.size();
  }
  void Answer(size_t at, LineAnswer answer) {
    std::function<void(LineAnswer)> done;
    {
      MutexLock lock(mu_);
      done = asked_.at(at).done;
    }
    done(std::move(answer));
  }
  LineRequest request(size_t at) {
    MutexLock lock(mu_);
    return asked_.at(at).request;
  }
  bool ended(size_t at) {
    MutexLock lock(mu_);
    return asked_.at(at).ended;
  }

 private:
  Mutex mu_;
  CondVar changed_;
  std::deque<Asked> asked_;
  std::atomic<bool> automatic_{false};
};

constexpr BatchRunner::Options kQuick{.window = 2, .input = {}, .retry_min = std::chrono::milliseconds(1), .retry_max = std::chrono::milliseconds(5)};

// Waits until the batch is at that status.
BatchRecord Await(BatchStore& store, const BatchRecord& batch, BatchStatus status) {
  BatchRecord record;
  for (int i = 0; i < 2000; ++i) {
    record = store.FindBatch(batch.tenant, batch.id).value();
    if (record.status == status) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(BatchStatusName(record.status), BatchStatusName(status));
  return record;
}

std::string Read(const BatchStore& store, const std::string& id) { return id.empty() ? "" : ReadFile(store.PathOf(id)).value(); }

int64_t Now() { return Clock::Real().UnixSeconds(); }

TEST(BatchRunner, AnswersEachLineOnce) {
  TemporaryStore store;
  const BatchRecord batch = store.AddBatch("acme", InputLine("a", "one") + InputLine("b") + InputLine("c"), Now(), Now() + 1000);
  FakeService service;
  BatchRunner runner(*store, service.Service(), kQuick);
  ASSERT_EQ(service.AwaitAsked(2), 2u);  // no more than the window
  EXPECT_EQ(service.request(0).principal.tenant, "acme");
  EXPECT_EQ(service.request(0).path, "/v1/completions");
  EXPECT_EQ(service.request(0).body, R"({"prompt":"one"})");
  service.Answer(1, {400, R"({"error":{}})"});
  ASSERT_EQ(service.AwaitAsked(3), 3u);
  service.Answer(2, {200, R"({"c":1})"});
  service.Answer(0, {200, R"({"a":1})"});
  const BatchRecord done = Await(*store, batch, BatchStatus::kCompleted);
  EXPECT_EQ(done.total, 3);
  EXPECT_EQ(done.completed, 2);
  EXPECT_EQ(done.failed, 1);
  const std::string output = Read(*store, done.output_file);
  EXPECT_NE(output.find(R"("custom_id":"a","response":{"status_code":200,)"), std::string::npos) << output;
  EXPECT_NE(output.find(R"("body":{"a":1}},"error":null})"), std::string::npos);
  EXPECT_LT(output.find("\"a\""), output.find("\"c\""));
  const std::string errors = Read(*store, done.error_file);
  EXPECT_NE(errors.find(R"("custom_id":"b","response":{"status_code":400,)"), std::string::npos) << errors;
  const std::string all = output + errors;
  for (const std::string_view line : Split(all, '\n')) {
    if (line.empty()) continue;
    EXPECT_TRUE(json::Parse(line).ok()) << line;
  }
}

TEST(BatchRunner, WhatIsRefusedForNowIsTriedAgain) {
  TemporaryStore store;
  const BatchRecord batch = store.AddBatch("acme", InputLine("a"), Now(), Now() + 1000);
  FakeService service;
  BatchRunner runner(*store, service.Service(), kQuick);
  for (int status : {429, 503, 0}) {
    const size_t at = service.AwaitAsked(1) - 1;
    service.Answer(at, {status, "{}"});
    ASSERT_EQ(service.AwaitAsked(at + 2), at + 2);
  }
  service.Answer(3, {200, "{}"});
  EXPECT_EQ(Await(*store, batch, BatchStatus::kCompleted).completed, 1);
}

TEST(BatchRunner, AFileThatIsNoListOfRequestsFailsWhole) {
  TemporaryStore store;
  const BatchRecord batch = store.AddBatch("acme", InputLine("a") + InputLine("a"), Now(), Now() + 1000);
  FakeService service;
  BatchRunner runner(*store, service.Service(), kQuick);
  const BatchRecord failed = Await(*store, batch, BatchStatus::kFailed);
  EXPECT_NE(failed.errors.find("duplicate_custom_id"), std::string::npos) << failed.errors;
  EXPECT_EQ(service.AwaitAsked(0), 0u);
  EXPECT_EQ(failed.output_file, "");
}

TEST(BatchRunner, ACancelledBatchKeepsWhatWasAnswered) {
  TemporaryStore store;
  const BatchRecord batch = store.AddBatch("acme", InputLine("a") + InputLine("b") + InputLine("c"), Now(), Now() + 1000);
  FakeService service;
  BatchRunner runner(*store, service.Service(), kQuick);
  ASSERT_EQ(service.AwaitAsked(2), 2u);
  service.Answer(0, {200, "{}"});
  ASSERT_EQ(service.AwaitAsked(3), 3u);
  ASSERT_TRUE(store->CancelBatch("acme", batch.id, Now()).ok());
  runner.Wake();
  const BatchRecord cancelled = Await(*store, batch, BatchStatus::kCancelled);
  EXPECT_TRUE(service.ended(1));
  EXPECT_EQ(cancelled.completed, 1);
  EXPECT_NE(Read(*store, cancelled.output_file).find("\"a\""), std::string::npos);
}

TEST(BatchRunner, WhatIsLeftWhenTheTimeIsOverSaysSo) {
  TemporaryStore store;
  const BatchRecord batch = store.AddBatch("acme", InputLine("a") + InputLine("b") + InputLine("c"), Now(), Now() + 1);
  FakeService service;
  BatchRunner runner(*store, service.Service(), kQuick);
  ASSERT_EQ(service.AwaitAsked(2), 2u);
  service.Answer(0, {200, "{}"});
  const BatchRecord expired = Await(*store, batch, BatchStatus::kExpired);
  EXPECT_EQ(expired.completed, 1);
  EXPECT_EQ(expired.failed, 2);
  const std::string errors = Read(*store, expired.error_file);
  EXPECT_NE(errors.find(R"("custom_id":"b","response":null,"error":{"code":"batch_expired")"), std::string::npos) << errors;
  EXPECT_NE(errors.find(R"("custom_id":"c")"), std::string::npos);
}

// A key that was taken away begins nothing more: what was answered is kept, what is left says why.
TEST(BatchRunner, ABatchWhoseMakerWasTakenAwayFails) {
  TemporaryStore store;
  const BatchRecord batch =
      store.AddBatch("acme", InputLine("a") + InputLine("b") + InputLine("c") + InputLine("d"), Now(), Now() + 1000);
  const BatchRecord other = store.AddBatch("other", InputLine("o"), Now(), Now() + 1000);
  FakeService service;
  std::atomic<bool> revoked{false};
  const auto check = [&](const auth::Principal& maker) -> Result<auth::Principal> {
    if (revoked && maker.tenant == "acme") return Status(StatusCode::kUnauthenticated, "gone");
    auth::Principal now = maker;
    now.subject = "renewed";
    return now;
  };
  BatchRunner runner(*store, service.Service(), {.window = 1, .input = {}, .retry_min = kQuick.retry_min, .retry_max = kQuick.retry_max},
                     Clock::Real(), check);
  ASSERT_EQ(service.AwaitAsked(1), 1u);
  EXPECT_EQ(service.request(0).principal.subject, "renewed");  // the rights are those of now
  const size_t acme = service.request(0).principal.tenant == "acme" ? 0 : 1;
  if (acme == 1) {
    service.Answer(0, {200, "{}"});
    ASSERT_EQ(service.AwaitAsked(2), 2u);
  }
  service.Answer(acme, {200, "{}"});
  ASSERT_EQ(service.AwaitAsked(acme + 2), acme + 2);  // one line more, of whichever batch
  revoked = true;
  service.Answer(acme + 1, {200, "{}"});
  const BatchRecord done = Await(*store, batch, BatchStatus::kFailed);
  EXPECT_EQ(done.completed + done.failed, 4);
  EXPECT_GE(done.completed, 1);
  EXPECT_GE(done.failed, 2);
  EXPECT_NE(done.errors.find(R"("code":"access_revoked")"), std::string::npos) << done.errors;
  const std::string errors = Read(*store, done.error_file);
  EXPECT_NE(errors.find(R"("custom_id":"d","response":null,"error":{"code":"access_revoked","message":)"), std::string::npos) << errors;
  EXPECT_NE(Read(*store, done.output_file).find(R"("custom_id":"a")"), std::string::npos);
  Await(*store, other, BatchStatus::kCompleted);
}

TEST(BatchRunner, GoesOnWhereItWasStopped) {
  TemporaryStore store;
  const BatchRecord batch = store.AddBatch("acme", InputLine("a") + InputLine("b") + InputLine("c"), Now(), Now() + 1000);
  {
    FakeService service;
    BatchRunner runner(*store, service.Service(), kQuick);
    ASSERT_EQ(service.AwaitAsked(2), 2u);
    service.Answer(1, {200, "{\"first\":1}"});
    ASSERT_EQ(service.AwaitAsked(3), 3u);  // the result was written before that
    runner.Stop();
    EXPECT_TRUE(service.ended(0));
  }
  store.Reopen();
  EXPECT_EQ(store->DoneLines(batch.id).value(), std::set<int64_t>{1});
  FakeService service;
  service.AnswerAll();
  BatchRunner runner(*store, service.Service(), kQuick);
  const BatchRecord done = Await(*store, batch, BatchStatus::kCompleted);
  EXPECT_EQ(done.completed, 3);
  EXPECT_EQ(service.AwaitAsked(0), 2u);  // the answered line was not asked again
  const std::string output = Read(*store, done.output_file);
  EXPECT_NE(output.find("\"first\":1"), std::string::npos);
}

TEST(BatchRunner, AFileThatIsGoneFailsItsBatchAlone) {
  TemporaryStore store;
  const BatchRecord gone = store.AddBatch("acme", InputLine("a") + InputLine("b") + InputLine("c"), Now(), Now() + 1000);
  {
    FakeService service;
    BatchRunner runner(*store, service.Service(), kQuick);
    ASSERT_EQ(service.AwaitAsked(2), 2u);
    service.Answer(0, {200, "{}"});
    ASSERT_EQ(service.AwaitAsked(3), 3u);  // what was answered is written
  }
  std::filesystem::remove(store->PathOf(gone.input_file));
  const BatchRecord whole = store.AddBatch("acme", InputLine("w"), Now(), Now() + 1000);
  FakeService service;
  service.AnswerAll();
  BatchRunner runner(*store, service.Service(), kQuick);
  EXPECT_EQ(Await(*store, whole, BatchStatus::kCompleted).completed, 1);
  const BatchRecord failed = Await(*store, gone, BatchStatus::kFailed);
  EXPECT_NE(failed.errors.find("input_file_unreadable"), std::string::npos) << failed.errors;
  EXPECT_EQ(failed.completed, 1);
  EXPECT_NE(Read(*store, failed.output_file).find("\"a\""), std::string::npos);  // what was answered is kept
  EXPECT_TRUE(store->DoneLines(gone.id)->empty());
}

// A batch whose time was over and whose file was no longer whole failed to end, every second, and no other went on.
TEST(BatchRunner, AFileThatWasChangedHoldsUpNobody) {
  TemporaryStore store;
  const std::string prompt(100'000, 'x');  // more than is read at once
  const BatchRecord late = store.AddBatch("acme", InputLine("a", prompt) + InputLine("b", prompt) + InputLine("c"), Now(), Now() + 2);
  const BatchRecord early = store.AddBatch("acme", InputLine("d", prompt) + InputLine("e", prompt), Now(), Now() + 1000);
  FakeService service;
  BatchRunner runner(*store, service.Service(), kQuick);
  ASSERT_EQ(service.AwaitAsked(2), 2u);
  std::ofstream(store->PathOf(late.input_file)).close();
  std::ofstream(store->PathOf(early.input_file)).close();
  const BatchRecord expired = Await(*store, late, BatchStatus::kExpired);
  EXPECT_NE(expired.errors.find("input_file_unreadable"), std::string::npos) << expired.errors;
  EXPECT_NE(Read(*store, expired.error_file).find("\"a\""), std::string::npos);
  service.AnswerAll();
  const BatchRecord whole = store.AddBatch("acme", InputLine("w"), Now(), Now() + 1000);
  runner.Wake();
  EXPECT_EQ(Await(*store, whole, BatchStatus::kCompleted).completed, 1);
  EXPECT_NE(Await(*store, early, BatchStatus::kFailed).errors.find("input_file_unreadable"), std::string::npos);
}

// A tenant with many batches took as many turns.
TEST(BatchRunner, TenantsTakeTurns) {
  TemporaryStore store;
  for (int i = 0; i < 5; ++i) store.AddBatch("large", InputLine("a") + InputLine("b"), Now(), Now() + 1000);
  const BatchRecord small = store.AddBatch("small", InputLine("s") + InputLine("t") + InputLine("u"), Now(), Now() + 1000);
  FakeService service;
  BatchRunner runner(*store, service.Service(), {.window = 6, .retry_min = std::chrono::milliseconds(1), .retry_max = std::chrono::milliseconds(5)});
  ASSERT_EQ(service.AwaitAsked(6), 6u);
  int of_small = 0;
  for (size_t i = 0; i < 6; ++i) of_small += service.request(i).principal.tenant == "small";
  EXPECT_EQ(of_small, 3);
}

TEST(BatchRunner, BatchesTakeTurns) {
  TemporaryStore store;
  std::string many;
  for (int i = 0; i < 50; ++i) many += InputLine(StrCat("m", i));
  store.AddBatch("large", many, Now(), Now() + 1000);
  const BatchRecord small = store.AddBatch("small", InputLine("s"), Now(), Now() + 1000);
  FakeService service;
  BatchRunner runner(*store, service.Service(), kQuick);
  ASSERT_EQ(service.AwaitAsked(2), 2u);
  EXPECT_NE(service.request(0).principal.tenant, service.request(1).principal.tenant);
}

}  // namespace
}  // namespace pano::batches
