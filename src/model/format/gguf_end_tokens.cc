#include "model/format/gguf_end_tokens.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/strings.h"

namespace pano::format {
namespace {

constexpr auto kEndTexts = std::to_array<std::string_view>({
    "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|calls|>", "<|flush|>",
    "<end_of_turn>", "<|endoftext|>", "</s>", "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]",
    "<|end_of_text|>", "<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>",
    "<\xef\xbd\x9c" "end\xe2\x96\x81of\xe2\x96\x81sentence\xef\xbd\x9c>",
    // Where code models leave a completion for another file, or for nothing.
    "<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<|fim_repo|>", "<|repo_name|>", "<fim-repo>",
    "<reponame>", "<|file_sep|>"});

constexpr std::string_view kEndKeys[] = {"eos_token_id",     "eot_token_id",     "eom_token_id",
                                         "fim_pad_token_id", "fim_rep_token_id", "fim_sep_token_id"};

void AddOnce(std::vector<int32_t>& ids, int64_t id) {
  if (id < 0 || id > INT32_MAX) return;
  const auto narrow = static_cast<int32_t>(id);
  if (std::find(ids.begin(), ids.end(), narrow) == ids.end()) ids.push_back(narrow);
}

}  // namespace

bool IsEndTokenText(std::string_view text) {
  return std::find(kEndTexts.begin(), kEndTexts.end(), text) != kEndTexts.end();
}

std::vector<int32_t> GgufEndTokens(const json::Value& metadata) {
  std::vector<int32_t> ids;
  for (std::string_view key : kEndKeys) {
    const json::Value* id = metadata.Find(StrCat("tokenizer.ggml.", key));
    if (id && id->is_int()) AddOnce(ids, id->as_int());
  }
  const json::Value* tokens = metadata.Find("tokenizer.ggml.tokens");
  if (!tokens || !tokens->is_array()) return ids;
  // The texts that are there, few among many; the first id counts where one stands twice.
  std::vector<std::pair<std::string_view, int64_t>> found;
  const json::Array& texts = tokens->as_array();
  for (size_t i = 0; i < texts.size(); ++i) {
    if (!texts[i].is_string() || !IsEndTokenText(texts[i].as_string())) continue;
    const std::string_view text = texts[i].as_string();
    const bool again = std::any_of(found.begin(), found.end(),
                                   [&](const auto& other) { return other.first == text; });
    if (!again) found.emplace_back(text, static_cast<int64_t>(i));
  }
  auto has = [&](std::string_view text) {
    return std::any_of(found.begin(), found.end(),
                       [&](const auto& token) { return token.first == text; });
  };
  const bool parts = (has("<|return|>") && has("<|call|>")) ||
                     (has("<|flush|>") && (has("<|call|>") || has("<|calls|>")));
  for (const auto& [text, id] : found) {
    if (text == "<|end|>" && parts) continue;
    if (text == "</s>" && has("<|tool_response>")) continue;
    AddOnce(ids, id);
  }
  return ids;
}

}  // namespace pano::format
