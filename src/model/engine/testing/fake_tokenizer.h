#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::engine {

// Id i is the i-th piece of a list, byte for byte; id 0 ("<bos>") and 1 ("<eos>") are special.
// Immutable, so thread-safe.
class FakeTokenizer final : public tokenizer::Tokenizer {
 public:
  using TokenId = tokenizer::TokenId;

  // Letters and pairs of letters; ids 61, 62, 63 are the three bytes of the euro sign.
  FakeTokenizer() {
    pieces_ = {"<bos>", "<eos>"};
    for (char c = 'a'; c <= 'z'; ++c) pieces_.emplace_back(1, c);
    for (char c = 'a'; pieces_.size() < 61; ++c) {
      pieces_.push_back(std::string(1, c <= 'z' ? c : ' ') + (c <= 'z' ? "x" : "."));
    }
    pieces_.insert(pieces_.end(), {"\xE2", "\x82", "\xAC"});
  }

  Result<std::vector<TokenId>> Encode(std::string_view text,
                                      const tokenizer::EncodeOptions&) const override {
    std::vector<TokenId> ids;
    for (char c : text) {
      auto id = Find(std::string_view(&c, 1));
      if (!id) return InvalidArgument("fake: no such letter");
      ids.push_back(*id);
    }
    return ids;
  }
  Result<std::string> Decode(std::span<const TokenId> ids, bool skip_special) const override {
    std::string text;
    for (TokenId id : ids) {
      if (id < 0 || id >= vocab_size()) return InvalidArgument("fake: no such id");
      if (!(skip_special && IsSpecial(id))) text += Bytes(id);
    }
    return Utf8Sanitize(text);
  }
  std::unique_ptr<tokenizer::StreamDecoder> Stream(bool skip_special) const override {
    return std::make_unique<Decoder>(*this, skip_special);
  }
  int32_t vocab_size() const override { return static_cast<int32_t>(pieces_.size()); }
  std::string_view Piece(TokenId id) const override { return pieces_[static_cast<size_t>(id)]; }
  std::string Bytes(TokenId id) const override { return std::string(Piece(id)); }
  bool IsSpecial(TokenId id) const override { return id < 2; }
  std::optional<TokenId> Find(std::string_view piece) const override {
    for (size_t i = 0; i < pieces_.size(); ++i) {
      if (pieces_[i] == piece) return static_cast<TokenId>(i);
    }
    return std::nullopt;
  }
  std::optional<TokenId> bos() const override { return 0; }
  std::optional<TokenId> eos() const override { return 1; }
  bool adds_special_tokens_by_default() const override { return false; }

 private:
  class Decoder final : public tokenizer::StreamDecoder {
   public:
    Decoder(const FakeTokenizer& tokenizer, bool skip_special)
        : tokenizer_(tokenizer), skip_special_(skip_special) {}
    std::string Push(int32_t id) override {
      if (!(skip_special_ && tokenizer_.IsSpecial(id))) held_ += tokenizer_.Bytes(id);
      size_t ready = held_.size() - Utf8IncompleteTail(held_);
      std::string out = Utf8Sanitize(held_.substr(0, ready));
      held_.erase(0, ready);
      return out;
    }
    std::string Flush() override { return Utf8Sanitize(std::exchange(held_, {})); }

   private:
    const FakeTokenizer& tokenizer_;
    const bool skip_special_;
    std::string held_;
  };

  std::vector<std::string> pieces_;
};

}  // namespace pano::engine
