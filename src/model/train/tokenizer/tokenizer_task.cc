#include "model/train/tokenizer/tokenizer_task.h"

#include <memory>
#include <string_view>
#include <utility>

#include "base/strings.h"

namespace pano::train {
namespace {

// Failures that name a key get its place in the recipe.
Status Placed(const Recipe& recipe, const Status& status) {
  const std::string& key = status.field();
  if (status.ok() || key.empty()) return status;
  std::string_view why = status.message();
  if (why.starts_with(key + " ")) why.remove_prefix(key.size() + 1);
  return recipe.Wrong(key, why);
}

}  // namespace

Result<tokenizer::TokenizerRecipe> TokenizerRecipeOf(const Recipe& recipe) {
  const Recipe::Tokenizer& from = recipe.tokenizer;
  tokenizer::TokenizerRecipe out;
  Result<tokenizer::TrainedType> type = tokenizer::TrainedTypeOf(from.type);
  if (!type.ok()) return Placed(recipe, type.error());
  out.type = *type;
  if (!recipe.Has("vocab")) return recipe.Wrong("vocab", "is missing: how many entries there are to be");
  out.vocab = from.vocab;
  if (recipe.Has("special")) out.special = from.special;
  out.min_frequency = from.min_frequency;
  out.prefix_space = from.prefix_space;
  out.qwen2_split = from.split == "qwen2";
  out.nfc = from.nfc;
  if (recipe.Has("lowercase")) out.lowercase = from.lowercase;
  out.initial_bytes = from.initial_alphabet;
  out.initial_alphabet = from.initial_characters;
  if (from.limit_alphabet > 0) out.limit_alphabet = from.limit_alphabet;
  if (from.max_token_length > 0) out.max_token_length = from.max_token_length;
  Result<tokenizer::TieRule> tie_rule = tokenizer::TieRuleOf(from.tie_rule);
  if (!tie_rule.ok()) return Placed(recipe, tie_rule.error());
  out.tie_rule = *tie_rule;
  if (Status status = tokenizer::CheckTokenizerRecipe(out); !status.ok()) return Placed(recipe, status);
  return out;
}

json::Value TokenizerConfigOf(const tokenizer::TokenizerRecipe& recipe) {
  constexpr std::pair<std::string_view, std::string_view> kParts[] = {
      {"<s>", "bos_token"},    {"</s>", "eos_token"},  {"<|endoftext|>", "eos_token"}, {"<unk>", "unk_token"},
      {"<pad>", "pad_token"},  {"<mask>", "mask_token"}, {"[UNK]", "unk_token"},       {"[PAD]", "pad_token"},
      {"[CLS]", "cls_token"},  {"[SEP]", "sep_token"}, {"[MASK]", "mask_token"}};
  json::Value out;
  out.Set("tokenizer_class", "PreTrainedTokenizerFast");
  for (const std::string& token : tokenizer::SpecialTokens(recipe)) {
    for (const auto& [name, part] : kParts) {
      if (token == name && out.Find(part) == nullptr) out.Set(part, token);
    }
  }
  out.Set("clean_up_tokenization_spaces", false);
  return out;
}

Result<tokenizer::TrainedTokenizer> RunTokenizerTask(const Recipe& recipe, std::vector<std::string> texts,
                                                     const std::string& out,
                                                     const tokenizer::TrainTokenizerOptions& options, Env& env) {
  PANO_ASSIGN_OR_RETURN(const tokenizer::TokenizerRecipe asked, TokenizerRecipeOf(recipe));
  const std::unique_ptr<tokenizer::SequenceSource> lines =
      tokenizer::LinesOfFiles(std::move(texts), size_t{1} << 30, env);
  Result<tokenizer::TrainedTokenizer> trained = tokenizer::TrainTokenizer(*lines, asked, options);
  if (!trained.ok()) return Placed(recipe, trained.error());
  if (!env.Stat(out).ok()) PANO_RETURN_IF_ERROR(env.MakeFolder(out).Wrap(out));
  json::DumpOptions pretty;
  pretty.indent = 2;
  const auto write = [&](const char* name, const json::Value& value) {
    const std::string path = JoinPath(out, name);
    return WriteFile(path, json::Dump(value, pretty) + "\n", env).Wrap(path);
  };
  PANO_RETURN_IF_ERROR(write("tokenizer_config.json", TokenizerConfigOf(asked)));
  PANO_RETURN_IF_ERROR(write("tokenizer.json", trained->file));
  return trained;
}

}  // namespace pano::train
