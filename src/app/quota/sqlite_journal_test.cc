#include "app/quota/sqlite_journal.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "app/quota/ledger.h"
#include "app/quota/tenants_file.h"
#include "base/env.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano::quota {
namespace {

class SqliteJournalTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = StrCat(testing::TempDir(), "/quotas-", RandomHex(8));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::shared_ptr<QuotaLedger> Open(std::string_view file, Clock& clock = Clock::Real()) {
    QuotaLedger::Options options;
    options.policies = ParseTenants(file).value();
    options.journal = SqliteJournal::Open(folder_, clock).value();
    return QuotaLedger::Create(std::move(options), clock);
  }
  static std::string Remaining(QuotaLedger& ledger, std::string_view kind, std::string_view tenant = "a") {
    for (const auto& [name, value] : ledger.Look({tenant, ""})) {
      if (name == StrCat("x-ratelimit-remaining-", kind)) return value;
    }
    return "none";
  }

  std::string folder_;
};

constexpr std::string_view kFile =
    "default: {requests_per_minute: 1000, tokens_per_minute: 50000, tokens_per_day: 100000}";

TEST_F(SqliteJournalTest, UsageSurvivesARestart) {
  for (int64_t run = 0; run < 3; ++run) {
    auto ledger = Open(kFile);
    EXPECT_EQ(Remaining(*ledger, "requests"), StrCat(1000 - 2 * run));
    EXPECT_EQ(Remaining(*ledger, "tokens"), StrCat(50000 - 20 * run));
    for (int i = 0; i < 2; ++i) {
      auto admission = ledger->Admit({"a", ""}, "m", {5, 100});
      ASSERT_TRUE(admission.status.ok());
      admission.lease.Settle(10);
    }
  }
}

TEST_F(SqliteJournalTest, WhatLiesBehindTheWindowsIsForgotten) {
  ManualClock clock;
  clock.Advance(std::chrono::hours(1000));
  {
    auto ledger = Open(kFile, clock);
    ledger->Admit({"a", ""}, "m", {5, 5}).lease.Settle(10);
  }
  clock.Advance(std::chrono::minutes(2));
  {
    auto ledger = Open(kFile, clock);
    EXPECT_EQ(Remaining(*ledger, "requests"), "1000");
    EXPECT_EQ(Remaining(*ledger, "tokens"), "50000");  // of the minute; the day is at 99990
  }
  clock.Advance(std::chrono::hours(25));
  auto ledger = Open("default: {tokens_per_day: 100}", clock);
  EXPECT_EQ(Remaining(*ledger, "tokens"), "100");
}

// A process that is killed at any moment: what it had answered is counted, at most the request that it
// was about has been counted beside. Requests and tokens both.
TEST_F(SqliteJournalTest, AKilledProcessLosesAtMostOneRequest) {
  Random random(11);
  int64_t answered = 0;
  int64_t slack = 0;
  for (int run = 0; run < 6; ++run) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto ledger = Open(kFile);
      while (true) {
        auto admission = ledger->Admit({"a", ""}, "m", {3, 4});
        if (!admission.status.ok()) _exit(3);
        if (write(pipe_ends[1], "x", 1) != 1) _exit(4);  // the answer is out
        admission.lease.Settle(5);
      }
    }
    close(pipe_ends[1]);
    const uint64_t most = 5 + random.Below(60);
    char byte = 0;
    uint64_t seen = 0;
    while (seen < most && read(pipe_ends[0], &byte, 1) == 1) ++seen;
    kill(child, SIGKILL);
    while (read(pipe_ends[0], &byte, 1) == 1) ++seen;  // what it had answered until then
    close(pipe_ends[0]);
    int state = 0;
    ASSERT_EQ(waitpid(child, &state, 0), child);
    ASSERT_TRUE(WIFSIGNALED(state));
    answered += static_cast<int64_t>(seen);
    ++slack;

    auto ledger = Open(kFile);
    const int64_t requests = 1000 - *ParseInt(Remaining(*ledger, "requests"));
    const int64_t tokens = 50000 - *ParseInt(Remaining(*ledger, "tokens"));
    EXPECT_GE(requests, answered) << "run " << run;
    EXPECT_LE(requests, answered + slack) << "run " << run;
    // A settlement that was not written yet leaves the estimate, 7 in place of 5.
    EXPECT_GE(tokens, 5 * answered);
    EXPECT_LE(tokens, 5 * answered + 7 * slack);
  }
}

TEST_F(SqliteJournalTest, ASecondProcessIsRefused) {
  auto first = Open(kFile);
  const auto second = SqliteJournal::Open(folder_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), StatusCode::kUnavailable);
  EXPECT_NE(second.error().message().find("another process uses it"), std::string::npos);
}

TEST_F(SqliteJournalTest, AForeignOrBrokenFileIsNamed) {
  const std::string path = JoinPath(folder_, SqliteJournal::kFileName);
  std::ofstream(path) << "this is no database, though it is long enough to be looked at as one";
  auto journal = SqliteJournal::Open(folder_);
  ASSERT_FALSE(journal.ok());
  EXPECT_EQ(journal.error().code(), StatusCode::kCorruption);
  EXPECT_NE(journal.error().message().find(path), std::string::npos);
  EXPECT_NE(journal.error().message().find("move it away"), std::string::npos);

  journal = SqliteJournal::Open(path);  // below a file
  ASSERT_FALSE(journal.ok());
  EXPECT_EQ(journal.error().code(), StatusCode::kInvalidArgument);
}

// A file that was torn at any place is refused or read, never followed into nonsense.
TEST_F(SqliteJournalTest, ATornFileIsRefusedOrRead) {
  {
    auto ledger = Open(kFile);
    for (int i = 0; i < 200; ++i) ledger->Admit({StrCat("t", i), ""}, "m", {5, 5}).lease.Settle(10);
  }
  const std::string path = JoinPath(folder_, SqliteJournal::kFileName);
  const std::string whole = ReadFile(path).value();
  ASSERT_GT(whole.size(), 8192u);
  Random random(3);
  for (int i = 0; i < 60; ++i) {
    std::string torn = whole;
    if (i % 2 == 0) torn.resize(random.Below(torn.size()));
    else for (int n = 0; n < 20; ++n) torn[random.Below(torn.size())] = static_cast<char>(random.Below(256));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    std::ofstream(path, std::ios::binary) << torn;
    auto journal = SqliteJournal::Open(folder_);
    if (!journal.ok()) continue;
    QuotaLedger::Options options;
    options.policies = ParseTenants(kFile).value();
    options.journal = *std::move(journal);
    auto ledger = QuotaLedger::Create(std::move(options));
    ledger->Admit({"a", ""}, "m", {5, 5}).lease.Settle(10);
  }
}

}  // namespace
}  // namespace pano::quota
