#include "app/models/paced/paced_tokenizer.h"

#include "base/strings.h"
#include "base/utf8.h"

namespace pano::models {

using tokenizer::TokenId;

namespace {

// Confined to one thread.
class Decoder final : public tokenizer::StreamDecoder {
 public:
  explicit Decoder(const PacedTokenizer& tokenizer) : tokenizer_(tokenizer) {}
  std::string Push(int32_t id) override {
    held_ += tokenizer_.Piece(id);
    const size_t tail = Utf8IncompleteTail(held_);
    std::string text = Utf8Sanitize(std::string_view(held_).substr(0, held_.size() - tail));
    held_.erase(0, held_.size() - tail);
    return text;
  }
  std::string Flush() override { return Utf8Sanitize(std::exchange(held_, {})); }

 private:
  const PacedTokenizer& tokenizer_;
  std::string held_;
};

}  // namespace

PacedTokenizer::PacedTokenizer() {
  for (int byte = 0; byte < kFirstWord; ++byte) pieces_.emplace_back(1, static_cast<char>(byte));
  for (int word = 0; word < kWords; ++word) pieces_.push_back(StrCat(" ", word));
}

Result<std::vector<TokenId>> PacedTokenizer::Encode(std::string_view text,
                                                    const tokenizer::EncodeOptions&) const {
  std::vector<TokenId> ids;
  ids.reserve(text.size());
  for (char c : text) ids.push_back(static_cast<unsigned char>(c));
  return ids;
}

Result<std::string> PacedTokenizer::Decode(std::span<const TokenId> ids, bool) const {
  std::string text;
  for (TokenId id : ids) {
    if (id < 0 || id >= vocab_size()) {
      return InvalidArgument(StrCat("token ", id, " is outside the vocabulary of ", vocab_size()));
    }
    text += Piece(id);
  }
  return Utf8Sanitize(text);
}

std::unique_ptr<tokenizer::StreamDecoder> PacedTokenizer::Stream(bool) const {
  return std::make_unique<Decoder>(*this);
}

std::string_view PacedTokenizer::Piece(TokenId id) const {
  return id >= 0 && id < vocab_size() ? std::string_view(pieces_[static_cast<size_t>(id)])
                                      : std::string_view();
}

std::optional<TokenId> PacedTokenizer::Find(std::string_view piece) const {
  for (TokenId id = 0; id < vocab_size(); ++id) {
    if (Piece(id) == piece) return id;
  }
  return std::nullopt;
}

}  // namespace pano::models
