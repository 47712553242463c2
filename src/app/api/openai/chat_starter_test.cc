// Calls of a model that was never taught any: the grammar makes them whole.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "app/api/openai/dialect.h"
#include "app/api/testing/api_harness.h"
#include "app/models/generator.h"
#include "app/models/model_loader.h"
#include "base/env.h"
#include "base/strings.h"
#include "base/threads.h"

namespace pano::api::openai {
namespace {

using testing::At;
using Harness = testing::HarnessOf<MakeDialect>;

constexpr char kTools[] =
    R"("tools":[{"type":"function","function":{"name":"add","parameters":{"type":"object","properties":)"
    R"({"a":{"type":"integer","minimum":0,"maximum":99},"unit":{"enum":["m","km"]},"exact":{"type":"boolean"}},)"
    R"("required":["a","unit"]}}},{"type":"function","function":{"name":"ping"}}])";

class ChatStarter : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string folder = StrCat(PANO_SOURCE_DIR, "/models/starter");
    if (!FileExists(folder + "/config.json")) GTEST_SKIP() << "no " << folder;
    auto loaded = models::LoadModelVersions({"starter", folder}, {}, pool_, {});
    ASSERT_TRUE(loaded.ok()) << loaded.error().message();
    ASSERT_TRUE(api_.models.Add(loaded->front()).ok());
  }

  std::shared_ptr<testing::FakeExchange> Ask(const std::string& more) {
    auto exchange = api_.Post("/v1/chat/completions",
                              StrCat(R"({"model":"starter","messages":[{"role":"user","content":"Once"}],)",
                                     kTools, ",", more, "}"));
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (exchange->status() == 0 && !exchange->finished() && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      exchange->Run();
    }
    return exchange;
  }

  static void CheckCall(const json::Value& call, const std::string& body) {
    const auto arguments = json::Parse(At(call, "function/arguments").as_string());
    ASSERT_TRUE(arguments.ok()) << body;
    if (At(call, "function/name") == json::Value("ping")) {
      EXPECT_TRUE(arguments->as_object().empty()) << body;
      return;
    }
    ASSERT_EQ(At(call, "function/name"), json::Value("add")) << body;
    const json::Value a = At(*arguments, "a");
    ASSERT_TRUE(a.is_number()) << body;
    EXPECT_TRUE(a.as_double() >= 0 && a.as_double() <= 99) << body;
    const std::string unit = At(*arguments, "unit").as_string();
    EXPECT_TRUE(unit == "m" || unit == "km") << body;
  }

  ComputePool pool_{1};
  Harness api_;
};

TEST_F(ChatStarter, ForcedCallsAreValid) {
  size_t calls = 0;
  for (const char* choice : {R"("required")", R"({"type":"function","function":{"name":"add"}})"}) {
    for (int seed = 0; seed < 8; ++seed) {
      const auto exchange = Ask(StrCat(R"("max_tokens":250,"seed":)", seed, R"(,"parallel_tool_calls":false,)",
                                       R"("tool_choice":)", choice));
      ASSERT_EQ(exchange->status(), 200) << exchange->body();
      const json::Value body = exchange->json();
      if (At(body, "choices/0/finish_reason") == json::Value("length")) continue;
      EXPECT_EQ(At(body, "choices/0/finish_reason"), "tool_calls") << exchange->body();
      const json::Value list = At(body, "choices/0/message/tool_calls");
      ASSERT_TRUE(list.is_array()) << exchange->body();
      EXPECT_EQ(list.as_array().size(), 1u);
      CheckCall(list.as_array()[0], exchange->body());
      ++calls;
    }
  }
  EXPECT_GE(calls, 12u);
}

TEST_F(ChatStarter, TextIsFreeWhereNoCallIsForced) {
  const auto exchange = Ask(R"("max_tokens":20,"temperature":0)");
  ASSERT_EQ(exchange->status(), 200) << exchange->body();
  EXPECT_FALSE(At(exchange->json(), "choices/0/message/content").as_string().empty());
}

}  // namespace
}  // namespace pano::api::openai
