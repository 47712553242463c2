#include "app/api/openai/completions.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string_view>
#include <thread>

#include "app/api/openai/dialect.h"
#include "app/api/testing/api_harness.h"
#include "base/strings.h"
#include "model/grammar/grammar_matcher.h"

namespace pano::api::openai {
namespace {

using testing::At;
using Ids = std::vector<engine::TokenId>;

// This dialect over fakes.
using Harness = testing::HarnessOf<MakeDialect>;

constexpr char kPath[] = "/v1/completions";

TEST(Completions, TakesPromptsInEveryShape) {
  struct Case {
    const char* prompt;
    std::vector<Ids> ids;
  };
  const Case cases[] = {
      {R"("ab")", {{256, 97, 98}}},
      {R"(["a","b"])", {{256, 97}, {256, 98}}},
      {R"([1,2.0])", {{1, 2}}},
      {R"([[1],[2,3]])", {{1}, {2, 3}}},
      {R"([[]])", {{}}},
      {R"(null)", {{}}},
      {R"("<s>")", {{256, 256}}},
  };
  for (const Case& c : cases) {
    Harness api;
    api.engine->answer = "x";
    auto exchange = api.Post(kPath, StrCat(R"({"prompt":)", c.prompt, "}"));
    ASSERT_EQ(exchange->status(), 200) << c.prompt << exchange->body();
    std::vector<Ids> got;
    for (const auto& one : api.engine->submitted) got.push_back(one.request.prompt);
    EXPECT_EQ(got, c.ids) << c.prompt;
    EXPECT_EQ(api.engine->submitted[0].request.max_tokens, 16);
  }
  Harness api;
  for (const char* wrong :
       {R"({"a":1})", R"([1,"a"])", R"([[1],"a"])", R"([-1])", R"([1.5])", R"([[[1]]])", "true"}) {
    auto exchange = api.Post(kPath, StrCat(R"({"prompt":)", wrong, "}"));
    EXPECT_EQ(exchange->status(), 400) << wrong;
    EXPECT_EQ(At(exchange->json(), "error/param"), "prompt");
  }
}

TEST(Completions, AnswersInOpenAisShape) {
  Harness api;
  api.engine->answer = "xyz";
  json::Value body = api.Post(kPath, R"({"model":"m","prompt":"ab","logprobs":1})")->json();
  EXPECT_TRUE(At(body, "id").as_string().starts_with("cmpl-"));
  EXPECT_EQ(At(body, "object"), "text_completion");
  EXPECT_EQ(At(body, "choices/0/text"), "xyz");
  EXPECT_EQ(json::Dump(At(body, "choices/0/logprobs")),
            R"({"tokens":["x","y","z"],"token_logprobs":[-0.5,-0.5,-0.5],)"
            R"("top_logprobs":[{"x":-0.5},{"y":-0.5},{"z":-0.5}],"text_offset":[0,1,2]})");
}

// What evaluation harnesses send to score a text.
TEST(Completions, EchoesThePromptWithItsLogprobs) {
  Harness api;
  auto exchange = api.Post(kPath, R"({"prompt":[[97,98]],"max_tokens":1,"logprobs":1,"echo":true,)"
                                  R"("temperature":0,"seed":1234})");
  EXPECT_EQ(api.engine->submitted[0].request.prompt_logprobs, 1);
  api.engine->SayPromptLogprobs(0);
  api.engine->Say(0, "z");
  api.engine->Finish(0, engine::FinishReason::kLength);
  exchange->Run();
  json::Value body = exchange->json();
  EXPECT_EQ(At(body, "choices/0/text"), "abz");
  EXPECT_EQ(json::Dump(At(body, "choices/0/logprobs")),
            R"({"tokens":["a","b","z"],"token_logprobs":[null,-0.25,-0.5],)"
            R"("top_logprobs":[null,{"b":-0.5},{"z":-0.5}],"text_offset":[0,1,2]})");
}

TEST(Completions, StreamsEchoAndLogprobs) {
  Harness api;
  auto exchange = api.Post(kPath, R"({"prompt":"ab","logprobs":0,"echo":true,"stream":true})");
  api.engine->SayPromptLogprobs(0);
  api.engine->Say(0, "z");
  api.engine->Finish(0, engine::FinishReason::kLength, 0, "!");
  exchange->Run();
  const std::string& body = exchange->body();
  EXPECT_NE(body.find(R"("text":"ab","logprobs":{"tokens":["<s>","a","b"])"), std::string::npos)
      << body;
  EXPECT_NE(body.find(R"("text":"z","logprobs":{"tokens":["z"],"token_logprobs":[-0.5],)"
                      R"("top_logprobs":[{"z":-0.5}],"text_offset":[2]},"finish_reason":null)"),
            std::string::npos)
      << body;
  EXPECT_NE(body.find(R"("text":"!","logprobs":null,"finish_reason":"length")"), std::string::npos);
  EXPECT_TRUE(body.ends_with("data: [DONE]\n\n"));
}

// A request of 15 kB asked for 204 MB of answer, and took 1.6 GB while that was written.
TEST(Completions, AnAnswerThatIsTooLargeIsRefusedBeforeTheWork) {
  std::string ids = "1";
  for (int i = 1; i < 5000; ++i) ids += ",1";
  const std::string prompt = StrCat(R"({"prompt":[)", ids, "]");
  Harness api;
  for (const char* more : {R"(,"n":128,"max_tokens":1,"logprobs":20,"echo":true})",
                           R"(,"n":128,"max_tokens":1,"logprobs":20,"echo":true,"stream":true})",
                           R"(,"n":128,"max_tokens":128,"logprobs":20,"ignore_eos":true})"}) {
    auto exchange = api.Post(kPath, prompt + more);
    if (std::string_view(more).find("ignore_eos") != std::string_view::npos) {
      EXPECT_FALSE(exchange->answered());   // 128 x 128 tokens fit
      continue;
    }
    EXPECT_EQ(exchange->status(), 400) << more;
    EXPECT_EQ(At(exchange->json(), "error/code"), "answer_too_large");
    EXPECT_TRUE(api.engine->submitted.empty());
  }
  const std::string text(2 << 20, 'a');   // echoed 128 times
  auto echo = api.Post(kPath, StrCat(R"({"prompt":")", text, R"(","n":128,"echo":true})"));
  EXPECT_EQ(At(echo->json(), "error/code"), "answer_too_large");
}

// A waiting request once kept its parsed body: 90 MB for 4 MiB of zeros in a field that is ignored.
TEST(Completions, ABodyIsGoneOnceTheRequestIsAdmitted) {
  Harness api;
  auto exchange = api.Post(kPath, R"({"prompt":"a","x":[0,0,0]})");
  EXPECT_FALSE(exchange->answered());
  EXPECT_EQ(exchange->request().body, "");
  EXPECT_TRUE(exchange->body_released());
  api.engine->Say(0, "b");
  api.engine->Finish(0, engine::FinishReason::kStop);
  exchange->Run();
  EXPECT_EQ(At(exchange->json(), "choices/0/text"), "b");
}

TEST(Completions, AdmittedRequestsTogetherAreBoundedInBytes) {
  Options options;
  options.held_bytes_max = 50'000;
  Harness api({}, options);
  std::vector<std::shared_ptr<testing::FakeExchange>> running;
  for (int i = 0; i < 3; ++i) running.push_back(api.Post(kPath, R"({"prompt":"a"})"));
  EXPECT_EQ(api.engine->submitted.size(), 3u);
  auto refused = api.Post(kPath, StrCat(R"({"prompt":")", std::string(4000, 'a'), R"("})"));
  EXPECT_EQ(refused->status(), 429);
  EXPECT_EQ(refused->header("Retry-After"), "7");
  EXPECT_EQ(At(refused->json(), "error/code"), "queue_full");
  for (size_t i = 0; i < 3; ++i) {
    api.engine->Finish(i, engine::FinishReason::kStop);
    running[i]->Run();
  }
  auto admitted = api.Post(kPath, StrCat(R"({"prompt":")", std::string(4000, 'a'), R"("})"));
  EXPECT_FALSE(admitted->answered());
}

TEST(Completions, ZeroMaxTokensShowsThePromptAlone) {
  Harness api;
  auto exchange = api.Post(kPath, R"({"prompt":"ab","max_tokens":0,"echo":true})");
  EXPECT_EQ(api.engine->submitted[0].request.max_tokens, 0);
  api.engine->Finish(0, engine::FinishReason::kLength);
  exchange->Run();
  EXPECT_EQ(At(exchange->json(), "choices/0/text"), "ab");
  EXPECT_EQ(At(exchange->json(), "choices/0/finish_reason"), "length");
  EXPECT_EQ(At(exchange->json(), "usage/completion_tokens"), 0);
}

TEST(Completions, PassesEveryParameterOn) {
  Harness api;
  auto exchange = api.Post(kPath, R"({"prompt":"a","max_tokens":5,"min_tokens":2,"temperature":0.5,
      "top_p":0.9,"top_k":-1,"min_p":0.1,"typical_p":0.8,"repetition_penalty":1.1,
      "frequency_penalty":-1,"presence_penalty":1.5,"logit_bias":{"7":-100,"8":1.5},"seed":42,
      "stop":["a","b"],"stop_token_ids":[3],"include_stop_str_in_output":true,"ignore_eos":true,
      "skip_special_tokens":false,"n":2,"best_of":2,"user":"someone","unknown":{}})");
  ASSERT_EQ(api.engine->submitted.size(), 1u) << exchange->body();
  const engine::Request& r = api.engine->submitted[0].request;
  EXPECT_EQ(r.max_tokens, 5);
  EXPECT_EQ(r.min_tokens, 2);
  EXPECT_FLOAT_EQ(r.sampling.temperature, 0.5f);
  EXPECT_FLOAT_EQ(r.sampling.top_p, 0.9f);
  EXPECT_EQ(r.sampling.top_k, 0);
  EXPECT_FLOAT_EQ(r.sampling.min_p, 0.1f);
  EXPECT_FLOAT_EQ(r.sampling.typical_p, 0.8f);
  EXPECT_FLOAT_EQ(r.sampling.repetition_penalty, 1.1f);
  EXPECT_FLOAT_EQ(r.sampling.frequency_penalty, -1);
  EXPECT_FLOAT_EQ(r.sampling.presence_penalty, 1.5);
  EXPECT_EQ(r.sampling.logit_bias, (std::map<engine::TokenId, float>{{7, -100.0f}, {8, 1.5f}}));
  EXPECT_EQ(r.sampling.seed, 42u);
  EXPECT_EQ(r.stop, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(r.stop_token_ids, Ids{3});
  EXPECT_TRUE(r.include_stop && r.ignore_eos && !r.skip_special);
  EXPECT_EQ(r.n, 2);
}

TEST(Completions, WorksOnTokenIdsWithoutATokenizer) {
  Harness api;
  auto* raw = api.AddModel("raw", "1", /*tokenizer=*/false);
  auto exchange =
      api.Post(kPath, R"({"model":"raw","prompt":[1,2],"return_token_ids":true,"logprobs":0})");
  raw->Say(0, "A");
  raw->Finish(0, engine::FinishReason::kLength);
  exchange->Run();
  EXPECT_EQ(At(exchange->json(), "choices/0/token_ids/0"), 65);
  EXPECT_EQ(At(exchange->json(), "choices/0/logprobs/tokens/0"), "token_id:65");
  EXPECT_EQ(At(api.Post(kPath, R"({"model":"raw","prompt":"a"})")->json(), "error/code"),
            "no_tokenizer");
  EXPECT_EQ(
      At(api.Post(kPath, R"({"model":"raw","prompt":[1],"stop":"x"})")->json(), "error/param"),
      "stop");
}

TEST(Completions, TokensAreRecordedEvenForAClientThatGoes) {
  Harness api;
  auto exchange = api.Post(kPath, R"({"prompt":["ab","c"],"n":2,"stream":true})");
  api.engine->Say(0, "x");
  api.engine->Say(0, "y");
  exchange->Run();
  exchange->Disconnect();
  ASSERT_EQ(api.records.size(), 1u);
  EXPECT_EQ(api.records[0].status, 499);
  EXPECT_EQ(api.records[0].tokens.prompt, 5);
  EXPECT_EQ(api.records[0].tokens.completion, 2);
}

TEST(Completions, WhatWouldChangeTheAnswerIsNotPassedOver) {
  Harness api;
  EXPECT_EQ(At(api.Post(kPath, R"({"prompt":"a","guided_whitespace_pattern":" *"})")->json(), "error/param"),
            "guided_whitespace_pattern");
  EXPECT_EQ(At(api.Post(kPath, R"({"prompt":"a","bad_words":["x"]})")->json(), "error/param"),
            "bad_words");
  // Clients that write every field they know ask for nothing by these.
  api.Post(kPath, R"({"prompt":"a","guided_json":null,"bad_words":[],"use_beam_search":false,
      "grammar":"","functions":{},"mirostat":0,"another":{"field":1}})");
  EXPECT_EQ(api.engine->submitted.size(), 1u);
}

TEST(Completions, AResponseFormatHasAType) {
  Harness api;
  for (const char* format : {"{}", R"({"type":null})", R"({"type":"xml"})", R"("text")"}) {
    auto exchange = api.Post(kPath, StrCat(R"({"prompt":"a","response_format":)", format, "}"));
    EXPECT_EQ(At(exchange->json(), "error/param"), "response_format") << format;
  }
  for (const char* format : {"null", R"({"type":"text"})"}) {
    api.Post(kPath, StrCat(R"({"prompt":"a","response_format":)", format, "}"));
  }
  EXPECT_EQ(api.engine->submitted.size(), 2u);
}

// What the grammar of the engine's request takes, byte for byte.
bool Takes(const engine::Request& request, std::string_view text) {
  if (!request.grammar) return false;
  grammar::GrammarMatcher matcher(request.grammar);
  return matcher.AcceptBytes(text) && matcher.IsAccepting();
}

TEST(Completions, TheAnswerIsWhatTheRequestSays) {
  struct Case {
    const char* fields;
    const char* good;
    const char* bad;
  };
  const Case cases[] = {
      {R"("response_format":{"type":"json_object"})", R"({"a":1})", "[1]"},
      {R"("response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"integer"}}})", "-12",
       "1.5"},
      {R"("guided_choice":["yes","no"])", "no", "ye"},
      {R"("guided_regex":"[ab]{3}")", "aba", "ab"},
      {R"("structured_outputs":{"grammar":"root ::= \"x\" root | \"y\""})", "xxy", "xx"},
  };
  for (const Case& c : cases) {
    for (const int threads : {0, 2}) {
      Options options;
      options.grammars.threads = threads;
      Harness api({}, options);
      api.engine->answer = "x";
      auto exchange = api.Post(kPath, StrCat(R"({"prompt":["a","b"],)", c.fields, "}"));
      const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
      while (exchange->status() == 0 && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        exchange->Run();
      }
      EXPECT_EQ(exchange->status(), 200) << c.fields << exchange->body();
      ASSERT_EQ(api.engine->submitted.size(), 2u) << c.fields << exchange->body();
      for (const auto& submitted : api.engine->submitted) {
        EXPECT_TRUE(Takes(submitted.request, c.good)) << c.fields;
        EXPECT_FALSE(Takes(submitted.request, c.bad)) << c.fields;
      }
    }
  }
}

TEST(Completions, AConstraintThatIsRefusedIsTheClientsError) {
  Harness api;
  for (int twice = 0; twice < 2; ++twice) {
    auto exchange = api.Post(kPath, R"({"prompt":"a","guided_regex":"(a"})");
    EXPECT_EQ(exchange->status(), 400);
    EXPECT_EQ(At(exchange->json(), "error/param"), "guided_regex");
    EXPECT_EQ(At(exchange->json(), "error/code"), "invalid_grammar");
    exchange = api.Post(kPath, R"({"prompt":"a","guided_regex":"a","guided_choice":["b"]})");
    EXPECT_EQ(exchange->status(), 400);
    EXPECT_EQ(At(exchange->json(), "error/code"), "contradiction");
  }
  EXPECT_TRUE(api.engine->submitted.empty());
  api.AddModel("mute", "1", /*tokenizer=*/false);
  auto exchange = api.Post(kPath, R"({"model":"mute","prompt":[1],"guided_regex":"a"})");
  EXPECT_EQ(exchange->status(), 400);
  EXPECT_EQ(At(exchange->json(), "error/code"), "no_tokenizer");
}

TEST(Completions, BeginTokensMayBeLeftOut) {
  Harness api;
  api.Post(kPath, R"({"prompt":["a","b"],"add_special_tokens":false})");
  api.Post(kPath, R"({"prompt":"a","add_special_tokens":null})");
  ASSERT_EQ(api.engine->submitted.size(), 3u);
  EXPECT_EQ(api.engine->submitted[0].request.prompt, Ids{'a'});
  EXPECT_EQ(api.engine->submitted[1].request.prompt, Ids{'b'});
  EXPECT_EQ(api.engine->submitted[2].request.prompt, (Ids{256, 'a'}));
}

TEST(Completions, PromptsAreCutAtTheirBeginning) {
  Harness api;
  api.engine->answer = "x";
  auto exchange = api.Post(kPath, R"({"prompt":["abcd","e"],"truncate_prompt_tokens":3,"echo":true})");
  EXPECT_EQ(api.engine->submitted[0].request.prompt, (Ids{'b', 'c', 'd'}));
  EXPECT_EQ(api.engine->submitted[1].request.prompt, (Ids{256, 'e'}));
  EXPECT_EQ(At(exchange->json(), "choices/0/text"), "bcdx");
  api.Post(kPath, StrCat(R"({"prompt":")", std::string(300, 'a'), R"(","truncate_prompt_tokens":-1})"));
  EXPECT_EQ(api.engine->submitted[2].request.prompt.size(), 127u);
  EXPECT_EQ(At(api.Post(kPath, R"({"prompt":"a","truncate_prompt_tokens":-2})")->json(), "error/param"),
            "truncate_prompt_tokens");
}

TEST(Completions, RefusesCombinationsThatDoNotFit) {
  Harness api;
  EXPECT_EQ(At(api.Post(kPath, R"({"prompt":"a","best_of":2})")->json(), "error/param"), "best_of");
  EXPECT_EQ(At(api.Post(kPath, R"({"prompt":"a","suffix":"b"})")->json(), "error/param"), "suffix");
  EXPECT_EQ(At(api.Post(kPath, R"({"prompt":["a","b","c"],"n":128})")->json(), "error/param"), "n");
  EXPECT_EQ(At(api.Post(kPath, R"({"model":"nope","prompt":"a"})")->json(), "error/code"),
            "model_not_found");
  api.AddModel("other", "1");
  EXPECT_EQ(At(api.Post(kPath, R"({"prompt":"a"})")->json(), "error/param"), "model");
}

}  // namespace
}  // namespace pano::api::openai
