#include "app/audit/audit_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "base/json.h"
#include "base/strings.h"
#include "base/testing/fault_env.h"
#include "base/testing/memory_env.h"

namespace pano::audit {
namespace {

Event Did(std::string action) { return {.action = std::move(action), .outcome = "ok", .actor = "ann"}; }

// The actions of a log whose lines are all whole, in order; "?" for a line that is no JSON.
std::vector<std::string> Actions(Env& env, const std::string& path) {
  std::vector<std::string> actions;
  const std::string text = ReadFile(path, 1 << 24, env).value_or("");
  for (std::string_view line : Split(text, '\n')) {
    if (line.empty()) continue;
    const Result<json::Value> value = json::Parse(line);
    actions.push_back(value.ok() ? value->Find("action")->as_string() : "?");
  }
  return actions;
}

TEST(AuditLog, AddsToWhatIsThere) {
  MemoryEnv env;
  {
    auto log = std::move(AuditLog::Open("audit.jsonl", env)).value();
    EXPECT_TRUE(log->Record(Did("one")).ok());
    log->Note(Did("two"));
  }
  auto log = std::move(AuditLog::Open("audit.jsonl", env)).value();
  EXPECT_TRUE(log->Record(Did("three")).ok());
  EXPECT_EQ(Actions(env, "audit.jsonl"), (std::vector<std::string>{"one", "two", "three"}));
}

TEST(AuditLog, WhatWasRecordedSurvivesACrash) {
  MemoryEnv env;
  auto log = std::move(AuditLog::Open("audit.jsonl", env)).value();
  EXPECT_TRUE(log->Record(Did("one")).ok());
  env.Crash();
  EXPECT_EQ(Actions(env, "audit.jsonl"), (std::vector<std::string>{"one"}));
}

TEST(AuditLog, ALineThatWasCutIsEnded) {
  MemoryEnv env;
  ASSERT_TRUE(WriteFile("audit.jsonl", "{\"action\":\"one\"}\n{\"action\":\"tw", env).ok());
  auto log = std::move(AuditLog::Open("audit.jsonl", env)).value();
  EXPECT_TRUE(log->Record(Did("three")).ok());
  EXPECT_EQ(Actions(env, "audit.jsonl"), (std::vector<std::string>{"one", "?", "three"}));
}

// Anybody could rotate away what the log held by being answered 401.
TEST(AuditLog, AFloodOfDenialsIsSummedUp) {
  MemoryEnv env;
  ManualClock clock;
  const auto denied = [](std::string peer, std::string actor = "") {
    return Event{.action = "request", .outcome = "denied", .actor = std::move(actor), .peer = std::move(peer)};
  };
  {
    auto log = std::move(AuditLog::Open("a", env, clock, {.denials = {.burst = 3}})).value();
    for (int i = 0; i < 10'000; ++i) log->Note(denied(StrCat("192.0.2.9:", 1000 + i)));
    log->Note(denied("[2001:db8::1]:7"));
    log->Note(denied("192.0.2.9:1", "ann"));   // who is known is another source
    log->Note(Did("one"));
    clock.Advance(std::chrono::seconds(10));
    log->Note(denied("192.0.2.9:2"));
    log->Note(denied("192.0.2.9:3"));          // left out until the end
  }
  const std::string text = ReadFile("a", 1 << 24, env).value();
  const std::vector<std::string> actions = Actions(env, "a");
  EXPECT_EQ(std::count(actions.begin(), actions.end(), "request"), 3 + 1 + 1 + 1) << text;
  EXPECT_EQ(std::count(actions.begin(), actions.end(), "one"), 1);
  EXPECT_NE(text.find(R"("left_out":"9997")"), std::string::npos) << text;
  EXPECT_EQ(actions.back(), "audit.left_out");
  EXPECT_NE(text.find(R"("events":"1","sources":"1")"), std::string::npos) << text;
}

TEST(AuditLog, WhatWasLeftOutIsCountedThoughNothingFollows) {
  MemoryEnv env;
  ManualClock clock;
  auto log = std::move(AuditLog::Open("a", env, clock, {.denials = {.burst = 1}})).value();
  for (int i = 0; i < 5; ++i) log->Note({.action = "request", .outcome = "denied", .peer = "192.0.2.9:1"});
  for (int i = 0; i < 1000 && Actions(env, "a").size() < 2; ++i) {
    clock.AwaitWaiters(1);
    clock.Advance(std::chrono::seconds(30));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(Actions(env, "a"), (std::vector<std::string>{"request", "audit.left_out"}));
}

TEST(AuditLog, IsRotatedBySize) {
  MemoryEnv env;
  auto log = std::move(AuditLog::Open("a", env, Clock::Real(), {.bytes_max = 1, .files_kept = 2})).value();
  for (const char* action : {"one", "two", "three", "four"}) EXPECT_TRUE(log->Record(Did(action)).ok());
  EXPECT_EQ(Actions(env, "a"), (std::vector<std::string>{"four"}));
  EXPECT_EQ(Actions(env, "a.1"), (std::vector<std::string>{"three"}));
  EXPECT_EQ(Actions(env, "a.2"), (std::vector<std::string>{"two"}));
  EXPECT_FALSE(env.Stat("a.3").ok());
}

TEST(AuditLog, IsReopenedUnderItsName) {
  MemoryEnv env;
  auto log = std::move(AuditLog::Open("a", env)).value();
  EXPECT_TRUE(log->Record(Did("one")).ok());
  ASSERT_TRUE(env.Rename("a", "moved").ok());
  EXPECT_TRUE(log->Record(Did("two")).ok());
  EXPECT_TRUE(log->Reopen().ok());
  EXPECT_TRUE(log->Record(Did("three")).ok());
  EXPECT_EQ(Actions(env, "moved"), (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(Actions(env, "a"), (std::vector<std::string>{"three"}));
}

TEST(AuditLog, AFullDiskStopsAdministrationAndNotRequests) {
  MemoryEnv env;
  auto log = std::move(AuditLog::Open("a", env)).value();
  EXPECT_TRUE(log->Record(Did("one")).ok());
  env.SetCapacity(100);
  const Status full = log->Record(Did("two"));
  EXPECT_EQ(full.code(), StatusCode::kUnavailable);
  EXPECT_EQ(full.reason(), "audit_log_full");
  EXPECT_NE(full.message().find("nothing was changed"), std::string::npos) << full.message();
  for (int i = 0; i < 100; ++i) log->Note(Did("request"));
  env.SetCapacity(std::nullopt);
  EXPECT_TRUE(log->Record(Did("three")).ok());
  log.reset();
  const std::vector<std::string> actions = Actions(env, "a");
  EXPECT_EQ(actions.front(), "one");
  EXPECT_NE(std::find(actions.begin(), actions.end(), "three"), actions.end()) << "its line is whole";
}

TEST(AuditLog, CountsWhatItDrops) {
  MemoryEnv env;
  auto log = std::move(AuditLog::Open("a", env, Clock::Real(), {.queue_max = 0})).value();
  for (int i = 0; i < 10; ++i) log->Note(Did("request"));
  EXPECT_EQ(log->dropped(), 10);
}

// A failure or a crash at any call: every line that was said to be there is, and whole.
TEST(AuditLog, KeepsWhatItSaidThroughFaultsAtEveryCall) {
  for (const bool crash : {false, true}) {
    for (int64_t at = 0; at < 40; ++at) {
      MemoryEnv disk;
      FaultPlan plan{.short_writes = 0.5, .seed = static_cast<uint64_t>(at)};
      (crash ? plan.crash_at : plan.fail_at) = at;
      FaultEnv env(disk, plan);
      std::vector<std::string> said;
      auto log = AuditLog::Open("a", env, Clock::Real(), {.bytes_max = 300, .files_kept = 9});
      for (int i = 0; log.ok() && i < 8; ++i) {
        if ((*log)->Record(Did(StrCat("n", i))).ok()) said.push_back(StrCat("n", i));
      }
      if (log.ok()) log->reset();
      if (crash) disk.Crash();
      std::vector<std::string> found = Actions(disk, "a");
      for (int i = 1; i <= 9; ++i) {
        for (std::string& action : Actions(disk, StrCat("a.", i))) found.push_back(std::move(action));
      }
      for (const std::string& action : said) {
        EXPECT_NE(std::find(found.begin(), found.end(), action), found.end())
            << action << (crash ? " crash at " : " fault at ") << at;
      }
    }
  }
}

TEST(AuditLog, SaysWhichFileCannotBeOpened) {
  MemoryEnv env;
  const Status status = AuditLog::Open("no/such/audit", env).status();
  EXPECT_NE(status.message().find("no/such/audit"), std::string::npos) << status.message();
}

}  // namespace
}  // namespace pano::audit
