#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/constraints/vocabulary.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::constraints::testing {

// A byte is a token; 256 and 257 are special. Immutable, so thread-safe.
class ByteTokenizer final : public tokenizer::Tokenizer {
 public:
  using TokenId = tokenizer::TokenId;
  Result<std::vector<TokenId>> Encode(std::string_view text, const tokenizer::EncodeOptions&) const override {
    std::vector<TokenId> ids;
    for (const char c : text) ids.push_back(static_cast<unsigned char>(c));
    return ids;
  }
  Result<std::string> Decode(std::span<const TokenId> ids, bool) const override {
    std::string text;
    for (const TokenId id : ids) text += Bytes(id);
    return text;
  }
  std::unique_ptr<tokenizer::StreamDecoder> Stream(bool) const override { return nullptr; }
  int32_t vocab_size() const override { return 258; }
  std::string_view Piece(TokenId) const override { return ""; }
  std::string Bytes(TokenId id) const override {
    return id < 256 ? std::string(1, static_cast<char>(id)) : "<s>";
  }
  bool IsSpecial(TokenId id) const override { return id >= 256; }
  std::optional<TokenId> Find(std::string_view) const override { return {}; }
  std::optional<TokenId> bos() const override { return 256; }
  std::optional<TokenId> eos() const override { return 257; }
  bool adds_special_tokens_by_default() const override { return false; }
};

inline VocabularyPtr MakeByteVocabulary() {
  return std::make_shared<Vocabulary>(std::make_shared<ByteTokenizer>(), 258);
}

}  // namespace pano::constraints::testing
