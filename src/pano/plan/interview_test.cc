#include "pano/plan/interview.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <vector>

namespace pano::plan {
namespace {

using testing::HasSubstr;

// Answers in their order, and what was asked.
struct Person {
  std::deque<std::string> answers;
  std::vector<std::string> asked;

  Ask ask() {
    return [this](const std::string& question) -> std::optional<std::string> {
      asked.push_back(question);
      if (answers.empty()) return std::nullopt;
      std::string answer = answers.front();
      answers.pop_front();
      return answer;
    };
  }
};

TEST(Interview, EmptyAnswersTakeWhatStandsInBrackets) {
  Person person{{"", "", "", "", "", ""}, {}};
  const auto o = Interview(person.ask(), "7B");
  ASSERT_TRUE(o.ok()) << o.error().message();
  EXPECT_EQ(o->task, "serve");
  EXPECT_EQ(o->model, "7B");
  EXPECT_EQ(o->hardware, "auto");
  EXPECT_EQ(o->concurrency, 4);
  EXPECT_EQ(o->prompt_tokens, 128);
  EXPECT_EQ(o->max_tokens, 64);
  EXPECT_EQ(person.asked.size(), 6u);
}

TEST(Interview, AWrongAnswerIsAskedAgainWithTheReason) {
  Person person{{"bake", "Train", "no-such-model", "350M", "8xA10080G", "16xA100-80G", "-3", "64", "1e3", "1024"}, {}};
  const auto o = Interview(person.ask(), "7B");
  ASSERT_TRUE(o.ok()) << o.error().message();
  EXPECT_EQ(o->task, "train");
  EXPECT_EQ(o->model, "350M");
  EXPECT_EQ(o->hardware, "16xA100-80G");
  EXPECT_EQ(o->global_batch, 64);
  EXPECT_EQ(o->context, 1024);
  EXPECT_THAT(person.asked[3], HasSubstr("no-such-model"));
  EXPECT_THAT(person.asked[5], HasSubstr("did you mean"));
  EXPECT_THAT(person.asked[7], HasSubstr("a whole number from 1"));
}

TEST(Interview, GivesUpAfterAFewTries) {
  Person person{{"serve", "x", "y", "z", "7B"}, {}};
  EXPECT_THAT(Interview(person.ask(), "7B").error().message(), HasSubstr("z: no model"));
  Person left{{"serve", "7B"}, {}};
  EXPECT_EQ(Interview(left.ask(), "7B").error().code(), StatusCode::kCancelled);
}

}  // namespace
}  // namespace pano::plan
