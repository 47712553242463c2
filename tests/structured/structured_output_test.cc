// A thousand sampled generations of the starter model under thirty schemas: whatever is finished is valid.
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "app/constraints/source.h"
#include "app/constraints/vocabulary.h"
#include "base/env.h"
#include "base/json.h"
#include "base/log.h"
#include "base/strings.h"
#include "base/threads.h"
#include "model/engine/engine.h"
#include "model/engine/special_tokens.h"
#include "model/engine/testing/reference_generator.h"
#include "model/format/weights.h"
#include "model/nn/load.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/tokenizer.h"
#include "tests/structured/schema_check.h"

namespace pano::structured {
namespace {

struct NamedSchema {
  std::string name;
  json::Value schema;
};

std::vector<NamedSchema> Schemas() {
  std::ifstream file(JoinPath(PANO_SOURCE_DIR, "tests/structured/schemas.jsonl"));
  std::vector<NamedSchema> schemas;
  for (std::string line; std::getline(file, line);) {
    json::Value entry = *json::Parse(line);
    schemas.push_back({entry.Find("name")->as_string(), *entry.Find("schema")});
  }
  return schemas;
}

TEST(SchemaCheck, KnowsRightFromWrong) {
  auto why = [](const char* value, const char* schema) {
    return WhyInvalid(*json::Parse(value), *json::Parse(schema));
  };
  EXPECT_EQ(why("3", R"({"type":"integer","minimum":3})"), "");
  EXPECT_NE(why("2", R"({"type":"integer","minimum":3})"), "");
  EXPECT_NE(why("2.5", R"({"type":"integer"})"), "");
  EXPECT_NE(why(R"({"a":1,"b":2})", R"({"properties":{"a":{}},"additionalProperties":false})"), "");
  EXPECT_NE(why(R"({"b":2})", R"({"required":["a"]})"), "");
  EXPECT_NE(why(R"("abc")", R"({"pattern":"^b"})"), "");
  EXPECT_EQ(why(R"("\u00e4\u00e4")", R"({"maxLength":2})"), "");
  EXPECT_NE(why(R"("1.2.3.256")", R"({"format":"ipv4"})"), "");
  EXPECT_EQ(why(R"("1.2.3.255")", R"({"format":"ipv4"})"), "");
  EXPECT_NE(why("[1]", R"({"prefixItems":[{"type":"string"}]})"), "");
  EXPECT_NE(why("1", R"({"oneOf":[]})"), "");
}

TEST(StructuredOutput, AThousandGenerationsAreValid) {
  constexpr int kRounds = 34;
  SetLogLevel(LogLevel::kError);
  const std::vector<NamedSchema> schemas = Schemas();
  ASSERT_EQ(schemas.size(), 30u);
  ComputePool pool;
  auto files = format::OpenModel(JoinPath(PANO_SOURCE_DIR, "models/starter"));
  ASSERT_TRUE(files.ok()) << files.status().ToString();
  const tokenizer::TokenizerPtr tokenizer = *tokenizer::LoadTokenizer(*files);
  auto model = *nn::LoadModel(*files, {}, pool);
  engine::Options options;
  engine::SetSpecialTokens(nn::ReadSpecialTokens(*files), tokenizer.get(), options);
  options.queue_max = 2000;
  auto engine = *engine::Engine::Create(*model, tokenizer, pool, options);

  constraints::Vocabulary vocabulary(tokenizer, model->vocab_size());
  std::vector<constraints::GrammarPtr> grammars;
  for (const NamedSchema& one : schemas) {
    auto grammar = constraints::BuildGrammar(
        {.kind = constraints::Kind::kJsonSchema, .text = json::Dump(one.schema)});
    ASSERT_TRUE(grammar.ok()) << one.name << ": " << grammar.status().ToString();
    grammars.push_back(*grammar::CompiledGrammar::Compile(*grammar, *vocabulary.Table()));
  }

  const std::vector<engine::TokenId> prompt = *tokenizer->Encode("Once upon a time there was a little");
  std::vector<std::shared_ptr<engine::TokenStream>> streams;
  for (int round = 0; round < kRounds; ++round) {
    for (size_t i = 0; i < schemas.size(); ++i) {
      engine::Request request;
      request.prompt = prompt;
      request.max_tokens = 480;
      request.sampling.temperature = 1;
      request.sampling.seed = static_cast<uint64_t>(round);
      request.grammar = grammars[i];
      streams.push_back(*engine->Submit(request));
    }
  }
  std::vector<int> finished(schemas.size());
  int all_finished = 0, tokens = 0;
  for (size_t s = 0; s < streams.size(); ++s) {
    const NamedSchema& schema = schemas[s % schemas.size()];
    const engine::ChoiceOutput output = engine::ReadAll(*streams[s])[0];
    ASSERT_NE(output.finish.reason, engine::FinishReason::kError) << output.finish.error;
    tokens += static_cast<int>(output.ids.size());
    if (output.finish.reason != engine::FinishReason::kStop) continue;  // cut
    ++finished[s % schemas.size()];
    ++all_finished;
    const auto value = json::Parse(output.text);
    ASSERT_TRUE(value.ok()) << schema.name << ": " << output.text;
    EXPECT_EQ(WhyInvalid(*value, schema.schema), "") << schema.name << ": " << output.text;
  }
  for (size_t i = 0; i < schemas.size(); ++i) EXPECT_GT(finished[i], 0) << schemas[i].name;
  EXPECT_GT(all_finished, 900);
  std::printf("[structured] %zu generations, %d finished, %d tokens\n", streams.size(), all_finished, tokens);
}

}  // namespace
}  // namespace pano::structured
