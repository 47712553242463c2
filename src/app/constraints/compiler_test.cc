#include "app/constraints/compiler.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <latch>
#include <memory>
#include <string>
#include <vector>

#include "app/constraints/testing/fake_vocabulary.h"
#include "base/strings.h"
#include "model/grammar/grammar_builder.h"

namespace pano::constraints {
namespace {

using testing::MakeByteVocabulary;

Source Regex(std::string text, std::string field = "guided_regex") {
  return {.kind = Kind::kRegex, .text = std::move(text), .field = std::move(field)};
}

Result<grammar::Grammar> SomeGrammar() {
  grammar::GrammarBuilder builder;
  auto root = builder.DeclareRule("root");
  builder.DefineRule(root, builder.Literal("a"));
  return std::move(builder).Build(root);
}

// A source whose compilation a test holds up.
struct Held {
  std::latch begun{1};
  std::latch go_on{1};
  Source source(std::string name) {
    return {.kind = Kind::kBuilt, .text = std::move(name), .field = "tools", .build = [this] {
              begun.count_down();
              go_on.wait();
              return SomeGrammar();
            }};
  }
};

class CompilerTest : public ::testing::Test {
 protected:
  std::future<Result<GrammarPtr>> Ask(Compiler& compiler, Source source, std::string tenant = "t",
                                      std::function<bool()> gone = {}) {
    auto promise = std::make_shared<std::promise<Result<GrammarPtr>>>();
    std::future<Result<GrammarPtr>> future = promise->get_future();
    compiler.Compile(vocabulary_, std::move(source),
                     {.tenant = std::move(tenant), .gone = std::move(gone),
                      .done = [promise](Result<GrammarPtr> result) { promise->set_value(std::move(result)); }});
    return future;
  }

  static bool IsReady(std::future<Result<GrammarPtr>>& future) {
    return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }

  VocabularyPtr vocabulary_ = MakeByteVocabulary();
};

TEST_F(CompilerTest, WithoutThreadsTheCallerDoesIt) {
  Compiler compiler({.threads = 0});
  auto made = Ask(compiler, Regex("[ab]+"));
  ASSERT_TRUE(IsReady(made));
  const GrammarPtr grammar = *made.get();
  EXPECT_EQ(&grammar->table(), vocabulary_->Table()->get());
  // The next one has the same, whatever its field.
  EXPECT_EQ(*Ask(compiler, Regex("[ab]+", "structured_outputs.regex")).get(), grammar);
  EXPECT_EQ(**compiler.Find(*vocabulary_, Regex("[ab]+")), grammar);
  EXPECT_FALSE(compiler.Find(*vocabulary_, Regex("[ab]*")));
}

TEST_F(CompilerTest, RefusalsNameTheFieldThatAsked) {
  Compiler compiler({.threads = 1});
  for (const char* field : {"guided_regex", "structured_outputs.regex", "guided_regex"}) {
    const Status why = Ask(compiler, Regex("(a", field)).get().status();
    EXPECT_EQ(why.code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(why.field(), field);
    EXPECT_TRUE(why.message().starts_with(StrCat(field, ": "))) << why.message();
    EXPECT_EQ(why.reason(), "invalid_grammar");
  }
}

TEST_F(CompilerTest, WhoAsksForTheSameWaitsForIt) {
  Compiler compiler({.threads = 2});
  Held held;
  auto first = Ask(compiler, held.source("x"));
  held.begun.wait();
  auto second = Ask(compiler, held.source("x"), "other");
  EXPECT_FALSE(IsReady(second));
  held.go_on.count_down();
  EXPECT_EQ(*first.get(), *second.get());
}

TEST_F(CompilerTest, ATenantNeverHasAllThreads) {
  Compiler compiler({.threads = 2});
  Held slow[3];
  auto first = Ask(compiler, slow[0].source("0"), "flood");
  slow[0].begun.wait();
  auto second = Ask(compiler, slow[1].source("1"), "flood");
  auto third = Ask(compiler, slow[2].source("2"), "flood");
  // Another's is done at once beside them.
  EXPECT_TRUE(Ask(compiler, Regex("b+"), "quiet").get().ok());
  EXPECT_FALSE(IsReady(first) || IsReady(second) || IsReady(third));
  for (Held& one : slow) one.go_on.count_down();
  EXPECT_TRUE(first.get().ok() && second.get().ok() && third.get().ok());
}

TEST_F(CompilerTest, TenantsTakeTurns) {
  Compiler compiler({.threads = 1});
  Held held;
  auto running = Ask(compiler, held.source("x"), "b");
  held.begun.wait();
  std::mutex mu;
  std::string order;
  auto noted = [&](char name) {
    return Source{.kind = Kind::kBuilt, .text = StrCat(name, order.size()), .build = [&, name] {
                    std::lock_guard lock(mu);
                    order += name;
                    return SomeGrammar();
                  }};
  };
  std::vector<std::future<Result<GrammarPtr>>> waiting;
  for (int i = 0; i < 3; ++i) {
    Source of_b = noted('b');
    of_b.text = StrCat("b", i);
    waiting.push_back(Ask(compiler, of_b, "b"));
  }
  Source of_c = noted('c');
  of_c.text = "c";
  waiting.push_back(Ask(compiler, of_c, "c"));
  held.go_on.count_down();
  for (auto& one : waiting) EXPECT_TRUE(one.get().ok());
  EXPECT_EQ(order, "cbbb");
}

TEST_F(CompilerTest, TheQueueIsBounded) {
  Compiler compiler({.threads = 1, .queue_max = 2});
  Held held;
  auto running = Ask(compiler, held.source("x"));
  held.begun.wait();
  auto one = Ask(compiler, Regex("1"));
  auto two = Ask(compiler, Regex("2"));
  const Status refused = Ask(compiler, Regex("3")).get().status();
  EXPECT_EQ(refused.code(), StatusCode::kUnavailable);
  EXPECT_EQ(refused.reason(), "overloaded");
  held.go_on.count_down();
  EXPECT_TRUE(running.get().ok() && one.get().ok() && two.get().ok());
  EXPECT_TRUE(Ask(compiler, Regex("3")).get().ok());
}

TEST_F(CompilerTest, WhatTakesTooLongIsGivenUpAndKeptForTheNext) {
  ManualClock clock;
  Compiler compiler({.threads = 2, .time_max = std::chrono::seconds(5)}, clock);
  Held held;
  auto slow = Ask(compiler, held.source("x"));
  held.begun.wait();
  clock.Advance(std::chrono::seconds(6));
  const Status why = slow.get().status();
  EXPECT_EQ(why.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(why.reason(), "grammar_too_slow");
  EXPECT_EQ(why.field(), "tools");
  EXPECT_NE(why.message().find("5 s"), std::string::npos) << why.message();
  // While it still runs, others are told at once.
  EXPECT_EQ(Ask(compiler, held.source("x")).get().status().reason(), "grammar_too_slow");
  held.go_on.count_down();
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!compiler.Find(*vocabulary_, held.source("x")) && std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
  EXPECT_TRUE(Ask(compiler, held.source("x")).get().ok());
}

TEST_F(CompilerTest, WhatWaitsTooLongIsGivenUp) {
  ManualClock clock;
  Compiler compiler({.threads = 1, .time_max = std::chrono::hours(1), .wait_max = std::chrono::seconds(20)}, clock);
  Held held;
  auto running = Ask(compiler, held.source("x"));
  held.begun.wait();
  auto waiting = Ask(compiler, Regex("1"));
  clock.Advance(std::chrono::seconds(21));
  EXPECT_EQ(waiting.get().status().reason(), "overloaded");
  held.go_on.count_down();
  EXPECT_TRUE(running.get().ok());
}

TEST_F(CompilerTest, NothingIsCompiledForWhoHasGone) {
  Compiler compiler({.threads = 1});
  Held held;
  auto running = Ask(compiler, held.source("x"));
  held.begun.wait();
  bool built = false;
  auto dropped = Ask(compiler, {.kind = Kind::kBuilt, .text = "y", .build = [&] {
                                  built = true;
                                  return SomeGrammar();
                                }},
                     "t", [] { return true; });
  held.go_on.count_down();
  EXPECT_EQ(dropped.get().status().code(), StatusCode::kCancelled);
  EXPECT_FALSE(built);
}

TEST_F(CompilerTest, AGrammarHasABound) {
  Compiler compiler({.threads = 0, .bytes_max = 1 << 16});
  std::string many;
  for (int i = 0; i < 3000; ++i) many += StrCat(i == 0 ? "" : "|", "x", i * 7919, "[a-z]{1,20}y");
  const Status why = Ask(compiler, Regex(many)).get().status();
  EXPECT_EQ(why.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(why.reason(), "");
}

TEST_F(CompilerTest, EndsWhileItCompiles) {
  Held held;
  std::future<Result<GrammarPtr>> waiting;
  {
    Compiler compiler({.threads = 1});
    auto running = Ask(compiler, held.source("x"));
    held.begun.wait();
    waiting = Ask(compiler, Regex("1"));
    held.go_on.count_down();
  }
  // Dropped, or done before the end.
  try {
    (void)waiting.get();
  } catch (const std::future_error&) {
  }
}

}  // namespace
}  // namespace pano::constraints
