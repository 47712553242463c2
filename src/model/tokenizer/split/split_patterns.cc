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
        "olmo", "jais", "roberta-bpe", "modern-bert", "gigachat", "mellum", "trillion", "a.x-4.0", "exaone4",
        "granite-docling"},
       {{kGpt2Pattern}}},
      {{"default"},
       {{kSignsPattern, kGpt2Pattern, kNumbersPattern, kThreeDigitsPattern}}},
      {{"llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2",
        "jina-v5-nano"},
       {{kLlama3Pattern}, /*ignore_merges=*/true, /*add_bos=*/true}},
      {{"dbrx", "smaug-bpe", "chatglm-bpe", "glm4"}, {{kLlama3Pattern}}},
      {{"qwen2", "deepseek-r1-qwen", "f2llmv2"}, {{kQwen2Pattern}, false, false, /*nfc=*/true}},
      {{"qwen35"}, {{kQwen35Pattern}, false, false, /*nfc=*/true}},
      {{"stablelm2", "megrez", "kormo", "hunyuan", "solar-open", "grok-2"}, {{kQwen2Pattern}}},
      {{"gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"}, {{kGpt4oPattern}}},
      {{"granite-embed-multi-97m"}, {{kGpt4oPattern}, /*ignore_merges=*/true}},
      {{"tekken"}, {{kTekkenPattern}, /*ignore_merges=*/true, /*add_bos=*/true}},
      {{"deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"},
       {{kNumbersByThreePattern, kCjkPattern, kDeepseek3Pattern}}},
      {{"deepseek-coder"},
       {{kLinePattern, kLettersPattern, kPunctuationPattern, kWideCjkPattern, kNumberPattern}}},
      {{"falcon"},
       {{kSignsAndTicksPattern, kGpt2Pattern, kThreeDigitsPattern}}},
      {{"starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b",
        "mellum2"},
       {{kNumberPattern, kGpt2Pattern}}},
      {{"bloom", "poro-chat", "gpt3-finnish"}, {{kBloomPattern}}},
      {{"viking"}, {{kBloomPattern, kNumberPattern}}},
      {{"deepseek-llm"},
       {{kLinePattern, kDeepseekLettersPattern, kDeepseekSignsPattern, kSpaceAtEndPattern,
         kWideCjkPattern, kNumbersPattern}}},
      {{"youtu"}, {{kYoutuScriptsPattern, kYoutuPattern}, /*ignore_merges=*/true}},
      {{"jais-2"}, {{kJais2Pattern}}},
      {{"minicpm5"}, {{kNumbersByThreePattern, kMinicpm5Pattern}, /*ignore_merges=*/true}},
      {{"chameleon"},
       {{kSentinelPattern, kImageTokenPattern, kIndentPattern, kNumberPattern, kOneSignPattern,
         kGpt2Pattern},
        /*ignore_merges=*/false,
        /*add_bos=*/true}},
      {{"tiny_aya", "cohere2moe"}, {{kDigitsFromEndPattern, kGpt4oPattern}}},
      {{"superbpe"}, {{kNumbersPattern, kThousandsPattern}}},
      {{"bailingmoe", "bailingmoe2", "llada-moe"}, {{kBailingPattern}}},
      {{"seed-coder"}, {{kSeedCoderPattern}}},
      {{"kimi-k2"}, {{kKimiPattern}}},
      {{"ufakzeka"}, {{kUfakzekaPattern}}},
      {{"afmoe"}, {{kNumbersFromEndPattern, kEastAsianPattern, kDeepseek3Pattern}}},
      {{"laguna"}, {{kLineOrLinesPattern, kQwen2Pattern}}},
      {{"exaone-moe"}, {{kExaoneMoePattern}}},
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
