#include "model/tokenizer/split/split_patterns.h"

#include <algorithm>

#include "base/strings.h"

namespace pano::tokenizer {
namespace {

struct Row {
  std::vector<std::string_view> names;
  SplitPatterns patterns;
};

const std::vector<Row>& Rows() {
  static const std::vector<Row> rows = {
      {{"gpt-2", "phi-2", "jina-es", "jina-de", "jina-v1-en", "jina-v2-es", "jina-v2-de", "jina-v2-code", "mpt",
        "olmo", "jais", "roberta-bpe", "modern-bert", "gigachat", "mellum", "trillion"},
       {{kGpt2Pattern}}},
      {{"default"},
       {{kSignsPattern, kGpt2Pattern, kNumbersPattern, kThreeDigitsPattern}}},
      {{"llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2"},
       {{kLlama3Pattern}, /*ignore_merges=*/true, /*add_bos=*/true}},
      {{"dbrx", "smaug-bpe", "chatglm-bpe", "glm4"}, {{kLlama3Pattern}}},
      {{"qwen2", "deepseek-r1-qwen"}, {{kQwen2Pattern}, false, false, /*nfc=*/true}},
      {{"qwen35"}, {{kQwen35Pattern}, false, false, /*nfc=*/true}},
      {{"stablelm2", "megrez", "kormo"}, {{kQwen2Pattern}}},
      {{"gpt-4o", "llama4"}, {{kGpt4oPattern}}},
      {{"tekken"}, {{kTekkenPattern}, /*ignore_merges=*/true, /*add_bos=*/true}},
      {{"deepseek-v3"}, {{kNumbersByThreePattern, kCjkPattern, kDeepseek3Pattern}}},
      {{"deepseek-coder"},
       {{kLinePattern, kLettersPattern, kPunctuationPattern, kWideCjkPattern, kNumberPattern}}},
      {{"falcon"},
       {{kSignsAndTicksPattern, kGpt2Pattern, kThreeDigitsPattern}}},
      {{"starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b"},
       {{kNumberPattern, kGpt2Pattern}}},
      {{"bloom", "poro-chat", "gpt3-finnish"}, {{kBloomPattern}}},
      {{"viking"}, {{kBloomPattern, kNumberPattern}}},
  };
  return rows;
}

}  // namespace

Result<SplitPatterns> FindSplitPatterns(std::string_view name) {
  for (const Row& row : Rows()) {
    if (std::find(row.names.begin(), row.names.end(), name) != row.names.end()) return row.patterns;
  }
  return Unimplemented(
      StrCat("tokenizer.ggml.pre: the pre-tokenizer '", Printable(name), "' is not supported"));
}

}  // namespace pano::tokenizer
