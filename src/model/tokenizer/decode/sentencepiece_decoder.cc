#include "model/tokenizer/decode/sentencepiece_decoder.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/utf8.h"
#include "model/tokenizer/text/byte_piece.h"

namespace pano::tokenizer {
namespace {

constexpr std::string_view kSpaceMark = "\xe2\x96\x81";     // U+2581
constexpr std::string_view kReplacement = "\xef\xbf\xbd";   // U+FFFD

class Step : public DecoderStep {
 public:
  explicit Step(SentencePieceText text) : text_(std::move(text)) {}
  std::unique_ptr<DecoderStage> Start(bool) const override { return std::make_unique<Stage>(text_); }

  std::string Inner(std::string piece) const override {
    if (text_.bytes) {
      if (const auto byte = ByteOfPiece(piece)) return std::string(1, static_cast<char>(*byte));
    }
    const auto fixed = text_.fixed.find(piece);
    return fixed == text_.fixed.end() ? Spaced(piece) : fixed->second;
  }

 private:
  static std::string Spaced(std::string_view piece) {
    std::string out;
    for (size_t pos = 0; pos < piece.size();) {
      const bool mark = piece.substr(pos).starts_with(kSpaceMark);
      out += mark ? ' ' : piece[pos];
      pos += mark ? kSpaceMark.size() : 1;
    }
    return out;
  }

  class Stage : public DecoderStage {
   public:
    explicit Stage(const SentencePieceText& text) : text_(text) {}

    void Push(std::string_view piece, std::vector<std::string>& out) override {
      if (text_.bytes) {
        if (const auto byte = ByteOfPiece(piece)) {
          run_ += static_cast<char>(*byte);
          GiveCharacters(out, /*all=*/false);
          return;
        }
      }
      GiveCharacters(out, /*all=*/true);
      const auto fixed = text_.fixed.find(std::string(piece));
      if (fixed != text_.fixed.end()) {
        Give(fixed->second, out);
        return;
      }
      if (at_start_ && (text_.strip_first || text_.strip_all) && piece.starts_with(kSpaceMark)) {
        piece.remove_prefix(kSpaceMark.size());
        if (!text_.strip_all) at_start_ = false;
      }
      Give(Spaced(piece), out);
    }
    void Flush(std::vector<std::string>& out) override { GiveCharacters(out, /*all=*/true); }

   private:
    void Give(std::string text, std::vector<std::string>& out) {
      if (text.empty()) return;
      at_start_ = false;
      out.push_back(std::move(text));
    }

    // The complete characters of run_ and the bytes that cannot become one; at its end all.
    void GiveCharacters(std::vector<std::string>& out, bool all) {
      while (!run_.empty()) {
        const size_t length = Utf8Length(run_);
        if (length == 0 && !all && Utf8IncompleteTail(run_) == run_.size()) return;
        Give(length > 0 ? run_.substr(0, length) : std::string(kReplacement), out);
        run_.erase(0, std::max<size_t>(length, 1));
      }
    }

    const SentencePieceText& text_;
    std::string run_;           // bytes that are not given out yet: less than a character
    bool at_start_ = true;      // nothing came out yet, and no space was dropped
  };

  const SentencePieceText text_;
};

}  // namespace

DecoderStepPtr SentencePieceStep(SentencePieceText text) { return std::make_shared<Step>(std::move(text)); }

}  // namespace pano::tokenizer
