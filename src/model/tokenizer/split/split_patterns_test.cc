// How each family of GGUF's `pre` names splits.
#include "model/tokenizer/split/split_patterns.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/strings.h"
#include "model/tokenizer/split/pre_tokenizer.h"
#include "model/tokenizer/text/field.h"

namespace pano::tokenizer {
namespace {

// The pieces with "|" between them.
std::string Split(std::string_view name, std::string_view text) {
  const auto patterns = FindSplitPatterns(name);
  if (!patterns.ok()) return patterns.error().message();
  json::Array steps;
  for (std::string_view pattern : patterns->patterns) {
    steps.push_back(json::Object{{"type", "Split"},
                                 {"pattern", json::Object{{"Regex", pattern}}},
                                 {"behavior", "Isolated"},
                                 {"invert", false}});
  }
  const json::Value sequence = json::Object{{"type", "Sequence"}, {"pretokenizers", steps}};
  const auto splitter = MakePreTokenizer(Field(sequence, "pre_tokenizer"));
  if (!splitter.ok()) return splitter.error().message();
  Pieces pieces;
  pieces.list.push_back({text, true});
  if (const Status status = (*splitter)->Apply(pieces); !status.ok()) return status.message();
  std::string out;
  for (const Pieces::Piece& piece : pieces.list) {
    out += (out.empty() ? "" : "|") + std::string(piece.text);
  }
  return out;
}

struct Row {
  const char* name;
  const char* text;
  const char* pieces;
};

// By hand, from the patterns of the families' own tokenizer files.
constexpr Row kRows[] = {
    {"gpt-2", "It's 1234!\n", "It|'s| 1234|!|\n"},
    {"llama-bpe", "It's 1234!\n", "It|'s| |123|4|!\n"},
    {"qwen2", "It's 12!\n", "It|'s| |1|2|!\n"},
    {"deepseek-llm", "Caf\u00e9s, 12\nok\u4f60\u597d", "Caf|\u00e9|s|,| |12|\n|ok|\u4f60\u597d"},
    {"deepseek-llm", "\u212b\u1fbe\u10d0  ", "\u212b\u1fbe|\u10d0|  "},
    {"afmoe", "a\uf900b", "a|\uf900|b"},
    {"youtu", "ab12 \u4f60\u597d\uff01 \uac00", "ab|1|2| |\u4f60\u597d|\uff01| |\uac00"},
    {"jais-2", "a       b 1234", "a|    |  | b| |123|4"},
    {"minicpm5", "ab 1234567 c", "ab| |123|456|7| c"},
    {"chameleon", "<sentinel:3>a,\tb  c12", "<|sentinel|:|3|>|a|,|\t|b|  |c|1|2"},
    {"tiny_aya", "x 1234567", "x| |1|234|567"},
    {"superbpe", "ab cd 1234567", "ab cd |1|234|567"},
    {"bailingmoe", "It's 12!!\n", "It|'s| |1|2|!!\n"},
    {"seed-coder", "a!!\n\nb1", "a|!!|\n\n|b|1"},
    {"kimi-k2", "Hello\u4f60\u597dWorld 1234", "Hello|\u4f60\u597d|World| |123|4"},
    {"ufakzeka", "Ali'nin 12", "Ali|'nin| |1|2"},
    {"afmoe", "ab 1234567 \u4f60\u597d", "ab| |1|234|567| |\u4f60\u597d"},
    {"laguna", "a b\n\nc", "a| b|\n\n|c"},
    {"exaone-moe", "two words, 1", "two words|,| |1"},
    {"granite-embed-multi-97m", "HelloWorld's 1234", "Hello|World's| |123|4"},
    {"minimax-m2", "HelloWorld 1234", "Hello|World| |123|4"},
    {"hunyuan-dense", "ab 1234", "ab| |123|4"},
    {"grok-2", "It's 12", "It|'s| |1|2"},
};

TEST(SplitPatterns, SplitAsTheFamiliesDo) {
  for (const Row& row : kRows) EXPECT_EQ(Split(row.name, row.text), row.pieces) << row.name;
}

TEST(SplitPatterns, EveryNameOfOneFamilyIsKnown) {
  for (const char* name :
       {"a.x-4.0", "bailingmoe2", "cohere2moe", "exaone4", "f2llmv2", "granite-docling", "hunyuan",
        "hy_v4", "jina-v5-nano", "joyai-llm", "kanana2", "llada-moe", "mellum2", "solar-open",
        "talkie", "lfm2", "gigachat", "trillion", "dbrx", "smollm", "viking", "poro-chat"}) {
    EXPECT_TRUE(FindSplitPatterns(name).ok()) << name;
  }
  EXPECT_TRUE(FindSplitPatterns("chameleon")->add_bos);
  EXPECT_TRUE(FindSplitPatterns("youtu")->ignore_merges);
  EXPECT_FALSE(FindSplitPatterns("minimax-m2")->ignore_merges);
}

// Vocabularies of raw text with marks for spaces are another kind of tokenizer.
TEST(SplitPatterns, WhatIsNotSupportedIsRefusedByName) {
  for (const char* name : {"gemma4", "sarvam-moe", "whitespace", "granite-embed-multi-311m", "x"}) {
    const auto found = FindSplitPatterns(name);
    ASSERT_FALSE(found.ok()) << name;
    EXPECT_EQ(found.error().code(), StatusCode::kUnimplemented);
    EXPECT_EQ(found.error().message(),
              StrCat("tokenizer.ggml.pre: the pre-tokenizer '", name, "' is not supported"));
  }
}

}  // namespace
}  // namespace pano::tokenizer
