#include "model/tokenizer/formats/testing/small_tokenizers.h"

#include "base/strings.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/text/byte_level.h"

namespace pano::tokenizer::testing {
namespace {

void SetAll(json::Value& value, const json::Value& more) {
  for (const auto& [key, member] : more.as_object()) value.Set(key, member);
}

}  // namespace

TokenizerPtr FromJson(std::string_view tokenizer_json) {
  return TokenizerFromJson(tokenizer_json, {}).value();
}

std::string ByteLevelJson(const std::vector<std::pair<std::string, std::string>>& merges,
                          const std::vector<json::Value>& added_tokens, const json::Value& more) {
  json::Value vocab = json::Object();
  int next = 0;
  for (; next < 256; ++next) {
    std::string piece;
    AppendByteLevel(piece, std::string(1, static_cast<char>(next)));
    vocab.Set(piece, next);
  }
  json::Value rules = json::Array();
  for (const auto& [left, right] : merges) {
    rules.Append(json::Array{left, right});
    if (!vocab.Find(left + right)) vocab.Set(left + right, next++);
  }
  json::Value model;
  model.Set("type", "BPE");
  model.Set("vocab", std::move(vocab));
  model.Set("merges", std::move(rules));
  json::Value byte_level;
  byte_level.Set("type", "ByteLevel");
  byte_level.Set("add_prefix_space", false);
  json::Value root;
  root.Set("added_tokens", json::Array(added_tokens.begin(), added_tokens.end()));
  root.Set("pre_tokenizer", byte_level);
  root.Set("decoder", byte_level);
  root.Set("model", std::move(model));
  SetAll(root, more);
  return json::Dump(root);
}

json::Value AddedTokenJson(int id, std::string_view content, bool special, const json::Value& more) {
  json::Value token;
  token.Set("id", id);
  token.Set("content", content);
  token.Set("special", special);
  SetAll(token, more);
  return token;
}

json::Value ScoredGguf(const std::vector<std::string>& pieces) {
  constexpr char kHex[] = "0123456789ABCDEF";
  json::Array tokens = {"<unk>", "<s>", "</s>"};
  json::Array types = {2, 3, 3};
  json::Array scores = {0.0, 0.0, 0.0};
  for (size_t byte = 0; byte < 256; ++byte) {
    tokens.emplace_back(std::string{'<', '0', 'x', kHex[byte >> 4], kHex[byte & 15], '>'});
    types.emplace_back(6);
    scores.emplace_back(0.0);
  }
  double score = 0;
  for (const std::string& piece : pieces) {
    tokens.emplace_back(piece);
    types.emplace_back(1);
    scores.emplace_back(score -= 1);
  }
  json::Value metadata;
  metadata.Set("tokenizer.ggml.model", "llama");
  metadata.Set("tokenizer.ggml.tokens", std::move(tokens));
  metadata.Set("tokenizer.ggml.token_type", std::move(types));
  metadata.Set("tokenizer.ggml.scores", std::move(scores));
  metadata.Set("tokenizer.ggml.bos_token_id", 1);
  metadata.Set("tokenizer.ggml.eos_token_id", 2);
  metadata.Set("tokenizer.ggml.unknown_token_id", 0);
  return metadata;
}

}  // namespace pano::tokenizer::testing
