#include "pano/train/tokenizer_task.h"

#include <cstdio>

#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "model/tokenizer/train/train_tokenizer.h"
#include "model/train/base_model.h"

namespace pano::train {
namespace {

Result<tokenizer::TokenizerRecipe> TokenizerRecipeOf(const Recipe& recipe) {
  const Recipe::Tokenizer& t = recipe.tokenizer;
  tokenizer::TokenizerRecipe out;
  PANO_ASSIGN_OR_RETURN(out.type, tokenizer::TrainedTypeOf(t.type));
  PANO_ASSIGN_OR_RETURN(out.tie_rule, tokenizer::TieRuleOf(t.tie_rule));
  out.vocab = t.vocab;
  if (recipe.Has("special")) out.special = t.special;
  out.min_frequency = t.min_frequency;
  out.prefix_space = t.prefix_space;
  out.qwen2_split = t.split == "qwen2";
  out.nfc = t.nfc;
  if (recipe.Has("lowercase")) out.lowercase = t.lowercase;
  out.initial_bytes = t.initial_alphabet;
  out.initial_alphabet = t.initial_characters;
  if (recipe.Has("limit_alphabet") && t.limit_alphabet > 0) out.limit_alphabet = t.limit_alphabet;
  if (recipe.Has("max_token_length") && t.max_token_length > 0) out.max_token_length = t.max_token_length;
  return out;
}

}  // namespace

Status TrainTokenizerTask(const Recipe& recipe, const std::string& out, bool json, int threads) {
  PANO_ASSIGN_OR_RETURN(const tokenizer::TokenizerRecipe wanted, TokenizerRecipeOf(recipe));
  if (const Status status = tokenizer::CheckTokenizerRecipe(wanted); !status.ok()) {
    return recipe.Wrong(status.field().empty() ? "type" : status.field(), status.message());
  }
  std::vector<std::string> paths;
  for (const std::string& path : recipe.data.train) paths.push_back(ResolvePath(recipe, path));
  const auto source = tokenizer::LinesOfFiles(paths);
  tokenizer::TrainTokenizerOptions options;
  options.threads = threads;
  PANO_ASSIGN_OR_RETURN(const tokenizer::TrainedTokenizer trained, tokenizer::TrainTokenizer(*source, wanted, options));
  const std::string path = JoinPath(out, "tokenizer.json");
  json::DumpOptions dump;
  dump.indent = 2;
  PANO_RETURN_IF_ERROR(WriteFile(path, json::Dump(trained.file, dump) + "\n"));
  if (json) {
    json::Value event;
    event.Set("event", "done");
    event.Set("output", path);
    event.Set("vocab", trained.vocab_size);
    event.Set("sequences", static_cast<int64_t>(trained.sequences));
    event.Set("bytes", static_cast<int64_t>(trained.bytes));
    std::printf("%s\n", json::Dump(event).c_str());
  } else {
    std::printf("%s: %ld pieces from %lu lines, %lu bytes\n", path.c_str(), static_cast<long>(trained.vocab_size),
                static_cast<unsigned long>(trained.sequences), static_cast<unsigned long>(trained.bytes));
  }
  return {};
}

}  // namespace pano::train
