#pragma once

#include <string>
#include <vector>

#include "model/tokenizer/tokenizer.h"

namespace pano::models {

// The vocabulary of a paced model: each byte is a token (0 to 255), and so is each of the words " 0",
// " 1", ... that it says (from 256 on). Text is encoded byte by byte. Immutable, so thread-safe.
class PacedTokenizer final : public tokenizer::Tokenizer {
 public:
  static constexpr tokenizer::TokenId kFirstWord = 256;
  static constexpr int32_t kWords = 1000;

  PacedTokenizer();

  // The word of the output's token number `position`, which counts from 0: they repeat.
  static tokenizer::TokenId WordAt(int64_t position) {
    return kFirstWord + static_cast<tokenizer::TokenId>(position % kWords);
  }

  Result<std::vector<tokenizer::TokenId>> Encode(
      std::string_view text, const tokenizer::EncodeOptions& options) const override;
  Result<std::string> Decode(std::span<const tokenizer::TokenId> ids,
                             bool skip_special) const override;
  std::unique_ptr<tokenizer::StreamDecoder> Stream(bool skip_special) const override;
  int32_t vocab_size() const override { return kFirstWord + kWords; }
  std::string_view Piece(tokenizer::TokenId id) const override;
  std::string Bytes(tokenizer::TokenId id) const override { return std::string(Piece(id)); }
  bool IsSpecial(tokenizer::TokenId) const override { return false; }
  std::optional<tokenizer::TokenId> Find(std::string_view piece) const override;
  std::optional<tokenizer::TokenId> bos() const override { return std::nullopt; }
  std::optional<tokenizer::TokenId> eos() const override { return std::nullopt; }
  bool adds_special_tokens_by_default() const override { return false; }

 private:
  std::vector<std::string> pieces_;
};

}  // namespace pano::models
