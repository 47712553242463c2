#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::models::testing {

// A byte is a token; 256 is "<s>", 257 "</s>", written so in the text too. Between two texts stands
// "</s>". Immutable, so thread-safe.
class FakeTokenizer final : public tokenizer::Tokenizer {
 public:
  static constexpr tokenizer::TokenId kBos = 256;
  static constexpr tokenizer::TokenId kEos = 257;

  Result<std::vector<tokenizer::TokenId>> Encode(
      std::string_view text, const tokenizer::EncodeOptions& options) const override {
    std::vector<tokenizer::TokenId> ids;
    if (options.add_special_tokens) ids.push_back(kBos);
    for (size_t i = 0; i < text.size(); ++i) {
      bool plain = !options.parse_special;
      for (const tokenizer::ByteRange& range : options.plain) {
        plain = plain || (i >= range.begin && i < range.end);
      }
      if (!plain && text.substr(i).starts_with("<s>")) {
        ids.push_back(kBos);
        i += 2;
      } else if (!plain && text.substr(i).starts_with("</s>")) {
        ids.push_back(kEos);
        i += 3;
      } else {
        ids.push_back(static_cast<unsigned char>(text[i]));
      }
    }
    return ids;
  }

  Result<tokenizer::Encoding> EncodePair(std::string_view text, std::optional<std::string_view> second,
                                         const tokenizer::EncodeOptions& options = {}) const override {
    if (!second) return Tokenizer::EncodePair(text, second, options);
    tokenizer::EncodeOptions bare = options;
    bare.add_special_tokens = false;
    PANO_ASSIGN_OR_RETURN(std::vector<tokenizer::TokenId> ids, Encode(text, options));
    PANO_ASSIGN_OR_RETURN(const std::vector<tokenizer::TokenId> behind, Encode(*second, bare));
    ids.push_back(kEos);
    std::vector<int32_t> types(ids.size(), 0);
    ids.insert(ids.end(), behind.begin(), behind.end());
    types.resize(ids.size(), 1);
    return tokenizer::Encoding{std::move(ids), std::move(types)};
  }

  Result<std::string> Decode(std::span<const tokenizer::TokenId> ids,
                             bool skip_special) const override {
    std::string text;
    for (tokenizer::TokenId id : ids) {
      if (id < 0 || id >= vocab_size()) return InvalidArgument("an id outside the vocabulary");
      if (!IsSpecial(id)) text += Bytes(id);
      if (IsSpecial(id) && !skip_special) text += Piece(id);
    }
    return Utf8Sanitize(text);
  }

  std::unique_ptr<tokenizer::StreamDecoder> Stream(bool) const override {
    class Decoder final : public tokenizer::StreamDecoder {
      std::string Push(int32_t id) override {
        return id < 256 ? std::string(1, static_cast<char>(id)) : "";
      }
      std::string Flush() override { return ""; }
    };
    return std::make_unique<Decoder>();
  }

  int32_t vocab_size() const override { return 258; }
  std::string_view Piece(tokenizer::TokenId id) const override {
    static const std::vector<std::string> kPieces = [] {
      std::vector<std::string> pieces;
      for (int byte = 0; byte < 256; ++byte) pieces.emplace_back(1, static_cast<char>(byte));
      pieces.emplace_back("<s>");
      pieces.emplace_back("</s>");
      return pieces;
    }();
    return kPieces[static_cast<size_t>(id)];
  }
  std::string Bytes(tokenizer::TokenId id) const override {
    return id < 256 ? std::string(1, static_cast<char>(id)) : "";
  }
  bool IsSpecial(tokenizer::TokenId id) const override { return id >= 256; }
  std::optional<tokenizer::TokenId> Find(std::string_view piece) const override {
    for (tokenizer::TokenId id = 0; id < vocab_size(); ++id) {
      if (Piece(id) == piece) return id;
    }
    return std::nullopt;
  }
  std::optional<tokenizer::TokenId> bos() const override { return kBos; }
  std::optional<tokenizer::TokenId> eos() const override { return kEos; }
  bool adds_special_tokens_by_default() const override { return true; }
};

}  // namespace pano::models::testing
