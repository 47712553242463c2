#include "app/models/token_text.h"

#include "base/strings.h"
#include "base/utf8.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::models {
namespace {

// Models may have more logits than the tokenizer has tokens.
bool HasToken(const ModelVersion& version, tokenizer::TokenId id) {
  return version.tokenizer && id >= 0 && id < version.tokenizer->vocab_size();
}

}  // namespace

std::string TokenText(const ModelVersion& version, tokenizer::TokenId id) {
  if (!HasToken(version, id)) return StrCat("token_id:", id);
  std::string bytes = version.tokenizer->Bytes(id);
  if (bytes.empty() || version.tokenizer->IsSpecial(id)) {
    return Utf8Sanitize(version.tokenizer->Piece(id));
  }
  if (Utf8Valid(bytes)) return bytes;
  constexpr char kHex[] = "0123456789abcdef";
  std::string text = "bytes:";
  for (char c : bytes) {
    auto byte = static_cast<unsigned char>(c);
    text.append("\\x").push_back(kHex[byte >> 4]);
    text.push_back(kHex[byte & 15]);
  }
  return text;
}

std::optional<std::string> TokenBytes(const ModelVersion& version, tokenizer::TokenId id) {
  if (!HasToken(version, id) || version.tokenizer->IsSpecial(id)) return std::nullopt;
  return version.tokenizer->Bytes(id);
}

}  // namespace pano::models
